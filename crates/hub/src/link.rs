//! A connection as rooms and replies address it: who it is, how it reads, and where its messages are queued.

use std::sync::Arc;
use std::time::Instant;

use signal_fish_protocol::{ControlEncoding, GameDataEncoding, PlayerId, ProtocolVersion, ServerMessage};

use crate::capabilities::Capabilities;
use crate::frame::Frame;
use crate::outbox::Outbox;

/// What a connection has negotiated, as far as it decides what its messages look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wire {
    /// Which messages and members it sees.
    pub(crate) version: ProtocolVersion,
    /// How they are written.
    pub(crate) encoding: ControlEncoding,
    /// How it writes and reads game data.
    pub(crate) format: GameDataEncoding,
}

/// The forms that one message can have, whatever the format of game data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    JsonV2,
    JsonV3,
    Protobuf,
}

impl Form {
    pub(crate) const COUNT: usize = 3;
}

impl Wire {
    /// JSON throughout, as a connection begins.
    pub(crate) const fn json(version: ProtocolVersion) -> Self {
        Self { version, encoding: ControlEncoding::Json, format: GameDataEncoding::Json }
    }

    pub(crate) const fn form(self) -> Form {
        match (self.encoding, self.version) {
            (ControlEncoding::Json, ProtocolVersion::V2) => Form::JsonV2,
            (ControlEncoding::Json, ProtocolVersion::V3) => Form::JsonV3,
            (ControlEncoding::Protobuf, _) => Form::Protobuf,
        }
    }
}

/// A connection as rooms and replies address it.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) player: PlayerId,
    pub(crate) wire: Wire,
    pub(crate) capabilities: Capabilities,
    pub(crate) outbox: Arc<Outbox>,
}

impl Link {
    /// Queues what this connection may see of `message`.
    pub(crate) fn send(&self, now: Instant, message: ServerMessage<'static>) {
        self.outbox.metrics().sent(&message, 1);
        if let Some(frame) = Frame::of(message, self.wire) {
            self.outbox.push(now, frame);
        }
    }
}
