//! Token buckets that are small enough to keep one for everybody.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::budget::{Exhausted, Quota};

/// A token bucket like [`crate::Budget`] in eight bytes, whose tokens can be given back: whether a guess was wrong is
/// known only after it was paid for.
///
/// It holds the moment at which the bucket would be whole again, in nanoseconds.
#[derive(Debug, Default)]
pub struct Bucket(AtomicU64);

impl Bucket {
    /// Takes one. `now` is the time since any fixed moment.
    pub fn take(&self, quota: Quota, now: Duration) -> Result<(), Exhausted> {
        self.take_for(each(quota), quota.window, now)
    }

    /// Takes `n` of the `n_max` that come back within `window`, all of them or none.
    pub fn take_many(
        &self,
        n: u64,
        n_max: NonZeroU64,
        window: Duration,
        now: Duration,
    ) -> Result<(), Exhausted> {
        self.take_for(cost(n, n_max, window), window, now)
    }

    /// Takes what takes so many nanoseconds to come back.
    fn take_for(&self, cost: u64, window: Duration, now: Duration) -> Result<(), Exhausted> {
        let (now, window) = (nanos(now), nanos(window));
        let next = |whole_at: u64| {
            let next = whole_at.max(now).saturating_add(cost);
            (next - now <= window).then_some(next)
        };
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        taken.map(drop).map_err(|whole_at| {
            let over = whole_at.max(now).saturating_add(cost).saturating_sub(now).saturating_sub(window);
            Exhausted { retry_after: Duration::from_nanos(over) }
        })
    }

    /// Gives back what [`Bucket::take`] took under the same quota.
    pub fn give_back(&self, quota: Quota) {
        self.give_back_for(each(quota));
    }

    /// Gives back `n` of what [`Bucket::take_many`] took of the same budget.
    pub fn give_back_many(&self, n: u64, n_max: NonZeroU64, window: Duration) {
        self.give_back_for(cost(n, n_max, window));
    }

    fn give_back_for(&self, cost: u64) {
        let less = |whole_at: u64| Some(whole_at.saturating_sub(cost));
        // It always has something to say.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

/// What is done from where, in a fixed amount of memory and without a lock.
///
/// Sources share [`N_CELLS`] buckets by a hash with a secret key: nobody can choose whose bucket it shares, and
/// nobody can push others out, as in a map that forgets. Two sources meet by chance once in a while, which costs
/// both only if one of them is at its limit all the time.
#[derive(Debug)]
pub struct BucketsBySource {
    cells: Box<[Bucket]>,
    hasher: RandomState,
}

impl BucketsBySource {
    /// The bucket of `source`.
    pub fn of(&self, source: impl Hash) -> &Bucket {
        let hash = self.hasher.hash_one(source);
        &self.cells[usize::try_from(hash % N_CELLS as u64).expect("there are fewer cells than addresses")]
    }
}

impl Default for BucketsBySource {
    fn default() -> Self {
        let cells = std::iter::repeat_with(Bucket::default).take(N_CELLS).collect();
        Self { cells, hasher: RandomState::new() }
    }
}

/// How many nanoseconds `n` of the `n_max` take to come back.
fn cost(n: u64, n_max: NonZeroU64, window: Duration) -> u64 {
    let cost = window.as_nanos() * u128::from(n) / u128::from(n_max.get());
    u64::try_from(cost).unwrap_or(u64::MAX)
}

fn each(quota: Quota) -> u64 {
    nanos(quota.window / quota.n_max.get()).max(1)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// 128 KiB of buckets. A thousand sources at their limit meet a given one with a chance of 6 %.
const N_CELLS: usize = 16_384;

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    const QUOTA: Quota = Quota { n_max: NonZeroU32::new(5).unwrap(), window: Duration::from_secs(60) };
    const START: Duration = Duration::from_secs(1_000);

    #[test]
    fn wrong_guesses_are_spent_at_once_and_come_back_evenly() {
        let guesses = Bucket::default();
        for _ in 0..5 {
            assert_eq!(guesses.take(QUOTA, START), Ok(()));
        }
        let refused = guesses.take(QUOTA, START).unwrap_err();
        assert_eq!(refused.retry_after, Duration::from_secs(12));
        let later = START + refused.retry_after;
        assert!(guesses.take(QUOTA, later - Duration::from_nanos(1)).is_err());
        assert_eq!(guesses.take(QUOTA, later), Ok(()));
        assert!(guesses.take(QUOTA, later).is_err());
    }

    #[test]
    fn right_ones_cost_nothing() {
        let guesses = Bucket::default();
        for _ in 0..1_000 {
            assert_eq!(guesses.take(QUOTA, START), Ok(()));
            guesses.give_back(QUOTA);
        }
        for _ in 0..5 {
            assert_eq!(guesses.take(QUOTA, START), Ok(()));
        }
        assert!(guesses.take(QUOTA, START).is_err());
    }

    #[test]
    fn a_source_finds_its_own_bucket_again() {
        let by_source = BucketsBySource::default();
        assert!(std::ptr::eq(by_source.of("here"), by_source.of("here")));
        let n_met = (0..100_u32).filter(|n| std::ptr::eq(by_source.of(n), by_source.of("here"))).count();
        assert!(n_met < 10, "{n_met}");
    }
}
