//! What one connection may do in a while, and what all connections from one source may: more, but no more for
//! connecting anew.

use std::num::NonZeroU32;
use std::time::Duration;

use signal_fish_auth::{Bucket, BucketsBySource, Budget, Exhausted, Quota};

use crate::config::HubConfig;
use crate::metrics::Limit;
use crate::session::Session;

/// What one connection may do in a while.
#[derive(Debug)]
pub(crate) struct Allowance {
    creations: Budget,
    joins: Budget,
    commands: Budget,
    replies: Budget,
}

/// What all connections from each source may do in a while.
#[derive(Debug, Default)]
pub(crate) struct SourceAllowances {
    creations: BucketsBySource,
    joins: BucketsBySource,
    unknown_codes: BucketsBySource,
    bad_tokens: BucketsBySource,
}

impl Allowance {
    pub(crate) fn new(config: &HubConfig) -> Self {
        Self {
            creations: Budget::new(config.creations),
            joins: Budget::new(config.joins),
            commands: Budget::new(config.commands),
            replies: Budget::new(config.error_replies),
        }
    }

    /// For an answer that the client can cause as often as it likes.
    pub(crate) fn reply(&self, time: Duration) -> Result<(), Exhausted> {
        self.replies.spend(time)
    }
}

/// For what a whole room hears of. What an app allows is asked in `pace`.
pub(crate) fn command(session: &Session, time: Duration) -> Result<(), Exhausted> {
    session.allowance.commands.spend(time)
}

/// For a room that is to be made.
pub(crate) fn creation(session: &Session, time: Duration) -> Result<(), Exhausted> {
    let bucket = bucket(session, |sources| &sources.creations);
    let paid = session.allowance.creations.spend(time);
    let paid = paid.and_then(|()| bucket.take(of_source(session.shared.live.load().creations), time));
    noted(session, Limit::Creation, paid)
}

/// For a room that is to be entered, whether that works or not.
pub(crate) fn join(session: &Session, time: Duration) -> Result<(), Exhausted> {
    let bucket = bucket(session, |sources| &sources.joins);
    let paid = session.allowance.joins.spend(time);
    let paid = paid.and_then(|()| bucket.take(of_source(session.shared.live.load().joins), time));
    noted(session, Limit::Join, paid)
}

/// For a code under which there may be no room. It is paid before it is looked up, so that nobody can look further.
pub(crate) fn code(session: &Session, time: Duration) -> Result<(), Exhausted> {
    let bucket = bucket(session, |sources| &sources.unknown_codes);
    noted(session, Limit::Code, bucket.take(session.shared.live.load().unknown_codes, time))
}

/// There was a room under the code that was paid for.
pub(crate) fn code_is_known(session: &Session) {
    bucket(session, |sources| &sources.unknown_codes).give_back(session.shared.live.load().unknown_codes);
}

/// For a connect token that may be a bad one.
pub(crate) fn token(session: &Session, time: Duration) -> Result<(), Exhausted> {
    bucket(session, |sources| &sources.bad_tokens).take(BAD_TOKENS, time)
}

/// The token that was paid for is a good one.
pub(crate) fn token_is_good(session: &Session) {
    bucket(session, |sources| &sources.bad_tokens).give_back(BAD_TOKENS);
}

/// Counts it if there was nothing to pay with.
fn noted(session: &Session, limit: Limit, paid: Result<(), Exhausted>) -> Result<(), Exhausted> {
    paid.inspect_err(|_| session.shared.metrics.rejected(limit))
}

/// That of the source of this connection.
fn bucket(session: &Session, of: impl FnOnce(&SourceAllowances) -> &BucketsBySource) -> &Bucket {
    of(&session.shared.sources).of(session.caller.source)
}

/// Ten connections that do all they may, or a class room behind one address.
fn of_source(quota: Quota) -> Quota {
    Quota { n_max: quota.n_max.saturating_mul(SOURCE_FACTOR), ..quota }
}

const SOURCE_FACTOR: NonZeroU32 = NonZeroU32::new(10).expect("not zero");

/// A hundred a second, which keep a thread busy for a few per cent of its time. No more, since bad ones may come from
/// the same address as good ones.
const BAD_TOKENS: Quota =
    Quota { n_max: NonZeroU32::new(6_000).expect("not zero"), window: Duration::from_mins(1) };
