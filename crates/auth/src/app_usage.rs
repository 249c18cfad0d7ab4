//! What all clients of an app together use up of its limits.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::authenticator::AppLimits;
use crate::bucket::Bucket;
use crate::budget::Exhausted;

/// What all clients of an app together use up of its limits.
#[derive(Debug, Default)]
pub(crate) struct AppUsage {
    pub(crate) n_connections: AtomicU32,
    messages: Pool,
    relay_bytes: Pool,
}

/// A budget that all share.
#[derive(Debug, Default)]
struct Pool {
    bucket: Bucket,
    /// When somebody last paid, in nanoseconds: whoever goes has no clock.
    last_paid_at: AtomicU64,
}

/// One client's part of the budgets that all clients of its app share.
///
/// It pays a little in advance, so that clients meet at the shared buckets seldom, which are one atomic number each.
/// What it does not use it gives back when it goes; after a window that is nothing any more, since the buckets are as
/// full by then as they would be without it.
#[derive(Debug)]
pub struct AppShare {
    usage: Arc<AppUsage>,
    messages: Prepaid,
    relay_bytes: Prepaid,
}

impl AppShare {
    /// The share of a new client; nothing if the app has no such limits.
    pub(crate) fn of(usage: &Arc<AppUsage>, limits: AppLimits, window: Duration) -> Option<Self> {
        let AppLimits { messages_max_of_all, relay_bytes_max_of_all, .. } = limits;
        messages_max_of_all.or(relay_bytes_max_of_all)?;
        let messages = Prepaid::new(messages_max_of_all, window, MESSAGES_MAX);
        let relay_bytes = Prepaid::new(relay_bytes_max_of_all, window, RELAY_BYTES_MAX);
        Some(Self { usage: Arc::clone(usage), messages, relay_bytes })
    }

    /// Pays for one message with so many bytes of game data, or for nothing of it. `now` is the time since any fixed
    /// moment.
    pub fn take(&mut self, n_bytes: usize, now: Duration) -> Result<(), Exhausted> {
        let (n_bytes, usage) = (n_bytes as u64, &self.usage);
        self.relay_bytes.take(&usage.relay_bytes, n_bytes, now)?;
        let paid = self.messages.take(&usage.messages, 1, now);
        if paid.is_err() {
            self.relay_bytes.give_back(&usage.relay_bytes, n_bytes);
        }
        paid
    }
}

impl Drop for AppShare {
    fn drop(&mut self) {
        self.messages.end(&self.usage.messages);
        self.relay_bytes.end(&self.usage.relay_bytes);
    }
}

#[derive(Debug)]
struct Prepaid {
    n_max: Option<NonZeroU64>,
    window: Duration,
    /// How many are paid for together.
    n_batch: u64,
    n_left: u64,
    /// When those that are left were paid for.
    paid_at: Duration,
}

impl Prepaid {
    fn new(n_max: Option<NonZeroU64>, window: Duration, batch_max: u64) -> Self {
        let n_batch = n_max.map_or(0, |n_max| (n_max.get() / N_BATCHES).min(batch_max));
        Self { n_max, window, n_batch, n_left: 0, paid_at: Duration::ZERO }
    }

    fn take(&mut self, pool: &Pool, n: u64, now: Duration) -> Result<(), Exhausted> {
        let Some(n_max) = self.n_max else { return Ok(()) };
        if self.is_over(now) {
            self.n_left = 0;
        }
        let missing = n.saturating_sub(self.n_left);
        if missing > 0 {
            let mut pay = |n_paid| {
                pool.bucket.take_many(n_paid, n_max, self.window, now)?;
                self.n_left += n_paid;
                Ok(())
            };
            // The last of a budget are not lost because there is no whole batch of them.
            pay(missing.max(self.n_batch)).or_else(|_| pay(missing))?;
            // Those that were left before are all used now.
            self.paid_at = now;
            pool.last_paid_at.fetch_max(nanos(now), Ordering::Relaxed);
        }
        self.n_left -= n;
        Ok(())
    }

    fn give_back(&self, pool: &Pool, n: u64) {
        if let Some(n_max) = self.n_max {
            pool.bucket.give_back_many(n, n_max, self.window);
        }
    }

