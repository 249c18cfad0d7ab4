//! Everything a server may say in a text frame.

use serde::{Deserialize, Serialize};

use crate::codes::ErrorCode;
use crate::delivery::DeliveryReport;
use crate::game_data::GameDataOut;
use crate::handshake::{Authenticated, AuthenticationError, ProtocolInfo};
use crate::ids::{Epoch, PlayerId, SessionGeneration};
use crate::message::{DecodeError, messages};
use crate::payload::Payload;
use crate::projection::{Project as _, oldest_version};
use crate::room_operation::RoomOperationResult;
use crate::session::{SessionPlan, Transport};
use crate::snapshot::{
    LobbyState, PeerConnectionInfo, PlayerInfo, ReplayStatus, RoomSnapshot, SenderWatermark,
};
use crate::spectators::{
    NewSpectatorJoined, SpectatorDisconnected, SpectatorJoinFailed, SpectatorJoined, SpectatorLeft,
};
use crate::version::ProtocolVersion;

messages! {
    /// Everything a server may say in a text frame.
    ///
    /// A value holds what any version may see; [`ServerMessage::project`] takes away what a version must not.
    pub enum ServerMessage<'a> {
        /// The handshake is done.
        Authenticated(Authenticated),
        /// What was negotiated and what the server offers; follows `Authenticated`.
        ProtocolInfo(ProtocolInfo),
        /// The handshake was refused.
        AuthenticationError(AuthenticationError),
        /// The recipient has a seat: the room as it finds it.
        RoomJoined(RoomSnapshot),
        /// The recipient has no seat.
        RoomJoinFailed(RoomJoinFailed),
        /// The recipient has given up its seat.
        RoomLeft,
        /// Someone took a seat.
        PlayerJoined(PlayerJoined),
        /// Someone's seat is free.
        PlayerLeft(PlayerLeft),
        /// Game data of another player.
        GameData(GameDataOut<'a>),
        /// The authority went to someone, or to no one.
        AuthorityChanged(AuthorityChanged),
        /// The answer to `AuthorityRequest`.
        AuthorityResponse(AuthorityResponse),
        /// Someone got ready or stopped being ready, or the lobby opened.
        LobbyStateChanged(LobbyStateChanged),
        /// The game starts.
        GameStarting(GameStarting),
        /// The answer to `Ping`.
        Pong,
        /// The recipient has its seat back.
        Reconnected(Reconnected<'a>),
        /// The recipient does not have its seat back.
        ReconnectionFailed(ReconnectionFailed),
        /// Someone has its seat back.
        PlayerReconnected(PlayerReconnected),
        /// The recipient watches: the room as it finds it.
        SpectatorJoined(SpectatorJoined),
        /// The recipient does not watch.
        SpectatorJoinFailed(SpectatorJoinFailed),
        /// The recipient watches no longer.
        SpectatorLeft(SpectatorLeft),
        /// Someone came to watch.
        NewSpectatorJoined(NewSpectatorJoined),
        /// Someone watches no longer.
        SpectatorDisconnected(SpectatorDisconnected),
        /// Something was refused, or the connection is about to be closed.
        Error(ErrorMessage),
        /// A WebRTC signal of another player. Only on v3.
        Signal(SignalOut<'a>),
        /// A peer to connect to. Only on v3; clients know it, this server plans sessions with `SessionPlan`.
        NewPeer(NewPeer),
        /// How to reach the others. Only on v3.
        SessionPlan(SessionPlan),
        /// Whether another player's transport works. Only on v3.
        PeerTransportStatus(PeerTransportStatus),
        /// How the relay toward the recipient does. Only on v3.
        RelayStats(RelayStats),
        /// The server is about to stop. Only on v3.
        GoingAway(GoingAway),
        /// What game data the recipient does not get. Only on v3.
        DeliveryReport(DeliveryReport),
        /// The one reply to a room operation with an id. Only on v3 with the capability `room_operation_ids`.
        RoomOperationResult(RoomOperationResult<'a>),
    }
}

impl<'a> ServerMessage<'a> {
    /// Reads one text frame. Unknown members are ignored, everything else must fit.
    pub fn decode(text: &'a str) -> Result<Self, DecodeError> {
        Self::read(text)
    }

    /// Writes this message as a text frame, with all its members: project it first.
    ///
    /// # Panics
    ///
    /// Never: all that a message can hold has a JSON form.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("messages have string keys only")
    }

    /// This message as a connection of `version` may see it, or nothing if it must not see it at all.
    #[must_use]
    pub fn project(mut self, version: ProtocolVersion) -> Option<Self> {
        if version < oldest_version(&self) {
            return None;
        }
        self.keep_for(version);
        Some(self)
    }

    /// An `Error` with a code.
    pub fn error(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Error(ErrorMessage { message: message.into(), error_code: Some(code) })
    }
}

/// Body of [`ServerMessage::RoomJoinFailed`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoomJoinFailed {
    /// Why, for people.
    pub reason: String,
    /// Why, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
}

/// Body of [`ServerMessage::ReconnectionFailed`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReconnectionFailed {
    /// Why, for people.
    pub reason: String,
    /// Why, for programs.
    pub error_code: ErrorCode,
}

