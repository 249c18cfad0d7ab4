//! What waits for one connection, in one order, and what is left out of it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use signal_fish_protocol::{
    DeliveryClass, DeliveryCounters, DeliveryGap, DeliveryGapReason, Epoch, PlayerId, RelayStamp, SenderStamp,
};

use crate::frame::{Frame, FrameKind};
use crate::gaps::{Gaps, Omission};
use crate::reports::Reports;

/// What waits for one connection, in the order in which it came. It has no bounds of its own.
///
/// Messages of class `latest` have a second order, by what they are the latest of, so that the one that a newer one
/// replaces is found at once. This and the gaps are kept only for connections that need them.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: VecDeque<Entry>,
    n_bytes: usize,
    /// How many entries are left until all is taken that waited at some time.
    n_until_mark: usize,
    /// What became of game data for this connection.
    counters: DeliveryCounters,
    losses: Option<Box<Losses>>,
}

/// A frame, what it is, and no byte more: there is one of these for each message and recipient.
#[derive(Debug)]
struct Entry {
    bytes: Arc<[u8]>,
    kind: FrameKind,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Control,
    GameData(DeliveryClass),
    /// It was left out.
    Hole,
}

/// What was left out, and what may still be.
#[derive(Debug, Default)]
struct Losses {
    /// The position of the first entry. Positions count up from here on.
    head: u64,
    /// Counts the rooms that the connection enters.
    room: u32,
    /// The newest message of each topic. Those before `head` were taken and mean nothing.
    newest: HashMap<Topic, Newest>,
    gaps: Gaps,
    n_holes: usize,
}

/// What a message is the latest of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Topic {
    room: u32,
    from: PlayerId,
    epoch: Epoch,
    key: u32,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    position: u64,
    seq: u64,
}

