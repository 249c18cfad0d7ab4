//! A refusal must be true: where a client can know why something is refused, the reason must fit what it knows.

use signal_fish_protocol::{ErrorCode, LobbyState};

use crate::room_view::RoomView;

/// Checks the reason of a refusal against the room that the client is in, if any.
pub(crate) fn check(code: ErrorCode, room: Option<&RoomView>) {
    let known = REASONS.iter().find(|(reason, _)| *reason == code);
    assert!(known.is_none_or(|(_, is_true)| is_true(room)), "{code:?} is no reason here: {room:?}");
}

type Test = fn(Option<&RoomView>) -> bool;

/// When each of these is a reason. Of the others a client cannot judge more than that nothing may fail in secret.
const REASONS: &[(ErrorCode, Test)] = &[
    (ErrorCode::AlreadyInRoom, |room| room.is_some()),
    (ErrorCode::NotInRoom, |room| !plays(room)),
    (ErrorCode::SpectatorNotAllowed, plays),
    (ErrorCode::SpectatorJoinFailed, watches),
    (ErrorCode::NotASpectator, |room| !watches(room)),
    (ErrorCode::AuthorityConflict, |room| room.is_some_and(|room| room.authority.is_some())),
    (ErrorCode::AuthorityDenied, |room| room.is_some_and(|room| room.authority != Some(room.me))),
    (ErrorCode::AuthorityNotSupported, |room| room.is_some_and(|room| room.authority.is_none())),
    (ErrorCode::InvalidRoomState, |room| room.is_some_and(|room| room.lobby == LobbyState::Finalized)),
    (ErrorCode::GameStartNotReady, |room| {
        room.is_some_and(|room| !room.players.values().all(|player| player.is_ready))
    }),
    (ErrorCode::GameStartForbidden, |room| {
        room.is_some_and(|room| room.authority.is_some_and(|holder| holder != room.me))
    }),
    (ErrorCode::InternalError, |_| false),
    (ErrorCode::StorageError, |_| false),
];

fn plays(room: Option<&RoomView>) -> bool {
    room.is_some_and(|room| room.plays)
}

fn watches(room: Option<&RoomView>) -> bool {
    room.is_some_and(|room| !room.plays)
}
