//! What one recipient does not get: exact ranges of sequence numbers, each at its place in the recipient's queue.

use std::collections::BTreeMap;

use signal_fish_protocol::{DeliveryClass, DeliveryGap, DeliveryGapReason, Epoch, PlayerId, SenderStamp};

/// Runs of gaps, each of which stands before an entry of a queue. Entries are named by their position, which counts
/// up from the first that was ever queued.
///
/// What stands between the same two entries is one run, so that a reader who takes nothing costs no more the longer
/// that lasts: within a run the numbers of a sender are without a hole, and few reasons make few ranges.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// By the position of the first entry that a run has taken the place of, or else stands before.
    runs: BTreeMap<u64, Run>,
    n_ranges: usize,
    /// The most that a run ever had.
    n_ranges_most: usize,
    n_holes: usize,
}

/// A gap, and of which class its messages were.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Omission {
    pub(crate) class: DeliveryClass,
    pub(crate) gap: DeliveryGap,
}

#[derive(Debug, Default)]
struct Run {
    /// The position behind the last entry that it has taken the place of.
    end: u64,
    ranges: BTreeMap<(PlayerId, Epoch, u64), Omission>,
}

impl Gaps {
    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The position of the first gap.
    pub(crate) fn first(&self) -> Option<u64> {
        self.runs.first_key_value().map(|(&position, _)| position)
    }

    /// The most gaps that ever stood together, without a message between them.
    pub(crate) const fn n_together(&self) -> usize {
        self.n_ranges_most
    }

    /// How many entries are only there to keep the place of a gap.
    pub(crate) const fn n_holes(&self) -> usize {
        self.n_holes
    }

    /// What the ranges count as, in bytes.
    pub(crate) const fn n_bytes(&self) -> usize {
        self.n_ranges * RANGE_BYTES
    }

    /// Something is missing before the entry at `position`, the end of the queue.
    pub(crate) fn append(&mut self, position: u64, omission: Omission) {
        self.add(position, position, omission);
    }

    /// The entry at `position` was left out: it is a hole from now on.
    pub(crate) fn replace(&mut self, position: u64, omission: Omission) {
        self.n_holes += 1;
        let behind = self.runs.remove(&(position + 1));
        let run = self.add(position, position + 1, omission);
        if let Some(behind) = behind {
            let n_ranges_apart = run.ranges.len() + behind.ranges.len();
            run.absorb(behind);
            let n_ranges = run.ranges.len();
            self.n_ranges -= n_ranges_apart - n_ranges;
            self.n_ranges_most = self.n_ranges_most.max(n_ranges);
        }
    }

    /// Adds to the run that ends at `start`, if one does, and makes it end at `end`.
    fn add(&mut self, start: u64, end: u64, omission: Omission) -> &mut Run {
        let before = self.runs.range(..=start).next_back();
        let start = before.filter(|(_, run)| run.end == start).map_or(start, |(&at, _)| at);
        let run = self.runs.entry(start).or_default();
        self.n_ranges -= run.ranges.len();
        run.end = end;
        run.insert(omission);
        self.n_ranges += run.ranges.len();
        self.n_ranges_most = self.n_ranges_most.max(run.ranges.len());
        run
    }

    /// The gaps before the entry at `position`, at most `n_max` of them, and how many entries they took the place of:
    /// all of these with the last gap, none earlier. Nothing if there is no gap here.
    pub(crate) fn take(&mut self, position: u64, n_max: usize) -> Option<(Vec<Omission>, usize)> {
        let mut entry = self.runs.first_entry().filter(|entry| *entry.key() == position)?;
        let ranges = &mut entry.get_mut().ranges;
        let n_taken = n_max.min(ranges.len());
        let taken = std::iter::from_fn(|| ranges.pop_first()).take(n_taken).map(|(_, omission)| omission);
        let taken = taken.collect();
        self.n_ranges -= n_taken;
        if !ranges.is_empty() {
            return Some((taken, 0));
        }
        let run = entry.remove();
        let n_holes = usize::try_from(run.end - position).expect("as many as there are in the queue");
        self.n_holes -= n_holes;
        Some((taken, n_holes))
    }

    /// The holes were taken out of the queue. Tells how far each position has moved.
    pub(crate) fn close_up(&mut self) -> Moves {
        let (mut moves, mut n_removed) = (Vec::with_capacity(self.runs.len()), 0);
        for (start, mut run) in std::mem::take(&mut self.runs) {
            let (moved_to, behind) = (start - n_removed, run.end);
            n_removed += run.end - start;
            run.end = moved_to;
            self.runs.insert(moved_to, run);
            moves.push((behind, n_removed));
        }
        self.n_holes = 0;
        Moves(moves)
    }
}

impl Run {
    fn insert(&mut self, mut new: Omission) {
        let key = |omission: &Omission| {
            let DeliveryGap { from_player, epoch, from_seq, .. } = omission.gap;
            (from_player, epoch, from_seq)
        };
        if let Some((&at, before)) = self.ranges.range(..key(&new)).next_back()
            && before.goes_on_as(&new)
        {
            new.gap.from_seq = before.gap.from_seq;
            self.ranges.remove(&at);
        }
        if let Some((&at, behind)) = self.ranges.range(key(&new)..).next()
            && new.goes_on_as(behind)
        {
            new.gap.to_seq = behind.gap.to_seq;
            self.ranges.remove(&at);
        }
        self.ranges.insert(key(&new), new);
    }

    /// Takes over all ranges of `other`; the fewer of both are the ones that are moved.
    fn absorb(&mut self, mut other: Self) {
        self.end = other.end;
        if other.ranges.len() > self.ranges.len() {
            std::mem::swap(&mut self.ranges, &mut other.ranges);
        }
        other.ranges.into_values().for_each(|omission| self.insert(omission));
    }
}

impl Omission {
    /// One message that was left out.
    pub(crate) const fn of(
        from_player: PlayerId,
        SenderStamp { epoch, seq }: SenderStamp,
        class: DeliveryClass,
        reason: DeliveryGapReason,
    ) -> Self {
        Self { class, gap: DeliveryGap { from_player, epoch, from_seq: seq, to_seq: seq, reason } }
    }

    /// How many messages it is.
    pub(crate) const fn n_messages(&self) -> u64 {
        (self.gap.to_seq - self.gap.from_seq).saturating_add(1)
    }

    fn goes_on_as(&self, next: &Self) -> bool {
        let (a, b) = (&self.gap, &next.gap);
        (a.from_player, a.epoch, a.reason, self.class) == (b.from_player, b.epoch, b.reason, next.class)
            && a.to_seq.checked_add(1) == Some(b.from_seq)
    }
}

/// How far positions have moved: behind which of them, and by how much in all.
pub(crate) struct Moves(Vec<(u64, u64)>);

impl Moves {
    /// Where an entry is now that was at `position`.
    pub(crate) fn of(&self, position: u64) -> u64 {
        let n_passed = self.0.partition_point(|(behind, _)| *behind <= position);
        position - self.0[..n_passed].last().map_or(0, |(_, n_removed)| *n_removed)
    }
}

/// What a range counts as: about what it takes in memory, and half of what it takes in a report.
const RANGE_BYTES: usize = 96;
