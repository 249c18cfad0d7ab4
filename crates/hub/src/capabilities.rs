//! What a connection asked for by name and was granted.

use signal_fish_protocol::ProtocolVersion;

use crate::config::HubConfig;

/// What a connection asked for by name and was granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Capabilities {
    /// It is shown its reconnection token on protocol 2 too.
    pub(crate) reconnection_token: bool,
    /// When it comes back it hears the game data that it missed, or which it cannot have.
    pub(crate) game_data_replay: bool,
    /// It may ask for operations, each of which it gives an id.
    pub(crate) room_operation_ids: bool,
}

impl Capabilities {
    pub(crate) fn granted(config: &HubConfig, version: ProtocolVersion, requested: &[String]) -> Self {
        let asks_for = |label: &str| requested.iter().any(|other| other == label);
        let is_new = version >= ProtocolVersion::V3;
        let keeps_game_data = config.reconnection.is_some_and(|rules| rules.replay.is_some());
        Self {
            reconnection_token: config.reconnection.is_some() && asks_for(RECONNECTION_TOKEN),
            game_data_replay: is_new && keeps_game_data && asks_for(GAME_DATA_REPLAY),
            room_operation_ids: is_new && asks_for(ROOM_OPERATION_IDS),
        }
    }

    /// As clients are told.
    pub(crate) fn labels(self) -> impl Iterator<Item = &'static str> {
        let granted = [
            (self.reconnection_token, RECONNECTION_TOKEN),
            (self.game_data_replay, GAME_DATA_REPLAY),
            (self.room_operation_ids, ROOM_OPERATION_IDS),
        ];
        granted.into_iter().filter(|(is_granted, _)| *is_granted).map(|(_, label)| label)
    }
}

const RECONNECTION_TOKEN: &str = "reconnection_token";
const GAME_DATA_REPLAY: &str = "game_data_replay";
const ROOM_OPERATION_IDS: &str = "room_operation_ids";
