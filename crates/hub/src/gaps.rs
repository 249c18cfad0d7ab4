//! What one recipient does not get: exact ranges of sequence numbers, each with the place where it is told.

use std::collections::{BTreeMap, BTreeSet};

use signal_fish_protocol::{DeliveryClass, DeliveryGap, DeliveryGapReason, Epoch, PlayerId};

/// Gaps, each of which is told before some entry of a queue. Entries are named by their position, which counts up from
/// the first that was ever queued.
///
/// Gaps of one sender that meet become one, which is told where the later of them would have been: nothing of that
/// sender stands between, so it is still told before all that follows. A reader who takes nothing thus costs no more
/// the longer that lasts, and has few gaps to keep track of at once.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    ranges: BTreeMap<Start, Range>,
    /// The same in the order in which they are told.
    places: BTreeSet<(u64, Start)>,
    /// The last place at which something was left out, and how many gaps wait there at most.
    last_place: (u64, usize),
}

/// Messages that were left out, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Omission {
    /// Which of the recipient's rooms they were sent in: what was left out in one is never told in the next.
    pub(crate) room: u32,
    pub(crate) class: DeliveryClass,
    pub(crate) gap: DeliveryGap,
}

/// A gap on its way into a report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) class: DeliveryClass,
    pub(crate) gap: DeliveryGap,
}

/// Room, sender and first number.
type Start = (u32, PlayerId, Epoch, u64);

#[derive(Clone, Copy, Debug)]
struct Range {
    to_seq: u64,
    class: DeliveryClass,
    reason: DeliveryGapReason,
    place: u64,
}

impl Gaps {
    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// What they count as, in bytes.
    pub(crate) fn n_bytes(&self) -> usize {
        self.ranges.len() * GAP_BYTES
    }

    /// How many gaps are told at the last place, at most.
    pub(crate) const fn n_at_last_place(&self) -> usize {
        self.last_place.1
    }

    /// Messages are left out that stood at `place`, or would have been the next there.
    pub(crate) fn add(&mut self, place: u64, omission: &Omission) {
        let Omission { room, class, gap } = *omission;
        let DeliveryGap { from_player, epoch, from_seq, to_seq, reason } = gap;
        let mut start = (room, from_player, epoch, from_seq);
        let mut range = Range { to_seq, class, reason, place };
        let before = self.ranges.range(..start).next_back();
        if let Some((&earlier, before)) = before.filter(|(at, before)| before.meets(**at, start, &range)) {
            range.place = before.place.max(range.place);
            self.remove(earlier);
            start = earlier;
        }
        let behind = self.ranges.range((room, from_player, epoch, from_seq)..).next();
        if let Some((&later, behind)) = behind.filter(|(at, behind)| range.meets(start, **at, behind)) {
            (range.to_seq, range.place) = (behind.to_seq, behind.place.max(range.place));
            self.remove(later);
        }
        self.ranges.insert(start, range);
        self.places.insert((range.place, start));
        self.count(place, start.3 == from_seq);
    }

    fn count(&mut self, place: u64, is_new: bool) {
        if place > self.last_place.0 {
            self.last_place = (place, 1);
        } else if place == self.last_place.0 && is_new {
            self.last_place.1 += 1;
        }
    }

    fn remove(&mut self, start: Start) -> Option<Range> {
        let range = self.ranges.remove(&start)?;
        self.places.remove(&(range.place, start));
        Some(range)
    }

    /// Where the first of them is told.
    pub(crate) fn first_place(&self) -> Option<u64> {
        self.places.first().map(|(place, _)| *place)
    }

    /// Takes out those that are told before the entry at `position`, but no more than `n_max`.
    pub(crate) fn take_due(&mut self, position: u64, n_max: usize) -> Vec<Told> {
        let mut due = Vec::new();
        while due.len() < n_max
            && let Some((place, start)) = self.places.first().copied()
            && place <= position
            && let Some(Range { to_seq, class, reason, .. }) = self.remove(start)
        {
            if place == self.last_place.0 {
                self.last_place.1 = self.last_place.1.saturating_sub(1);
            }
            let (_, from_player, epoch, from_seq) = start;
            due.push(Told { class, gap: DeliveryGap { from_player, epoch, from_seq, to_seq, reason } });
        }
        due
    }

    /// Positions have changed.
    pub(crate) fn relocate(&mut self, new: impl Fn(u64) -> u64) {
        self.ranges.values_mut().for_each(|range| range.place = new(range.place));
        self.places = self.ranges.iter().map(|(start, range)| (range.place, *start)).collect();
        self.last_place.0 = new(self.last_place.0);
    }
}

impl Range {
    /// Whether this range, which begins at `start`, and `next` are one. What could not be converted stays where it
    /// is: a complaint may stand behind it, which needs the report before it.
    fn meets(&self, (room, from, epoch, _): Start, next_start: Start, next: &Self) -> bool {
        self.to_seq.checked_add(1).is_some_and(|seq| (room, from, epoch, seq) == next_start)
            && (self.class, self.reason) == (next.class, next.reason)
            && (self.place == next.place || self.reason != DeliveryGapReason::UnsupportedFormat)
    }
}

impl Told {
    /// How many messages it is.
    pub(crate) const fn n_messages(&self) -> u64 {
        (self.gap.to_seq - self.gap.from_seq).saturating_add(1)
    }
}

/// What a gap counts as: about what it takes in memory, and nearly what it takes in a report.
const GAP_BYTES: usize = 160;