/// Body of [`ServerMessage::PlayerJoined`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlayerJoined {
    /// Who.
    pub player: PlayerInfo,
}

/// Body of [`ServerMessage::PlayerLeft`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlayerLeft {
    /// Who.
    pub player_id: PlayerId,
    /// Its membership. Always on v3, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// The last number it sent under; 0 if it sent nothing. Always on v3, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_seq: Option<u64>,
}

/// Body of [`ServerMessage::AuthorityChanged`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuthorityChanged {
    /// Who holds it now.
    pub authority_player: Option<PlayerId>,
    /// Whether that is the recipient.
    pub you_are_authority: bool,
}

/// Body of [`ServerMessage::AuthorityResponse`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuthorityResponse {
    /// Whether it was done.
    pub granted: bool,
    /// Why not, for people.
    pub reason: Option<String>,
    /// Why not, for programs; there if it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
}

/// Body of [`ServerMessage::LobbyStateChanged`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LobbyStateChanged {
    /// How far the room is.
    pub lobby_state: LobbyState,
    /// Who is ready.
    pub ready_players: Vec<PlayerId>,
    /// Whether that is everyone.
    pub all_ready: bool,
}

/// Body of [`ServerMessage::GameStarting`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GameStarting {
    /// Every player, the recipient included.
    pub peer_connections: Vec<PeerConnectionInfo>,
}

/// Body of [`ServerMessage::Reconnected`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Reconnected<'a> {
    /// The room as it is now.
    #[serde(flatten)]
    pub snapshot: RoomSnapshot,
    /// What happened meanwhile; history, the snapshot is already current.
    #[serde(borrow)]
    pub missed_events: Vec<ServerMessage<'a>>,
    /// How much of it is there. Always on v3, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayStatus>,
    /// Each sender's last stamp. Only on v3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sender_watermarks: Vec<SenderWatermark>,
}

/// Body of [`ServerMessage::PlayerReconnected`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlayerReconnected {
    /// Who.
    pub player_id: PlayerId,
    /// Its new membership. Always on v3, and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// Its entry in the roster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<PlayerInfo>,
}

/// Body of [`ServerMessage::Error`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ErrorMessage {
    /// What is wrong, for people.
    pub message: String,
    /// What is wrong, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
}

/// Body of [`ServerMessage::Signal`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SignalOut<'a> {
    /// The sender.
    pub from: PlayerId,
    /// The plan it belongs to.
    pub generation: SessionGeneration,
    /// The signal itself.
    #[serde(borrow)]
    pub signal: Payload<'a>,
}

/// Body of [`ServerMessage::NewPeer`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewPeer {
    /// Who.
    pub peer_id: PlayerId,
    /// Whether the recipient sends the offer.
    pub you_initiate: bool,
}

/// Body of [`ServerMessage::PeerTransportStatus`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PeerTransportStatus {
    /// Who.
    pub peer_id: PlayerId,
    /// Which transport.
    pub transport: Transport,
    /// Whether it works.
    pub connected: bool,
}

/// Body of [`ServerMessage::RelayStats`]. All counters are those of the connection since it began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RelayStats {
    /// How often these come at most, in milliseconds; the same for as long as the connection lasts.
    pub interval_ms: u64,
    /// Game messages that were taken from the recipient's queue to be written.
    pub sent_to_you: u64,
    /// Game messages that were left out and reported in gaps.
    pub dropped_for_you: u64,
    /// Intervals in which the recipient's queue was found full.
    pub backpressure_events: u64,
}

/// Body of [`ServerMessage::GoingAway`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GoingAway {
    /// When connections will be closed, in milliseconds since the Unix epoch.
    pub deadline_ms: u64,
    /// How long to wait before coming back, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_secs: Option<u64>,
}
