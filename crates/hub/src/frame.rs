//! One message on its way out, encoded once and shared by all its recipients.

use std::sync::Arc;

use signal_fish_protocol::{ProtocolVersion, ServerMessage};

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
    /// What a connection of `version` sees of `message`, if it may see it.
    pub(crate) fn of(message: ServerMessage<'static>, version: ProtocolVersion) -> Option<Self> {
        let text = message.project(version)?.encode();
        Some(Self { kind: FrameKind::Text, bytes: text.into_bytes().into() })
    }
}
