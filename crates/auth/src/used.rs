//! Tokens that were used, for those that are good only once.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher as _;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

/// Tokens that were used and have not expired yet. No token is taken twice; when there is no room to remember one more,
/// it is refused.
///
/// Those who connect at once meet only by chance: what is remembered is spread over [`N_SHARDS`] parts with a lock
/// each.
pub(crate) struct UsedTokens {
    shards: Box<[Mutex<Shard>]>,
    n_used: AtomicUsize,
    hasher: RandomState,
}

/// Why a token cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotUsable {
    /// It was used before, or would be forgotten at once.
    Used,
    /// So many were used that one more could not be remembered.
    Full,
}

/// A token that counts as used from now on, unless this is dropped before [`Use::keep`].
pub(crate) struct Use {
    used: Arc<UsedTokens>,
    key: Key,
    expires: i64,
    is_kept: bool,
}

/// What is remembered of a token.
type Key = [u8; 32];

#[derive(Default)]
struct Shard {
    expires: HashMap<Key, i64>,
    /// The same, by the time at which each may be forgotten.
    by_time: BTreeSet<(i64, Key)>,
    /// Up to when all was forgotten. Should the clock be set back, nothing from before comes in again.
    forgotten: i64,
}

impl UsedTokens {
    /// Uses the token of `app_id` with this nonce. It is not valid any more at `expires`; both times are seconds since
    /// 1970.
    pub(crate) fn take(
        self: &Arc<Self>,
        (app_id, nonce): (&str, &str),
        (now, expires): (i64, i64),
        n_max: NonZeroUsize,
    ) -> Result<Use, NotUsable> {
        // The length keeps apart what would read the same in a row.
        let length = (app_id.len() as u64).to_be_bytes();
        let hash = Sha256::new().chain_update(length).chain_update(app_id).chain_update(nonce);
        let key = hash.finalize().into();
        if !self.has_room(n_max) {
            self.forget(now);
            if !self.has_room(n_max) {
                return Err(NotUsable::Full);
            }
        }
        let mut shard = self.shard(&key);
        self.count_forgotten(shard.forget(now));
        if expires <= shard.forgotten || shard.expires.contains_key(&key) {
            return Err(NotUsable::Used);
        }
        // Counted under the lock of this part only, so that others may take the last places at the same time.
        if self.n_used.fetch_add(1, Ordering::AcqRel) >= n_max.get() {
            self.count_forgotten(1);
            return Err(NotUsable::Full);
        }
        shard.expires.insert(key, expires);
        shard.by_time.insert((expires, key));
        Ok(Use { used: Arc::clone(self), key, expires, is_kept: false })
    }

    fn has_room(&self, n_max: NonZeroUsize) -> bool {
        self.n_used.load(Ordering::Acquire) < n_max.get()
    }

    /// Forgets what has expired, everywhere. What was remembered is looked at once in its life, however often.
    fn forget(&self, now: i64) {
        for shard in &self.shards {
            self.count_forgotten(locked(shard).forget(now));
        }
    }

    fn count_forgotten(&self, n: usize) {
        self.n_used.fetch_sub(n, Ordering::AcqRel);
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        let index = self.hasher.hash_one(key) % N_SHARDS as u64;
        locked(&self.shards[usize::try_from(index).expect("there are fewer shards than addresses")])
    }
}

impl Default for UsedTokens {
    fn default() -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(N_SHARDS).collect();
        Self { shards, n_used: AtomicUsize::new(0), hasher: RandomState::new() }
    }
}

impl std::fmt::Debug for UsedTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UsedTokens").field("n_used", &self.n_used).finish_non_exhaustive()
    }
}

impl Shard {
    /// Forgets what has expired by `now`, and says how many those were.
    fn forget(&mut self, now: i64) -> usize {
        self.forgotten = self.forgotten.max(now);
        let n_before = self.by_time.len();
        while let Some(&(expires, key)) = self.by_time.first()
            && expires <= self.forgotten
        {
            self.by_time.pop_first();
            self.expires.remove(&key);
        }
        n_before - self.by_time.len()
    }
}

impl Use {
    /// The token is used for good.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        if !self.is_kept {
            let mut shard = self.used.shard(&self.key);
            // It may have been forgotten by then.
            if shard.by_time.remove(&(self.expires, self.key)) {
                shard.expires.remove(&self.key);
                self.used.count_forgotten(1);
            }
        }
    }
}

