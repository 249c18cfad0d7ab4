//! How much waits for all connections together, of every hub in this process: the memory is the process's.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many bytes wait for all connections, up to 16 KiB of each left out: counting every message would make all
/// threads write to one place.
pub(crate) fn n_bytes() -> usize {
    N_STEPS.load(Ordering::Relaxed).saturating_mul(STEP_BYTES)
}

/// One connection's part, given back when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Part {
    n_steps: usize,
}

impl Part {
    /// What is counted of it.
    pub(crate) const fn n_bytes(&self) -> usize {
        self.n_steps * STEP_BYTES
    }

    /// So much waits for this connection now.
    pub(crate) fn set(&mut self, n_bytes: usize) {
        let n_steps = n_bytes / STEP_BYTES;
        if n_steps != self.n_steps {
            self.step_to(n_steps);
        }
    }

    #[cold]
    fn step_to(&mut self, n_steps: usize) {
        // Wraps as it should where the part gets smaller.
        N_STEPS.fetch_add(n_steps.wrapping_sub(self.n_steps), Ordering::Relaxed);
        self.n_steps = n_steps;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.set(0);
    }
}

static N_STEPS: AtomicUsize = AtomicUsize::new(0);

const STEP_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_up_the_whole_for_as_long_as_they_are_there() {
        let before = n_bytes();
        let [mut first, mut second] = [Part::default(), Part::default()];
        first.set(STEP_BYTES - 1);
        second.set(10 * STEP_BYTES + 1);
        assert_eq!(n_bytes() - before, 10 * STEP_BYTES);
        first.set(5 * STEP_BYTES);
        second.set(3 * STEP_BYTES);
        assert_eq!(n_bytes() - before, 8 * STEP_BYTES);
        drop(second);
        first.set(0);
        assert_eq!(n_bytes(), before);
    }
}
