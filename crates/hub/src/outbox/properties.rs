//! Whatever is pushed and taken in whatever order: what was delivered and what was reported is what was sent.

use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::Value;
use signal_fish_protocol::{
    ControlEncoding, DeliveryClass, DeliveryCounters, DeliveryGap, DeliveryGapReason, DeliveryLabel, Epoch,
    PlayerId, ProtocolVersion, RelayStamp, SenderStamp, Uuid, limits,
};

use super::{Outbox, Taken};
use crate::config::OutboxLimits;
use crate::frame::{Frame, FrameKind};
use crate::link::Wire;
use crate::metrics::Metrics;

proptest! {
    // A seed that failed is written beside this file: commit it.
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_delivered_and_what_is_reported_is_what_was_sent(
        limits in all_limits(),
        moves in prop::collection::vec(moves(), 0..400),
    ) {
        let mut senders = Senders::default();
        let outboxes = [ProtocolVersion::V2, ProtocolVersion::V3].map(|version| {
            let outbox = Outbox::new(limits, ControlEncoding::Json, None, Metrics::new());
            outbox.settle(Instant::now(), Wire::json(version));
            outbox
        });
        let (mut old, mut new) = (Vec::new(), Reader::default());
        for step in moves {
            match step {
                Move::Send(sender, label, len) => {
                    let relay = senders.next(sender, label);
                    for outbox in &outboxes {
                        outbox.push_game_data(now(), frame(&relay, len), &relay);
                    }
                }
                Move::Unreadable(sender, label) => {
                    let relay = senders.next(sender, label);
                    senders.unreadable.push(relay);
                    outboxes.iter().for_each(|outbox| outbox.push_gap(now(), &relay));
                }
                Move::Rejoin(sender) => senders.rejoin(sender),
                Move::Say => outboxes.iter().for_each(|outbox| outbox.push(now(), control())),
                Move::Take(bytes_max) => {
                    old.extend(take(&outboxes[0], bytes_max));
                    new.read(take(&outboxes[1], bytes_max), &senders);
                }
            }
        }
        while let taken @ [_, ..] = &take(&outboxes[0], usize::MAX)[..] {
            old.extend_from_slice(taken);
        }
        while let taken @ [_, ..] = &take(&outboxes[1], 1)[..] {
            new.read(taken.to_vec(), &senders);
        }
        let old: Vec<_> = old.iter().filter(|frame| frame.kind == FrameKind::Binary).map(sent_as).collect();
        let readable: Vec<_> = senders.sent.iter().filter(|relay| !senders.unreadable.contains(relay)).collect();
        assert_eq!(old, readable.iter().map(|relay| (relay.from, relay.stamp)).collect::<Vec<_>>());
        new.finish(&senders);
    }
}

/// One recipient as a strict client sees itself.
#[derive(Default)]
struct Reader {
    /// How far each membership of each sender was delivered, and which gaps were reported beyond.
    heard: BTreeMap<(PlayerId, Epoch), (u64, BTreeMap<u64, DeliveryGap>)>,
    counters: DeliveryCounters,
    n_delivered: [u64; 3],
}

impl Reader {
    fn read(&mut self, frames: Vec<Frame>, senders: &Senders) {
        for frame in frames {
            if frame.kind == FrameKind::Binary {
                self.read_game_data(&frame, senders);
            } else if frame != control() {
                let report: Value = serde_json::from_slice(&frame.bytes).unwrap();
                assert_eq!(report["type"], "DeliveryReport");
                let gaps = serde_json::from_value(report["data"]["gaps"].clone()).unwrap();
                let counters = serde_json::from_value(report["data"]["per_class"].clone()).unwrap();
                self.read_report(gaps, counters, senders);
            }
        }
    }

