//! When what waits for one connection is too much, and what happens then. Nobody who fills it ever waits.

#[cfg(test)]
mod corked;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};
use signal_fish_protocol::{
    CloseCode, ControlEncoding, DeliveryClass, DeliveryCounters, DeliveryGap, DeliveryGapReason,
    ProtocolVersion, RelayStamp,
};

use crate::backlog;
use crate::config::OutboxLimits;
use crate::cork::{Corks, Pulse};
use crate::farewell;
use crate::frame::Frame;
use crate::link::Wire;
use crate::metrics::{Metrics, since};
use crate::queue::{Queue, cost};
use crate::reports::{Reports, Stats};

/// The queue of one connection. Rooms and sessions push, the connection's own task takes.
///
/// One order for everything: a reply, a broadcast and a game message arrive as they were pushed. Game data that its
/// sender lets go of may be left out, where the recipient can be told: `latest` for a newer one of the same key, and
/// `latest` and `volatile` when the queue is full. Everything else is never dropped. Should that be too much, or wait
/// for too long, the connection ends as a slow consumer.
#[derive(Debug)]
pub struct Outbox {
    state: Mutex<State>,
    limits: OutboxLimits,
    /// What holds game data back, if anything.
    corks: Option<Corks>,
    /// Whether the state has an ending, to be asked with every message that comes in.
    has_ended: AtomicBool,
    metrics: Arc<Metrics>,
}

/// What waits for one connection, and what became of all that did.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) n_messages: usize,
    pub(crate) n_bytes: usize,
    /// Since when at least some of it waits.
    pub(crate) since: Option<Instant>,
    pub(crate) counters: DeliveryCounters,
}

/// What [`Outbox::poll_take`] came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// There are frames in the batch.
    Frames,
    /// Nothing is left, and nothing will come: close with this code.
    Ending(CloseCode),
}

#[derive(Debug, Default)]
struct State {
    queue: Queue,
    /// Since when it was found full, each time that something came.
    full_since: Option<Instant>,
    /// When the queue was last marked.
    marked_at: Option<Instant>,
    /// How often it was, over and over: the wait of some is measured.
    n_marks: u8,
    ending: Option<CloseCode>,
    /// The connection's task, while it waits.
    taker: Option<(Waker, Awaits)>,
    /// How its reader is told why it ends.
    encoding: ControlEncoding,
    /// How reports are written, for a connection that reads them.
    reports: Option<Reports>,
    stats: Option<Box<Stats>>,
    backlog: backlog::Part,
    pulse: Pulse,
    /// Whether what is queued waits for the end of the tick.
    is_held: bool,
}

/// What a connection's task waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Awaits {
    /// Something to take, or the end.
    Frames,
    /// Only the end.
    Ending,
}

impl Outbox {
    pub(crate) fn new(
        limits: OutboxLimits,
        encoding: ControlEncoding,
        corks: Option<Corks>,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        let state = Mutex::new(State { encoding, ..State::default() });
        Arc::new(Self { state, limits, corks, has_ended: AtomicBool::new(false), metrics })
    }

    /// It is settled how the connection reads. If that is version 3, then from now on game data may be left out.
    pub(crate) fn settle(&self, now: Instant, wire: Wire) {
        if wire.version >= ProtocolVersion::V3 {
            let mut state = self.state.lock();
            state.reports = Some(Reports { wire, gaps_max: self.limits.gaps_max() });
            state.stats = self.limits.stats_interval.map(|interval| Box::new(Stats::new(now, interval)));
        }
    }

    /// Whether the connection is about to end: nothing that its client says counts any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    /// Where is counted what is said to this connection.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What waits at this moment.
    pub(crate) fn look(&self) -> Waiting {
        let mut state = self.state.lock();
        Waiting {
            n_messages: state.queue.len(),
            n_bytes: state.queue.n_bytes(),
            since: state.marked_at.filter(|_| state.queue.is_marked()),
            counters: *state.queue.counters_mut(),
        }
    }

    /// Its part of all that waits for everyone.
    pub(crate) fn n_bytes_counted(&self) -> usize {
        self.state.lock().backlog.n_bytes()
    }

    /// With what the connection is about to be closed, if it is.
    pub(crate) fn ending(&self) -> Option<CloseCode> {
        self.state.lock().ending
    }

    /// The largest message that may be pushed.
    pub(crate) const fn message_bytes_max(&self) -> usize {
        self.limits.message_bytes_max
    }

    /// Queues a message. If that is more than may wait, the connection ends as a slow consumer instead.
    pub(crate) fn push(&self, now: Instant, frame: Frame) {
        self.change(|state| {
            if state.admits(&frame, &self.limits) {
                state.queue.push(frame);
                state.look_at(now, &self.limits);
            }
        });
    }

