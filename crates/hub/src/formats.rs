//! Which formats of game data are offered, and how long a message of each may be.

use signal_fish_protocol::{GameDataEncoding, GameDataLimit};

use crate::config::HubConfig;
use crate::game_data::GameData;

/// How long a game message may be in each format, in bytes of the game's own data; without a limit, as long as any
/// message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct GameDataLimits {
    /// In text messages.
    pub json: Option<usize>,
    /// In binary messages of this format.
    pub message_pack: Option<usize>,
    /// In binary messages of this format.
    pub rkyv: Option<usize>,
    /// In binary messages of this format.
    pub protobuf: Option<usize>,
}

impl GameDataLimits {
    const fn of(&self, format: GameDataEncoding) -> Option<usize> {
        match format {
            GameDataEncoding::Json => self.json,
            GameDataEncoding::MessagePack => self.message_pack,
            GameDataEncoding::Rkyv => self.rkyv,
            GameDataEncoding::Protobuf => self.protobuf,
        }
    }
}

/// The formats that are offered, in the order in which clients expect them.
pub(crate) fn offered(config: &HubConfig) -> Vec<GameDataEncoding> {
    let is_offered = |format: &GameDataEncoding| match format {
        GameDataEncoding::Json => true,
        GameDataEncoding::MessagePack => config.offer_message_pack,
        GameDataEncoding::Rkyv => config.offer_rkyv,
        GameDataEncoding::Protobuf => config.offer_protobuf,
    };
    GameDataEncoding::ALL.iter().copied().filter(is_offered).collect()
}

/// The limits of the formats that are offered, as clients are told.
pub(crate) fn limits(config: &HubConfig) -> Vec<GameDataLimit> {
    let limit = |encoding| {
        let max_bytes = config.game_data_limits.of(encoding)?;
        Some(GameDataLimit { encoding, max_bytes })
    };
    offered(config).into_iter().filter_map(limit).collect()
}

/// Whether the message keeps to the limit of its format; if not, what to tell its sender.
pub(crate) fn check(config: &HubConfig, game_data: &GameData<'_>) -> Result<(), String> {
    let (format, n_bytes) = match game_data {
        GameData::Text(payload) => (GameDataEncoding::Json, payload.as_str().len()),
        GameData::Binary(format, payload) => (*format, payload.len()),
    };
    match config.game_data_limits.of(format) {
        Some(limit) if n_bytes > limit => {
            Err(format!("game data in format {} has at most {limit} bytes", format.token()))
        }
        Some(_) | None => Ok(()),
    }
}
