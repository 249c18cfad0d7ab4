//! What all clients of an app together use up of its limits.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use crate::authenticator::AppLimits;
use crate::bucket::Bucket;
use crate::budget::Exhausted;

/// What all clients of an app together use up of its limits.
#[derive(Debug, Default)]
pub(crate) struct AppUsage {
    pub(crate) n_connections: AtomicU32,
    messages: Bucket,
    relay_bytes: Bucket,
}

/// One client's part of the budgets that all clients of its app share.
///
/// It pays in advance, a thousandth of the budget at a time: so clients meet at the shared buckets seldom, which are
/// one atomic number each. What it has paid for and does not use is lost for that window.
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
        let prepaid = |n_max| Prepaid { n_max, window, n_left: 0 };
        let (messages, relay_bytes) = (prepaid(messages_max_of_all), prepaid(relay_bytes_max_of_all));
        Some(Self { usage: Arc::clone(usage), messages, relay_bytes })
    }

    /// Pays for one message. `now` is the time since any fixed moment.
    pub fn take_message(&mut self, now: Duration) -> Result<(), Exhausted> {
        self.messages.take(&self.usage.messages, 1, now)
    }

    /// Pays for so many bytes of game data, all of them or none.
    pub fn take_relay_bytes(&mut self, n_bytes: usize, now: Duration) -> Result<(), Exhausted> {
        self.relay_bytes.take(&self.usage.relay_bytes, n_bytes as u64, now)
    }
}

#[derive(Debug)]
struct Prepaid {
    n_max: Option<NonZeroU64>,
    window: Duration,
    n_left: u64,
}

impl Prepaid {
    fn take(&mut self, bucket: &Bucket, n: u64, now: Duration) -> Result<(), Exhausted> {
        let Some(n_max) = self.n_max else { return Ok(()) };
        let missing = n.saturating_sub(self.n_left);
        if missing > 0 {
            let mut pay = |n_paid| {
                bucket.take_many(n_paid, n_max, self.window, now)?;
                self.n_left += n_paid;
                Ok(())
            };
            // The last of a budget are not lost because there is no whole batch of them.
            pay(missing.max(n_max.get() / N_BATCHES)).or_else(|_| pay(missing))?;
        }
        self.n_left -= n;
        Ok(())
    }
}

/// A thousand clients can hold all of a budget between them.
const N_BATCHES: u64 = 1_000;

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

    #[test]
    fn the_last_of_a_budget_is_for_whoever_comes_first() {
        let [mut ada, mut bob] = shares(3, 0);
        ada.take_message(START).unwrap();
        bob.take_message(START).unwrap();
        ada.take_message(START).unwrap();
        let refused = bob.take_message(START).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(20));
        bob.take_message(START + refused.retry_after).unwrap();
        assert!(ada.take_message(START + refused.retry_after).is_err());
        ada.take_relay_bytes(usize::MAX, START).unwrap();
    }

    #[test]
    fn who_pays_in_advance_takes_no_more_than_there_is() {
        let [mut ada, mut bob] = shares(0, 10_000);
        // A batch is ten: nine of them are left to her.
        ada.take_relay_bytes(1, START).unwrap();
        bob.take_relay_bytes(9_985, START).unwrap();
        assert!(bob.take_relay_bytes(6, START).is_err());
        bob.take_relay_bytes(5, START).unwrap();
        ada.take_relay_bytes(9, START).unwrap();
        assert!(ada.take_relay_bytes(1, START).is_err() && bob.take_relay_bytes(1, START).is_err());
        assert!(ada.take_relay_bytes(10_001, START + MINUTE).is_err(), "more than there ever is");
        ada.take_relay_bytes(10_000, START + MINUTE).unwrap();
    }
}
