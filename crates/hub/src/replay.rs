//! Game data for those who come back: when a room keeps it, and how the missed part is said.

use std::time::Instant;

use signal_fish_engine::Room;
use signal_fish_protocol::{DeliveryClass, RelayStamp, SenderWatermark};

use crate::config::ReplayLimits;
use crate::delivery::{Member, Outcome, SCRATCH};
use crate::game_data::{GameData, KeptData, RelayFrames};
use crate::link::Link;
use crate::replay_log::{Missed, ReplayLog};

/// The log of a room, kept while somebody who may ask for it is in the room or may come back to it.
pub(crate) type Log = Option<Box<ReplayLog<KeptData>>>;

/// A message is relayed. Only what is never dropped on its way is worth being kept.
pub(crate) fn remember(log: &mut ReplayLog<KeptData>, now: Instant, stamp: &RelayStamp, data: &GameData<'_>) {
    let is_kept = stamp.label.class() == DeliveryClass::Reliable;
    log.push(now, *stamp, is_kept.then(|| data.to_kept()), data.len());
}

/// After a step in which somebody may have come or gone.
pub(crate) fn follow(log: &mut Log, now: Instant, room: &Room, members: &[Member]) {
    if let Some(some) = log {
        let is_member = |player| members.iter().any(|member| member.link.player == player);
        some.keep_readers(|player| is_member(player) || room.awaits(player));
        some.trim(now);
        if !some.has_readers() {
            *log = None;
        }
    }
}

/// If `actor` has come in with this step and may ask, it hears what it missed after `last_seen`, and from now on the room
/// keeps what it may miss the next time.
pub(crate) fn admit(
    log: &mut Log,
    limits: Option<ReplayLimits>,
    now: Instant,
    (room, members): (&Room, &mut [Member]),
    (actor, outcome): (&Link, &Outcome),
    last_seen: Option<&[SenderWatermark]>,
) {
    let has_come = outcome.entered || outcome.returned.is_some();
    let Some(limits) = limits.filter(|_| has_come && actor.capabilities.game_data_replay) else { return };
    let log = log.get_or_insert_with(|| Box::new(ReplayLog::new(limits)));
    if let (Some(_), Some(last_seen), Some(member)) = (outcome.returned, last_seen, members.last_mut()) {
        say(now, member, log.missed(actor.player, room.watermarks(), last_seen));
    }
    log.add_reader(actor.player, room.watermarks());
}

fn say(now: Instant, member: &mut Member, missed: Missed<'_, KeptData>) {
    member.link.outbox.push_missed(now, missed.gaps);
    let bytes_max = member.link.outbox.message_bytes_max();
    SCRATCH.with_borrow_mut(|scratch| {
        for (stamp, data) in missed.messages {
            let mut frames = RelayFrames::new(data.as_game_data(), stamp, scratch, bytes_max);
            member.hear(now, &mut frames, &stamp);
        }
    });
}
