//! Room operations with an id, and the one reply that each of them gets.

use serde::{Deserialize, Serialize};

use crate::client::{JoinAsSpectator, JoinRoom, Reconnect};
use crate::codes::ErrorCode;
use crate::ids::{OperationId, PlayerId};
use crate::message::messages;
use crate::room_code::RoomCode;
use crate::server::{Reconnected, ReconnectionFailed, RoomJoinFailed, SpectatorJoinFailed, SpectatorJoined, SpectatorLeft};
use crate::snapshot::RoomSnapshot;

/// Body of [`crate::ClientMessage::RoomOperation`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomOperation {
    /// The client's id for it.
    pub operation_id: OperationId,
    /// What to do.
    pub operation: RoomOperationRequest,
}

/// What a room operation asks for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum RoomOperationRequest {
    /// See [`crate::ClientMessage::JoinRoom`].
    JoinRoom(JoinRoom),
    /// See [`crate::ClientMessage::LeaveRoom`].
    LeaveRoom,
    /// See [`crate::ClientMessage::Reconnect`].
    Reconnect(Reconnect),
    /// See [`crate::ClientMessage::JoinAsSpectator`].
    JoinAsSpectator(JoinAsSpectator),
    /// See [`crate::ClientMessage::LeaveSpectator`].
    LeaveSpectator,
    /// Removes a player from the room.
    KickPlayer {
        /// Whom.
        player_id: PlayerId,
    },
    /// Removes a player from the room for good.
    BanPlayer {
        /// Whom.
        player_id: PlayerId,
    },
    /// Lets a banned player in again.
    UnbanPlayer {
        /// Whom.
        player_id: PlayerId,
    },
    /// Hands the authority to another member.
    TransferAuthority {
        /// To whom.
        player_id: PlayerId,
    },
    /// Gives the room a new code; the old one stops working.
    RegenerateRoomCode,
    /// Sets or removes the room's password.
    SetRoomAccess {
        /// The password; none opens the room.
        password: Option<String>,
    },
}

/// Body of [`crate::ServerMessage::RoomOperationResult`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RoomOperationResult<'a> {
    /// The client's id for it.
    pub operation_id: OperationId,
    /// What came of it.
    #[serde(borrow)]
    pub result: RoomResult<'a>,
}

messages! {
    /// What came of a room operation.
    pub enum RoomResult<'a> {
        /// The sender has a seat.
        RoomJoined(RoomSnapshot),
        /// The sender has no seat.
        RoomJoinFailed(RoomJoinFailed),
        /// The seat is given up.
        RoomLeft,
        /// The sender has its seat back.
        Reconnected(Reconnected<'a>),
        /// The sender does not have its seat back.
        ReconnectionFailed(ReconnectionFailed),
        /// The sender watches.
        SpectatorJoined(SpectatorJoined),
        /// The sender does not watch.
        SpectatorJoinFailed(SpectatorJoinFailed),
        /// The sender stopped watching.
        SpectatorLeft(SpectatorLeft),
        /// The player is out.
        PlayerKicked(PlayerTarget),
        /// The player is out for good.
        PlayerBanned(PlayerTarget),
        /// The player may come in again.
        PlayerUnbanned(PlayerTarget),
        /// The player holds the authority.
        AuthorityTransferred(PlayerTarget),
        /// The room has a new code.
        RoomCodeRegenerated(NewRoomCode),
        /// The room's password is set or removed.
        RoomAccessUpdated(RoomAccess),
        /// Nothing was done.
        OperationFailed(OperationFailed),
    }
}

/// Whom a moderation result is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlayerTarget {
    /// Who.
    pub player_id: PlayerId,
}

/// Body of [`RoomResult::RoomCodeRegenerated`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewRoomCode {
    /// The new code.
    pub room_code: RoomCode,
}

/// Body of [`RoomResult::RoomAccessUpdated`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomAccess {
    /// Whether joining takes a password now.
    pub requires_password: bool,
}

/// Body of [`RoomResult::OperationFailed`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OperationFailed {
    /// Why, for people.
    pub reason: String,
    /// Why, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
}
