//! What is taken after what was pushed, when, and how it ends.

use std::time::Duration;

use super::*;
use crate::frame::FrameKind;

const LIMITS: OutboxLimits = OutboxLimits {
    message_bytes_max: 1_000,
    messages_max: 3,
    bytes_max: 2_000,
    slow_after: Duration::from_secs(5),
    sojourn_max: Duration::from_secs(15),
    stats_interval: None,
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
    let (outbox, now) = (Outbox::new(LIMITS), Instant::now());
    for len in [1, 2, 3] {
        outbox.push(now, frame(len));
    }
    assert_eq!(take_all(&outbox), (vec![1, 2, 3], None));
    outbox.end(CloseCode::Normal);
    assert_eq!(take_all(&outbox), (vec![], Some(CloseCode::Normal)));
}

#[test]
fn a_burst_of_bytes_may_wait_for_a_while_and_only_so_much() {
    let (outbox, start) = (Outbox::new(LIMITS), Instant::now());
    (0..3).for_each(|_| outbox.push(start, frame(999)));
    outbox.push(start + Duration::from_secs(5), frame(1));
    assert_eq!(take_all(&outbox), (vec![999, 999, 999, 1], None));
    (0..3).for_each(|_| outbox.push(start, frame(999)));
    outbox.push(start + Duration::from_secs(6), frame(1));
    assert_eq!(take_all(&outbox).1, Some(CloseCode::SlowConsumer));

    let (outbox, now) = (Outbox::new(LIMITS), Instant::now());
    (0..33).for_each(|_| outbox.push(now, frame(999)));
    let (taken, ending) = take_all(&outbox);
    assert_eq!(ending, Some(CloseCode::SlowConsumer));
    assert_eq!(taken.len(), 1, "only the farewell");
}

#[test]
fn too_many_messages_end_it_after_a_while_unless_they_are_taken() {
    let (outbox, start) = (Outbox::new(LIMITS), Instant::now());
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
    let (outbox, now) = (Outbox::new(LIMITS), Instant::now());
    outbox.push(now, frame(1_000));
    outbox.push(now, frame(1_001));
    assert_eq!(take_all(&outbox), (vec![1_000], Some(CloseCode::OutboundTooLarge)));
}

#[test]
fn the_first_reason_wins_unless_the_server_stops() {
    let outbox = Outbox::new(LIMITS);
    outbox.end(CloseCode::Normal);
    outbox.end(CloseCode::IdleTimeout);
    outbox.push(Instant::now(), frame(1));
    assert_eq!(take_all(&outbox), (vec![], Some(CloseCode::Normal)));
    outbox.end(CloseCode::ServerShutdown);
    assert_eq!(take_all(&outbox), (vec![], Some(CloseCode::ServerShutdown)));
}

#[test]
fn the_taker_is_woken_by_a_message_and_by_the_end() {
    let outbox = Outbox::new(LIMITS);
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let wait = || {
        let waiting = outbox.poll_take(&Context::from_waker(&waker), &mut Vec::new(), 100);
        waiting.is_pending()
    };
    assert!(wait());
    outbox.push(Instant::now(), frame(1));
    outbox.push(Instant::now(), frame(1));
    assert_eq!(wakes.0.load(std::sync::atomic::Ordering::Relaxed), 1, "once for as long as it does not wait");
    assert!(!wait() && wait());
    outbox.end(CloseCode::Normal);
    assert_eq!(wakes.0.load(std::sync::atomic::Ordering::Relaxed), 2);
}

#[test]
fn a_task_that_cannot_take_is_woken_only_by_the_end() {
    let outbox = Outbox::new(LIMITS);
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
