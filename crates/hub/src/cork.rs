//! Writing once a tick to those who hear much, so that one write carries more.
//!
//! A write to a socket costs about the same for one frame as for thirty. Whoever hears several messages in every tick
//! is written to at its end; everyone else at once, and so is everything that is no game data.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

use crate::outbox::Outbox;

/// For how long game data may be held back, to be written together with what follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CorkRules {
    /// How long at most, and a millisecond more: that is how exact the runtime's timers are.
    pub tick: Duration,
    /// With so many messages waiting they are written at once. Who hears as many in each tick is never held back:
    /// that much goes in few writes by itself, and may come from senders who wait for an answer.
    pub messages_max: usize,
}

/// The way to the task that ends ticks. It takes no lock and never waits.
///
/// The channel is not bounded by itself: an outbox comes in once for each time that it begins to hold back, which it
/// does not do again before it was released, or had something else to write.
#[derive(Clone, Debug)]
pub(crate) struct Corks {
    rules: CorkRules,
    held: UnboundedSender<Arc<Outbox>>,
}

/// The other end of [`Corks`].
pub(crate) struct CorkQueue {
    tick: Duration,
    held: UnboundedReceiver<Arc<Outbox>>,
}

impl Corks {
    pub(crate) fn new(rules: CorkRules) -> (Self, CorkQueue) {
        let (sender, receiver) = unbounded_channel();
        (Self { rules, held: sender }, CorkQueue { tick: rules.tick, held: receiver })
    }

    pub(crate) const fn rules(&self) -> CorkRules {
        self.rules
    }

    /// Releases `outbox` when the tick is over.
    pub(crate) fn hold(&self, outbox: Arc<Outbox>) {
        // Fails only when the runtime goes down, and with it whoever would write.
        let _ = self.held.send(outbox);
    }
}

impl CorkQueue {
    /// Ends ticks until there is no hub any more. While nobody is held back it costs nothing.
    pub(crate) async fn run(mut self) {
        while let Some(first) = self.held.recv().await {
            sleep(self.tick).await;
            first.release();
            // No more than there are now, since whoever is released may be held back again at once.
            for _ in 0..self.held.len() {
                if let Ok(outbox) = self.held.try_recv() {
                    outbox.release();
                }
            }
        }
    }
}

/// How much game data one connection hears.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    since: Option<Instant>,
    n_heard: u32,
    is_busy: bool,
}

impl Pulse {
    /// A message came. Tells whether it may wait for the next ones.
    pub(crate) fn beat(&mut self, now: Instant, rules: CorkRules) -> bool {
        self.n_heard += 1;
        let elapsed = now.saturating_duration_since(*self.since.get_or_insert(now));
        if elapsed >= WINDOW {
            let n_in_tick = f64::from(self.n_heard) * rules.tick.as_secs_f64() / elapsed.as_secs_f64();
            self.is_busy = n_in_tick >= WORTHWHILE && n_in_tick < rules.messages_max as f64;
            (self.since, self.n_heard) = (Some(now), 0);
        }
        self.is_busy
    }
}

/// Over which time messages are counted: several ticks, and short beside the time in which play gets quiet.
const WINDOW: Duration = Duration::from_millis(50);

/// How many messages a tick has to bring, so that holding back saves at least a third of the writes.
const WORTHWHILE: f64 = 1.5;

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: CorkRules = CorkRules { tick: Duration::from_millis(3), messages_max: 32 };

    /// Whether the last of as many messages as come in half a second may wait.
    fn waits_at(per_second: u32) -> bool {
        let (mut pulse, start) = (Pulse::default(), Instant::now());
        (0..per_second / 2).map(|n| pulse.beat(start + Duration::from_secs(1) / per_second * n, RULES)).last()
            == Some(true)
    }

    #[test]
    fn what_comes_seldom_or_in_floods_does_not_wait() {
        let waits = [20, 140, 400, 900, 2_000, 9_000, 20_000, 100_000].map(waits_at);
        assert_eq!(waits, [false, false, false, true, true, true, false, false]);
    }

    #[test]
    fn after_a_silence_the_first_message_does_not_wait() {
        let (mut pulse, start) = (Pulse::default(), Instant::now());
        let last = |pulse: &mut Pulse| {
            (0..200).map(|ms| pulse.beat(start + Duration::from_millis(ms), RULES)).last()
        };
        assert_eq!(last(&mut pulse), Some(true));
        assert!(!pulse.beat(start + Duration::from_secs(2), RULES));
    }
}
