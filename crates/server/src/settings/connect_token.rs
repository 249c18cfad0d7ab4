//! Section `security.connect_token`: the credentials that clients may or must show.

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The credentials that clients may or must show, and the public keys that they are checked with. Files with keys are
/// read again when they change, see [authentication](../authentication.md).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectTokenSettings {
    /// The Ed25519 public key of those who sign `sfct_v1` tokens: its 32 bytes in base64.
    pub public_key: Option<String>,
    /// The file that has this key, in place of `security.connect_token.public_key`.
    pub public_key_path: Option<String>,
    /// The file that has several Ed25519 keys as a JWKS, in place of a single one.
    pub keys_path: Option<String>,
    /// Whether every client has to show a token, where `security.allowed_apps[].require_connect_token` does not say
    /// otherwise.
    pub required: bool,
    /// Whether a token lets in only once. JWTs need a `jti` then.
    pub single_use: bool,
    /// How many used tokens are remembered, each until it expires. When there are more, new ones are refused.
    pub single_use_max: NonZeroUsize,
    /// The JWTs that are taken.
    pub jwt: JwtSettings,
}

impl Default for ConnectTokenSettings {
    fn default() -> Self {
        Self {
            public_key: None,
            public_key_path: None,
            keys_path: None,
            required: false,
            single_use: false,
            single_use_max: nonzero!(131_072),
            jwt: JwtSettings::default(),
        }
    }
}

/// The JWTs that are taken as connect tokens, signed with EdDSA or ES256; none unless there is an
/// audience and one of the two for keys.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JwtSettings {
    /// The name of this server in the `aud` of JWTs.
    pub audience: Option<String>,
    /// The file that has the Ed25519 and P-256 keys of those who sign them, as a JWKS.
    pub jwks_path: Option<String>,
    /// Where these keys are published, in place of a file: an `https` address, or `http` on a loopback address. They
    /// are fetched at the start and again whenever they may have changed.
    #[schemars(extend("x-live" = false))]
    pub jwks_url: Option<String>,
}

impl ConnectTokenSettings {
    /// Whether there is nothing to check a token with.
    pub(crate) fn takes_none(&self) -> bool {
        let Self { public_key, public_key_path, keys_path, jwt, .. } = self;
        [public_key, public_key_path, keys_path, &jwt.jwks_path, &jwt.jwks_url]
            .into_iter()
            .all(Option::is_none)
    }
}
