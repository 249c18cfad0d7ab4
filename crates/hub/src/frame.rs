//! One message on its way out, encoded once and shared by all its recipients.

use std::sync::Arc;

use signal_fish_protocol::protobuf::ServerFrame;
use signal_fish_protocol::{ControlEncoding, ServerMessage};

use crate::link::Wire;

/// Which kind of message a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// UTF-8 text.
    Text,
    /// Bytes.
    Binary,
}

/// An encoded message. Cloning shares the bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// Text or binary.
    pub kind: FrameKind,
    /// The message.
    pub bytes: Arc<[u8]>,
}

impl Frame {
    /// What a connection that reads `wire` sees of `message`, if it may see it.
    pub(crate) fn of(message: ServerMessage<'static>, wire: Wire) -> Option<Self> {
        Some(Self::encoded(message.project(wire.version)?, wire.encoding))
    }

    /// `message` as it is.
    pub(crate) fn encoded(message: ServerMessage<'static>, encoding: ControlEncoding) -> Self {
        match encoding {
            ControlEncoding::Json => Self::new(FrameKind::Text, message.encode().into_bytes()),
            ControlEncoding::Protobuf => Self::new(FrameKind::Binary, ServerFrame::Message(message).encode()),
        }
    }

    pub(crate) fn new(kind: FrameKind, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { kind, bytes: bytes.into() }
    }
}
