//! What is said before any room: who the client is, what it wants, and what was negotiated.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::codes::ErrorCode;
use crate::names::PlayerNameRules;
use crate::secret::Secret;
use crate::session::{MessageTransport, Topology, Transport};
use crate::version::GameDataEncoding;

/// Body of [`crate::ClientMessage::Authenticate`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Authenticate {
    /// The public label of the game: 1 to [`crate::limits::APP_ID_BYTES_MAX`] bytes, no control characters. Empty is
    /// anonymous, where the server has no list of apps.
    pub app_id: String,
    /// The version of the client's SDK, such as `1.2.3`. Platforms that the server knows a minimum of must say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk_version: Option<String>,
    /// The platform of the client's SDK.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The wanted format of game data; one that the server does not offer falls back to JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub game_data_format: Option<GameDataEncoding>,
    /// The newest protocol version the client speaks; above 3 means 3. Missing, the path decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<u16>,
    /// The transports the client can use; the relay is always among them. Needs protocol 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported_transports: Option<Vec<Transport>>,
    /// The topologies the client can use; the relay is always among them. Needs protocol 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported_topologies: Option<Vec<Topology>>,
    /// The capabilities the client wants: `room_operation_ids`, `game_data_replay` and, for version 2,
    /// `reconnection_token`; unknown ones are ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_capabilities: Option<Vec<String>>,
    /// What the studio has signed for this client, where the server wants that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_token: Option<Secret>,
}

/// Body of [`crate::ServerMessage::Authenticated`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Authenticated {
    /// The game's name as configured, or `default`.
    pub app_name: String,
    /// Who owns the game, if configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// How often clients of the app may authenticate.
    pub rate_limits: RateLimitInfo,
}

/// How often all clients of an app together may authenticate; nominal where the server sets no limit. What one
/// connection may do is limited by budgets of its own, which are not told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RateLimitInfo {
    /// Each minute.
    pub per_minute: u64,
    /// Each hour.
    pub per_hour: u64,
    /// Each day.
    pub per_day: u64,
}

/// Body of [`crate::ServerMessage::ProtocolInfo`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ProtocolInfo {
    /// The platform the client named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The SDK version the client named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk_version: Option<String>,
    /// The oldest SDK version this server takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_version: Option<String>,
    /// The SDK version this server recommends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommended_version: Option<String>,
    /// What this server can do.
    pub capabilities: Vec<String>,
    /// A hint for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// The formats of game data this server offers.
    pub game_data_formats: Vec<GameDataEncoding>,
    /// What player names may look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player_name_rules: Option<PlayerNameRules>,
    /// What only v3 connections are told. Always on v3, and only there.
    #[serde(flatten, deserialize_with = "v3_members", skip_serializing_if = "Option::is_none")]
    pub v3: Option<ProtocolInfoV3>,
}

/// The members of `ProtocolInfo` that only v3 connections are told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProtocolInfoV3 {
    /// The negotiated version.
    pub protocol_version: u16,
    /// The oldest version this server takes.
    pub min_protocol_version: u16,
    /// The newest version this server speaks.
    pub max_protocol_version: u16,
    /// How messages travel.
    pub transports: Vec<MessageTransport>,
    /// The largest message this server sends, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_outbound_message_size: Option<usize>,
    /// The version of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implementation_version: Option<String>,
    /// Size limits per format, where they are smaller than the message limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub game_data_limits: Vec<GameDataLimit>,
}

/// The size limit of one format of game data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GameDataLimit {
    /// The format.
    pub encoding: GameDataEncoding,
    /// Its limit.
    pub max_bytes: usize,
}

/// Body of [`crate::ServerMessage::AuthenticationError`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuthenticationError {
    /// Why, for people.
    pub error: String,
    /// Why, for programs.
    pub error_code: ErrorCode,
}

/// A flattened `Option` would take broken members for missing ones.
fn v3_members<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ProtocolInfoV3>, D::Error> {
    let members = serde_json::Map::deserialize(deserializer)?;
    if !members.contains_key("protocol_version") {
        return Ok(None);
    }
    ProtocolInfoV3::deserialize(members).map(Some).map_err(D::Error::custom)
}
