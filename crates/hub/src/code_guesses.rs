//! Codes of rooms are short: how often somebody may name one that leads nowhere, on however many connections.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use signal_fish_auth::{BucketsBySource, Exhausted, Quota};
use signal_fish_protocol::ErrorCode;

use crate::entry::EntryRefusal;
use crate::session::Session;

/// Codes that led nowhere, by where they were named.
#[derive(Debug, Default)]
pub(crate) struct CodeGuesses(BucketsBySource);

/// Pays for a code before it is looked up, so that who may not guess any more learns nothing from a good one either.
pub(crate) fn pay(session: &Session, now: Instant) -> Result<(), EntryRefusal> {
    let Session { shared, caller, .. } = session;
    let paid = shared.code_guesses.0.of(caller.source).take(OF_SOURCE, shared.budget_time(now));
    paid.map_err(|Exhausted { retry_after }| {
        let seconds = retry_after.as_millis().div_ceil(1_000);
        let reason = format!("too many codes of no room, try again in {seconds} seconds");
        EntryRefusal::new(ErrorCode::RateLimitExceeded, reason)
    })
}

/// Gives back what was paid for a code that leads to a room.
pub(crate) fn give_back(session: &Session) {
    session.shared.code_guesses.0.of(session.caller.source).give_back(OF_SOURCE);
}

/// As often as six connections may try that try nothing else. With 500 rooms of six characters open, one is found in
/// twelve days.
const OF_SOURCE: Quota =
    Quota { n_max: NonZeroU32::new(120).expect("not zero"), window: Duration::from_mins(1) };