    /// As [`Outbox::push`], for game data, some of which may be left out and some of which may wait for more.
    pub(crate) fn push_game_data(self: &Arc<Self>, now: Instant, frame: Frame, relay: &RelayStamp) {
        let mut state = self.state.lock();
        let was_full = state.full_since.is_some();
        if state.admits(&frame, &self.limits) {
            state.push_game_data(now, frame, relay, &self.limits);
            state.look_at(now, &self.limits);
        } else {
            self.metrics.figures.deliveries_channel_closed.increment(1);
        }
        self.note_filled(was_full, &state);
        match &self.corks {
            Some(corks) if state.may_wait(now, corks) => {
                if !std::mem::replace(&mut state.is_held, true) {
                    drop(state);
                    corks.hold(Arc::clone(self));
                }
            }
            Some(_) | None => self.rouse(state),
        }
    }

    /// The tick is over: what was held back may be taken.
    pub(crate) fn release(&self) {
        let state = self.state.lock();
        if state.is_held {
            self.rouse(state);
        }
    }

    /// The connection has entered a room.
    pub(crate) fn enter_room(&self) {
        self.state.lock().queue.enter_room();
    }

    /// Leaves out game data that this connection cannot read, and reports it where that can be told.
    pub(crate) fn push_gap(&self, now: Instant, relay: &RelayStamp) {
        self.change(|state| {
            if state.reports.is_some() && state.ending.is_none() {
                state.queue.omit(relay, DeliveryGapReason::UnsupportedFormat);
                state.look_at(now, &self.limits);
            }
        });
    }

    /// Reports game data of the time before this connection had its seat, which nobody has any more.
    pub(crate) fn push_missed(&self, now: Instant, gap: DeliveryGap) {
        self.change(|state| {
            if state.reports.is_some() && state.ending.is_none() {
                state.queue.miss(gap);
                state.look_at(now, &self.limits);
            }
        });
    }

    /// Ends the connection after what is queued, with the farewell that belongs to `code`. The first reason
    /// wins, unless the server stops.
    pub(crate) fn end(&self, code: CloseCode) {
        self.change(|state| state.end(code));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        let was_full = state.full_since.is_some();
        change(&mut state);
        self.note_filled(was_full, &state);
        self.rouse(state);
    }

    /// Counts it if the queue is full now and was not before.
    fn note_filled(&self, was_full: bool, state: &State) {
        if state.full_since.is_some() && !was_full {
            self.metrics.figures.backpressure_events.increment(1);
        }
    }

    /// Lets the connection's task know what there is for it.
    fn rouse(&self, mut state: MutexGuard<'_, State>) {
        state.is_held = false;
        let has_ended = state.ending.is_some();
        if has_ended {
            self.has_ended.store(true, Ordering::Relaxed);
        }
        let taker = state.taker.take_if(|(_, awaits)| has_ended || *awaits == Awaits::Frames);
        // Woken up only now: its first step is to take the lock.
        drop(state);
        if let Some((taker, _)) = taker {
            taker.wake();
        }
    }

    /// Moves the oldest frames into `batch` until that holds `bytes_max` bytes or nothing is left. Waits while
    /// there is nothing to take, or it is held back, and no end in sight.
    pub fn poll_take(&self, cx: &Context<'_>, batch: &mut Vec<Frame>, bytes_max: usize) -> Poll<Taken> {
        let mut state = self.state.lock();
        if !state.queue.is_empty() && !state.is_held {
            state.take(batch, bytes_max, &self.limits, &self.metrics);
            return Poll::Ready(Taken::Frames);
        }
        if let Some(code) = state.ending {
            return Poll::Ready(Taken::Ending(code));
        }
        state.taker = Some((cx.waker().clone(), Awaits::Frames));
        Poll::Pending
    }

    /// Waits for the end alone, and says why it came: for a task that can take nothing because its peer does not
    /// read. What is queued then may be taken or not.
    pub fn poll_ending(&self, cx: &Context<'_>) -> Poll<CloseCode> {
        let mut state = self.state.lock();
        if let Some(code) = state.ending {
            return Poll::Ready(code);
        }
        state.taker = Some((cx.waker().clone(), Awaits::Ending));
        Poll::Pending
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let queue = &mut self.state.get_mut().queue;
        queue.abandon();
        self.metrics.ended(queue.counters_mut());
    }
}

impl State {
    /// Whether the frame may be queued. One that is too long ends the connection.
    fn admits(&mut self, frame: &Frame, limits: &OutboxLimits) -> bool {
        if self.ending.is_none() && frame.bytes.len() > limits.message_bytes_max {
            self.end(CloseCode::OutboundTooLarge);
        }
        self.ending.is_none()
    }

