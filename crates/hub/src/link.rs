//! A connection as rooms and replies address it: who it is, how it reads, and where its messages are queued.

use std::sync::Arc;
use std::time::Instant;

use signal_fish_protocol::{GameDataEncoding, PlayerId, ProtocolVersion, ServerMessage};

use crate::capabilities::Capabilities;
use crate::frame::Frame;
use crate::outbox::Outbox;

/// What a connection has negotiated, as far as it decides what its messages look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wire {
    /// Which messages and members it sees.
    pub(crate) version: ProtocolVersion,
    /// How it writes and reads game data.
    pub(crate) format: GameDataEncoding,
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
        if let Some(frame) = Frame::of(message, self.wire.version) {
            self.outbox.push(now, frame);
        }
    }
}
