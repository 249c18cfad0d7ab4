//! Random cuts: what a reader heard live, what it hears when it is back and what it is told is missing must be all there
//! was.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use signal_fish_protocol::{DeliveryLabel, Uuid};

use super::*;

#[derive(Clone, Copy, Debug)]
enum Deed {
    /// A sender comes in, or goes.
    Turn { sender: usize },
    /// A sender sends so many messages, if it is there.
    Send { sender: usize, n: u64, is_kept: bool },
    /// A reader is cut off; so many of the latest things for it were still on their way.
    Cut { reader: usize, n_lost: usize },
    /// A reader comes back, if it was cut off.
    Return { reader: usize },
    /// A reader gives up, and somebody else of that number comes in.
    Replace { reader: usize },
    /// Time goes on.
    Wait { seconds: u64 },
}

type Membership = (PlayerId, Epoch);

/// One thing that reaches a reader.
#[derive(Clone, Copy, Debug)]
enum Item {
    Message(Membership, u64),
    Gap(Membership, u64, u64),
    /// Its answer when it came back, without which it would not be back.
    Reconnected,
}

struct Client {
    id: PlayerId,
    is_cut: bool,
    /// What its first snapshot said of each sender.
    known: BTreeMap<Membership, u64>,
    /// All that has reached it since, in order.
    stream: Vec<Item>,
    /// All that was sent since: from after the first number to the second.
    sent: BTreeMap<Membership, (u64, u64)>,
}

struct World {
    now: Instant,
    log: ReplayLog<(Membership, u64)>,
    /// Epoch, number and whether it is there.
    senders: [(Epoch, u64, bool); N_SENDERS],
    clients: Vec<Client>,
    n_clients: u128,
}

// A million messages in a run.
proptest! {
    #[test]
    fn heard_and_told_to_be_missing_is_all_that_was_sent(
        limits in limits(),
        deeds in prop::collection::vec(deeds(), 0..600),
    ) {
        let mut world = World::new(limits);
        deeds.into_iter().for_each(|deed| world.perform(deed));
        for reader in 0..N_READERS {
            world.come_back(reader);
            world.clients[reader].check();
        }
    }
}

impl World {
    fn new(limits: ReplayLimits) -> Self {
        let senders = [(Epoch::FIRST, 0, false); N_SENDERS];
        let log = ReplayLog::new(limits);
        let mut world = Self { now: Instant::now(), log, senders, clients: Vec::new(), n_clients: 0 };
        for _ in 0..N_READERS {
            let client = world.newcomer();
            world.clients.push(client);
        }
        world
    }

    fn perform(&mut self, deed: Deed) {
        match deed {
            Deed::Turn { sender } => {
                let (epoch, seq, is_there) = &mut self.senders[sender];
                *is_there = !*is_there;
                if *is_there {
                    (*epoch, *seq) = (epoch.next(), 0);
                }
            }
            Deed::Send { sender, n, is_kept } => (0..n).for_each(|_| self.send(sender, is_kept)),
            Deed::Cut { reader, n_lost } => self.clients[reader].cut(n_lost),
            Deed::Return { reader } => self.come_back(reader),
            Deed::Replace { reader } => {
                let gone = self.clients[reader].id;
                self.log.keep_readers(|player| player != gone);
                self.clients[reader] = self.newcomer();
            }
            Deed::Wait { seconds } => self.now += Duration::from_secs(seconds),
        }
    }

    fn send(&mut self, sender: usize, is_kept: bool) {
        let (epoch, seq, is_there) = &mut self.senders[sender];
        if !*is_there {
            return;
        }
        *seq += 1;
        let (membership, seq) = ((sender_id(sender), *epoch), *seq);
        let stamp = SenderStamp { epoch: *epoch, seq };
        let relay = RelayStamp { from: membership.0, stamp, label: DeliveryLabel::default() };
        self.log.push(self.now, relay, is_kept.then_some((membership, seq)), 64);
        for client in &mut self.clients {
            client.sent.entry(membership).or_insert((0, 0)).1 = seq;
            if !client.is_cut {
                client.stream.push(Item::Message(membership, seq));
            }
        }
    }

