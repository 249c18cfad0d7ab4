//! What a member sees of a room when it enters.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::connection_info::ConnectionInfo;
use crate::ids::{Epoch, PlayerId, RoomId};
use crate::room_code::RoomCode;
use crate::secret::Secret;
use crate::session::IceServer;
use crate::spectators::SpectatorInfo;

/// How far a room is on its way to the game. It only goes forward.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LobbyState {
    /// Just made.
    Waiting,
    /// Gathering and getting ready.
    Lobby,
    /// The game has started.
    Finalized,
}

/// How much of what a player missed is in `missed_events`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayStatus {
    /// All of it.
    Complete,
    /// The newest part.
    Truncated,
    /// None: the server keeps no events.
    Unavailable,
}

/// One player of a room.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlayerInfo {
    /// Who.
    pub id: PlayerId,
    /// Display name.
    pub name: Arc<str>,
    /// Whether it holds the authority.
    pub is_authority: bool,
    /// Whether it is ready.
    pub is_ready: bool,
    /// When it connected. Always on v2, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<Timestamp>,
    /// How it can be reached, if it said so. Only on v2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_info: Option<ConnectionInfo>,
    /// Its membership. Always on v3, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The last number it has sent under; 0 if it sent nothing. Always on v3, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

/// One player as `GameStarting` shows it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PeerConnectionInfo {
    /// Who.
    pub player_id: PlayerId,
    /// Display name.
    pub player_name: Arc<str>,
    /// Whether it holds the authority.
    pub is_authority: bool,
    /// The relay label of the room.
    pub relay_type: Arc<str>,
    /// How it can be reached, if it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_info: Option<ConnectionInfo>,
}

/// The last stamp of one sender: what a returning player must know, or what it has seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SenderWatermark {
    /// The sender.
    pub player_id: PlayerId,
    /// Its membership.
    pub epoch: Epoch,
    /// The last number it has sent under.
    pub seq: u64,
}

/// A room as its new member finds it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RoomSnapshot {
    /// The room.
    pub room_id: RoomId,
    /// Its code.
    pub room_code: RoomCode,
    /// The recipient.
    pub player_id: PlayerId,
    /// The game.
    pub game_name: Arc<str>,
    /// The most players.
    pub max_players: u8,
    /// Whether there is an authority in this room.
    pub supports_authority: bool,
    /// Everyone, the recipient included.
    pub current_players: Vec<PlayerInfo>,
    /// Whether the recipient holds the authority.
    pub is_authority: bool,
    /// How far the room is.
    pub lobby_state: LobbyState,
    /// Who is ready.
    pub ready_players: Vec<PlayerId>,
    /// The relay label of the room.
    pub relay_type: Arc<str>,
    /// Who watches.
    #[serde(default)]
    pub current_spectators: Vec<SpectatorInfo>,
    /// Servers for ICE, to gather candidates early. Only on v3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ice_servers: Vec<IceServer>,
    /// What to come back with. On v3, and on v2 for those who asked for the capability `reconnection_token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconnection_token: Option<Secret>,
}
