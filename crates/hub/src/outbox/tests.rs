//! What is taken after what was pushed, when, and how it ends.

use std::time::Duration;

use serde_json::{Value, json};
use signal_fish_protocol::{DeliveryLabel, Epoch, PlayerId, SenderStamp, Uuid};

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

/// One that reads version 3, and so can be told what it misses.
fn settled(limits: OutboxLimits, now: Instant) -> Arc<Outbox> {
    let outbox = Outbox::new(limits, ControlEncoding::Json, None, Metrics::new());
    outbox.settle(now, Wire::json(ProtocolVersion::V3));
    outbox
}

fn relay(class: Option<DeliveryClass>, key: Option<u32>, seq: u64) -> RelayStamp {
    let label = DeliveryLabel::new(class, key).unwrap();
    RelayStamp { from: PlayerId::new(Uuid::nil()), stamp: SenderStamp { epoch: Epoch::FIRST, seq }, label }
}

/// All that is taken: the lengths of binary frames, and text as JSON.
fn take_values(outbox: &Outbox) -> Vec<Value> {
    let (mut batch, cx) = (Vec::new(), Context::from_waker(Waker::noop()));
    while let Poll::Ready(Taken::Frames) = outbox.poll_take(&cx, &mut batch, usize::MAX) {}
    let value = |frame: &Frame| match frame.kind {
        FrameKind::Binary => json!(frame.bytes.len()),
        FrameKind::Text => serde_json::from_slice(&frame.bytes).unwrap(),
    };
    batch.iter().map(value).collect()
}

fn gap(seq: (u64, u64), reason: &str) -> Value {
    let from_player = "00000000-0000-0000-0000-000000000000";
    json!({"from_player": from_player, "epoch": 1, "from_seq": seq.0, "to_seq": seq.1, "reason": reason})
}

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
    let (outbox, now) = (Outbox::new(LIMITS, ControlEncoding::Json, None, Metrics::new()), Instant::now());
    for len in [1, 2, 3] {
        outbox.push(now, frame(len));
    }
    assert_eq!(take_all(&outbox), (vec![1, 2, 3], None));
    outbox.end(CloseCode::Normal);
    assert_eq!(take_all(&outbox), (vec![], Some(CloseCode::Normal)));
}

#[test]
fn a_burst_of_bytes_may_wait_for_a_while_and_only_so_much() {
    let (outbox, start) = (Outbox::new(LIMITS, ControlEncoding::Json, None, Metrics::new()), Instant::now());
    (0..3).for_each(|_| outbox.push(start, frame(999)));
    outbox.push(start + Duration::from_secs(5), frame(1));
    assert_eq!(take_all(&outbox), (vec![999, 999, 999, 1], None));
    (0..3).for_each(|_| outbox.push(start, frame(999)));
    outbox.push(start + Duration::from_secs(6), frame(1));
    assert_eq!(take_all(&outbox).1, Some(CloseCode::SlowConsumer));

    let (outbox, now) = (Outbox::new(LIMITS, ControlEncoding::Json, None, Metrics::new()), Instant::now());
    (0..33).for_each(|_| outbox.push(now, frame(999)));
    let (taken, ending) = take_all(&outbox);
    assert_eq!(ending, Some(CloseCode::SlowConsumer));
    assert_eq!(taken.len(), 1, "only the farewell");
}

#[test]
fn too_many_messages_end_it_after_a_while_unless_they_are_taken() {
    let (outbox, start) = (Outbox::new(LIMITS, ControlEncoding::Json, None, Metrics::new()), Instant::now());
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
    let (outbox, now) = (Outbox::new(LIMITS, ControlEncoding::Json, None, Metrics::new()), Instant::now());
    outbox.push(now, frame(1_000));
    outbox.push(now, frame(1_001));
    assert_eq!(take_all(&outbox), (vec![1_000], Some(CloseCode::OutboundTooLarge)));
}

#[test]
fn the_first_reason_wins_unless_the_server_stops() {
    let outbox = Outbox::new(LIMITS, ControlEncoding::Json, None, Metrics::new());
    outbox.end(CloseCode::Normal);
    outbox.end(CloseCode::IdleTimeout);
    outbox.push(Instant::now(), frame(1));
    assert_eq!(take_all(&outbox), (vec![], Some(CloseCode::Normal)));
    outbox.end(CloseCode::ServerShutdown);
    assert_eq!(take_all(&outbox), (vec![], Some(CloseCode::ServerShutdown)));
}

