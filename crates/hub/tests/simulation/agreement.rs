//! What two members of a room have heard of the time in which both were in it: the same, in the same order.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use signal_fish_protocol::{
    DeliveryClass, GameDataEncoding, PlayerId, ProtocolVersion, RoomId, SenderStamp, SessionGeneration,
};

use crate::chronicle::Event;
use crate::notes::Signalled;
use crate::observer::Observer;
use crate::settings::KEPT_FOR;

/// One stay of one client in one room: what it heard, from its own coming to its own going.
#[derive(Debug)]
pub(crate) struct Stay {
    pub(crate) who: PlayerId,
    pub(crate) room: RoomId,
    pub(crate) plays: bool,
    version: ProtocolVersion,
    format: GameDataEncoding,
    pub(crate) heard: Vec<Heard>,
    /// It is not over, and all of it until now was heard.
    pub(crate) is_current: bool,
}

/// Something that happened in a room. Members are known by the names under which they came: nobody comes twice
/// under the same, if that is [`UNIQUE`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Heard {
    Joined(String),
    /// One who had joined before is back.
    Returned(String),
    Left(String),
    Watched(String),
    Unwatched(String),
    /// Who is ready.
    Lobby(Vec<String>),
    Authority(Option<String>),
    Starting,
    Plan(SessionGeneration),
    /// A game message, by the number in it.
    Data(u64),
    Over,
}

/// A game message as it was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) by: PlayerId,
    pub(crate) class: DeliveryClass,
    /// Whether it can be turned into JSON.
    pub(crate) is_readable: bool,
    /// Whom it is for alone, if it is a signal.
    pub(crate) signals: Option<PlayerId>,
    /// Of its request.
    pub(crate) serial: usize,
    pub(crate) at: Option<Instant>,
}

impl Sent {
    /// Something of this player that is no game message.
    pub(crate) const fn nothing(by: PlayerId) -> Self {
        Self {
            by,
            class: DeliveryClass::Reliable,
            is_readable: true,
            signals: None,
            serial: usize::MAX,
            at: None,
        }
    }
}

impl Stay {
    pub(crate) fn new(
        who: PlayerId,
        room: RoomId,
        plays: bool,
        version: ProtocolVersion,
        format: GameDataEncoding,
        first: Heard,
    ) -> Self {
        Self { who, room, plays, version, format, heard: vec![first], is_current: false }
    }

    fn positions(&self, returned: &HashSet<&str>) -> HashMap<&Heard, usize> {
        let heard = self.heard.iter().enumerate().filter(|(_, heard)| heard.happens_once(returned));
        heard.map(|(at, it)| (it, at)).collect()
    }

    /// Whether everybody who was here must have heard it as this one has: plans are for players of v3, nobody hears
    /// itself, and data may be unreadable, or dropped for who reads too slowly.
    fn must_share(&self, heard: &Heard, sent: &[Sent]) -> bool {
        match heard {
            Heard::Plan(_) => self.plays && self.version >= ProtocolVersion::V3,
            Heard::Data(number) => {
                let sent = sent[usize::try_from(*number).expect("numbers are few")];
                let is_kept = sent.class == DeliveryClass::Reliable || self.version < ProtocolVersion::V3;
                let is_read = sent.is_readable || self.format != GameDataEncoding::Json;
                sent.by != self.who && is_kept && is_read
            }
            Heard::Joined(_)
            | Heard::Returned(_)
            | Heard::Left(_)
            | Heard::Watched(_)
            | Heard::Unwatched(_)
            | Heard::Lobby(_)
            | Heard::Authority(_)
            | Heard::Starting
            | Heard::Over => true,
        }
    }
}

impl Heard {
    /// `returned` are those who came or went more than once.
    fn happens_once(&self, returned: &HashSet<&str>) -> bool {
        match self {
            Self::Lobby(_) | Self::Authority(_) | Self::Returned(_) => false,
            Self::Joined(name) | Self::Left(name) => {
                name.starts_with(UNIQUE) && !returned.contains(name.as_str())
            }
            Self::Watched(_)
            | Self::Unwatched(_)
            | Self::Starting
            | Self::Plan(_)
            | Self::Data(_)
            | Self::Over => true,
        }
    }
}

/// A stay, and where in it stands what happens once.
type Indexed<'a> = (&'a Stay, HashMap<&'a Heard, usize>);

