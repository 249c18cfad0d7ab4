//! Saying back what was heard, so that the connection that carries it can be tested without a room.

use std::time::Instant;

use crate::frame::Frame;
use crate::session::Session;

/// Queues `frame` for the client of `session`, as if a room had said it.
pub fn echo(session: &Session, now: Instant, frame: Frame) {
    session.link.outbox.push(now, frame);
}
