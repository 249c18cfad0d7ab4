//! Section `protocol`: what the server offers to clients and what names and codes look like.

use std::num::NonZeroU8;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use signal_fish_protocol::limits;

use super::sdk::SdkCompatibilitySettings;

/// What the server offers to clients, and what names and codes look like.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProtocolSettings {
    /// The longest game name, in bytes of UTF-8.
    #[schemars(range(min = 1, max = 1_024))]
    pub max_game_name_length: usize,
    /// How many characters a room code has.
    #[schemars(range(min = 1, max = 32))]
    pub room_code_length: usize,
    /// The longest player name, in bytes of UTF-8.
    #[schemars(range(min = 1, max = 1_024))]
    pub max_player_name_length: usize,
    /// The most players that the creator of a room may ask for.
    #[schemars(extend("x-live" = true))]
    pub max_players_limit: NonZeroU8,
    /// Whether MessagePack game data is offered beside JSON.
    pub enable_message_pack_game_data: bool,
    /// Whether rkyv archives are offered as game data. The server passes them on unopened, only to players with the
    /// same format. Clients of version 0.14 and earlier refuse a server that offers them.
    pub enable_rkyv_game_data: bool,
    /// Whether protobuf messages are offered as game data. The same holds for them.
    pub enable_protobuf_game_data: bool,
    /// The oldest protocol version that is spoken.
    #[schemars(range(min = 2, max = 3))]
    pub min_protocol_version: u16,
    /// The newest protocol version that is spoken. Not below `protocol.min_protocol_version`.
    #[schemars(range(min = 2, max = 3))]
    pub max_protocol_version: u16,
    /// What the display names of players and spectators may look like.
    pub player_name_validation: PlayerNameSettings,
    /// Which client SDKs may connect, and what they are told.
    pub sdk_compatibility: SdkCompatibilitySettings,
}

impl Default for ProtocolSettings {
    fn default() -> Self {
        Self {
            max_game_name_length: limits::GAME_NAME_BYTES_MAX,
            room_code_length: limits::ROOM_CODE_LENGTH,
            max_player_name_length: limits::PLAYER_NAME_BYTES_MAX,
            max_players_limit: nonzero!(limits::PLAYERS_MAX),
            enable_message_pack_game_data: true,
            enable_rkyv_game_data: false,
            enable_protobuf_game_data: false,
            min_protocol_version: 2,
            max_protocol_version: 3,
            player_name_validation: PlayerNameSettings::default(),
            sdk_compatibility: SdkCompatibilitySettings::default(),
        }
    }
}

/// What the display names of players and spectators may look like.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlayerNameSettings {
    /// Letters and digits of any script, not only ASCII.
    pub allow_unicode_alphanumeric: bool,
    /// Spaces inside a name.
    pub allow_spaces: bool,
    /// White space at the ends of a name.
    pub allow_leading_trailing_whitespace: bool,
    /// Further characters, one per entry. As an environment variable also `-,_`.
    pub allowed_symbols: Vec<char>,
    /// Yet further characters, as one text.
    pub additional_allowed_characters: Option<String>,
}

impl Default for PlayerNameSettings {
    fn default() -> Self {
        Self {
            allow_unicode_alphanumeric: true,
            allow_spaces: true,
            allow_leading_trailing_whitespace: false,
            allowed_symbols: vec!['-', '_'],
            additional_allowed_characters: None,
        }
    }
}
