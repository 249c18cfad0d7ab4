//! What a connect token allows its bearer: which room, and whether to play there.

use sha2::{Digest as _, Sha256};
use signal_fish_auth::Grant;
use signal_fish_engine::Subject;
use signal_fish_protocol::{ErrorCode, RoomCode};
use uuid::Uuid;

use crate::entry::EntryRefusal;
use crate::session::Session;

/// Notes who has come in, by the name that those who made its token know.
pub(crate) fn note(session: &Session) {
    if let Some(subject) = session.grant.as_ref().and_then(Grant::subject) {
        tracing::debug!(player = %session.player(), subject, "came in with a connect token");
    }
}

/// Who the bearer is under any other id, as rooms compare it: a hash of fixed length, the same in all rooms. It hides
/// nobody from those who can guess what its backend calls its players.
pub(crate) fn subject(session: &Session) -> Option<Subject> {
    let subject = session.grant.as_ref().and_then(Grant::subject)?;
    let digest: [u8; 32] = Sha256::digest(subject).into();
    let (half, _) = digest.split_first_chunk().expect("a half is shorter than the whole");
    Some(Subject::new(Uuid::from_bytes(*half)))
}

/// Whether a seat may be taken, or taken back, in the room with this code; without one, in a room that is made.
pub(crate) fn check_play(session: &Session, code: Option<&RoomCode>) -> Result<(), EntryRefusal> {
    if session.grant.as_ref().is_some_and(|grant| !grant.may_play()) {
        return Err(unauthorized("the connect token lets you watch, not play"));
    }
    check_room(session, code)
}

/// Whether the room with this code may be watched.
pub(crate) fn check_watch(session: &Session, code: &RoomCode) -> Result<(), EntryRefusal> {
    check_room(session, Some(code))
}

fn check_room(session: &Session, code: Option<&RoomCode>) -> Result<(), EntryRefusal> {
    let may_enter = |grant: &Grant| match code {
        Some(code) => grant.may_enter(code),
        None => !grant.is_for_one_room(),
    };
    if session.grant.as_ref().is_none_or(may_enter) {
        Ok(())
    } else {
        Err(unauthorized("the connect token is for another room"))
    }
}

fn unauthorized(reason: &str) -> EntryRefusal {
    EntryRefusal::new(ErrorCode::Unauthorized, reason)
}
