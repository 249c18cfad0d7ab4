//! Protocol 3 in protobuf: the same messages as in JSON, one frame of the schema in each binary message.
//!
//! The schema is in `proto/signalfish/v3`, and is for everybody; the Rust types that prost makes of it stay inside. In
//! and out go the messages that JSON has, so that a message means the same however it was written. Only binary game
//! data is different: it needs no envelope beside the frame, and has a class and a key.
//!
//! ```
//! use signal_fish_protocol::ClientMessage;
//! use signal_fish_protocol::protobuf::ClientFrame;
//!
//! let frame = ClientFrame::Message(ClientMessage::Ping).encode();
//! assert_eq!(frame, [0x1A, 0x00]);
//! assert_eq!(ClientFrame::decode(&frame)?, ClientFrame::Message(ClientMessage::Ping));
//! # Ok::<(), signal_fish_protocol::protobuf::FrameError>(())
//! ```

mod bodies;
mod choices;
mod game_data;
#[rustfmt::skip]
#[allow(missing_docs, unreachable_pub, reason = "nobody writes it: `cargo xtask codegen` does")]
#[allow(clippy::all, clippy::too_many_lines, reason = "the same")]
mod generated;
mod member;
mod values;
mod varint;

use std::borrow::Cow;

use prost::Message as _;

use crate::client::ClientMessage;
use crate::delivery::DeliveryClass;
use crate::ids::{Epoch, OperationId, PlayerId};
use crate::server::ServerMessage;
use crate::version::GameDataEncoding;
use game_data::GameData;
use generated as schema;
use member::Member;

pub use game_data::{binary_relay, text_relay};
pub use member::Misfit;

/// The WebSocket subprotocol by which a client asks for this encoding. It implies protocol 3.
pub const SUBPROTOCOL: &str = "signalfish.v3.protobuf";

/// What a client says in one frame.
#[derive(Clone, PartialEq, Debug)]
pub enum ClientFrame<'a> {
    /// A message that JSON has too.
    Message(ClientMessage<'a>),
    /// Game data in the negotiated binary format.
    Binary(BinaryGameDataIn<'a>),
}

/// What a server says in one frame.
#[expect(clippy::large_enum_variant, reason = "frames are written and read one at a time")]
#[derive(Clone, PartialEq, Debug)]
pub enum ServerFrame<'a> {
    /// A message that JSON has too.
    Message(ServerMessage<'a>),
    /// Game data in the negotiated binary format.
    Binary(BinaryGameDataOut<'a>),
}

/// Binary game data of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BinaryGameDataIn<'a> {
    /// The game's own bytes.
    pub payload: Cow<'a, [u8]>,
    /// How it may be treated.
    pub class: Option<DeliveryClass>,
    /// What a `latest` message is the latest of.
    pub key: Option<u32>,
}

/// Binary game data of another player.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BinaryGameDataOut<'a> {
    /// The sender.
    pub from_player: PlayerId,
    /// The sender's bytes.
    pub payload: Cow<'a, [u8]>,
    /// Its number.
    pub seq: u64,
    /// The sender's membership.
    pub epoch: Epoch,
    /// The class as the sender wrote it.
    pub class: Option<DeliveryClass>,
    /// The key as the sender wrote it.
    pub key: Option<u32>,
    /// The format of the payload.
    pub encoding: GameDataEncoding,
}

/// So much of `schema::ClientFrame` as the id of an operation takes: what is wrong elsewhere does not matter.
#[derive(Clone, PartialEq, prost::Message)]
struct FrameOfOperation {
    #[prost(message, optional, tag = "15")]
    room_operation: Option<IdOfOperation>,
}

/// The same of `schema::RoomOperation`.
#[derive(Clone, PartialEq, prost::Message)]
struct IdOfOperation {
    #[prost(bytes = "vec", tag = "1")]
    operation_id: Vec<u8>,
}

/// Why a binary message is not a frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Not protobuf, or a field of the wrong type.
    #[error("malformed frame: {0}")]
    Malformed(#[from] prost::DecodeError),
    /// It has no message, or one of a type that does not exist.
    #[error("no message, or one of an unknown type")]
    UnknownType,
    /// A field is missing or has a value that it must not have.
    #[error("{0}")]
    Misfit(#[from] Misfit),
}

impl<'a> ClientFrame<'a> {
    /// Reads one frame. Unknown fields are ignored, everything else must fit.
    pub fn decode(frame: &'a [u8]) -> Result<Self, FrameError> {
        match game_data::read(frame) {
            Some(GameData::Text(data)) => return Ok(Self::Message(ClientMessage::GameData(data))),
            Some(GameData::Binary(data)) => return Ok(Self::Binary(data)),
            None => {}
        }
        let frame = schema::ClientFrame::decode(frame)?;
        let message = frame.message.ok_or(FrameError::UnknownType)?;
        if let schema::client_frame::Message::BinaryGameData(data) = message {
            return Ok(Self::Binary(Member::read(data)?));
        }
        Ok(Self::Message(Member::read(message)?))
    }

    /// The id of the operation in a frame that could not be read for another reason, as
    /// [`crate::RoomOperation::id_of_malformed`] finds it in a text.
    pub fn operation_id_of_malformed(frame: &[u8]) -> Option<OperationId> {
        let FrameOfOperation { room_operation } = FrameOfOperation::decode(frame).ok()?;
        Member::read(room_operation?.operation_id).ok()
    }

    /// Writes this frame.
    pub fn encode(&self) -> Vec<u8> {
        let message = match self {
            Self::Message(message) => message.write(),
            Self::Binary(data) => schema::client_frame::Message::BinaryGameData(data.write()),
        };
        schema::ClientFrame { message: Some(message) }.encode_to_vec()
    }
}

impl<'a> ServerFrame<'a> {
    /// Reads one frame. Unknown fields are ignored, everything else must fit.
    pub fn decode(frame: &[u8]) -> Result<Self, FrameError> {
        let frame = schema::ServerFrame::decode(frame)?;
        let message = frame.message.ok_or(FrameError::UnknownType)?;
        if let schema::server_frame::Message::BinaryGameData(data) = message {
            return Ok(Self::Binary(Member::read(data)?));
        }
        Ok(Self::Message(Member::read(message)?))
    }

    /// Writes this frame. What protocol 3 does not see of a message has no field.
    pub fn encode(&self) -> Vec<u8> {
        let message = match self {
            Self::Message(message) => message.write(),
            Self::Binary(data) => schema::server_frame::Message::BinaryGameData(data.write()),
        };
        schema::ServerFrame { message: Some(message) }.encode_to_vec()
    }
}
