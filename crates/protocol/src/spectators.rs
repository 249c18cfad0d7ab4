//! Watching a room: how one starts and stops, and what the room hears of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::codes::ErrorCode;
use crate::ids::{PlayerId, RoomId};
use crate::room_code::RoomCode;
use crate::secret::Secret;
use crate::snapshot::{LobbyState, PlayerInfo};

/// Body of [`crate::ClientMessage::JoinAsSpectator`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JoinAsSpectator {
    /// The game, as in `JoinRoom`.
    pub game_name: String,
    /// The room's code: [`crate::limits::ROOM_CODE_LENGTH`] letters A to Z and digits, in any case.
    pub room_code: String,
    /// The sender's display name, as in `JoinRoom`; others may have the same.
    pub spectator_name: String,
    /// The room's password: 1 to [`crate::limits::PASSWORD_BYTES_MAX`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// Body of [`crate::ServerMessage::SpectatorJoined`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SpectatorJoined {
    /// The room.
    pub room_id: RoomId,
    /// Its code.
    pub room_code: RoomCode,
    /// The recipient.
    pub spectator_id: PlayerId,
    /// The game.
    pub game_name: Arc<str>,
    /// Who plays.
    pub current_players: Vec<PlayerInfo>,
    /// Who watches, the recipient included.
    pub current_spectators: Vec<SpectatorInfo>,
    /// How far the room is.
    pub lobby_state: LobbyState,
    /// `joined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SpectatorReason>,
}

/// Body of [`crate::ServerMessage::SpectatorJoinFailed`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SpectatorJoinFailed {
    /// Why, for people.
    pub reason: String,
    /// Why, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
}

/// Body of [`crate::ServerMessage::SpectatorLeft`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SpectatorLeft {
    /// The room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_id: Option<RoomId>,
    /// Its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_code: Option<RoomCode>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SpectatorReason>,
    /// Who still watches.
    pub current_spectators: Vec<SpectatorInfo>,
}

/// Body of [`crate::ServerMessage::NewSpectatorJoined`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NewSpectatorJoined {
    /// Who.
    pub spectator: SpectatorInfo,
    /// Who watches now; empty on v3.
    pub current_spectators: Vec<SpectatorInfo>,
    /// `joined`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SpectatorReason>,
    /// How many watch now. Always on v3, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spectator_count: Option<u32>,
}

/// Body of [`crate::ServerMessage::SpectatorDisconnected`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SpectatorDisconnected {
    /// Who.
    pub spectator_id: PlayerId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SpectatorReason>,
    /// Who still watches; empty on v3.
    pub current_spectators: Vec<SpectatorInfo>,
    /// How many still watch. Always on v3, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spectator_count: Option<u32>,
}

/// One spectator of a room.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SpectatorInfo {
    /// Who.
    pub id: PlayerId,
    /// Display name.
    pub name: Arc<str>,
    /// When it connected. Always on v2, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Timestamp>,
}

/// Why the set of spectators changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpectatorReason {
    /// Someone came to watch.
    Joined,
    /// Someone left.
    VoluntaryLeave,
    /// Someone's connection ended.
    Disconnected,
    /// Someone was removed.
    Removed,
    /// The room was closed.
    RoomClosed,
}