/// Compares every two stays in the same room.
pub(crate) fn check(stays: &[&Stay], sent: &[Sent]) {
    let mut by_room: HashMap<RoomId, Vec<Indexed<'_>>> = HashMap::new();
    let all_heard = stays.iter().flat_map(|stay| &stay.heard);
    let returned = all_heard.filter_map(|heard| {
        let Heard::Returned(name) = heard else { return None };
        Some(name.as_str())
    });
    let returned = returned.collect();
    for stay in stays {
        by_room.entry(stay.room).or_default().push((stay, stay.positions(&returned)));
    }
    for stays in by_room.values() {
        for (at, one) in stays.iter().enumerate() {
            let others = stays[at + 1..].iter().filter(|other| other.0.who != one.0.who);
            others.for_each(|other| check_two(one, other, sent));
        }
    }
}

/// Each message has one sender and one stamp, whoever hears it, and when, and how often it is sent again.
pub(crate) fn check_stamps(observers: &[&Observer], sent: &[Sent]) {
    let mut stamps = HashMap::new();
    for (number, from, stamp) in observers.iter().flat_map(|observer| &observer.notes.stamped) {
        assert_eq!(*from, sent[index(*number)].by, "{number} is from somebody else");
        let first = *stamps.entry((*from, stamp.epoch, stamp.seq)).or_insert(*number);
        assert_eq!(first, *number, "{from} has sent two messages as {stamp:?}");
    }
}

/// Signals reach the one that they are for, once, or are refused. Those who were ended may have missed some.
pub(crate) fn check_signals(observers: &[&Observer], sent: &[Sent], ended: &HashSet<PlayerId>) {
    let mut heard = HashMap::new();
    for Signalled { number, from, to } in observers.iter().flat_map(|observer| &observer.notes.signals) {
        let sent = sent[index(*number)];
        assert_eq!((sent.by, sent.signals), (*from, Some(*to)), "signal {number} went astray");
        assert_eq!(heard.insert(*number, *to), None, "signal {number} came twice");
    }
    let replies: HashMap<_, _> = observers
        .iter()
        .flat_map(|observer| &observer.notes.replies)
        .map(|(serial, reply)| (*serial, reply))
        .collect();
    for (number, sent) in (0..).zip(sent) {
        let Some(to) = sent.signals else { continue };
        let is_refused = replies.contains_key(&sent.serial);
        // The ping after it was answered: nothing more is to come.
        let is_settled = replies.contains_key(&(sent.serial + 1));
        assert!(!(is_refused && heard.contains_key(&number)), "signal {number} was refused");
        let is_known = is_refused || heard.contains_key(&number) || !is_settled || ended.contains(&to);
        assert!(is_known, "signal {number} has reached nobody");
    }
}

/// What a room keeps is sent again, and is no gap: reliable messages of the last minute, where it keeps so many.
pub(crate) fn check_kept(observers: &[&Observer], sent: &[Sent], events: &[Event]) {
    let decisions: HashMap<_, _> =
        events.iter().filter_map(Event::decision).map(|decision| (decision.serial, decision.at)).collect();
    let stamped = || observers.iter().flat_map(|observer| &observer.notes.stamped);
    for (gap, serial) in observers.iter().flat_map(|observer| &observer.notes.missed) {
        let is_in = |from: PlayerId, stamp: SenderStamp| {
            let seqs = gap.from_seq..=gap.to_seq;
            from == gap.from_player && stamp.epoch == gap.epoch && seqs.contains(&stamp.seq)
        };
        for (number, ..) in stamped().filter(|(_, from, stamp)| is_in(*from, *stamp)) {
            let Sent { class, at, .. } = sent[index(*number)];
            let is_old = at.is_none_or(|at| decisions[serial] >= at + KEPT_FOR);
            assert!(class != DeliveryClass::Reliable || is_old, "{number} is kept, and is in {gap:?}");
        }
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).expect("numbers are few")
}

fn check_two((one, in_one): &Indexed<'_>, (other, in_other): &Indexed<'_>, sent: &[Sent]) {
    let common = || in_one.iter().filter_map(|(heard, &at)| Some((at, *in_other.get(heard)?)));
    // They share the coming of the second and the going of the first, if that was heard.
    let (Some(first), Some(last)) = (common().min(), common().max()) else { return };
    let is_until_now = one.is_current && other.is_current;
    let shared = |stay: &'_ Stay, first: usize, last: usize| -> Vec<Heard> {
        let end = if is_until_now { stay.heard.len() } else { last + 1 };
        let both = |heard: &&Heard| one.must_share(heard, sent) && other.must_share(heard, sent);
        stay.heard[first..end].iter().filter(both).cloned().collect()
    };
    let (mine, its) = (shared(one, first.0, last.0), shared(other, first.1, last.1));
    assert_eq!(mine, its, "{} and {} were in room {} together", one.who, other.who, one.room);
}

/// How the names of players begin that nobody has had before.
pub(crate) const UNIQUE: &str = "player";