    fn push_game_data(&mut self, now: Instant, frame: Frame, relay: &RelayStamp, limits: &OutboxLimits) {
        let class = relay.label.class();
        let dropped = match class {
            DeliveryClass::Latest => DeliveryGapReason::LatestDroppedFull,
            DeliveryClass::Volatile => DeliveryGapReason::VolatileDropped,
            DeliveryClass::Reliable => return self.queue.push_game_data(frame, class),
        };
        if self.reports.is_none() {
            return self.queue.push_game_data(frame, class);
        }
        let replaced = self.queue.replaceable(relay);
        let n_messages = self.queue.len() + 1 - usize::from(replaced.is_some());
        let n_bytes = self.queue.n_bytes() + cost(frame.bytes.len()) - replaced.unwrap_or(0);
        // What may be left out is never what makes the queue too full.
        if is_crowded(n_messages, n_bytes, limits) {
            self.note_full(now);
            self.queue.omit(relay, dropped);
        } else if class == DeliveryClass::Latest {
            self.queue.push_latest(frame, relay);
        } else {
            self.queue.push_game_data(frame, class);
        }
    }

    /// Whether the game data that was queued last may wait for the next. Its task has to be waiting as well: one that
    /// runs writes soon anyway.
    fn may_wait(&mut self, now: Instant, corks: &Corks) -> bool {
        let is_busy = self.pulse.beat(now, corks.rules());
        is_busy
            && self.ending.is_none()
            && matches!(self.taker, Some((_, Awaits::Frames)))
            && self.queue.len() < corks.rules().messages_max
    }

    /// Something was queued: ends the connection if that was too much, or waits for too long.
    fn look_at(&mut self, now: Instant, limits: &OutboxLimits) {
        if let Some(stats) = &mut self.stats {
            stats.look_at(now);
        }
        if self.is_too_slow(now, limits) {
            self.end(CloseCode::SlowConsumer);
        }
    }

    fn is_too_slow(&mut self, now: Instant, limits: &OutboxLimits) -> bool {
        match self.marked_at.filter(|_| self.queue.is_marked()) {
            Some(at) if now.saturating_duration_since(at) > limits.sojourn_max => return true,
            Some(_) => {}
            // One time for all that waits now, and the next once all of that is taken.
            None => {
                self.queue.mark();
                self.marked_at = Some(now);
                self.n_marks = self.n_marks.wrapping_add(1);
            }
        }
        if self.queue.n_gaps_together() > GAPS_TOGETHER_MAX {
            return true;
        }
        let n_bytes = self.queue.n_bytes();
        self.backlog.set(n_bytes);
        if !is_crowded(self.queue.len(), n_bytes, limits) {
            return false;
        }
        if n_bytes > limits.bytes_max.saturating_mul(OutboxLimits::BURST) {
            return true;
        }
        now.saturating_duration_since(self.note_full(now)) > limits.slow_after
    }

    fn is_crowded(&self, limits: &OutboxLimits) -> bool {
        is_crowded(self.queue.len(), self.queue.n_bytes(), limits)
    }

    /// The queue is full at `now`. Tells since when it is.
    fn note_full(&mut self, now: Instant) -> Instant {
        if let Some(stats) = &mut self.stats {
            stats.note_full();
        }
        *self.full_since.get_or_insert(now)
    }

    fn end(&mut self, code: CloseCode) {
        if self.ending.is_some() && code != CloseCode::ServerShutdown {
            return;
        }
        // It did not read these in time, and they would only keep its farewell waiting.
        if code == CloseCode::SlowConsumer
            && self.queue.abandon()
            && let Some(reports) = self.reports
        {
            let n_abandoned = reports.frame(self.queue.counters_mut(), &[]);
            self.queue.push(n_abandoned);
        }
        if let Some(frame) = farewell::frame(code, self.encoding) {
            self.queue.push(frame);
        }
        self.backlog.set(self.queue.n_bytes());
        self.ending = Some(code);
    }

    fn take(&mut self, batch: &mut Vec<Frame>, bytes_max: usize, limits: &OutboxLimits, metrics: &Metrics) {
        let is_measured = self.n_marks % WAITS_MEASURED == 1 && self.queue.is_marked();
        self.queue.take(batch, bytes_max, self.reports);
        if is_measured
            && !self.queue.is_marked()
            && let Some(at) = self.marked_at
        {
            metrics.figures.outbox_wait_seconds.record(since(at));
        }
        self.backlog.set(self.queue.n_bytes());
        if !self.is_crowded(limits) {
            self.full_since = None;
        }
        if let (Some(stats), Some(reports), None) = (&mut self.stats, self.reports, self.ending) {
            batch.extend(stats.take(self.queue.counters_mut(), reports).into_iter().flatten());
        }
    }
}

/// More gaps than this at one place are not told: the published client keeps track of 1,024 that
/// it has yet to see passed, and takes any further one for a mistake of the server.
const GAPS_TOGETHER_MAX: usize = 1_000;

/// One wait in so many is measured: what waits is looked at one message at a time, and the clock costs as much as a push.
const WAITS_MEASURED: u8 = 64;

/// Whether so much is more than may wait for long.
const fn is_crowded(n_messages: usize, n_bytes: usize, limits: &OutboxLimits) -> bool {
    n_bytes > limits.bytes_max || n_messages > limits.messages_max
}