impl Queue {
    /// Whether there is nothing to take.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.losses.as_ref().is_none_or(|losses| losses.gaps.is_empty())
    }

    /// How many frames wait.
    pub(crate) fn len(&self) -> usize {
        self.entries.len() - self.losses.as_ref().map_or(0, |losses| losses.n_holes)
    }

    /// What waits, frames and gaps, as [`cost`] counts it.
    pub(crate) fn n_bytes(&self) -> usize {
        self.n_bytes + self.losses.as_ref().map_or(0, |losses| losses.gaps.n_bytes())
    }

    /// How many gaps are told at once, where most are.
    pub(crate) fn n_gaps_together(&self) -> usize {
        self.losses.as_ref().map_or(0, |losses| losses.gaps.n_at_last_place())
    }

    pub(crate) const fn counters_mut(&mut self) -> &mut DeliveryCounters {
        &mut self.counters
    }

    /// Remembers what waits now, until [`Queue::is_marked`] says that all of it was taken.
    pub(crate) fn mark(&mut self) {
        self.n_until_mark = self.entries.len();
    }

    /// Whether something waits that waited at the last [`Queue::mark`].
    pub(crate) const fn is_marked(&self) -> bool {
        self.n_until_mark > 0
    }

    pub(crate) fn push(&mut self, frame: Frame) {
        self.append(frame, Role::Control);
    }

    pub(crate) fn push_game_data(&mut self, frame: Frame, class: DeliveryClass) {
        self.append(frame, Role::GameData(class));
    }

    /// The connection has entered a room: what comes now has nothing to do with what waits.
    pub(crate) fn enter_room(&mut self) {
        if let Some(losses) = &mut self.losses {
            losses.room = losses.room.wrapping_add(1);
        }
    }

    /// The cost of the waiting message that this one would replace, if one waits.
    pub(crate) fn replaceable(&self, relay: &RelayStamp) -> Option<usize> {
        let losses = self.losses.as_ref()?;
        let index = losses.index(losses.newest.get(&losses.topic(relay)?)?.position)?;
        Some(self.entries[index].cost())
    }

    /// As [`Queue::push_game_data`], leaving out the waiting message that this one replaces.
    pub(crate) fn push_latest(&mut self, frame: Frame, relay: &RelayStamp) {
        let n_entries = self.entries.len();
        let losses = self.losses.get_or_insert_default();
        losses.forget_taken(n_entries);
        let newest = Newest { position: losses.head + n_entries as u64, seq: relay.stamp.seq };
        if let Some(topic) = losses.topic(relay)
            && let Some(older) = losses.newest.insert(topic, newest)
            && let Some(index) = losses.index(older.position)
        {
            let older_relay = RelayStamp { stamp: SenderStamp { seq: older.seq, ..relay.stamp }, ..*relay };
            losses.omit(older.position, &older_relay, DeliveryGapReason::LatestSuperseded);
            losses.n_holes += 1;
            self.n_bytes -= self.entries[index].cost();
            self.entries[index] = Entry { bytes: Arc::default(), kind: FrameKind::Binary, role: Role::Hole };
        }
        self.append(frame, Role::GameData(DeliveryClass::Latest));
        self.close_up();
    }

    /// Leaves out a message that would have come now.
    pub(crate) fn omit(&mut self, relay: &RelayStamp, reason: DeliveryGapReason) {
        let losses = self.losses.get_or_insert_default();
        losses.omit(losses.head + self.entries.len() as u64, relay, reason);
    }

    /// As [`Queue::omit`], for messages that nobody has any more. No counter counts them.
    pub(crate) fn miss(&mut self, gap: DeliveryGap) {
        let losses = self.losses.get_or_insert_default();
        let omission = Omission { room: losses.room, class: DeliveryClass::Reliable, gap };
        losses.gaps.add(losses.head + self.entries.len() as u64, &omission);
    }

    /// Moves the oldest frames into `batch` until that has `bytes_max` more bytes or nothing is left, with reports
    /// where something was left out.
    pub(crate) fn take(&mut self, batch: &mut Vec<Frame>, bytes_max: usize, reports: Option<Reports>) {
        let n_entries = self.entries.len();
        if let (Some(mut losses), Some(reports)) = (self.losses.take(), reports) {
            self.take_with_losses(&mut losses, batch, bytes_max, reports);
            self.losses = Some(losses);
        } else {
            self.take_frames(batch, bytes_max, usize::MAX);
        }
        self.n_until_mark = self.n_until_mark.saturating_sub(n_entries - self.entries.len());
        if self.entries.is_empty() && self.entries.capacity() > KEPT_CAPACITY {
            self.entries = VecDeque::new();
        }
    }

    /// Gives up all that waits. Tells whether that was game data, too.
    pub(crate) fn abandon(&mut self) -> bool {
        let mut n_abandoned = 0;
        for entry in &self.entries {
            if let Role::GameData(class) = entry.role {
                self.counters.abandoned(class);
                n_abandoned += 1;
            }
        }
        *self = Self { counters: self.counters, ..Self::default() };
        n_abandoned > 0
    }

    fn append(&mut self, Frame { kind, bytes }: Frame, role: Role) {
        let entry = Entry { bytes, kind, role };
        self.n_bytes += entry.cost();
        self.entries.push_back(entry);
    }

    /// Takes frames up to a hole, at most `n_max`. Tells what they cost.
    fn take_frames(&mut self, batch: &mut Vec<Frame>, bytes_max: usize, n_max: usize) -> usize {
        let (mut n_bytes, mut n_left) = (0, n_max);
        while n_bytes < bytes_max
            && n_left > 0
            && let Some(entry) = self.entries.pop_front_if(|entry| entry.role != Role::Hole)
        {
            n_left -= 1;
            n_bytes += entry.cost();
            if let Role::GameData(class) = entry.role {
                self.counters.delivered(class);
            }
            batch.push(Frame { kind: entry.kind, bytes: entry.bytes });
        }
        self.n_bytes -= n_bytes;
        n_bytes
    }

    fn take_with_losses(
        &mut self,
        losses: &mut Losses,
        batch: &mut Vec<Frame>,
        bytes_max: usize,
        reports: Reports,
    ) {
        let mut n_bytes = 0;
        while n_bytes < bytes_max {
            while self.entries.pop_front_if(|entry| entry.role == Role::Hole).is_some() {
                (losses.head, losses.n_holes) = (losses.head + 1, losses.n_holes - 1);
            }
            let due = losses.gaps.take_due(losses.head, reports.gaps_max);
            if !due.is_empty() {
                let report = reports.frame(&mut self.counters, &due);
                n_bytes += report.bytes.len();
                batch.push(report);
                continue;
            }
            let (n_max, n_entries) = (losses.n_before_gap(), self.entries.len());
            n_bytes += self.take_frames(batch, bytes_max - n_bytes, n_max);
            let n_taken = n_entries - self.entries.len();
            losses.head += n_taken as u64;
            if n_taken == 0 {
                break;
            }
        }
        if self.entries.is_empty() {
            // None of them waits any more.
            losses.newest.clear();
            losses.newest.shrink_to(KEPT_CAPACITY);
        }
    }

    /// Takes out the holes once they are most of the entries, so that what a reader misses does not pile up.
    fn close_up(&mut self) {
        let Some(losses) = &mut self.losses else { return };
        if losses.n_holes <= KEPT_CAPACITY || losses.n_holes * 2 <= self.entries.len() {
            return;
        }
        let positions = losses.head..;
        let holes = positions.zip(&self.entries).filter(|(_, entry)| entry.role == Role::Hole);
        let holes: Vec<_> = holes.map(|(position, _)| position).collect();
        let n_holes_before = |position| holes.partition_point(|hole| *hole < position);
        let new = |position| position - n_holes_before(position) as u64;
        self.entries.retain(|entry| entry.role != Role::Hole);
        self.n_until_mark -= n_holes_before(losses.head + self.n_until_mark as u64);
        losses.newest.retain(|_, newest| newest.position >= losses.head);
        losses.newest.values_mut().for_each(|newest| newest.position = new(newest.position));
        losses.gaps.relocate(new);
        losses.n_holes = 0;
    }
}

