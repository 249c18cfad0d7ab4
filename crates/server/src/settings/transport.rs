//! Section `security.transport`: what protects connections on their way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use signal_fish_transport::TokenBindingConfig;

use super::problem::Problems;

/// What protects connections on their way.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TransportSettings {
    /// Proofs in every message that it comes from whoever made the connection.
    pub token_binding: TokenBindingSettings,
}

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

    pub(super) fn check(&self, problems: &mut Problems) {
        let key = |name| format!("security.transport.token_binding.{name}");
        if self.required && !self.enabled {
            problems.add(key("required"), format!("set `{}` to true too", key("enabled")));
        }
        if self.require_client_fingerprint {
            let advice = "there is no built-in TLS that could ask for certificates, set false";
            problems.add(key("require_client_fingerprint"), advice);
        }
    }

    pub(super) fn notice(&self) -> Option<String> {
        let notice = "security.transport.token_binding: without encryption up to the client whoever listens has the \
                      keys too, and only the order of messages is proved";
        self.enabled.then(|| notice.to_owned())
    }
}