#[test]
fn the_taker_is_woken_by_a_message_and_by_the_end() {
    let outbox = Outbox::new(LIMITS, ControlEncoding::Json, None, Metrics::new());
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
    let outbox = Outbox::new(LIMITS, ControlEncoding::Json, None, Metrics::new());
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

#[test]
fn a_newer_message_of_a_key_takes_the_place_of_the_waiting_one() {
    let now = Instant::now();
    let latest = |key, seq| relay(Some(DeliveryClass::Latest), Some(key), seq);
    let outbox = settled(LIMITS, now);
    for (len, relay) in [(1, latest(7, 1)), (2, latest(8, 2)), (3, relay(None, None, 3)), (4, latest(7, 4))] {
        outbox.push_game_data(now, frame(len), &relay);
    }
    let taken = take_values(&outbox);
    assert_eq!(taken[0]["data"]["gaps"], json!([gap((1, 1), "latest_superseded")]));
    assert_eq!(taken[1..], [json!(2), json!(3), json!(4)]);
    outbox.push_game_data(now, frame(5), &latest(7, 5));
    assert_eq!(take_values(&outbox), [json!(5)], "what was taken is not replaced");
}

#[test]
fn a_full_queue_takes_nothing_more_that_may_be_left_out_but_what_replaces() {
    let now = Instant::now();
    let outbox = settled(LIMITS, now);
    let lossy = |key: Option<u32>| match key {
        Some(_) => Some(DeliveryClass::Latest),
        None => Some(DeliveryClass::Volatile),
    };
    let keys = [None, Some(1), None, None, Some(2), Some(1), Some(1)];
    for (seq, key) in (1..).zip(keys) {
        outbox.push_game_data(now, frame(seq as usize), &relay(lossy(key), key, seq));
    }
    // Reliable data has its place all the same.
    outbox.push_game_data(now, frame(8), &relay(None, None, 8));
    let taken = take_values(&outbox);
    let frames = |taken: &[Value]| taken.iter().filter(|value| value.is_u64()).cloned().collect::<Vec<_>>();
    assert_eq!(frames(&taken), [1, 3, 7, 8]);
    let gaps: Vec<_> = taken.iter().filter_map(|value| value["data"]["gaps"].as_array()).flatten().collect();
    assert_eq!(
        gaps,
        [
            &gap((2, 2), "latest_superseded"),
            &gap((4, 4), "volatile_dropped"),
            &gap((5, 5), "latest_dropped_full"),
            &gap((6, 6), "latest_superseded"),
        ]
    );
    let last = taken.iter().rfind(|value| value.is_object()).unwrap();
    let latest =
        json!({"delivered": 0, "superseded": 2, "dropped_full": 1, "abandoned": 0, "unsupported_format": 0});
    let volatile = json!({"delivered": 2, "dropped": 1, "abandoned": 0, "unsupported_format": 0});
    assert_eq!(
        [&last["data"]["per_class"]["latest"], &last["data"]["per_class"]["volatile"]],
        [&latest, &volatile]
    );
}

#[test]
fn a_newer_message_that_has_no_room_leaves_the_waiting_one() {
    let now = Instant::now();
    let outbox = settled(OutboxLimits { bytes_max: 500, ..LIMITS }, now);
    for (seq, len) in [(1, 400), (2, 600)] {
        outbox.push_game_data(now, frame(len), &relay(Some(DeliveryClass::Latest), Some(1), seq));
    }
    let taken = take_values(&outbox);
    assert_eq!(taken[0], 400);
    assert_eq!(taken[1]["data"]["gaps"], json!([gap((2, 2), "latest_dropped_full")]));
}

#[test]
fn a_gap_is_told_before_the_complaint_about_it_and_grows_until_then() {
    let now = Instant::now();
    let outbox = settled(LIMITS, now);
    let miss = |seq| outbox.push_gap(now, &relay(None, None, seq));
    miss(1);
    miss(2);
    outbox.push(now, frame(0));
    miss(3);
    let taken = take_values(&outbox);
    assert_eq!(taken[0]["data"]["gaps"], json!([gap((1, 2), "unsupported_format")]));
    assert_eq!(taken[1], 0);
    assert_eq!(taken[2]["data"]["gaps"], json!([gap((3, 3), "unsupported_format")]));
}

#[test]
fn what_meets_is_one_gap_but_not_across_rooms() {
    let now = Instant::now();
    let outbox = settled(OutboxLimits { messages_max: 100, ..LIMITS }, now);
    let latest =
        |seq| outbox.push_game_data(now, frame(9), &relay(Some(DeliveryClass::Latest), Some(1), seq));
    for _ in [1, 2] {
        // Others are heard in between.
        (1..=3).for_each(|seq| {
            latest(seq);
            outbox.push(now, frame(0));
        });
        outbox.enter_room();
        (4..=5).for_each(latest);
        let taken = take_values(&outbox);
        let gaps: Vec<_> =
            taken.iter().map(|value| &value["data"]["gaps"]).filter(|gaps| gaps.is_array()).collect();
        assert_eq!(
            gaps,
            [&json!([gap((1, 2), "latest_superseded")]), &json!([gap((4, 4), "latest_superseded")])]
        );
        assert_eq!(taken.iter().filter(|value| **value == 9).count(), 2, "the newest in each room");
    }
}

#[test]
fn version_2_gets_all_of_every_class() {
    let now = Instant::now();
    let outbox = Outbox::new(LIMITS, ControlEncoding::Json, None, Metrics::new());
    outbox.settle(now, Wire::json(ProtocolVersion::V2));
    for (seq, key) in [(1, Some(1)), (2, Some(1)), (3, None), (4, None), (5, None)] {
        let class = if key.is_some() { DeliveryClass::Latest } else { DeliveryClass::Volatile };
        outbox.push_game_data(now, frame(seq as usize), &relay(Some(class), key, seq));
    }
    assert_eq!(take_values(&outbox), [1, 2, 3, 4, 5]);
}

#[test]
fn more_gaps_than_a_report_may_have_are_several_reports() {
    let now = Instant::now();
    let outbox = settled(
        OutboxLimits { message_bytes_max: 100_000, messages_max: 1, bytes_max: 10_000, ..LIMITS },
        now,
    );
    outbox.push(now, frame(0));
    for seq in 0..600 {
        let key = (seq % 2 == 0).then_some(1);
        let class = if key.is_some() { DeliveryClass::Latest } else { DeliveryClass::Volatile };
        outbox.push_game_data(now, frame(0), &relay(Some(class), key, seq + 1));
    }
    let taken = take_values(&outbox);
    let n_gaps: Vec<_> =
        taken.iter().filter_map(|value| Some(value["data"]["gaps"].as_array()?.len())).collect();
    assert_eq!(n_gaps, [256, 256, 88]);
}

#[test]
fn more_gaps_than_clients_keep_track_of_are_the_end() {
    let now = Instant::now();
    let outbox = settled(OutboxLimits { messages_max: 1, bytes_max: 100_000, ..LIMITS }, now);
    let cx = Context::from_waker(Waker::noop());
    outbox.push(now, frame(0));
    for seq in 1..=1_001 {
        assert!(outbox.poll_ending(&cx).is_pending());
        let key = (seq % 2 == 0).then_some(1);
        let class = if key.is_some() { DeliveryClass::Latest } else { DeliveryClass::Volatile };
        outbox.push_game_data(now, frame(0), &relay(Some(class), key, seq));
    }
    assert_eq!(outbox.poll_ending(&cx), Poll::Ready(CloseCode::SlowConsumer));
}

#[test]
fn a_message_may_not_wait_for_too_long_however_little_waits() {
    let (limits, start) = (OutboxLimits { messages_max: 100, ..LIMITS }, Instant::now());
    let outbox = Outbox::new(limits, ControlEncoding::Json, None, Metrics::new());
    let cx = Context::from_waker(Waker::noop());
    let push = |second| outbox.push(start + Duration::from_secs(second), frame(1));
    (0..3).for_each(|_| push(0));
    assert!(outbox.poll_take(&cx, &mut Vec::new(), 1).is_ready());
    // The other two are counted from here on.
    push(10);
    push(25);
    assert!(outbox.poll_ending(&cx).is_pending());
    push(26);
    assert_eq!(outbox.poll_ending(&cx), Poll::Ready(CloseCode::SlowConsumer));
}

#[test]
fn who_gets_game_data_is_told_how_much_once_in_a_while() {
    let start = Instant::now();
    let outbox = settled(OutboxLimits { stats_interval: Some(Duration::from_secs(5)), ..LIMITS }, start);
    let push = |second, seq| {
        let volatile = relay(Some(DeliveryClass::Volatile), None, seq);
        outbox.push_game_data(start + Duration::from_secs(second), frame(1), &volatile);
    };
    push(4, 1);
    assert_eq!(take_values(&outbox), [1]);
    (2..=5).for_each(|seq| push(5, seq));
    let told = |taken: &[Value]| {
        let [.., stats, report] = taken else { panic!("{taken:?}") };
        assert_eq!((&stats["type"], &report["type"]), (&json!("RelayStats"), &json!("DeliveryReport")));
        assert_eq!(report["data"].get("gaps"), None);
        stats["data"].clone()
    };
    let stats = |sent, full| json!({"interval_ms": 5_000, "sent_to_you": sent, "dropped_for_you": 1, "backpressure_events": full});
    assert_eq!(told(&take_values(&outbox)), stats(4, 1));
    push(9, 6);
    assert_eq!(take_values(&outbox), [1]);
    push(10, 7);
    assert_eq!(told(&take_values(&outbox)), stats(6, 1));
}

#[derive(Default)]
struct Wakes(std::sync::atomic::AtomicUsize);

impl std::task::Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}