    /// Gives back what is left. Where nobody has paid since, the bucket is not fuller for it than it would be anyway.
    fn end(&self, pool: &Pool) {
        if !self.is_over(Duration::from_nanos(pool.last_paid_at.load(Ordering::Relaxed))) {
            self.give_back(pool, self.n_left);
        }
    }

    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.paid_at) >= self.window
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Nobody pays in advance for more than this part of a budget.
const N_BATCHES: u64 = 1_000;

/// Nor for more messages: it meets the others with one in sixteen, and crowds that say little hold little.
const MESSAGES_MAX: u64 = 16;

/// The same for bytes.
const RELAY_BYTES_MAX: u64 = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const START: Duration = Duration::from_secs(1_000);

    fn shares<const N: usize>(messages: u64, bytes: u64) -> [AppShare; N] {
        let limits = AppLimits {
            messages_max_of_all: NonZeroU64::new(messages),
            relay_bytes_max_of_all: NonZeroU64::new(bytes),
            ..AppLimits::default()
        };
        let usage = Arc::default();
        std::array::from_fn(|_| AppShare::of(&usage, limits, MINUTE).unwrap())
    }

    /// How many bytes there are for `share`.
    fn n_bytes_for(share: &mut AppShare, now: Duration) -> usize {
        (0..).take_while(|_| share.take(1, now).is_ok()).count()
    }

    #[test]
    fn the_last_of_a_budget_is_for_whoever_comes_first() {
        let [mut ada, mut bob] = shares(3, 0);
        ada.take(usize::MAX, START).unwrap();
        bob.take(0, START).unwrap();
        ada.take(0, START).unwrap();
        let refused = bob.take(0, START).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(20));
        bob.take(0, START + refused.retry_after).unwrap();
        assert!(ada.take(0, START + refused.retry_after).is_err());
    }

    #[test]
    fn who_pays_in_advance_takes_no_more_than_there_is() {
        let [mut ada, mut bob] = shares(0, 10_000);
        // A batch is ten: nine of them are left to her.
        ada.take(1, START).unwrap();
        bob.take(9_985, START).unwrap();
        assert!(bob.take(6, START).is_err());
        bob.take(5, START).unwrap();
        ada.take(9, START).unwrap();
        assert!(ada.take(1, START).is_err() && bob.take(1, START).is_err());
        assert!(ada.take(10_001, START + MINUTE).is_err(), "more than there ever is");
        ada.take(10_000, START + MINUTE).unwrap();
    }

    #[test]
    fn a_message_that_is_refused_takes_no_bytes_either() {
        let [mut ada, mut bob] = shares(2, 100);
        ada.take(10, START).unwrap();
        assert!(bob.take(91, START).is_err(), "too many bytes");
        bob.take(0, START).unwrap();
        assert!(ada.take(90, START).is_err(), "too many messages");
        bob.take(100, START + MINUTE / 2).unwrap();
    }

    #[test]
    fn connecting_anew_gives_back_what_was_paid_in_advance() {
        let [mut ada] = shares(0, 1_000_000);
        for _ in 0..1_000 {
            let mut bob = AppShare::of(&ada.usage, limits_of(&ada), MINUTE).unwrap();
            bob.take(1, START).unwrap();
        }
        ada.take(999_000, START).unwrap();
        assert!(ada.take(1, START).is_err());
    }

    #[test]
    fn a_large_budget_is_not_held_by_those_who_say_little() {
        let mut crowd = shares::<1_000>(0, 1_000_000_000);
        for share in &mut crowd {
            share.take(1, START).unwrap();
        }
        crowd[0].take(980_000_000, START).unwrap();
    }

    #[test]
    fn what_was_paid_for_a_window_ago_is_worth_nothing() {
        let [mut ada, mut bob, mut cat, mut zoe] = shares(0, 10_000);
        ada.take(1, START).unwrap();
        zoe.take(1, START).unwrap();
        let later = START + MINUTE;
        bob.take(10_000, later).unwrap();
        assert!(ada.take(1, later).is_err(), "nine were left to her");
        drop(zoe);
        assert!(bob.take(1, later).is_err(), "nine were left to her, too");
        cat.take(1, later + MINUTE).unwrap();
        bob.take(9_990, later + MINUTE).unwrap();
        drop(cat);
        assert_eq!(n_bytes_for(&mut bob, later + MINUTE), 9);
    }

    fn limits_of(share: &AppShare) -> AppLimits {
        AppLimits { relay_bytes_max_of_all: share.relay_bytes.n_max, ..AppLimits::default() }
    }
}
