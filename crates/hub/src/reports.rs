//! What one connection is told about its own game data: what it does not get, and how much it got.

use std::time::{Duration, Instant};

use signal_fish_protocol::{DeliveryCounters, DeliveryReport, RelayStats, ServerMessage};

use crate::frame::Frame;
use crate::gaps::Told;
use crate::link::Wire;

/// How reports are written for one connection, which reads version 3.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reports {
    pub(crate) wire: Wire,
    /// The most gaps in one report.
    pub(crate) gaps_max: usize,
}

/// When a connection is told how much it got, and what has to be known for that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stats {
    interval: Duration,
    due_at: Instant,
    is_due: bool,
    /// Whether the queue was found full since they were last told.
    was_full: bool,
    /// In how many intervals it was.
    n_full: u64,
}

impl Reports {
    /// The report of what was left out. Counters count it only now, so that in each report they have grown by its
    /// gaps.
    pub(crate) fn frame(self, counters: &mut DeliveryCounters, told: &[Told]) -> Frame {
        for told in told {
            counters.omitted(told.class, told.gap.reason, told.n_messages());
        }
        let gaps = told.iter().map(|told| told.gap).collect();
        self.encode(ServerMessage::DeliveryReport(DeliveryReport { per_class: *counters, gaps }))
    }

    fn encode(self, message: ServerMessage<'static>) -> Frame {
        Frame::of(message, self.wire).expect("version 3 knows its own messages")
    }
}

impl Stats {
    pub(crate) fn new(now: Instant, interval: Duration) -> Self {
        Self { interval, due_at: now + interval, is_due: false, was_full: false, n_full: 0 }
    }

    /// Something is queued at `now`.
    pub(crate) fn look_at(&mut self, now: Instant) {
        if now >= self.due_at {
            self.due_at = now + self.interval;
            self.is_due = true;
        }
    }

    /// The queue was found full.
    pub(crate) const fn note_full(&mut self) {
        self.was_full = true;
    }

    /// What is to be told now, if something is.
    pub(crate) fn take(&mut self, counters: &mut DeliveryCounters, reports: Reports) -> Option<[Frame; 2]> {
        if !std::mem::take(&mut self.is_due) {
            return None;
        }
        self.n_full += u64::from(std::mem::take(&mut self.was_full));
        let stats = RelayStats {
            interval_ms: u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX),
            sent_to_you: counters.n_delivered(),
            dropped_for_you: counters.n_omitted(),
            backpressure_events: self.n_full,
        };
        Some([reports.encode(ServerMessage::RelayStats(stats)), reports.frame(counters, &[])])
    }
}