    fn read_game_data(&mut self, frame: &Frame, senders: &Senders) {
        let (from, SenderStamp { epoch, seq }) = sent_as(frame);
        let (last, gaps) = self.heard.entry((from, epoch)).or_default();
        while *last + 1 < seq {
            let gap = gaps.remove(&(*last + 1)).expect("a hole is reported before what comes after it");
            *last = gap.to_seq;
        }
        assert_eq!(*last + 1, seq, "nothing is delivered twice or after it was given up");
        *last = seq;
        self.n_delivered[senders.of(from, epoch, seq).label.class() as usize] += 1;
    }

    fn read_report(&mut self, gaps: Vec<DeliveryGap>, counters: DeliveryCounters, senders: &Senders) {
        assert!((1..=limits::GAPS_MAX).contains(&gaps.len()));
        let mut expected = self.counters;
        for gap in gaps {
            for seq in gap.from_seq..=gap.to_seq {
                let relay = senders.of(gap.from_player, gap.epoch, seq);
                assert!(senders.may_be_missing(relay, gap.reason), "{relay:?} {gap:?}");
                expected.omitted(relay.label.class(), gap.reason, 1);
            }
            let (last, gaps) = self.heard.entry((gap.from_player, gap.epoch)).or_default();
            assert!(gap.from_seq > *last, "too late");
            assert!(gaps.values().all(|other| gap.from_seq > other.to_seq || gap.to_seq < other.from_seq));
            gaps.insert(gap.from_seq, gap);
        }
        let n_delivered =
            [&counters.reliable.delivered, &counters.latest.delivered, &counters.volatile.delivered];
        assert_eq!(n_delivered.map(|n| *n), self.n_delivered);
        (expected.reliable.delivered, expected.latest.delivered, expected.volatile.delivered) =
            self.n_delivered.into();
        assert_eq!(counters, expected);
        self.counters = counters;
    }

    /// Nothing is unaccounted for.
    fn finish(mut self, senders: &Senders) {
        let mut n_sent = BTreeMap::<_, u64>::new();
        for relay in &senders.sent {
            *n_sent.entry((relay.from, relay.stamp.epoch)).or_default() += 1;
        }
        for (membership, n_sent) in n_sent {
            let (mut last, mut gaps) = self.heard.remove(&membership).unwrap();
            while let Some(gap) = gaps.remove(&(last + 1)) {
                last = gap.to_seq;
            }
            assert_eq!((last, gaps.len()), (n_sent, 0));
        }
    }
}

/// All that was sent.
#[derive(Default)]
struct Senders {
    last_stamps: BTreeMap<u8, SenderStamp>,
    sent: Vec<RelayStamp>,
    unreadable: Vec<RelayStamp>,
}

impl Senders {
    fn next(&mut self, sender: u8, label: DeliveryLabel) -> RelayStamp {
        let last = self.last_stamps.entry(sender).or_insert(SenderStamp { epoch: Epoch::FIRST, seq: 0 });
        last.seq += 1;
        let relay = RelayStamp { from: player(sender), stamp: *last, label };
        self.sent.push(relay);
        relay
    }

    fn rejoin(&mut self, sender: u8) {
        if let Some(last) = self.last_stamps.get_mut(&sender) {
            *last = SenderStamp { epoch: last.epoch.next(), seq: 0 };
        }
    }

    fn of(&self, from: PlayerId, epoch: Epoch, seq: u64) -> &RelayStamp {
        let is_it = |relay: &&RelayStamp| relay.from == from && relay.stamp == SenderStamp { epoch, seq };
        self.sent.iter().find(is_it).expect("it was sent")
    }

