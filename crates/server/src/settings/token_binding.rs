//! Section `security.transport.token_binding`: messages are proved to come from whoever made the connection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use signal_fish_transport::TokenBindingConfig;

use super::problem::Problems;
use super::transport::{ClientAuth, TlsSettings};

/// Proofs in every message that it comes from whoever made the connection, for clients that offer the subprotocol
/// `signalfish.tokenbinding.v2`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TokenBindingSettings {
    /// Whether clients may have it.
    pub enabled: bool,
    /// Whether clients must have it.
    pub required: bool,
    /// Whether clients must show a certificate too, and name it in every proof.
    pub require_client_fingerprint: bool,
}

impl TokenBindingSettings {
    pub(crate) fn config(&self) -> Option<TokenBindingConfig> {
        let Self { enabled, required, require_client_fingerprint: wants_fingerprint } = *self;
        enabled.then_some(TokenBindingConfig { required, wants_fingerprint })
    }

    pub(super) fn check(&self, tls: &TlsSettings, problems: &mut Problems) {
        let key = |name| format!("security.transport.token_binding.{name}");
        if self.required && !self.enabled {
            problems.add(key("required"), format!("set `{}` to true too", key("enabled")));
        }
        if self.require_client_fingerprint && !(tls.enabled && tls.client_auth != ClientAuth::None) {
            let advice = "clients are not asked for certificates: set `security.transport.tls.enabled` to true and \
                          `security.transport.tls.client_auth` to require, or this to false";
            problems.add(key("require_client_fingerprint"), advice);
        }
    }

    pub(super) fn notice(&self, tls: &TlsSettings) -> Option<String> {
        let notice = "security.transport.token_binding: without encryption up to the client whoever listens has the \
                      keys too, and only the order of messages is proved";
        (self.enabled && !tls.enabled).then(|| notice.to_owned())
    }
}