/// A panic in between leaves at worst a token that cannot be used.
fn locked(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Many times as many as there are processors.
const N_SHARDS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn n(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).unwrap()
    }

    fn outcome(
        used: &Arc<UsedTokens>,
        token: (&str, &str),
        times: (i64, i64),
        n_max: usize,
    ) -> Result<(), NotUsable> {
        used.take(token, times, n(n_max)).map(Use::keep)
    }

    #[test]
    fn a_token_is_used_once() {
        let used = Arc::<UsedTokens>::default();
        assert_eq!(outcome(&used, ("tanks", "a"), (100, 200), 9), Ok(()));
        assert_eq!(outcome(&used, ("tanks", "a"), (100, 200), 9), Err(NotUsable::Used));
        assert_eq!(
            outcome(&used, ("tanks", "a"), (199, 300), 9),
            Err(NotUsable::Used),
            "the nonce is what counts"
        );
        for other in [("tanks", "b"), ("tank", "sa"), ("planes", "a")] {
            assert_eq!(outcome(&used, other, (100, 200), 9), Ok(()), "{other:?}");
        }
    }

    #[test]
    fn a_use_that_came_to_nothing_was_none() {
        let used = Arc::<UsedTokens>::default();
        for _ in 0..3 {
            assert!(used.take(("tanks", "a"), (100, 200), n(1)).is_ok());
        }
        assert_eq!(outcome(&used, ("tanks", "a"), (100, 200), 1), Ok(()));
        assert_eq!(used.shards.iter().map(|shard| locked(shard).by_time.len()).sum::<usize>(), 1);
    }

    #[test]
    fn when_full_new_ones_are_refused_until_old_ones_have_expired() {
        let used = Arc::<UsedTokens>::default();
        for nonce in ["a", "b", "c"] {
            assert_eq!(outcome(&used, ("tanks", nonce), (100, 200), 3), Ok(()));
        }
        assert_eq!(outcome(&used, ("tanks", "d"), (199, 300), 3), Err(NotUsable::Full));
        assert_eq!(
            outcome(&used, ("tanks", "a"), (199, 200), 3),
            Err(NotUsable::Full),
            "never a second time"
        );
        for nonce in ["d", "e", "f"] {
            assert_eq!(outcome(&used, ("tanks", nonce), (200, 300), 3), Ok(()));
        }
        assert_eq!(outcome(&used, ("tanks", "g"), (200, 300), 3), Err(NotUsable::Full));
    }

    #[test]
    fn a_clock_that_is_set_back_brings_no_token_back() {
        let used = Arc::<UsedTokens>::default();
        assert_eq!(outcome(&used, ("tanks", "a"), (100, 200), 9), Ok(()));
        used.forget(200);
        assert_eq!(outcome(&used, ("tanks", "a"), (150, 200), 9), Err(NotUsable::Used));
        assert_eq!(outcome(&used, ("tanks", "b"), (150, 201), 9), Ok(()));
    }

    proptest! {
        /// Against a list of all that was ever taken.
        #[test]
        fn what_is_remembered_is_exact(
            shown in prop::collection::vec((0_u8..12, 1_i64..30, 0_i64..6), 0..200),
            n_max in 1_usize..8,
        ) {
            let used = Arc::<UsedTokens>::default();
            let (mut taken, mut now) = (Vec::<(u8, i64)>::new(), 100);
            for (nonce, lifetime, later) in shown {
                now += later;
                let valid: Vec<_> = taken.iter().filter(|(_, expires)| *expires > now).collect();
                let expected = if valid.len() >= n_max {
                    Err(NotUsable::Full)
                } else if valid.iter().any(|(other, _)| *other == nonce) {
                    Err(NotUsable::Used)
                } else {
                    Ok(())
                };
                let expires = now + lifetime;
                let came = outcome(&used, ("tanks", &nonce.to_string()), (now, expires), n_max);
                prop_assert_eq!(came, expected);
                if came.is_ok() {
                    taken.push((nonce, expires));
                }
            }
        }
    }

    #[test]
    fn of_many_who_show_one_token_at_once_one_comes_in() {
        let used = Arc::<UsedTokens>::default();
        for round in 0..200 {
            let nonce = round.to_string();
            let took = || outcome(&used, ("tanks", &nonce), (100, 200), 1_000).is_ok();
            let n_in = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(took)).collect();
                threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum::<usize>()
            });
            assert_eq!(n_in, 1, "round {round}");
        }
        assert_eq!(used.n_used.load(Ordering::Acquire), 200);
    }

    #[test]
    fn at_once_no_more_come_in_than_can_be_remembered() {
        let used = Arc::<UsedTokens>::default();
        let take_100 = |thread: usize| {
            let nonces = (0..100).map(move |n| format!("{thread}-{n}"));
            nonces.filter(|nonce| outcome(&used, ("tanks", nonce), (100, 200), 64).is_ok()).count()
        };
        let take_100 = &take_100;
        let n_in: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|thread| scope.spawn(move || take_100(thread))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(n_in, 64);
    }
}
