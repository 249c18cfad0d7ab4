//! What the authority of a room asks of it: to remove others, to hand over, to let in by password only.

use std::sync::Arc;
use std::time::Instant;

use signal_fish_auth::Password;
use signal_fish_engine::{Command, NOT_AUTHORITY, PasswordHash};
use signal_fish_protocol::ErrorCode;

use crate::allowance;
use crate::answer::Answer;
use crate::entry::{EntryRefusal, check_password};
use crate::live_room::LiveRoom;
use crate::pace;
use crate::passwords;
use crate::session::Session;

/// Hands a command to the room, which answers it.
pub(crate) fn moderate(session: &mut Session, now: Instant, command: Command, answer: Answer) {
    if let Err(exhausted) = pace::command(session, now) {
        return session.decline(now, answer, exhausted.into());
    }
    let asked = match &session.seat {
        Some(seat) => seat.ask(now, command, answer),
        None => Err(answer),
    };
    match asked {
        Ok(outcome) if outcome.refused => {
            session.charge(now);
        }
        Ok(_) => {}
        Err(answer) => {
            session.seat = None;
            session.decline(now, answer, EntryRefusal::not_in_room());
        }
    }
}

/// Protects the room with a password, or opens it.
pub(crate) async fn set_access(
    session: &mut Session,
    now: Instant,
    password: Option<Arc<Password>>,
    answer: Answer,
) {
    let hash = hash(session, now, password).await;
    // What is queued for others with a time of the past would make good readers look slow.
    let now = tokio::time::Instant::now().into_std();
    match hash {
        Ok(password) => moderate(session, now, Command::SetAccess(password), answer),
        Err(refusal) => session.decline(now, answer, refusal),
    }
}

async fn hash(
    session: &mut Session,
    now: Instant,
    password: Option<Arc<Password>>,
) -> Result<Option<PasswordHash>, EntryRefusal> {
    let room = room_of_player(session)?;
    let Some(password) = password else { return Ok(None) };
    check_password(Some(&password))?;
    check_worth_it(session, now, &room)?;
    passwords::set(session, now, &password).await.map(Some)
}

/// The room in which the session plays.
pub(crate) fn room_of_player(session: &mut Session) -> Result<Arc<LiveRoom>, EntryRefusal> {
    let seat = if session.is_inside() { session.seat.as_ref() } else { None };
    let seat = seat.filter(|seat| !seat.watches()).ok_or_else(EntryRefusal::not_in_room)?;
    Ok(Arc::clone(seat.room()))
}

/// Whether to do what takes long, for the room to decide about: not for those who may not decide, and not without
/// end. The room looks again who asks, once it is done.
pub(crate) fn check_worth_it(session: &Session, now: Instant, room: &LiveRoom) -> Result<(), EntryRefusal> {
    if room.authority() != Some(session.link.player) {
        return Err(EntryRefusal::new(ErrorCode::NotRoomAuthority, NOT_AUTHORITY));
    }
    // It costs about as much as entering a room, with the password or the claim that this may take.
    allowance::join(session, session.shared.budget_time(now))?;
    Ok(())
}
