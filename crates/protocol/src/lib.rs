//! What can be said on the Signal Fish wire, in every version and encoding.
//!
//! Client tooling needs nothing but this crate: decode what the server says with
//! [`ServerMessage::decode`], write what a client says with [`ClientMessage::encode`].
//! `examples/encode_decode.rs` shows both.
//!
//! This crate must not know what rooms do, sockets, clocks, randomness, tokio, or anything that would stop
//! a build for `wasm32-unknown-unknown`.

mod ids;
mod names;
mod room_code;

mod codes;
mod payload;
mod version;

mod client;
mod connection_info;
mod message;
mod room_operation;
mod server;
mod session;
mod snapshot;

mod delivery;
mod envelope;
mod frame;
mod projection;
mod transcode;

pub mod limits;

pub use client::{
    AuthorityRequest, ClientMessage, GameDataIn, JoinAsSpectator, JoinRoom, ProvideConnectionInfo, Reconnect,
    SignalIn, TransportStatus,
};
pub use client::Authenticate;
pub use codes::{CloseCode, ErrorCode};
pub use connection_info::{ConnectionInfo, RelayTransport};
pub use delivery::{
    ClassRefusal, DeliveryClass, DeliveryCounters, DeliveryGap, DeliveryGapReason, DeliveryLabel, DeliveryReport,
    LatestCounters, ReliableCounters, VolatileCounters,
};
pub use envelope::{BinaryEnvelope, EnvelopeError};
pub use frame::{RelayStamp, binary_relay, text_relay};
pub use ids::{Epoch, OperationId, PlayerId, RoomId, SenderStamp, SessionGeneration};
pub use message::DecodeError;
pub use names::{AppId, GameName, NameError, PlayerName, PlayerNameRules};
pub use payload::Payload;
pub use room_code::{RoomCode, RoomCodeError, RoomCodeFormat};
pub use room_operation::{OperationFailed, RoomOperation, RoomOperationRequest, RoomOperationResult, RoomResult};
pub use server::*;
pub use session::{
    DirectEndpoint, IceServer, MessageTransport, SessionPeer, SessionPlan, Topology, Transport,
};
pub use snapshot::{
    LobbyState, PeerConnectionInfo, PlayerInfo, RateLimitInfo, ReplayStatus, RoomSnapshot, SenderWatermark,
    SpectatorInfo, SpectatorReason,
};
pub use transcode::{TranscodeError, message_pack_to_json};
pub use version::{GameDataEncoding, ProtocolVersion};

/// A moment in time, as the wire writes it: RFC 3339, UTC.
pub use jiff::Timestamp;
/// Ids are UUIDs.
pub use uuid::Uuid;
