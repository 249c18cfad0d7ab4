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
        CloseCode::SessionExpired => (ErrorCode::Unauthorized, "this connection may not go on: its connect token is over, or it was banned"),
        CloseCode::Kicked => (ErrorCode::Kicked, "removed from the room"),
        CloseCode::InternalError => (ErrorCode::InternalError, "the room failed"),
        CloseCode::Normal
        | CloseCode::ProtocolError
        | CloseCode::InvalidUtf8
        | CloseCode::PolicyViolation
        | CloseCode::MessageTooBig
        | CloseCode::OutboundTooLarge
        | CloseCode::ServerShutdown
        // The room itself says why, so that what it says comes first.
        | CloseCode::RoomInactive => return None,
    };
    Some(Frame::encoded(ServerMessage::error(error, message), encoding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_shown_out_is_told_why() {
        let told = CloseCode::ALL.iter().filter_map(|&code| {
            let frame = frame(code, ControlEncoding::Json)?;
            let ServerMessage::Error(error) =
                ServerMessage::decode(std::str::from_utf8(&frame.bytes).ok()?).ok()?
            else {
                return None;
            };
            Some((code.number(), error.error_code?.token()))
        });
        let expected = [
            (1011, "INTERNAL_ERROR"),
            (4001, "AUTHENTICATION_TIMEOUT"),
            (4002, "SLOW_CONSUMER"),
            (4003, "ACTIVITY_TIMEOUT"),
            (4004, "CONNECTION_IDLE_TIMEOUT"),
            (4006, "RATE_LIMIT_EXCEEDED"),
            (4007, "KICKED"),
            (4008, "UNAUTHORIZED"),
        ];
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }
}
