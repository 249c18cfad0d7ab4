//! What waits for one connection: bounded, in one order, never waited for by those who fill it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use parking_lot::Mutex;
use signal_fish_protocol::{CloseCode, DeliveryClass, DeliveryGap, DeliveryReport, ServerMessage};
use signal_fish_protocol::{ControlEncoding, DeliveryCounters};

use crate::config::OutboxLimits;
use crate::farewell;
use crate::frame::Frame;
use crate::link::Wire;

/// The queue of one connection. Rooms and sessions push, the connection's own task takes.
///
/// One order for everything: a reply, a broadcast and a game message arrive as they were pushed.
#[derive(Debug)]
pub struct Outbox {
    queue: Mutex<Queue>,
    limits: OutboxLimits,
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
struct Queue {
    frames: VecDeque<Frame>,
    n_bytes: usize,
    /// Since when more has waited than may wait for long.
    crowded_since: Option<Instant>,
    ending: Option<CloseCode>,
    /// The connection's task, while it waits.
    taker: Option<(Waker, Awaits)>,
    /// How its reader is told why it ends.
    encoding: ControlEncoding,
    /// What became of game data for this connection.
    counters: DeliveryCounters,
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
    pub(crate) fn new(limits: OutboxLimits, encoding: ControlEncoding) -> Arc<Self> {
        Arc::new(Self { queue: Mutex::new(Queue { encoding, ..Queue::default() }), limits })
    }

    /// The largest message that may be pushed.
    pub(crate) const fn message_bytes_max(&self) -> usize {
        self.limits.message_bytes_max
    }

    /// Queues a message. If that is more than may wait, the connection ends as a slow consumer instead.
    pub(crate) fn push(&self, now: Instant, frame: Frame) {
        self.change(|queue| queue.push(now, frame, &self.limits));
    }

    /// As [`Outbox::push`], for game data of `class`.
    pub(crate) fn push_game_data(&self, now: Instant, frame: Frame, class: DeliveryClass) {
        self.change(|queue| {
            queue.counters.delivered(class);
            queue.push(now, frame, &self.limits);
        });
    }

    /// Counts game data of `class` as unreadable for this connection and reports the gap, where it can be told.
    pub(crate) fn push_gap(&self, now: Instant, wire: Wire, class: DeliveryClass, gap: DeliveryGap) {
        self.change(|queue| {
            queue.counters.unsupported_format(class);
            let report = DeliveryReport { per_class: queue.counters, gaps: vec![gap] };
            if let Some(frame) = Frame::of(ServerMessage::DeliveryReport(report), wire) {
                queue.push(now, frame, &self.limits);
            }
        });
    }

    /// Ends the connection after what is queued, with the farewell that belongs to `code`. The first reason
    /// wins, unless the server stops.
    pub(crate) fn end(&self, code: CloseCode) {
        self.change(|queue| queue.end(code));
    }

    fn change(&self, change: impl FnOnce(&mut Queue)) {
        let mut queue = self.queue.lock();
        change(&mut queue);
        let has_ended = queue.ending.is_some();
        let taker = queue.taker.take_if(|(_, awaits)| has_ended || *awaits == Awaits::Frames);
        // Woken up only now: its first step is to take the lock.
        drop(queue);
        if let Some((taker, _)) = taker {
            taker.wake();
        }
    }

    /// Moves the oldest frames into `batch` until that holds `bytes_max` bytes or nothing is left. Waits while
    /// there is nothing to take and no end in sight.
    pub fn poll_take(&self, cx: &Context<'_>, batch: &mut Vec<Frame>, bytes_max: usize) -> Poll<Taken> {
        let mut queue = self.queue.lock();
        if !queue.frames.is_empty() {
            queue.take(batch, bytes_max);
            if !queue.is_crowded(&self.limits) {
                queue.crowded_since = None;
            }
            return Poll::Ready(Taken::Frames);
        }
        if let Some(code) = queue.ending {
            return Poll::Ready(Taken::Ending(code));
        }
        queue.taker = Some((cx.waker().clone(), Awaits::Frames));
        Poll::Pending
    }