    /// Whether the reason is one that this message can have. The newest of its key is never superseded.
    fn may_be_missing(&self, relay: &RelayStamp, reason: DeliveryGapReason) -> bool {
        let is_newer = |other: &RelayStamp| {
            let is_same = other.from == relay.from && other.stamp.epoch == relay.stamp.epoch;
            is_same && other.label.key() == relay.label.key() && other.stamp.seq > relay.stamp.seq
        };
        let is_unreadable = self.unreadable.contains(relay);
        match reason {
            DeliveryGapReason::UnsupportedFormat => is_unreadable,
            DeliveryGapReason::LatestSuperseded => !is_unreadable && self.sent.iter().any(is_newer),
            DeliveryGapReason::LatestDroppedFull => relay.label.class() == DeliveryClass::Latest,
            DeliveryGapReason::VolatileDropped => relay.label.class() == DeliveryClass::Volatile,
            DeliveryGapReason::NotRetained => false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Move {
    Send(u8, DeliveryLabel, usize),
    Unreadable(u8, DeliveryLabel),
    Rejoin(u8),
    Say,
    Take(usize),
}

fn moves() -> impl Strategy<Value = Move> {
    let labels = || {
        prop_oneof![
            1 => Just((None, None)),
            1 => Just((Some(DeliveryClass::Reliable), None)),
            2 => Just((Some(DeliveryClass::Volatile), None)),
            6 => (0..6_u32).prop_map(|key| (Some(DeliveryClass::Latest), Some(key))),
        ]
        .prop_map(|(class, key)| DeliveryLabel::new(class, key).expect("they go together"))
    };
    prop_oneof![
        60 => (0..3_u8, labels(), 0..90_usize).prop_map(|(sender, label, len)| Move::Send(sender, label, len)),
        2 => (0..3_u8, labels()).prop_map(|(sender, label)| Move::Unreadable(sender, label)),
        2 => (0..3_u8).prop_map(Move::Rejoin),
        1 => Just(Move::Say),
        3 => prop_oneof![Just(1), Just(200), Just(usize::MAX)].prop_map(Move::Take),
    ]
}

/// Queues that are full soon or late, and reports that hold one gap, a few, or as many as there may be.
fn all_limits() -> impl Strategy<Value = OutboxLimits> {
    let bytes = prop_oneof![Just(1_000), Just(2_000), Just(100_000)];
    (bytes, prop_oneof![Just(4), Just(30), Just(1_000)], prop_oneof![Just(4_000), Just(40_000)]).prop_map(
        |(message_bytes_max, messages_max, bytes_max)| OutboxLimits {
            message_bytes_max,
            messages_max,
            bytes_max,
            slow_after: Duration::MAX,
            sojourn_max: Duration::MAX,
            stats_interval: None,
        },
    )
}

fn take(outbox: &Outbox, bytes_max: usize) -> Vec<Frame> {
    let (mut batch, cx) = (Vec::new(), Context::from_waker(Waker::noop()));
    match outbox.poll_take(&cx, &mut batch, bytes_max) {
        Poll::Ready(Taken::Frames) => assert!(!batch.is_empty()),
        Poll::Ready(Taken::Ending(code)) => panic!("ended with {code:?}"),
        Poll::Pending => {}
    }
    batch
}

/// Game data that says by itself whose it is.
fn frame(relay: &RelayStamp, len: usize) -> Frame {
    let SenderStamp { epoch, seq } = relay.stamp;
    let mut bytes = relay.from.uuid().as_bytes().to_vec();
    bytes.extend(epoch.number().to_be_bytes());
    bytes.extend(seq.to_be_bytes());
    bytes.resize(bytes.len() + len, 0);
    Frame { kind: FrameKind::Binary, bytes: bytes.into() }
}

fn sent_as(frame: &Frame) -> (PlayerId, SenderStamp) {
    let (from, rest) = frame.bytes.split_first_chunk().unwrap();
    let (epoch, rest) = rest.split_first_chunk().unwrap();
    let epoch = Epoch::new(u32::from_be_bytes(*epoch)).unwrap();
    let seq = u64::from_be_bytes(*rest.first_chunk().unwrap());
    (PlayerId::new(Uuid::from_bytes(*from)), SenderStamp { epoch, seq })
}

fn control() -> Frame {
    Frame { kind: FrameKind::Text, bytes: (*b"{}").into() }
}

fn player(sender: u8) -> PlayerId {
    PlayerId::new(Uuid::from_bytes([sender; 16]))
}

fn now() -> Instant {
    Instant::now()
}
