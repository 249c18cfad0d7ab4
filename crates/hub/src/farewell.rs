//! The last words before a close frame.

use signal_fish_protocol::{CloseCode, ControlEncoding, ErrorCode, ServerMessage};

use crate::frame::Frame;

/// The `Error` that goes before a close with `code`, if one does.
pub(crate) fn frame(code: CloseCode, encoding: ControlEncoding) -> Option<Frame> {
    let (error, message) = match code {
        CloseCode::AuthTimeout => (ErrorCode::AuthenticationTimeout, "no Authenticate came in time"),
        CloseCode::SlowConsumer => (ErrorCode::SlowConsumer, "this connection reads too slowly"),
        CloseCode::ActivityTimeout => (ErrorCode::ActivityTimeout, "nothing came from this connection for too long"),
        CloseCode::IdleTimeout => (ErrorCode::ConnectionIdleTimeout, "no message came for too long"),
        CloseCode::InboundRateLimited => (ErrorCode::RateLimitExceeded, "too many messages had to be refused"),
        CloseCode::Kicked => (ErrorCode::Kicked, "removed from the room"),
        CloseCode::InternalError => (ErrorCode::InternalError, "the room failed"),
        CloseCode::Normal
        | CloseCode::ProtocolError
        | CloseCode::InvalidUtf8
        | CloseCode::MessageTooBig
        | CloseCode::OutboundTooLarge
        | CloseCode::ServerShutdown
        // The room itself says why, so that what it says comes first.
        | CloseCode::RoomInactive => return None,
    };
    Some(Frame::encoded(ServerMessage::error(error, message), encoding))
}
