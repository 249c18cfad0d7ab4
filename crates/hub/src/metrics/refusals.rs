//! Which error code a message carries, wherever it does.

use signal_fish_protocol::{ErrorCode, RoomResult, ServerMessage};

/// The code that `message` tells its reader, if it is a refusal.
pub(super) const fn code_of(message: &ServerMessage<'_>) -> Option<ErrorCode> {
    if let ServerMessage::Error(error) = message {
        error.error_code
    } else if let ServerMessage::AuthenticationError(error) = message {
        Some(error.error_code)
    } else if let ServerMessage::RoomJoinFailed(failed) = message {
        failed.error_code
    } else if let ServerMessage::SpectatorJoinFailed(failed) = message {
        failed.error_code
    } else if let ServerMessage::ReconnectionFailed(failed) = message {
        Some(failed.error_code)
    } else if let ServerMessage::AuthorityResponse(response) = message {
        response.error_code
    } else if let ServerMessage::RoomOperationResult(reply) = message {
        code_of_result(&reply.result)
    } else {
        None
    }
}

const fn code_of_result(result: &RoomResult<'_>) -> Option<ErrorCode> {
    if let RoomResult::OperationFailed(failed) = result {
        failed.error_code
    } else if let RoomResult::RoomJoinFailed(failed) = result {
        failed.error_code
    } else if let RoomResult::SpectatorJoinFailed(failed) = result {
        failed.error_code
    } else if let RoomResult::ReconnectionFailed(failed) = result {
        Some(failed.error_code)
    } else {
        None
    }
}
