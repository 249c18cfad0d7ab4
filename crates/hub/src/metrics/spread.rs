//! A count that many threads add to at once without getting in each other's way.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A count of which each thread has a part of its own, up to a number of threads.
#[derive(Default, Debug)]
pub struct Spread {
    parts: Parts<AtomicU64>,
    /// What was told of it.
    told: AtomicU64,
}

/// One of these for each thread, up to a number of threads; more of them share.
#[derive(Default, Debug)]
pub(super) struct Parts<T>([Part<T>; PARTS]);

/// As large as two cache lines, which processors fetch together, so that no two threads write to the same one.
#[repr(align(128))]
#[derive(Default, Debug)]
struct Part<T>(T);

impl Spread {
    /// Adds to it.
    pub fn add(&self, n: u64) {
        self.parts.mine().fetch_add(n, Ordering::Relaxed);
    }

    /// How much was added since this was last asked.
    pub fn growth(&self) -> u64 {
        let sum = self.parts.iter().map(|part| part.load(Ordering::Relaxed)).sum::<u64>();
        sum.saturating_sub(self.told.fetch_max(sum, Ordering::Relaxed))
    }
}

impl<T> Parts<T> {
    /// That of this thread.
    pub(super) fn mine(&self) -> &T {
        &self.0[PART.get() % PARTS].0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|part| &part.0)
    }
}

thread_local! {
    static PART: Cell<usize> = Cell::new(N_THREADS.fetch_add(1, Ordering::Relaxed));
}

static N_THREADS: AtomicUsize = AtomicUsize::new(0);

/// As many as a large machine has cores to spare for one server; each part takes 128 bytes.
pub(super) const PARTS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_told_once() {
        let spread = Spread::default();
        std::thread::scope(|scope| {
            for _ in 0..PARTS + 4 {
                scope.spawn(|| spread.add(3));
            }
        });
        assert_eq!(spread.growth(), 3 * (PARTS as u64 + 4));
        spread.add(1);
        assert_eq!([spread.growth(), spread.growth()], [1, 0]);
    }
}
