//! Everything a client may say.

use serde::{Deserialize, Serialize};

use crate::connection_info::{ConnectionInfo, RelayTransport};
use crate::game_data::GameDataIn;
use crate::handshake::Authenticate;
use crate::ids::{PlayerId, RoomId, SessionGeneration};
use crate::message::{DecodeError, messages, object};
use crate::payload::Payload;
use crate::room_operation::RoomOperation;
use crate::secret::Secret;
use crate::session::Transport;
use crate::snapshot::SenderWatermark;
use crate::spectators::JoinAsSpectator;
use crate::version::ProtocolVersion;

messages! {
    /// Everything a client may say in a text frame.
    pub enum ClientMessage<'a> {
        /// Says which game this is and negotiates version, format and capabilities. The very first message, if sent at all.
        Authenticate(Authenticate),
        /// Takes a seat in a room; makes the room if there is none with that code, or if no code is given.
        JoinRoom(JoinRoom),
        /// Gives up the seat.
        LeaveRoom,
        /// Game data for everyone else in the room.
        GameData(GameDataIn<'a>),
        /// Asks for the authority of the room, or gives it back.
        AuthorityRequest(AuthorityRequest),
        /// Toggles the sender's ready mark.
        PlayerReady,
        /// Starts the game: everyone must be ready, and only the authority may, if there is one.
        StartGame,
        /// Says how the sender can be reached outside the relay.
        ProvideConnectionInfo(ProvideConnectionInfo),
        /// Asks for a Pong.
        Ping,
        /// Takes back the seat of a connection that was lost.
        Reconnect(Reconnect),
        /// Watches a room.
        JoinAsSpectator(JoinAsSpectator),
        /// Stops watching.
        LeaveSpectator,
        /// A WebRTC signal for one other player. Needs protocol 3.
        Signal(SignalIn<'a>),
        /// Says whether a transport to the peers works. Needs protocol 3.
        TransportStatus(TransportStatus),
        /// A room operation with an id that its one reply carries. Needs protocol 3 and the capability `room_operation_ids`.
        RoomOperation(RoomOperation),
    }
}

impl<'a> ClientMessage<'a> {
    /// Reads one text frame. Unknown members are ignored, everything else must fit.
    pub fn decode(text: &'a str) -> Result<Self, DecodeError> {
        if let Some(game_data) = GameDataIn::from_frame(text) {
            return Ok(Self::GameData(game_data));
        }
        Self::read(text)
    }

    /// The oldest version that has this message.
    pub const fn oldest_version(&self) -> ProtocolVersion {
        match self {
            Self::Authenticate(_)
            | Self::JoinRoom(_)
            | Self::LeaveRoom
            | Self::GameData(_)
            | Self::AuthorityRequest(_)
            | Self::PlayerReady
            | Self::StartGame
            | Self::ProvideConnectionInfo(_)
            | Self::Ping
            | Self::Reconnect(_)
            | Self::JoinAsSpectator(_)
            | Self::LeaveSpectator => ProtocolVersion::V2,
            Self::Signal(_) | Self::TransportStatus(_) | Self::RoomOperation(_) => ProtocolVersion::V3,
        }
    }

    /// Writes this message as a text frame.
    ///
    /// # Panics
    ///
    /// Never: all that a message can hold has a JSON form.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("messages have string keys only")
    }
}

/// Body of [`ClientMessage::JoinRoom`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct JoinRoom {
    /// The game: 1 to [`crate::limits::GAME_NAME_BYTES_MAX`] bytes of letters and digits of any script, `-`, `_` and
    /// space.
    pub game_name: String,
    /// The room's code: [`crate::limits::ROOM_CODE_LENGTH`] letters A to Z and digits, in any case. Without one a new
    /// room is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_code: Option<String>,
    /// The sender's display name: 1 to [`crate::limits::PLAYER_NAME_BYTES_MAX`] bytes of letters and digits of any
    /// script, `-`, `_` and, not at the ends, space. Nobody else in the room may have it.
    pub player_name: String,
    /// The most players, if the room is made: 1 to [`crate::limits::PLAYERS_MAX`], else
    /// [`crate::limits::PLAYERS_DEFAULT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_players: Option<u8>,
    /// Whether the room has an authority, if it is made; it has, if that is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supports_authority: Option<bool>,
    /// Ignored; older clients send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay_transport: Option<RelayTransport>,
    /// The room's password: 1 to [`crate::limits::PASSWORD_BYTES_MAX`] bytes. Protects a room that is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Never make the room. Needs a `room_code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join_only: Option<bool>,
}

/// Body of [`ClientMessage::AuthorityRequest`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuthorityRequest {
    /// Take it, or give it back.
    pub become_authority: bool,
}

/// Body of [`ClientMessage::ProvideConnectionInfo`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ProvideConnectionInfo {
    /// How the sender can be reached: at most [`crate::limits::CONNECTION_INFO_BYTES_MAX`] bytes of JSON.
    #[serde(deserialize_with = "object")]
    pub connection_info: ConnectionInfo,
}

/// Body of [`ClientMessage::Reconnect`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reconnect {
    /// Who the sender was.
    pub player_id: PlayerId,
    /// Where it was.
    pub room_id: RoomId,
    /// The latest `reconnection_token` it got with its seat. It is good once, and again until the player says something
    /// after it came back.
    pub auth_token: Secret,
    /// For the capability `game_data_replay`: the last message it has seen of each sender it has heard of since it took
    /// the seat, also of those who have left, and what its first snapshot said of the others. Of senders that are not
    /// named it has seen nothing. Without the list no game data is sent again. Needs protocol 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<Vec<SenderWatermark>>,
}

/// Body of [`ClientMessage::Signal`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SignalIn<'a> {
    /// For whom.
    pub to: PlayerId,
    /// The plan it belongs to.
    pub generation: SessionGeneration,
    /// The signal itself, opaque to the server: at most [`crate::limits::SIGNAL_BYTES_MAX`] bytes of JSON.
    #[serde(borrow)]
    pub signal: Payload<'a>,
}

/// Body of [`ClientMessage::TransportStatus`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TransportStatus {
    /// Which transport.
    pub transport: Transport,
    /// Whether it works.
    pub connected: bool,
}
