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
}

impl Capabilities {
    pub(crate) fn granted(config: &HubConfig, version: ProtocolVersion, requested: &[String]) -> Self {
        let asks_for = |label: &str| requested.iter().any(|other| other == label);
        let Some(rules) = &config.reconnection else { return Self::default() };
        Self {
            reconnection_token: asks_for(RECONNECTION_TOKEN),
            game_data_replay: version >= ProtocolVersion::V3
                && rules.replay.is_some()
                && asks_for(GAME_DATA_REPLAY),
        }
    }

    /// As clients are told.
    pub(crate) fn labels(self) -> impl Iterator<Item = &'static str> {
        let granted =
            [(self.reconnection_token, RECONNECTION_TOKEN), (self.game_data_replay, GAME_DATA_REPLAY)];
        granted.into_iter().filter(|(is_granted, _)| *is_granted).map(|(_, label)| label)
    }
}

const RECONNECTION_TOKEN: &str = "reconnection_token";
const GAME_DATA_REPLAY: &str = "game_data_replay";
