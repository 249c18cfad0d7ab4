//! Public keys that tokens are checked with, and the files and texts that they come from.

use std::num::NonZeroU8;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use ed25519_dalek::VerifyingKey;
use p256::ecdsa;
use p256::ecdsa::signature::Verifier as _;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Public keys, one or more, of which each may have signed a token. While keys are exchanged the old one and the new
/// one are both in the set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeySet(Vec<NamedKey>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct NamedKey {
    id: Option<Box<str>>,
    key: PublicKey,
}

/// A key together with the one algorithm that it is used in, so that no token can choose another.
#[derive(Clone, PartialEq, Eq, Debug)]
enum PublicKey {
    Ed25519(VerifyingKey),
    P256(ecdsa::VerifyingKey),
}

/// How tokens can be signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub(crate) enum Algorithm {
    #[serde(rename = "EdDSA", alias = "Ed25519")]
    Ed25519,
    #[serde(rename = "ES256")]
    P256,
}

/// Why there are no keys. It says nothing of what was read: somebody may have written a private key there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// Not 32 bytes in base64.
    #[error("set the 32 bytes of an Ed25519 public key in base64")]
    NotAKey,
    /// Bytes that are no point of the curve, or one with which anything is signed.
    #[error("is no sound key of its kind")]
    Unsound,
    /// Not a JWKS.
    #[error(r#"is no JWKS, which looks like {{"keys": [...]}}"#)]
    NotASet,
    /// A member of a key is missing, or is no base64url.
    #[error("a key in it is incomplete, or is not written in base64url")]
    Incomplete,
    /// A private key, which has to stay with those who sign.
    #[error("a key in it is private, only public ones belong here")]
    Private,
    /// Two keys have one id.
    #[error("two keys in it have the same kid")]
    TwoOfOneId,
    /// There is none of a kind that can be used.
    #[error("there is no key in it that can be used")]
    Empty,
    /// More than [`KeySet::N_MAX`].
    #[error("there are more than {} keys in it", KeySet::N_MAX)]
    TooMany,
}

impl KeySet {
    /// The most keys in a set. A token that names no key is tried with each of them, before anyone knows who sent it.
    pub const N_MAX: NonZeroU8 = NonZeroU8::new(8).expect("above zero");

    /// One Ed25519 key without an id: its 32 bytes in base64 of either alphabet.
    pub fn single(base64: &str) -> Result<Self, KeyError> {
        let text = base64.trim().replace('-', "+").replace('_', "/");
        let bytes = STANDARD_ANY_PADDING.decode(text).map_err(|_| KeyError::NotAKey)?;
        let key = ed25519(&bytes.try_into().map_err(|_| KeyError::NotAKey)?)?;
        Ok(Self(vec![NamedKey { id: None, key }]))
    }

    /// The keys of a JWKS (RFC 7517) that can verify: Ed25519, and P-256 where `takes_p256`. Others are passed over,
    /// as the standard wants it.
    pub fn from_jwks(json: &str, takes_p256: bool) -> Result<Self, KeyError> {
        let Jwks { keys } = serde_json::from_str(json).map_err(|_| KeyError::NotASet)?;
        let mut named: Vec<NamedKey> = Vec::new();
        for jwk in keys {
            let Some(key) = jwk.public_key(takes_p256)? else { continue };
            let id = jwk.kid.map(String::into_boxed_str);
            if id.is_some() && named.iter().any(|other| other.id == id) {
                return Err(KeyError::TwoOfOneId);
            }
            named.push(NamedKey { id, key });
        }
        match named.len() {
            0 => Err(KeyError::Empty),
            n if n > usize::from(Self::N_MAX.get()) => Err(KeyError::TooMany),
            _ => Ok(Self(named)),
        }
    }

    /// Whether one of the keys has this id.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|named| named.id.as_deref() == Some(id))
    }

    /// Whether one of the keys has made `signature` for `message` with `algorithm`: the one with this id, if a token
    /// says one.
    pub(crate) fn verify(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let may_be = |named: &&NamedKey| id.is_none() || named.id.as_deref() == id;
        self.0.iter().filter(may_be).any(|named| named.key.verify(algorithm, message, signature))
    }
}

impl PublicKey {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Ed25519(key), Algorithm::Ed25519) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            (Self::P256(key), Algorithm::P256) => ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            (Self::Ed25519(_), Algorithm::P256) | (Self::P256(_), Algorithm::Ed25519) => false,
        }
    }
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// What of a JWK matters here.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// Of a private key. It is only looked at to be refused.
    d: Option<IgnoredAny>,
}

impl Jwk {
    /// The key, if it is of a kind that is used here.
    fn public_key(&self, takes_p256: bool) -> Result<Option<PublicKey>, KeyError> {
        if self.d.is_some() {
            return Err(KeyError::Private);
        }
        let is_for = |algorithms: &[&str]| {
            self.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
                && self.alg.as_deref().is_none_or(|alg| algorithms.contains(&alg))
        };
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("OKP", Some("Ed25519")) if is_for(&["EdDSA", "Ed25519"]) => {
                ed25519(&coordinate(self.x.as_deref())?).map(Some)
            }
            ("EC", Some("P-256")) if takes_p256 && is_for(&["ES256"]) => {
                p256(&coordinate(self.x.as_deref())?, &coordinate(self.y.as_deref())?).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn coordinate(base64url: Option<&str>) -> Result<[u8; 32], KeyError> {
    let bytes = base64url.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(KeyError::Incomplete)
}

fn ed25519(bytes: &[u8; 32]) -> Result<PublicKey, KeyError> {
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Unsound)?;
    // A key of small order takes one signature for many messages.
    if key.is_weak() { Err(KeyError::Unsound) } else { Ok(PublicKey::Ed25519(key)) }
}

fn p256(x: &[u8; 32], y: &[u8; 32]) -> Result<PublicKey, KeyError> {
    const UNCOMPRESSED: u8 = 4;
    let point = [&[UNCOMPRESSED], &x[..], &y[..]].concat();
    ecdsa::VerifyingKey::from_sec1_bytes(&point).map(PublicKey::P256).map_err(|_| KeyError::Unsound)
}

/// With padding or without: keys are copied from tools that write either.
const STANDARD_ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests;
