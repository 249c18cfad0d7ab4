//! What two members of a room have heard of the time in which both were in it: the same, in the same order.

use std::collections::HashMap;

use signal_fish_protocol::{
    DeliveryClass, GameDataEncoding, PlayerId, ProtocolVersion, RoomId, SessionGeneration,
};

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

    fn positions(&self) -> HashMap<&Heard, usize> {
        self.heard
            .iter()
            .enumerate()
            .filter(|(_, heard)| heard.happens_once())
            .map(|(at, it)| (it, at))
            .collect()
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
    fn happens_once(&self) -> bool {
        match self {
            Self::Lobby(_) | Self::Authority(_) => false,
            Self::Joined(name) | Self::Left(name) => name.starts_with(UNIQUE),
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
    for stay in stays {
        by_room.entry(stay.room).or_default().push((stay, stay.positions()));
    }
    for stays in by_room.values() {
        for (at, one) in stays.iter().enumerate() {
            stays[at + 1..].iter().for_each(|other| check_two(one, other, sent));
        }
    }
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
