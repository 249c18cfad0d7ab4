//! Game data for those who come back: when a room keeps it, and how the missed part is said.

use std::time::Instant;

use signal_fish_engine::Room;
use signal_fish_protocol::{DeliveryClass, RelayStamp};

use crate::delivery::{Member, SCRATCH};
use crate::game_data::{GameData, KeptData, RelayFrames};
use crate::replay_log::{Missed, ReplayLog};

/// The log of a room, kept while somebody who may ask for it is in the room or may come back to it.
pub(crate) type Log = Option<Box<ReplayLog<KeptData>>>;

/// A message is relayed. Only what is never dropped on its way is worth being kept.
pub(crate) fn remember(log: &mut ReplayLog<KeptData>, now: Instant, stamp: &RelayStamp, data: &GameData<'_>) {
    let is_kept = stamp.label.class() == DeliveryClass::Reliable;
    log.push(now, *stamp, is_kept.then(|| data.to_kept()), data.len());
}

/// After a step in which somebody has come or gone, or time has.
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

/// Tells `member`, who is back, what it missed.
pub(crate) fn say(now: Instant, member: &mut Member, missed: Vec<Missed<'_, KeptData>>) {
    let bytes_max = member.link.outbox.message_bytes_max();
    SCRATCH.with_borrow_mut(|scratch| {
        for missed in missed {
            match missed {
                Missed::Gap(gap) => member.link.outbox.push_missed(now, gap),
                Missed::Message(stamp, data) => {
                    let mut frames = RelayFrames::new(data.as_game_data(), stamp, scratch, bytes_max);
                    member.hear(now, &mut frames, &stamp);
                }
            }
        }
    });
}
