//! A room as it is remembered: what must outlive the process that made it.

use std::fmt;

use serde::{Deserialize, Serialize};
use signal_fish_protocol::{LobbyState, PlayerId, RoomId, Uuid};

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
    /// What a password has to fit to come in; a room without one is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<StoredHash>,
    /// Who may not come in any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub banned: Vec<PlayerId>,
    /// Of some of them, who they are under any other id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub banned_subjects: Vec<(PlayerId, Uuid)>,
}

/// The hash of a password, in whatever words its maker can check a password against.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredHash(pub String);

/// Shows nothing that a guess could be tried against.
impl fmt::Debug for StoredHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredHash(..)")
    }
}