    fn come_back(&mut self, reader: usize) {
        let client = &mut self.clients[reader];
        if !std::mem::replace(&mut client.is_cut, false) {
            return;
        }
        let mut last_seen = client.last_seen();
        // Whom the room does not know, and more than there was: neither does any harm.
        let epoch = Epoch::FIRST;
        last_seen.push(SenderWatermark { player_id: PlayerId::new(Uuid::nil()), epoch, seq: 9 });
        let (players, id) = (watermarks(&self.senders), client.id);
        self.log.trim(self.now);
        let missed = self.log.missed(id, players.into_iter(), &last_seen);
        let items = missed.iter().map(|missed| match missed {
            Missed::Gap(gap) => {
                assert_eq!(gap.reason, DeliveryGapReason::NotRetained);
                Item::Gap((gap.from_player, gap.epoch), gap.from_seq, gap.to_seq)
            }
            Missed::Message(stamp, message) => {
                assert_eq!(((stamp.from, stamp.stamp.epoch), stamp.stamp.seq), **message);
                Item::Message(message.0, message.1)
            }
        });
        client.stream.push(Item::Reconnected);
        client.stream.extend(items);
        self.log.add_reader(id, watermarks(&self.senders).into_iter());
    }

    fn newcomer(&mut self) -> Client {
        self.n_clients += 1;
        let id = PlayerId::new(Uuid::from_u128(1_000 + self.n_clients));
        let players = watermarks(&self.senders);
        self.log.add_reader(id, players.iter().copied());
        let known: BTreeMap<_, _> =
            players.iter().map(|mark| ((mark.player_id, mark.epoch), mark.seq)).collect();
        let sent = known.iter().map(|(key, seq)| (*key, (*seq, *seq))).collect();
        Client { id, is_cut: false, known, stream: Vec::new(), sent }
    }
}

impl Client {
    fn cut(&mut self, n_lost: usize) {
        if !std::mem::replace(&mut self.is_cut, true) {
            let arrived = self.stream.iter().rposition(|item| matches!(item, Item::Reconnected));
            let least = arrived.map_or(0, |at| at + 1);
            self.stream.truncate(self.stream.len().saturating_sub(n_lost).max(least));
        }
    }

    /// The last message of each sender that it has heard; for others, what its first snapshot said.
    fn last_seen(&self) -> Vec<SenderWatermark> {
        let mut latest: BTreeMap<PlayerId, (Epoch, u64)> =
            self.known.iter().map(|(key, seq)| (key.0, (key.1, *seq))).collect();
        for item in &self.stream {
            if let Item::Message((sender, epoch), seq) = item {
                latest.insert(*sender, (*epoch, *seq));
            }
        }
        let mark = |(player_id, (epoch, seq))| SenderWatermark { player_id, epoch, seq };
        latest.into_iter().map(mark).collect()
    }

    /// Of each membership each number was either heard, once and in order, or told to be missing.
    fn check(&self) {
        let mut heard: BTreeMap<Membership, Vec<(u64, u64)>> = BTreeMap::new();
        let mut missing = heard.clone();
        for item in &self.stream {
            match *item {
                Item::Message(key, seq) => {
                    let before = heard.entry(key).or_default();
                    assert!(before.last().is_none_or(|(_, last)| seq > *last), "{seq} of {key:?} is late");
                    before.push((seq, seq));
                }
                Item::Gap(key, from, to) => missing.entry(key).or_default().push((from, to)),
                Item::Reconnected => {}
            }
        }
        for (&key, &(first, last)) in &self.sent {
            // A gap is told again if nothing after it has arrived.
            let mut ranges = merged(missing.remove(&key).unwrap_or_default());
            ranges.extend(heard.remove(&key).unwrap_or_default());
            ranges.sort_unstable();
            let end = ranges.into_iter().fold(first, |end, (from, to)| {
                assert_eq!(from, end + 1, "{key:?}: nothing is left out, nothing comes twice");
                to
            });
            assert_eq!(end, last, "{key:?}");
        }
        assert!(heard.is_empty() && missing.is_empty(), "nothing comes from nowhere");
    }
}

/// Without overlaps.
fn merged(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    ranges.sort_unstable();
    let mut whole: Vec<(u64, u64)> = Vec::new();
    for (from, to) in ranges {
        match whole.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            Some(_) | None => whole.push((from, to)),
        }
    }
    whole
}

