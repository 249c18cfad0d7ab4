//! A room as it is remembered: what must outlive the process that made it.

use serde::{Deserialize, Serialize};
use signal_fish_protocol::{LobbyState, RoomId};

/// How often a room has changed in a way that is remembered. Only a higher one replaces a lower one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// A room as it is remembered, in words that every release can read: names are texts here, to be parsed again
/// by the rules of the server that reads them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomRecord {
    /// The room.
    pub id: RoomId,
    /// Of which of its changes this is the latest.
    pub revision: Revision,
    /// Whose it is; rooms of an open server belong to no app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The game.
    pub game: String,
    /// The code that players find it by.
    pub code: String,
    /// The most players.
    pub players_max: u8,
    /// Whether one of the players may speak for the room.
    pub supports_authority: bool,
    /// The relay label.
    pub relay_type: String,
    /// How far it is.
    pub lobby: LobbyState,
}
