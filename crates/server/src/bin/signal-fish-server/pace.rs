//! How soon a thread that has run out of work looks for more: on a busy server a little later, for many at once.
//!
//! Going to sleep and being woken again costs a thread several times what it costs to relay a message, and so does
//! waking up the process at the other end. On a busy server messages come one by one, each a fraction of a
//! millisecond after the last. A thread that rests for that long first finds several of them, reads them all and
//! answers each peer once. On a quiet server nothing is gained by that, and nothing waits.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

/// Lets the threads of a runtime rest for `interval` before they look for more work, while that is worth it.
pub(crate) fn keep(builder: &mut Builder, interval: Duration) {
    if interval.is_zero() {
        return;
    }
    builder.on_thread_park(move || before_park(interval)).on_thread_unpark(move || after_park(interval));
}

fn before_park(interval: Duration) {
    let mut pace = PACE.get();
    pace.has_rested = pace.average_gap < interval;
    if pace.has_rested {
        // It blocks the thread, which is the point: nothing is to wake it.
        thread::sleep(interval);
    }
    PACE.set(pace);
    PARKED_AT.set(Some(Instant::now()));
}

fn after_park(interval: Duration) {
    if let Some(parked_at) = PARKED_AT.take() {
        let mut pace = PACE.get();
        pace.learn(interval, parked_at.elapsed());
        PACE.set(pace);
    }
}

thread_local! {
    static PACE: Cell<Pace> = const { Cell::new(Pace::QUIET) };
    static PARKED_AT: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// What one thread has seen of the load.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Pace {
    /// How long it lately took from running out of work to having some.
    average_gap: Duration,
    has_rested: bool,
}

impl Pace {
    const QUIET: Self = Self { average_gap: GAP_MAX, has_rested: false };

    /// There is work again, after a rest if there was one and another `waited`.
    fn learn(&mut self, interval: Duration, waited: Duration) {
        let gap = if !self.has_rested {
            waited
        } else if waited < AT_ONCE {
            // It came at some moment of the rest.
            interval / 2
        } else {
            interval + waited
        };
        self.average_gap = (self.average_gap * (WEIGHT - 1) + gap.min(GAP_MAX)) / WEIGHT;
    }
}

/// A gap is at most counted as this: a server that was quiet for hours has to notice within a few wake-ups that it
/// is busy.
const GAP_MAX: Duration = Duration::from_millis(5);

/// How many gaps the average is over, about.
const WEIGHT: u32 = 16;

/// Parking and being woken at once takes less than this.
const AT_ONCE: Duration = Duration::from_micros(20);

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_micros(500);

    /// Plays messages that come at this distance; how many of `n_parks` began with a rest.
    fn rests(pace: &mut Pace, n_parks: usize, distance: Duration) -> usize {
        let mut n_rests = 0;
        for _ in 0..n_parks {
            pace.has_rested = pace.average_gap < INTERVAL;
            n_rests += usize::from(pace.has_rested);
            let rested = if pace.has_rested { INTERVAL } else { Duration::ZERO };
            pace.learn(INTERVAL, distance.saturating_sub(rested));
        }
        n_rests
    }

    #[test]
    fn a_quiet_thread_never_rests() {
        for distance in [Duration::from_micros(700), Duration::from_millis(50), Duration::from_secs(3_600)] {
            assert_eq!(rests(&mut Pace::QUIET.clone(), 10_000, distance), 0, "{distance:?}");
        }
    }

    #[test]
    fn a_busy_thread_rests_soon_and_for_as_long_as_it_is_busy() {
        let mut pace = Pace::QUIET;
        assert_eq!(rests(&mut pace, 16, Duration::from_micros(100)), 0, "not yet sure");
        rests(&mut pace, 64, Duration::from_micros(100));
        assert_eq!(rests(&mut pace, 1_000, Duration::from_micros(100)), 1_000);
    }

    #[test]
    fn a_thread_that_becomes_quiet_stops_resting_within_a_few_wake_ups() {
        let mut pace = Pace { average_gap: Duration::from_micros(250), has_rested: true };
        assert!(rests(&mut pace, 100, Duration::from_millis(10)) <= 2);
    }
}
