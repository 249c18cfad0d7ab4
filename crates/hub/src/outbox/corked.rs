//! What waits for the end of a tick, and what does not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;
use std::time::Duration;

use signal_fish_protocol::{DeliveryLabel, Epoch, PlayerId, SenderStamp, Uuid};

use super::*;
use crate::cork::CorkRules;
use crate::frame::FrameKind;

const RULES: CorkRules = CorkRules { tick: Duration::from_millis(4), messages_max: 8 };

/// One that hears a message in every millisecond, and its task.
struct Busy {
    outbox: Arc<Outbox>,
    wakes: Arc<Wakes>,
    now: Instant,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Busy {
    fn new(corks: Corks) -> Self {
        let outbox = Outbox::new(
            crate::HubConfig::default().outbox,
            ControlEncoding::Json,
            Some(corks),
            Metrics::new(),
        );
        let mut busy = Self { outbox, wakes: Arc::default(), now: Instant::now() };
        for _ in 0..200 {
            busy.hear();
            busy.take();
        }
        // What is held back by now comes at the end of the tick.
        busy.outbox.release();
        busy.take();
        busy.n_wakes();
        busy
    }

    fn hear(&mut self) {
        self.now += Duration::from_millis(1);
        let label = DeliveryLabel::new(None, None).unwrap();
        let stamp = SenderStamp { epoch: Epoch::FIRST, seq: 1 };
        let relay = RelayStamp { from: PlayerId::new(Uuid::nil()), stamp, label };
        let frame = Frame { kind: FrameKind::Binary, bytes: vec![0; 64].into() };
        self.outbox.push_game_data(self.now, frame, &relay);
    }

    /// How many frames can be taken.
    fn take(&self) -> usize {
        let (mut batch, waker) = (Vec::new(), Waker::from(Arc::clone(&self.wakes)));
        let cx = Context::from_waker(&waker);
        while self.outbox.poll_take(&cx, &mut batch, usize::MAX) == Poll::Ready(Taken::Frames) {}
        batch.len()
    }

    fn n_wakes(&self) -> usize {
        self.wakes.0.swap(0, Ordering::Relaxed)
    }
}

#[test]
fn game_data_waits_for_the_end_of_the_tick_and_then_goes_together() {
    let mut busy = Busy::new(Corks::new(RULES).0);
    (0..3).for_each(|_| busy.hear());
    assert_eq!((busy.n_wakes(), busy.take()), (0, 0));
    busy.outbox.release();
    assert_eq!((busy.n_wakes(), busy.take()), (1, 3));
}

#[test]
fn what_is_no_game_data_goes_at_once_with_all_before_it() {
    let mut busy = Busy::new(Corks::new(RULES).0);
    busy.hear();
    busy.outbox.push(busy.now, Frame { kind: FrameKind::Text, bytes: b"{}".as_slice().into() });
    assert_eq!((busy.n_wakes(), busy.take()), (1, 2));
}

#[test]
fn the_end_does_not_wait() {
    let mut busy = Busy::new(Corks::new(RULES).0);
    busy.hear();
    busy.outbox.end(CloseCode::Normal);
    assert_eq!((busy.n_wakes(), busy.take()), (1, 1));
}

#[test]
fn no_more_waits_than_is_worth_it() {
    let mut busy = Busy::new(Corks::new(RULES).0);
    (0..7).for_each(|_| busy.hear());
    assert_eq!((busy.n_wakes(), busy.take()), (0, 0));
    busy.hear();
    assert_eq!((busy.n_wakes(), busy.take()), (1, 8));
}

#[tokio::test(start_paused = true)]
async fn ticks_end_by_themselves() {
    let (corks, queue) = Corks::new(RULES);
    let ticks = tokio::spawn(queue.run());
    let mut busy = Busy::new(corks);
    for _ in 0..3 {
        busy.hear();
        assert_eq!(busy.take(), 0);
        tokio::time::sleep(RULES.tick + Duration::from_millis(1)).await;
        assert_eq!(busy.take(), 1);
    }
    drop(busy);
    ticks.await.unwrap();
}
