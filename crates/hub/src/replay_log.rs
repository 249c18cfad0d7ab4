//! What somebody who comes back has missed of a room's game data: what is kept for it, what it gets, what is a gap.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use signal_fish_protocol::{
    DeliveryGap, DeliveryGapReason, Epoch, PlayerId, RelayStamp, SenderStamp, SenderWatermark,
};

use crate::config::ReplayLimits;

/// The latest messages of a room, and how many each sender has sent under each of its memberships.
///
/// For a reader every number of a sender since the reader came in is one of three: it has said that it saw it, it gets
/// the message now, or it is told of a gap. Whatever is not kept is a gap, so nothing needs to be known of it.
#[derive(Debug)]
pub(crate) struct ReplayLog<T> {
    limits: ReplayLimits,
    kept: VecDeque<Kept<T>>,
    n_bytes: usize,
    heard: HashMap<(PlayerId, Epoch), Heard>,
    /// How many memberships were heard of so far.
    n_memberships: u64,
    /// Who may come back and ask.
    readers: Vec<Reader>,
}

#[derive(Debug)]
struct Kept<T> {
    at: Instant,
    stamp: RelayStamp,
    payload: T,
    n_bytes: usize,
}

/// What is known of one membership of a sender.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// How many memberships were heard of before it.
    began: u64,
    /// The number of its last message.
    last: u64,
}

/// One who may come back.
#[derive(Debug)]
struct Reader {
    player: PlayerId,
    /// How many memberships had been heard of when it came in.
    since: u64,
    /// The last number of each player at that time, sorted: what was sent before is not for this one.
    floors: Vec<((PlayerId, Epoch), u64)>,
}

/// One thing that a reader has missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Missed<'a, T> {
    /// What it does not get.
    Gap(DeliveryGap),
    /// What it gets now.
    Message(RelayStamp, &'a T),
}

impl<T> ReplayLog<T> {
    pub(crate) fn new(limits: ReplayLimits) -> Self {
        Self {
            limits,
            kept: VecDeque::new(),
            n_bytes: 0,
            heard: HashMap::new(),
            n_memberships: 0,
            readers: Vec::new(),
        }
    }

    /// From now on `player` reads along, in a room with these players. One who is back does so since it first came in:
    /// what it was sent when it came back may not have reached it either.
    pub(crate) fn add_reader(&mut self, player: PlayerId, players: impl Iterator<Item = SenderWatermark>) {
        if self.readers.iter().any(|reader| reader.player == player) {
            return;
        }
        let mut floors: Vec<_> = players.map(|mark| ((mark.player_id, mark.epoch), mark.seq)).collect();
        floors.sort_unstable();
        self.readers.push(Reader { player, since: self.n_memberships, floors });
    }

    /// Forgets the readers that `keep` does not want.
    pub(crate) fn keep_readers(&mut self, keep: impl Fn(PlayerId) -> bool) {
        self.readers.retain(|reader| keep(reader.player));
    }

    pub(crate) const fn has_readers(&self) -> bool {
        !self.readers.is_empty()
    }

    /// A message was relayed. Without a payload it is known but not kept.
    pub(crate) fn push(&mut self, now: Instant, stamp: RelayStamp, payload: Option<T>, payload_bytes: usize) {
        self.hear_of((stamp.from, stamp.stamp.epoch), stamp.stamp.seq);
        if let Some(payload) = payload {
            let n_bytes = payload_bytes + size_of::<Kept<T>>();
            self.n_bytes += n_bytes;
            self.kept.push_back(Kept { at: now, stamp, payload, n_bytes });
        }
        self.trim(now);
    }

    /// When all that is kept will be too old, should nothing be added.
    pub(crate) fn stale_at(&self) -> Option<Instant> {
        Some(self.kept.back()?.at + self.limits.age_max)
    }

    /// Lets go of what is beyond the limits.
    pub(crate) fn trim(&mut self, now: Instant) {
        let ReplayLimits { bytes_max, messages_max, age_max } = self.limits;
        while let Some(oldest) = self.kept.front()
            && (self.n_bytes > bytes_max
                || self.kept.len() > messages_max
                || now.saturating_duration_since(oldest.at) >= age_max)
        {
            self.n_bytes -= oldest.n_bytes;
            self.kept.pop_front();
        }
    }

