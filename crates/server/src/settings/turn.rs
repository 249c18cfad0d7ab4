//! Section `turn`: STUN and TURN servers for players who use WebRTC.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// STUN and TURN servers for players who use WebRTC.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("x-live" = true))]
pub struct TurnSettings {
    /// Whether players get a password of their own for the TURN servers in `urls`.
    pub enabled: bool,
    /// The secret that these share with this server; `static-auth-secret` in the settings of coturn.
    pub static_auth_secret: Secret,
    /// The TURN servers, with the scheme turn or turns.
    pub urls: Vec<String>,
    /// STUN servers, with the scheme stun or stuns. Players ask them for their own address, also where `enabled` is false; [] to ask nobody.
    pub stun_urls: Vec<String>,
    /// Seconds that a password is good for.
    #[schemars(range(min = 1, max = 86_400))]
    pub credential_ttl_secs: u32,
}

impl Default for TurnSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            static_auth_secret: Secret::default(),
            urls: Vec::new(),
            stun_urls: vec!["stun:stun.l.google.com:19302".to_owned()],
            credential_ttl_secs: 3_600,
        }
    }
}