impl Losses {
    /// Where the entry at `position` is in the queue, if it was not taken.
    fn index(&self, position: u64) -> Option<usize> {
        let index = position.checked_sub(self.head)?;
        Some(usize::try_from(index).expect("as many as there are in the queue"))
    }

    /// What the message is the latest of, if it is of that class.
    fn topic(&self, relay: &RelayStamp) -> Option<Topic> {
        let key = relay.label.key()?;
        Some(Topic { room: self.room, from: relay.from, epoch: relay.stamp.epoch, key })
    }

    fn omit(&mut self, place: u64, relay: &RelayStamp, reason: DeliveryGapReason) {
        let RelayStamp { from, stamp: SenderStamp { epoch, seq }, label } = *relay;
        let gap = DeliveryGap { from_player: from, epoch, from_seq: seq, to_seq: seq, reason };
        self.gaps.add(place, &Omission { room: self.room, class: label.class(), gap });
    }

    /// How many entries can be taken before something was left out.
    fn n_before_gap(&self) -> usize {
        let n_entries = self.gaps.first_place().map(|position| position - self.head);
        n_entries.map_or(usize::MAX, |n| usize::try_from(n).expect("as many as there are in the queue"))
    }

    /// Forgets which messages were the newest once most of them were taken.
    fn forget_taken(&mut self, n_entries: usize) {
        if self.newest.len() > 2 * n_entries + KEPT_CAPACITY {
            self.newest.retain(|_, newest| newest.position >= self.head);
        }
    }
}

impl Entry {
    /// What it counts as: its bytes and what it takes to keep it, so that empty messages are not free.
    fn cost(&self) -> usize {
        cost(self.bytes.len())
    }
}

/// What a message of `n_bytes` counts as while it waits.
pub(crate) const fn cost(n_bytes: usize) -> usize {
    n_bytes + size_of::<Entry>()
}

/// A queue that was longer than this gives its memory back once it is empty: most connections are quiet.
const KEPT_CAPACITY: usize = 64;

#[cfg(test)]
mod tests {
    use signal_fish_protocol::{DeliveryLabel, ProtocolVersion, Uuid};

    use super::*;
    use crate::link::Wire;

    const REPORTS: Reports = Reports { wire: Wire::json(ProtocolVersion::V3), gaps_max: 256 };

    fn push_latest(queue: &mut Queue, sender: u8, key: u32, seq: u64) {
        let stamp = SenderStamp { epoch: Epoch::FIRST, seq };
        let label = DeliveryLabel::new(Some(DeliveryClass::Latest), Some(key)).unwrap();
        let relay = RelayStamp { from: PlayerId::new(Uuid::from_bytes([sender; 16])), stamp, label };
        let frame = Frame { kind: FrameKind::Text, bytes: Arc::default() };
        queue.push_latest(frame, &relay);
    }

    #[test]
    fn what_a_stalled_reader_misses_does_not_pile_up() {
        let mut queue = Queue::default();
        let n_bytes_of_gaps = |queue: &Queue| queue.losses.as_ref().unwrap().gaps.n_bytes();
        for seq in 1..=10_000 {
            (0..16).for_each(|sender| push_latest(&mut queue, sender, (seq % 3) as u32, seq));
            assert!(queue.len() <= 48 && queue.entries.len() <= 200, "{}", queue.entries.len());
            assert!(n_bytes_of_gaps(&queue) <= 48 * 160);
        }
        let mut batch = Vec::new();
        queue.take(&mut batch, usize::MAX, Some(REPORTS));
        assert_eq!(batch.len(), 1 + 48, "one report of sixteen gaps");
        assert!(queue.is_empty() && queue.n_bytes() == 0);
    }

    #[test]
    fn a_reader_that_keeps_up_costs_no_more_with_every_key() {
        let mut queue = Queue::default();
        for key in 0..10_000 {
            push_latest(&mut queue, 1, key, key.into());
            push_latest(&mut queue, 2, key, key.into());
            let mut batch = Vec::new();
            // One always stays.
            queue.take(&mut batch, if key == 0 { 1 } else { 2 * cost(0) }, Some(REPORTS));
            assert_eq!(queue.len(), 1);
        }
        assert!(queue.losses.unwrap().newest.len() <= 2 * KEPT_CAPACITY);
    }
}
