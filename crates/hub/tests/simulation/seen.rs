//! What one player has seen of each sender, over all connections that it has had in one stay: nothing twice, nothing
//! out of order, nothing left out in secret.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use signal_fish_protocol::{
    DeliveryGap, Epoch, PlayerId, PlayerInfo, Reconnected, ReplayStatus, SenderStamp, ServerMessage,
};

type Membership = (PlayerId, Epoch);

/// The last number that was seen of each membership of each other player.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    marks: BTreeMap<Membership, u64>,
    /// What there was before it came in, which is not for it.
    floors: BTreeMap<Membership, u64>,
    /// The other players, as far as it has heard.
    others: BTreeSet<PlayerId>,
    /// Whether it had heard of all when it was cut off.
    pub(crate) is_final: bool,
    /// Whether the room keeps for it what it may miss.
    pub(crate) is_reader: bool,
    /// How far each must come before anything else is heard, for somebody who is just back.
    owed: BTreeMap<Membership, u64>,
    is_catching_up: bool,
}

impl Seen {
    pub(crate) fn of_snapshot(me: PlayerId, players: &[PlayerInfo], is_reader: bool) -> Self {
        let marks: BTreeMap<_, _> = marks(me, players).collect();
        let others = others(me, players);
        Self { floors: marks.clone(), marks, others, is_reader, ..Self::default() }
    }

    /// Back in the room, with what it said it has seen, or else it has missed what there was.
    pub(crate) fn come_back(said: Option<Self>, memory: Self, me: PlayerId, back: &Reconnected<'_>) -> Self {
        memory.check_missed(me, back);
        let present = marks(me, &back.snapshot.current_players);
        let (others, is_final) = (others(me, &back.snapshot.current_players), false);
        let memory = Self { others, is_final, ..memory };
        let Some(said) = said else {
            let mut seen = memory;
            seen.marks.extend(present);
            if !seen.is_reader {
                // Nothing was kept for it until now.
                seen.floors = seen.marks.clone();
            }
            return seen;
        };
        let left = back.missed_events.iter().filter_map(|event| {
            let ServerMessage::PlayerLeft(left) = event else { return None };
            (left.player_id != me).then_some(((left.player_id, left.epoch?), left.final_seq?))
        });
        let owed = left.chain(present).collect();
        Self { marks: said.marks, owed, is_catching_up: true, ..memory }
    }

    /// Those who were here before, with those who have come and without those who have gone meanwhile, are here now.
    fn check_missed(&self, me: PlayerId, back: &Reconnected<'_>) {
        if !self.is_final || back.replay != Some(ReplayStatus::Complete) {
            return;
        }
        let mut expected = self.others.clone();
        for event in &back.missed_events {
            if let ServerMessage::PlayerJoined(joined) = event {
                expected.insert(joined.player.id);
            } else if let ServerMessage::PlayerLeft(left) = event {
                assert!(expected.remove(&left.player_id) || left.player_id == me, "nobody leaves twice");
            }
        }
        expected.remove(&me);
        assert_eq!(expected, others(me, &back.snapshot.current_players), "what was missed leads to what is");
    }

    pub(crate) fn on_left(&mut self, player: PlayerId) {
        self.others.remove(&player);
    }

    pub(crate) fn on_joined(&mut self, player: &PlayerInfo) {
        self.others.insert(player.id);
        if let Some(epoch) = player.epoch {
            self.marks.insert((player.id, epoch), 0);
        }
    }

    /// Takes a message if it is one of those that were missed.
    pub(crate) fn catch_up(
        &mut self,
        from: PlayerId,
        stamp: SenderStamp,
        present: Option<SenderStamp>,
    ) -> bool {
        self.take_missed(from, stamp.epoch, stamp.seq, stamp.seq, present)
    }

    /// Takes a gap if it is in what was missed.
    pub(crate) fn catch_up_gap(&mut self, gap: &DeliveryGap, present: Option<SenderStamp>) -> bool {
        self.take_missed(gap.from_player, gap.epoch, gap.from_seq, gap.to_seq, present)
    }

    fn take_missed(
        &mut self,
        from: PlayerId,
        epoch: Epoch,
        first: u64,
        last: u64,
        present: Option<SenderStamp>,
    ) -> bool {
        let is_new = present.is_some_and(|present| (present.epoch, present.seq) < (epoch, first));
        if !self.is_catching_up || is_new {
            return false;
        }
        let before = self.marks.insert((from, epoch), last).unwrap_or(0);
        assert_eq!(first, before + 1, "what {from} sent in {epoch:?} comes again from where it was cut off");
        let owed = self.owed.get(&(from, epoch));
        assert!(owed.is_none_or(|owed| last <= *owed), "{from} has not sent so much in {epoch:?}");
        true
    }

    pub(crate) fn on_live(&mut self, from: PlayerId, stamp: SenderStamp) {
        self.marks.insert((from, stamp.epoch), stamp.seq);
    }

    /// All that was queued when it came back has been heard.
    pub(crate) fn check_caught_up(&mut self) {
        if !std::mem::take(&mut self.is_catching_up) {
            return;
        }
        for (membership, owed) in std::mem::take(&mut self.owed) {
            let seen = self.marks.get(&membership).copied().unwrap_or(0);
            assert!(seen >= owed, "{membership:?} has sent {owed}, and only {seen} were told of");
        }
    }

    /// The same without the last `n` of each sender, as if they had been lost on the way.
    pub(crate) fn without_last(mut self, n: u64) -> Self {
        for (membership, mark) in &mut self.marks {
            let floor = self.floors.get(membership).copied().unwrap_or(0);
            *mark = mark.saturating_sub(n).max(floor);
        }
        self
    }

    /// As `Reconnect` has it.
    pub(crate) fn to_last_seen(&self) -> Value {
        let mark = |((player, epoch), seq): (&Membership, &u64)| json!({"player_id": player.to_string(), "epoch": epoch.number(), "seq": seq});
        self.marks.iter().map(mark).collect()
    }
}

fn others(me: PlayerId, players: &[PlayerInfo]) -> BTreeSet<PlayerId> {
    players.iter().map(|player| player.id).filter(|id| *id != me).collect()
}

fn marks(me: PlayerId, players: &[PlayerInfo]) -> impl Iterator<Item = (Membership, u64)> {
    let others = players.iter().filter(move |player| player.id != me);
    others.filter_map(|player| Some(((player.id, player.epoch?), player.seq?)))
}
