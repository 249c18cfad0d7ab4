//! What can be said on the Signal Fish wire, in every version and encoding.
//!
//! A client tool needs nothing but this crate. Text frames are [`ClientMessage`] one way and [`ServerMessage`] the
//! other, binary frames from the server are a [`BinaryEnvelope`]:
//!
//! ```
//! use signal_fish_protocol::{ClientMessage, JoinRoom, ServerMessage};
//!
//! let join = ClientMessage::JoinRoom(JoinRoom {
//!     game_name: "tanks".into(),
//!     player_name: "Ada".into(),
//!     ..JoinRoom::default()
//! });
//! assert_eq!(join.encode(), r#"{"type":"JoinRoom","data":{"game_name":"tanks","player_name":"Ada"}}"#);
//!
//! let frame = r#"{"type":"RoomJoinFailed","data":{"reason":"8 of 8 are in","error_code":"ROOM_FULL"}}"#;
//! let ServerMessage::RoomJoinFailed(refusal) = ServerMessage::decode(frame)? else { panic!("a refusal") };
//! assert_eq!(refusal.error_code, Some(signal_fish_protocol::ErrorCode::RoomFull));
//! # Ok::<(), signal_fish_protocol::DecodeError>(())
//! ```
//!
//! `cargo run -p signal-fish-protocol --example encode_decode` shows more of it.
//!
//! For a server:
//!
//! - [`ServerMessage::project`] takes away what the protocol version of a recipient must not see.
//! - A [`Payload`] is game data that was checked but not taken apart. [`text_relay`] and [`binary_relay`] put it into
//!   the frame of each version; [`message_pack_to_json`] converts it for recipients of the other format.
//! - The module [`protobuf`] has the other encoding of protocol 3, for the same messages.
//! - Names and codes are types ([`PlayerName`], [`GameName`], [`AppId`], [`RoomCode`]): whoever has one has checked it.
//!
//! This crate must not know what rooms do, sockets, clocks, randomness, tokio, or anything that would stop
//! a build for `wasm32-unknown-unknown`.

mod client;
mod server;

mod connection_info;
mod delivery;
mod game_data;
mod handshake;
mod room_operation;
mod session;
mod snapshot;
mod spectators;

mod codes;
mod ids;
pub mod limits;
mod names;
mod room_code;
mod secret;
mod version;

mod envelope;
mod explain;
mod frame;
mod json;
mod message;
mod payload;
mod projection;
pub mod protobuf;
mod transcode;

pub use client::{
    AuthorityRequest, ClientMessage, JoinRoom, ProvideConnectionInfo, Reconnect, SignalIn, TransportStatus,
};
pub use codes::{CloseCode, ErrorCode};
pub use connection_info::{ConnectionInfo, RelayTransport};
pub use delivery::{
    ClassRefusal, DeliveryClass, DeliveryCounters, DeliveryGap, DeliveryGapReason, DeliveryLabel,
    DeliveryReport, LatestCounters, ReliableCounters, VolatileCounters,
};
pub use envelope::{BinaryEnvelope, EnvelopeError};
pub use frame::{RelayStamp, binary_relay, text_relay};
pub use game_data::{GameDataIn, GameDataOut};
pub use handshake::{
    Authenticate, Authenticated, AuthenticationError, GameDataLimit, ProtocolInfo, ProtocolInfoV3,
    RateLimitInfo,
};
pub use ids::{Epoch, OperationId, PlayerId, RoomId, SenderStamp, SessionGeneration};
pub use message::DecodeError;
pub use names::{AppId, GameName, NameError, PlayerName, PlayerNameRules};
pub use payload::{Payload, PayloadError};
pub use room_code::{RoomCode, RoomCodeError, RoomCodeFormat};
pub use room_operation::{
    NewRoomCode, OperationFailed, PlayerTarget, RoomAccess, RoomOperation, RoomOperationRequest,
    RoomOperationResult, RoomResult,
};
pub use secret::Secret;
pub use server::{
    AuthorityChanged, AuthorityResponse, ErrorMessage, GameStarting, GoingAway, LobbyStateChanged, NewPeer,
    PeerTransportStatus, PlayerJoined, PlayerLeft, PlayerReconnected, Reconnected, ReconnectionFailed,
    RelayStats, RoomJoinFailed, ServerMessage, SignalOut,
};
pub use session::{
    DirectEndpoint, IceServer, MessageTransport, SessionPeer, SessionPlan, Topology, Transport,
};
pub use snapshot::{LobbyState, PeerConnectionInfo, PlayerInfo, ReplayStatus, RoomSnapshot, SenderWatermark};
pub use spectators::{
    JoinAsSpectator, NewSpectatorJoined, SpectatorDisconnected, SpectatorInfo, SpectatorJoinFailed,
    SpectatorJoined, SpectatorLeft, SpectatorReason,
};
pub use transcode::{TranscodeError, message_pack_to_json};
pub use version::{ControlEncoding, GameDataEncoding, ProtocolVersion};

/// A moment in time, as the wire writes it: RFC 3339, UTC.
pub use jiff::Timestamp;
/// Ids are UUIDs.
pub use uuid::Uuid;