fn watermarks(senders: &[(Epoch, u64, bool)]) -> Vec<SenderWatermark> {
    let there = senders.iter().enumerate().filter(|(_, (_, _, is_there))| *is_there);
    there
        .map(|(sender, &(epoch, seq, _))| SenderWatermark { player_id: sender_id(sender), epoch, seq })
        .collect()
}

fn sender_id(sender: usize) -> PlayerId {
    PlayerId::new(Uuid::from_u128(1 + sender as u128))
}

/// From nothing at all to more than is ever sent.
fn limits() -> impl Strategy<Value = ReplayLimits> {
    let bytes = prop_oneof![0..2_000_usize, 2_000..200_000_usize, Just(usize::MAX)];
    let messages = prop_oneof![0..50_usize, 50..2_000_usize, Just(usize::MAX)];
    let age = prop_oneof![0..20_u64, Just(u64::MAX)];
    (bytes, messages, age).prop_map(|(bytes_max, messages_max, seconds)| ReplayLimits {
        bytes_max,
        messages_max,
        age_max: Duration::from_secs(seconds),
    })
}

fn deeds() -> impl Strategy<Value = Deed> {
    let (sender, reader) = (|| 0..N_SENDERS, || 0..N_READERS);
    let send = (sender(), 1..120_u64, prop::bool::weighted(0.8));
    prop_oneof![
        3 => sender().prop_map(|sender| Deed::Turn { sender }),
        12 => send.prop_map(|(sender, n, is_kept)| Deed::Send { sender, n, is_kept }),
        3 => (reader(), 0..100_usize).prop_map(|(reader, n_lost)| Deed::Cut { reader, n_lost }),
        4 => reader().prop_map(|reader| Deed::Return { reader }),
        1 => reader().prop_map(|reader| Deed::Replace { reader }),
        1 => (0..10_u64).prop_map(|seconds| Deed::Wait { seconds }),
    ]
}

#[test]
fn one_who_claims_to_have_seen_more_than_there_was_hears_what_comes_after() {
    let limits = ReplayLimits { bytes_max: usize::MAX, messages_max: 9, age_max: Duration::MAX };
    let mut world = World::new(limits);
    world.perform(Deed::Turn { sender: 0 });
    world.perform(Deed::Send { sender: 0, n: 5, is_kept: true });
    let (epoch, seq, _) = world.senders[0];
    let id = world.clients[0].id;
    for (epoch, seq, n_missed) in [(epoch, seq, 0), (epoch, u64::MAX, 0), (epoch.next(), 1, 0), (epoch, 3, 2)]
    {
        let last_seen = [SenderWatermark { player_id: sender_id(0), epoch, seq }];
        let missed = world.log.missed(id, watermarks(&world.senders).into_iter(), &last_seen);
        assert_eq!(missed.len(), n_missed);
        assert!(missed.iter().all(|missed| matches!(missed, Missed::Message(..))));
    }
}

#[test]
fn nobody_hears_itself() {
    let limits = ReplayLimits { bytes_max: usize::MAX, messages_max: 9, age_max: Duration::MAX };
    let mut world = World::new(limits);
    world.perform(Deed::Turn { sender: 0 });
    world.log.add_reader(sender_id(0), watermarks(&world.senders).into_iter());
    world.perform(Deed::Send { sender: 0, n: 5, is_kept: true });
    let missed = world.log.missed(sender_id(0), watermarks(&world.senders).into_iter(), &[]);
    assert!(missed.is_empty());
}

#[test]
fn memberships_that_come_and_go_do_not_add_up() {
    let limits = ReplayLimits { bytes_max: 0, messages_max: 0, age_max: Duration::ZERO };
    let mut world = World::new(limits);
    for _ in 0..2 * MEMBERSHIPS_MAX {
        world.perform(Deed::Turn { sender: 0 });
        world.perform(Deed::Send { sender: 0, n: 1, is_kept: true });
        world.perform(Deed::Turn { sender: 0 });
    }
    assert_eq!((world.log.heard.len(), world.log.kept.len()), (MEMBERSHIPS_MAX, 0));
}

const N_SENDERS: usize = 4;
const N_READERS: usize = 2;