    /// Waits for the end alone, and says why it came: for a task that can take nothing because its peer does not
    /// read. What is queued then may be taken or not.
    pub fn poll_ending(&self, cx: &Context<'_>) -> Poll<CloseCode> {
        let mut queue = self.queue.lock();
        if let Some(code) = queue.ending {
            return Poll::Ready(code);
        }
        queue.taker = Some((cx.waker().clone(), Awaits::Ending));
        Poll::Pending
    }
}

impl Queue {
    fn push(&mut self, now: Instant, frame: Frame, limits: &OutboxLimits) {
        if self.ending.is_some() {
            return;
        }
        if frame.bytes.len() > limits.message_bytes_max {
            self.end(CloseCode::OutboundTooLarge);
            return;
        }
        self.append(frame);
        if self.is_too_slow(now, limits) {
            self.end(CloseCode::SlowConsumer);
        }
    }

    fn append(&mut self, frame: Frame) {
        self.n_bytes += cost(&frame);
        self.frames.push_back(frame);
    }

    fn is_too_slow(&mut self, now: Instant, limits: &OutboxLimits) -> bool {
        if !self.is_crowded(limits) {
            return false;
        }
        if self.n_bytes > limits.bytes_max.saturating_mul(OutboxLimits::BURST) {
            return true;
        }
        let since = *self.crowded_since.get_or_insert(now);
        now.saturating_duration_since(since) > limits.slow_after
    }

    fn is_crowded(&self, limits: &OutboxLimits) -> bool {
        self.n_bytes > limits.bytes_max || self.frames.len() > limits.messages_max
    }

    fn end(&mut self, code: CloseCode) {
        if self.ending.is_some() && code != CloseCode::ServerShutdown {
            return;
        }
        if code == CloseCode::SlowConsumer {
            // It did not read these in time, and they would only keep its farewell waiting.
            (self.frames, self.n_bytes) = (VecDeque::new(), 0);
        }
        if let Some(frame) = farewell::frame(code, self.encoding) {
            self.append(frame);
        }
        self.ending = Some(code);
    }

    fn take(&mut self, batch: &mut Vec<Frame>, bytes_max: usize) {
        let mut n_bytes = 0;
        while n_bytes < bytes_max
            && let Some(frame) = self.frames.pop_front()
        {
            n_bytes += cost(&frame);
            batch.push(frame);
        }
        self.n_bytes -= n_bytes;
        if self.frames.is_empty() && self.frames.capacity() > KEPT_CAPACITY {
            self.frames = VecDeque::new();
        }
    }
}

/// What a frame counts as: its bytes and what it takes to keep it, so that empty messages are not free.
fn cost(frame: &Frame) -> usize {
    frame.bytes.len() + size_of::<Frame>()
}

/// A queue that was longer than this gives its memory back once it is empty: most connections are quiet.
const KEPT_CAPACITY: usize = 64;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::frame::FrameKind;

    const LIMITS: OutboxLimits = OutboxLimits {
        message_bytes_max: 1_000,
        messages_max: 3,
        bytes_max: 2_000,
        slow_after: Duration::from_secs(5),
    };

    fn frame(len: usize) -> Frame {
        Frame { kind: FrameKind::Binary, bytes: vec![0; len].into() }
    }

    /// The lengths of all that is taken, and the end if that comes.
    fn take_all(outbox: &Outbox) -> (Vec<usize>, Option<CloseCode>) {
        let (mut batch, cx) = (Vec::new(), Context::from_waker(Waker::noop()));
        let ending = loop {
            match outbox.poll_take(&cx, &mut batch, 1) {
                Poll::Ready(Taken::Frames) => {}
                Poll::Ready(Taken::Ending(code)) => break Some(code),
                Poll::Pending => break None,
            }
        };
        (batch.iter().map(|frame| frame.bytes.len()).collect(), ending)
    }

    #[test]
    fn what_was_pushed_first_is_taken_first() {
        let (outbox, now) = (Outbox::new(LIMITS, ControlEncoding::Json), Instant::now());
        for len in [1, 2, 3] {
            outbox.push(now, frame(len));
        }
        assert_eq!(take_all(&outbox), (vec![1, 2, 3], None));
        outbox.end(CloseCode::Normal);
        assert_eq!(take_all(&outbox), (vec![], Some(CloseCode::Normal)));
    }

