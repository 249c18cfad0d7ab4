//! Room operations with an id, and the one reply that each of them gets.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::client::{JoinRoom, Reconnect};
use crate::codes::ErrorCode;
use crate::explain::explain;
use crate::ids::{OperationId, PlayerId};
use crate::message::{Tagged, from_object, messages, written};
use crate::room_code::RoomCode;
use crate::secret::Secret;
use crate::server::{Reconnected, ReconnectionFailed, RoomJoinFailed};
use crate::snapshot::RoomSnapshot;
use crate::spectators::{JoinAsSpectator, SpectatorJoinFailed, SpectatorJoined, SpectatorLeft};

/// Body of [`crate::ClientMessage::RoomOperation`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomOperation {
    /// The client's id for it, in exactly this spelling.
    pub operation_id: OperationId,
    /// What to do.
    #[serde(deserialize_with = "request")]
    pub operation: RoomOperationRequest,
}

impl RoomOperation {
    /// The id of the operation in a text frame that is no message for another reason, if it can be read: whoever sent
    /// it waits for a result with that id.
    pub fn id_of_malformed(text: &str) -> Option<OperationId> {
        #[derive(Deserialize)]
        struct Id {
            operation_id: OperationId,
        }
        let Tagged { kind, data } = from_object(text).ok()?;
        let Id { operation_id } = from_object(data.filter(|_| kind == "RoomOperation")?.get()).ok()?;
        Some(operation_id)
    }
}

/// Lists the variants of an enum with what they are for.
macro_rules! requests {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident {
            $($(#[doc = $doc:literal])+ $Kind:ident $(($Body:ty))? $({ $($members:tt)* })?,)+
        }
    ) => {
        $(#[$meta])*
        pub enum $Name {
            $($(#[doc = $doc])+ $Kind $(($Body))? $({ $($members)* })?,)+
        }

        impl $Name {
            /// Every operation: its name on the wire and what it is for, in the order of the reference page.
            pub const KINDS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($Kind), concat!($($doc),+).trim_ascii_start()),)+];

            /// The name of this operation on the wire.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$Kind { .. } => stringify!($Kind),)+
                }
            }
        }
    };
}

requests! {
    /// What a room operation asks for.
    #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(tag = "type", content = "data")]
    pub enum RoomOperationRequest {
        /// Takes a seat in a room, like the message of that name. Comes to `RoomJoined` or `RoomJoinFailed`.
        JoinRoom(JoinRoom),
        /// Gives up the seat, like the message of that name. Comes to `RoomLeft`.
        LeaveRoom,
        /// Takes back the seat of a connection that was lost, like the message of that name. Comes to `Reconnected` or
        /// `ReconnectionFailed`.
        Reconnect(Reconnect),
        /// Watches a room, like the message of that name. Comes to `SpectatorJoined` or `SpectatorJoinFailed`.
        JoinAsSpectator(JoinAsSpectator),
        /// Stops watching, like the message of that name. Comes to `SpectatorLeft`.
        LeaveSpectator,
        /// Removes a player from the room. Comes to `PlayerKicked`.
        KickPlayer {
            /// Whom.
            player_id: PlayerId,
        },
        /// Removes a player from the room for good. Comes to `PlayerBanned`.
        BanPlayer {
            /// Whom.
            player_id: PlayerId,
        },
        /// Lets a banned player in again. Comes to `PlayerUnbanned`.
        UnbanPlayer {
            /// Whom.
            player_id: PlayerId,
        },
        /// Hands the authority to another member. Comes to `AuthorityTransferred`.
        TransferAuthority {
            /// To whom.
            player_id: PlayerId,
        },
        /// Gives the room a new code; the old one stops working. Comes to `RoomCodeRegenerated`.
        RegenerateRoomCode,
        /// Sets or removes the room's password. Comes to `RoomAccessUpdated`.
        SetRoomAccess {
            /// The password, 1 to [`crate::limits::PASSWORD_BYTES_MAX`] bytes. `null` opens the room, and must be
            /// written, so that a slip of the pen does not.
            #[serde(deserialize_with = "written")]
            password: Option<Secret>,
        },
    }
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

/// Reads a request that is an object, and so is its data.
fn request<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RoomOperationRequest, D::Error> {
    let json = <&RawValue>::deserialize(deserializer)?;
    let tagged: Tagged<'_> = from_object(json.get()).map_err(D::Error::custom)?;
    if tagged.data.is_some_and(|data| !data.get().starts_with('{')) {
        return Err(D::Error::custom(".data must be an object"));
    }
    serde_json::from_str(json.get()).map_err(|_| {
        // Where the type comes last, serde has lost the path in the data.
        let kind = serde_json::Value::from(&*tagged.kind);
        let data = tagged.data.map(|data| format!(r#","data":{}"#, data.get())).unwrap_or_default();
        D::Error::custom(explain::<RoomOperationRequest>(&format!(r#"{{"type":{kind}{data}}}"#)))
    })
}
