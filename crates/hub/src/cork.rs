//! Writing once a tick to those who hear much, so that one write carries more.
//!
//! A write to a socket costs about the same for one frame as for thirty. Whoever hears several messages in every tick
//! is written to at its end; everyone else at once, and so is everything that is no game data.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::outbox::Outbox;

/// How game data is held back, to be written together with what follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CorkRules {
    /// For how long. It gets longer by as much as the runtime wakes a task too late: a millisecond while there is
    /// little to do, and more under load.
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
            for n_released in 1..=self.held.len() {
                if let Ok(outbox) = self.held.try_recv() {
                    outbox.release();
                }
                if n_released % TURN == 0 {
                    yield_now().await;
                }
            }
        }
    }
}

/// How much game data one connection hears, and whether it is held back for it.
///
/// Holding back may change what it is gated by: senders who wait for an answer before they send on get slower. So what
/// comes while it is done is compared with what came before.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    since: Option<Instant>,
    n_heard: u32,
    is_corked: bool,
    /// How much came in a window of time before, or later if that was more.
    usual: f64,
    /// Windows for which it is not tried again.
    n_resting: u8,
    /// How often in a row it was given up, within [`TRIES_MAX`].
    n_given_up: u8,
    /// Windows that have gone well since.
    n_steady: u8,
}

impl Pulse {
    /// A message came. Tells whether it may wait for the next ones.
    pub(crate) fn beat(&mut self, now: Instant, rules: CorkRules) -> bool {
        self.n_heard += 1;
        let elapsed = now.saturating_duration_since(*self.since.get_or_insert(now));
        if elapsed >= WINDOW {
            self.decide(f64::from(self.n_heard) / elapsed.as_secs_f64(), rules);
            (self.since, self.n_heard) = (Some(now), 0);
        }
        self.is_corked
    }

    fn decide(&mut self, per_second: f64, rules: CorkRules) {
        let in_tick = per_second * rules.tick.as_secs_f64();
        let is_worthwhile = in_tick >= WORTHWHILE && in_tick < rules.messages_max as f64;
        if !is_worthwhile {
            self.is_corked = false;
        } else if !self.is_corked {
            self.is_corked = self.n_resting == 0;
            self.n_resting = self.n_resting.saturating_sub(1);
            (self.usual, self.n_steady) = (per_second, 0);
        } else if per_second < self.usual * SLOWED {
            self.is_corked = false;
            self.n_resting = 1 << self.n_given_up;
            self.n_given_up = (self.n_given_up + 1).min(TRIES_MAX);
        } else {
            self.usual = self.usual.max(per_second);
            self.n_steady = self.n_steady.saturating_add(1);
            if self.n_steady >= STEADY {
                self.n_given_up = 0;
            }
        }
    }
}

/// After so many it is the turn of others on this thread: of those who were released, and write.
const TURN: usize = 256;

/// Over which time messages are counted: many ticks, and short beside the time in which play gets quiet.
const WINDOW: Duration = Duration::from_millis(50);

/// How many messages a tick has to bring, so that holding back saves at least a third of the writes.
const WORTHWHILE: f64 = 1.5;

/// Less than this part of what came before is a sign that senders wait. Play varies less from one window to the next.
const SLOWED: f64 = 0.75;

/// So often the rest doubles: to more than six seconds, in which less than a hundredth of the time is lost to trying.
const TRIES_MAX: u8 = 7;

/// After so many windows senders do not wait.
const STEADY: u8 = 20;

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

    /// Senders who wait for an answer send 100 messages in every window while nothing is held back, and 50 else.
    #[test]
    fn senders_who_wait_are_hardly_ever_slowed_down() {
        let (mut pulse, start) = (Pulse::default(), Instant::now());
        let (mut now, mut n_waiting, mut n_in_all) = (start, 0, 0);
        while now < start + Duration::from_secs(60) {
            now += if pulse.is_corked { Duration::from_millis(1) } else { Duration::from_micros(500) };
            n_waiting += u32::from(pulse.beat(now, RULES));
            n_in_all += 1;
        }
        assert!((1..n_in_all / 50).contains(&n_waiting), "{n_waiting} of {n_in_all}");
    }

    #[test]
    fn when_play_gets_slower_it_is_held_back_again_soon() {
        let (mut pulse, mut now) = (Pulse::default(), Instant::now());
        let mut play = |millis, gap| {
            (0..millis / gap)
                .map(|_| {
                    now += Duration::from_millis(gap);
                    u64::from(pulse.beat(now, RULES)) * gap
                })
                .sum::<u64>()
        };
        assert!(play(5_000, 1) > 4_800);
        assert!(play(5_000, 2) > 4_600);
    }
}
