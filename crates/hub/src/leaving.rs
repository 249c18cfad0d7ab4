//! Out of a room by one's own wish, as a player or as a spectator.

use std::time::Instant;

use signal_fish_engine::{Command, NOT_WATCHING};
use signal_fish_protocol::ErrorCode;

use crate::answer::Answer;
use crate::entry::EntryRefusal;
use crate::session::{Session, new_generation};

/// Gives up the seat of a player.
pub(crate) fn leave(session: &mut Session, now: Instant, answer: Answer) {
    if let Err(answer) = give_up(session, now, Command::Leave { generation: new_generation() }, false, answer)
    {
        session.decline(now, answer, EntryRefusal::not_in_room());
    }
}

/// Stops watching.
pub(crate) fn stop_watching(session: &mut Session, now: Instant, answer: Answer) {
    if let Err(answer) = give_up(session, now, Command::StopWatching, true, answer) {
        let refusal = EntryRefusal::new(ErrorCode::NotASpectator, NOT_WATCHING);
        session.decline(now, answer, refusal);
    }
}

/// Leaves the answer to the room; it comes back if there is no such place in a room to give up.
fn give_up(
    session: &mut Session,
    now: Instant,
    command: Command,
    watches: bool,
    answer: Answer,
) -> Result<(), Answer> {
    match session.seat.take_if(|seat| seat.watches() == watches) {
        Some(seat) => seat.give_up(now, command, answer).map(drop),
        None => Err(answer),
    }
}
