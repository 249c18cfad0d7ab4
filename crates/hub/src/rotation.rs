//! Another code for a room: it is claimed like that of a new room, and then the room moves.

use std::sync::Arc;
use std::time::Instant;

use signal_fish_coordination::{ClaimError, RoomKey};
use signal_fish_protocol::ErrorCode;

use crate::answer::Answer;
use crate::claim::Claim;
use crate::entry::EntryRefusal;
use crate::live_room::{LiveRoom, Move};
use crate::moderating::{check_worth_it, room_of_player};
use crate::random::Draw;
use crate::session::Session;

/// Gives the session's room another code. The old one is dead from then on, also for those on the way in.
pub(crate) async fn change_code(session: &mut Session, now: Instant, answer: Answer) {
    let room = match room_of_player(session) {
        Ok(room) => room,
        Err(refusal) => return session.decline(now, answer, refusal),
    };
    if let Err(refusal) = check_worth_it(session, now, &room) {
        return session.decline(now, answer, refusal);
    }
    let mut answer = answer;
    for _ in 0..ATTEMPTS {
        match attempt(session, &room, answer).await {
            Attempt::Over => return,
            Attempt::Again(unused) => answer = unused,
            Attempt::Failed(answer, refusal) => return session.decline(now, answer, refusal),
        }
    }
    let refusal = EntryRefusal::new(ErrorCode::InternalError, "no free code was found, try again");
    session.decline(now, answer, refusal);
}

/// How far one attempt came.
enum Attempt {
    /// The room has answered.
    Over,
    /// Somebody else has that code.
    Again(Answer),
    Failed(Answer, EntryRefusal),
}

async fn attempt(session: &mut Session, room: &Arc<LiveRoom>, answer: Answer) -> Attempt {
    let shared = Arc::clone(&session.shared);
    let code = match Draw::new() {
        Ok(draw) => shared.config.room_codes.generate(draw.code()),
        Err(refusal) => return Attempt::Failed(answer, refusal),
    };
    let key = RoomKey { code, ..room.key() };
    if shared.directory.find(&key).is_some() {
        return Attempt::Again(answer);
    }
    let claim = Claim::make(&shared, &key, room.id()).await;
    // What is queued for others with a time of the past would make good readers look slow.
    let now = tokio::time::Instant::now().into_std();
    let claim = match claim {
        Ok(claim) => claim,
        Err(ClaimError::OwnedElsewhere { .. }) => return Attempt::Again(answer),
        Err(error @ ClaimError::Unavailable { .. }) => {
            tracing::warn!(room = %room.id(), %error, "a room keeps its code");
            let refusal = EntryRefusal::new(ErrorCode::InternalError, error.to_string());
            return Attempt::Failed(answer, refusal);
        }
    };
    match room.move_to(&shared, now, &key, &session.link, answer) {
        Move::Decided(outcome) => {
            if outcome.refused {
                session.charge(now);
            } else if !outcome.ended {
                claim.keep();
            }
            Attempt::Over
        }
        Move::Taken(answer) => Attempt::Again(answer),
        Move::RoomIsOver(answer) => Attempt::Failed(answer, EntryRefusal::not_in_room()),
    }
}

/// A generated code is taken about never, unless codes are very short.
const ATTEMPTS: usize = 8;
