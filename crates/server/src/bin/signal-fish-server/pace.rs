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
    let mut pace = PACE.get().unwrap_or(Pace::quiet(interval));
    if pace.is_worth_resting(interval) {
        // It blocks the thread, which is the point: nothing is to wake it.
        thread::sleep(interval);
    }
    PACE.set(Some(pace));
    PARKED_AT.set(Some(Instant::now()));
}

fn after_park(interval: Duration) {
    if let (Some(parked_at), Some(mut pace)) = (PARKED_AT.take(), PACE.get()) {
        pace.learn(interval, parked_at.elapsed());
        PACE.set(Some(pace));
    }
}

thread_local! {
    static PACE: Cell<Option<Pace>> = const { Cell::new(None) };
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
    /// As if nothing had come for a long time.
    fn quiet(interval: Duration) -> Self {
        Self { average_gap: interval * GAP_MAX, has_rested: false }
    }

    /// Whether to rest before parking.
    fn is_worth_resting(&mut self, interval: Duration) -> bool {
        self.has_rested = self.average_gap < interval;
        self.has_rested
    }

    /// There is work again, after a rest if there was one and another `waited`.
    fn learn(&mut self, interval: Duration, waited: Duration) {
        let gap = if !self.has_rested {
            waited
        } else if waited < AT_ONCE.min(interval) {
            // It came at some moment of the rest.
            interval / 2
        } else {
            interval + waited
        };
        self.average_gap = (self.average_gap * (WEIGHT - 1) + gap.min(interval * GAP_MAX)) / WEIGHT;
    }
}

/// A gap counts as at most so many rests: a server that was quiet for hours has to notice within a few dozen wake-ups
/// that it is busy.
const GAP_MAX: u32 = 10;

/// How many gaps the average is over, about.
const WEIGHT: u32 = 16;

/// Parking and being woken at once takes less than this.
const AT_ONCE: Duration = Duration::from_micros(20);

#[cfg(test)]
mod tests {
    use super::*;

    /// The default, and the bounds of the setting.
    const INTERVALS: [Duration; 3] =
        [Duration::from_millis(1), Duration::from_micros(1), Duration::from_millis(5)];

    /// Plays work that comes at this distance; how many of `n_parks` began with a rest.
    fn rests(pace: &mut Pace, interval: Duration, n_parks: usize, distance: Duration) -> usize {
        let mut n_rests = 0;
        for _ in 0..n_parks {
            let rests = pace.is_worth_resting(interval);
            n_rests += usize::from(rests);
            pace.learn(interval, distance.saturating_sub(if rests { interval } else { Duration::ZERO }));
        }
        n_rests
    }

    #[test]
    fn a_quiet_thread_never_rests() {
        for interval in INTERVALS {
            for distance in [interval * 3 / 2, interval * 50, Duration::from_secs(3_600)] {
                assert_eq!(rests(&mut Pace::quiet(interval), interval, 10_000, distance), 0, "{distance:?}");
            }
        }
    }

    #[test]
    fn a_busy_thread_rests_soon_and_for_as_long_as_it_is_busy() {
        for interval in INTERVALS {
            let (mut pace, distance) = (Pace::quiet(interval), interval / 5);
            assert_eq!(rests(&mut pace, interval, 16, distance), 0, "not yet sure");
            rests(&mut pace, interval, 64, distance);
            assert_eq!(rests(&mut pace, interval, 1_000, distance), 1_000, "{interval:?}");
        }
    }

    #[test]
    fn a_thread_that_becomes_quiet_stops_resting_within_a_few_wake_ups() {
        for interval in INTERVALS {
            for distance in [interval * 20, Duration::from_secs(3_600)] {
                let mut pace = Pace { average_gap: interval / 2, has_rested: true };
                assert!(rests(&mut pace, interval, 10_000, distance) <= 2, "{interval:?}");
            }
        }
    }
}