    #[test]
    fn a_burst_of_bytes_may_wait_for_a_while_and_only_so_much() {
        let (outbox, start) = (Outbox::new(LIMITS, ControlEncoding::Json), Instant::now());
        (0..3).for_each(|_| outbox.push(start, frame(999)));
        outbox.push(start + Duration::from_secs(5), frame(1));
        assert_eq!(take_all(&outbox), (vec![999, 999, 999, 1], None));
        (0..3).for_each(|_| outbox.push(start, frame(999)));
        outbox.push(start + Duration::from_secs(6), frame(1));
        assert_eq!(take_all(&outbox).1, Some(CloseCode::SlowConsumer));

        let (outbox, now) = (Outbox::new(LIMITS, ControlEncoding::Json), Instant::now());
        (0..33).for_each(|_| outbox.push(now, frame(999)));
        let (taken, ending) = take_all(&outbox);
        assert_eq!(ending, Some(CloseCode::SlowConsumer));
        assert_eq!(taken.len(), 1, "only the farewell");
    }

    #[test]
    fn too_many_messages_end_it_after_a_while_unless_they_are_taken() {
        let (outbox, start) = (Outbox::new(LIMITS, ControlEncoding::Json), Instant::now());
        let fill = |at: Duration| (0..4).for_each(|_| outbox.push(start + at, frame(1)));
        fill(Duration::ZERO);
        assert_eq!(take_all(&outbox), (vec![1; 4], None));
        fill(Duration::from_secs(6));
        outbox.push(start + Duration::from_secs(11), frame(1));
        assert_eq!(take_all(&outbox), (vec![1; 5], None), "crowded for no more than five seconds");
        fill(Duration::from_secs(20));
        outbox.push(start + Duration::from_secs(26), frame(1));
        assert_eq!(take_all(&outbox).1, Some(CloseCode::SlowConsumer));
    }

    #[test]
    fn a_message_above_the_announced_size_is_never_sent() {
        let (outbox, now) = (Outbox::new(LIMITS, ControlEncoding::Json), Instant::now());
        outbox.push(now, frame(1_000));
        outbox.push(now, frame(1_001));
        assert_eq!(take_all(&outbox), (vec![1_000], Some(CloseCode::OutboundTooLarge)));
    }

    #[test]
    fn the_first_reason_wins_unless_the_server_stops() {
        let outbox = Outbox::new(LIMITS, ControlEncoding::Json);
        outbox.end(CloseCode::Normal);
        outbox.end(CloseCode::IdleTimeout);
        outbox.push(Instant::now(), frame(1));
        assert_eq!(take_all(&outbox), (vec![], Some(CloseCode::Normal)));
        outbox.end(CloseCode::ServerShutdown);
        assert_eq!(take_all(&outbox), (vec![], Some(CloseCode::ServerShutdown)));
    }

    #[test]
    fn the_taker_is_woken_by_a_message_and_by_the_end() {
        let outbox = Outbox::new(LIMITS, ControlEncoding::Json);
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let wait = || {
            let waiting = outbox.poll_take(&Context::from_waker(&waker), &mut Vec::new(), 100);
            waiting.is_pending()
        };
        assert!(wait());
        outbox.push(Instant::now(), frame(1));
        outbox.push(Instant::now(), frame(1));
        assert_eq!(
            wakes.0.load(std::sync::atomic::Ordering::Relaxed),
            1,
            "once for as long as it does not wait"
        );
        assert!(!wait() && wait());
        outbox.end(CloseCode::Normal);
        assert_eq!(wakes.0.load(std::sync::atomic::Ordering::Relaxed), 2);
    }

    #[test]
    fn a_task_that_cannot_take_is_woken_only_by_the_end() {
        let outbox = Outbox::new(LIMITS, ControlEncoding::Json);
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let cx = Context::from_waker(&waker);
        assert!(outbox.poll_ending(&cx).is_pending());
        outbox.push(Instant::now(), frame(1));
        assert_eq!(wakes.0.load(std::sync::atomic::Ordering::Relaxed), 0);
        (0..33).for_each(|_| outbox.push(Instant::now(), frame(999)));
        assert_eq!(wakes.0.load(std::sync::atomic::Ordering::Relaxed), 1);
        assert_eq!(outbox.poll_ending(&cx), Poll::Ready(CloseCode::SlowConsumer));
    }

    #[derive(Default)]
    struct Wakes(std::sync::atomic::AtomicUsize);

    impl std::task::Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}
