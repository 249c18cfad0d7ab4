//! What is said to a connection whose protocol does not have the message that it sent.

use std::time::Instant;

use signal_fish_protocol::{ClientMessage, ErrorCode};

use crate::session::Session;

/// Whether the protocol of the connection has this message; if not, the client is told.
pub(crate) fn check(session: &mut Session, now: Instant, message: &ClientMessage<'_>) -> bool {
    let spoken = session.link.wire.version;
    if message.oldest_version() <= spoken || is_up_to_the_room(message) {
        return true;
    }
    let text = format!("{} needs protocol {}", message.kind(), message.oldest_version());
    session.refuse(now, ErrorCode::UnsupportedProtocolVersion, text);
    false
}

/// These two say more than that they are too new: a signal is first told what else is wrong with it, and then
/// `UNSUPPORTED_TRANSPORT`; a report that nobody can use is not worth an answer.
const fn is_up_to_the_room(message: &ClientMessage<'_>) -> bool {
    matches!(message, ClientMessage::Signal(_) | ClientMessage::TransportStatus(_))
}
