//! How much of something one connection may do in a while.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota as Rate, RateLimiter};

/// So many in such a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// How many at once, and how many come back within `window`.
    pub n_max: NonZeroU32,
    /// How long a used-up budget takes to be whole again.
    pub window: Duration,
}

/// The budget is used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("too many requests, try again in {} seconds", self.seconds())]
pub struct Exhausted {
    /// When the next one will be admitted.
    pub retry_after: Duration,
}

impl Exhausted {
    /// When the next one will be admitted, in whole seconds and never zero, which would mean "at once".
    pub fn seconds(self) -> u64 {
        let seconds = self.retry_after.as_secs() + u64::from(self.retry_after.subsec_nanos() > 0);
        seconds.max(1)
    }
}

/// A token bucket. Time is passed in, so that it can be tested without waiting.
#[derive(Debug)]
pub struct Budget(RateLimiter<NotKeyed, InMemoryState, PassedTime, NoOpMiddleware<Duration>>);

impl Budget {
    /// A full budget.
    pub fn new(quota: Quota) -> Self {
        // A window shorter than one nanosecond a piece would mean no limit, which a quota cannot say.
        let each = (quota.window / quota.n_max.get()).max(Duration::from_nanos(1));
        let rate = Rate::with_period(each).expect("the period is not zero").allow_burst(quota.n_max);
        Self(RateLimiter::new(rate, InMemoryState::default(), PassedTime(AtomicU64::new(0))))
    }

    /// Takes one from the budget. `now` is the time since any fixed moment, and must not go back.
    pub fn spend(&self, now: Duration) -> Result<(), Exhausted> {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.0.clock().0.store(nanos, Ordering::Relaxed);
        self.0.check().map_err(|until| Exhausted { retry_after: until.wait_time_from(now) })
    }
}

#[derive(Debug)]
struct PassedTime(AtomicU64);

impl Clock for PassedTime {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_at_once_and_comes_back_evenly() {
        let quota = Quota { n_max: NonZeroU32::new(5).unwrap(), window: Duration::from_secs(60) };
        let budget = Budget::new(quota);
        let start = Duration::from_secs(1_000);
        for _ in 0..5 {
            assert_eq!(budget.spend(start), Ok(()));
        }
        let refused = budget.spend(start).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(12));
        assert_eq!(refused.to_string(), "too many requests, try again in 12 seconds");
        assert!(budget.spend(start + Duration::from_secs(11)).is_err());
        assert_eq!(budget.spend(start + Duration::from_secs(12)), Ok(()));
        assert!(budget.spend(start + Duration::from_secs(12)).is_err());
    }
}