    /// What `player` has missed by now, in a room with these players, if it saw everything up to `last_seen`: messages
    /// in the order in which they came, and each gap before what follows it from its sender. A reader that has to keep
    /// track of open gaps thus has few at a time.
    ///
    /// Senders that nobody has heard of are ignored, and nobody can have seen more than was sent.
    pub(crate) fn missed(
        &mut self,
        player: PlayerId,
        players: impl Iterator<Item = SenderWatermark>,
        last_seen: &[SenderWatermark],
    ) -> Vec<Missed<'_, T>> {
        // Players who said nothing since the log began have not been heard of.
        players.for_each(|mark| self.hear_of((mark.player_id, mark.epoch), mark.seq));
        let mut starts = self.starts(player, last_seen);
        let mut missed = Vec::new();
        for Kept { stamp, payload, .. } in &self.kept {
            let SenderStamp { epoch, seq } = stamp.stamp;
            let Some(seen) = starts.get_mut(&(stamp.from, epoch)) else { continue };
            if seq > *seen {
                let before = gap((stamp.from, epoch), *seen, seq - 1);
                *seen = seq;
                // Whoever has seen this will be taken to have seen all of the sender's earlier memberships.
                missed.extend(self.ends(&mut starts, stamp.from, epoch).into_iter().map(Missed::Gap));
                missed.extend(before.map(Missed::Gap));
                missed.push(Missed::Message(*stamp, payload));
            }
        }
        let ends = starts.into_iter().filter_map(|(key, seen)| gap(key, seen, self.heard[&key].last));
        let mut ends: Vec<_> = ends.collect();
        ends.sort_unstable_by_key(|gap| (gap.from_player, gap.epoch, gap.from_seq));
        missed.extend(ends.into_iter().map(Missed::Gap));
        missed
    }

    /// What is missing at the end of those memberships of a sender that were before `epoch`. They are done with then.
    fn ends(
        &self,
        starts: &mut HashMap<(PlayerId, Epoch), u64>,
        from: PlayerId,
        epoch: Epoch,
    ) -> Vec<DeliveryGap> {
        let earlier = starts.iter_mut().filter(|(key, _)| key.0 == from && key.1 < epoch);
        let mut ends: Vec<_> = earlier
            .filter_map(|(key, seen)| {
                let last = self.heard[key].last;
                gap(*key, std::mem::replace(seen, last), last)
            })
            .collect();
        ends.sort_unstable_by_key(|gap| gap.epoch);
        ends
    }

    /// The last number of each membership that is not news to `player`.
    fn starts(&self, player: PlayerId, last_seen: &[SenderWatermark]) -> HashMap<(PlayerId, Epoch), u64> {
        let reader = self.readers.iter().find(|reader| reader.player == player);
        let mut seen: HashMap<PlayerId, (Epoch, u64)> = HashMap::new();
        for mark in last_seen {
            let most = seen.entry(mark.player_id).or_insert((mark.epoch, mark.seq));
            *most = (*most).max((mark.epoch, mark.seq));
        }
        let start = |(&key, heard): (&(PlayerId, Epoch), &Heard)| {
            let floor = reader.and_then(|reader| reader.floor(key));
            let start = match seen.get(&key.0) {
                // It has seen a later membership, and with that all of this one.
                Some((epoch, _)) if *epoch > key.1 => return None,
                Some((epoch, seq)) if *epoch == key.1 => floor.map_or(*seq, |floor| floor.max(*seq)),
                Some(_) | None => match floor {
                    Some(floor) => floor,
                    None if reader.is_some_and(|reader| heard.began >= reader.since) => 0,
                    // It was over before this reader came in.
                    None => return None,
                },
            };
            (key.0 != player).then_some((key, start.min(heard.last)))
        };
        self.heard.iter().filter_map(start).collect()
    }

    fn hear_of(&mut self, key: (PlayerId, Epoch), last: u64) {
        if let Some(heard) = self.heard.get_mut(&key) {
            heard.last = last;
            return;
        }
        if self.heard.len() >= MEMBERSHIPS_MAX
            && let Some(oldest) = self.heard.iter().min_by_key(|(_, heard)| heard.began).map(|(key, _)| *key)
        {
            self.heard.remove(&oldest);
        }
        self.heard.insert(key, Heard { began: self.n_memberships, last });
        self.n_memberships += 1;
    }
}

impl Reader {
    fn floor(&self, key: (PlayerId, Epoch)) -> Option<u64> {
        let at = self.floors.binary_search_by_key(&key, |(key, _)| *key).ok()?;
        Some(self.floors[at].1)
    }
}

/// What is missing after `seen` up to `last`, if anything is.
fn gap((from_player, epoch): (PlayerId, Epoch), seen: u64, last: u64) -> Option<DeliveryGap> {
    let reason = DeliveryGapReason::NotRetained;
    (seen < last).then_some(DeliveryGap { from_player, epoch, from_seq: seen + 1, to_seq: last, reason })
}

/// So many memberships are told apart, ten times the players of the largest room. Beyond it the oldest is forgotten, and with
/// it the gaps in it, unless its player goes on: only a room whose players keep leaving comes here.
const MEMBERSHIPS_MAX: usize = 1_024;

#[cfg(test)]
mod tests;
