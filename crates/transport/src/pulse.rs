//! Whether the event loop does what it should: a sign of life every second, for those who ask.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval};

/// The sign of life of an event loop. It beats as a task among all others: should no task get its turn, or no timer
/// fire, it stops.
#[derive(Debug)]
pub struct Pulse {
    started: Instant,
    beat_after_ms: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { started: Instant::now(), beat_after_ms: AtomicU64::new(0) }
    }
}

impl Pulse {
    /// How long ago the last sign of life was.
    pub fn age(&self) -> Duration {
        let beat_after = Duration::from_millis(self.beat_after_ms.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(beat_after)
    }

    /// Whether that is not too long ago.
    pub fn is_there(&self) -> bool {
        self.age() < AGE_MAX
    }

    /// Gives signs of life, for as long as it is awaited.
    pub(crate) async fn beat(&self) -> ! {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let age_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.beat_after_ms.store(age_ms, Ordering::Relaxed);
        }
    }
}

const INTERVAL: Duration = Duration::from_secs(1);

/// So late is no hiccup any more. A player would have noticed long before.
const AGE_MAX: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_beat_it_is_not_there() {
        let started = Instant::now().checked_sub(AGE_MAX).expect("the machine runs for longer");
        let pulse = Pulse { started, ..Pulse::default() };
        assert!(!pulse.is_there());
        pulse.beat_after_ms.store(4_000, Ordering::Relaxed);
        assert!(pulse.is_there());
    }
}
