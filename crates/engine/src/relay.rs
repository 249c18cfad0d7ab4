//! Game data: each message of a player gets the next number of its membership.

use std::iter;

use signal_fish_protocol::{DeliveryLabel, RelayStamp};

use crate::step::Step;
use crate::{Effect, Room};

/// The hot path of the product: nothing is allocated here.
pub(crate) fn on_game_data(room: &mut Room, step: &mut Step<'_>, label: DeliveryLabel) {
    let Some(position) = step.seat_or_refuse() else { return };
    let stamp = &mut room.seats.at_mut(position).last_stamp;
    stamp.seq = stamp.seq.saturating_add(1);
    let (from, stamp) = (step.actor, *stamp);
    // Written where it belongs: an effect is as large as the largest message, and a push would copy all of it.
    step.out.extend(iter::once_with(|| Effect::Relay(RelayStamp { from, stamp, label })));
}

#[cfg(test)]
mod tests {
    use signal_fish_protocol::DeliveryLabel;

    use crate::Command;
    use crate::fixture::{ADA, some_moment, step, trio};

    #[test]
    fn numbers_end_rather_than_begin_anew() {
        let now = some_moment();
        let mut room = trio(now);
        room.seats.at_mut(0).last_stamp.seq = u64::MAX - 1;
        for _ in 0..3 {
            step(&mut room, now, ADA, Command::GameData { label: DeliveryLabel::default() });
            assert_eq!(room.seats.at_mut(0).last_stamp.seq, u64::MAX);
        }
    }
}
