//! How long a room lives without players, or without a word from anyone, and how it ends.

use std::time::{Duration, Instant};

use signal_fish_protocol::{CloseCode, ErrorCode, ServerMessage, SpectatorReason};

use crate::plan::Session;
use crate::{Audience, Effect, Effects, Room, RoomSetup};
use crate::{away, spectators};

/// Where a room is between its making and its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lifetime {
    /// Nobody plays. Spectators do not keep such a room.
    Empty { since: Instant },
    /// Someone plays.
    Inhabited { heard_at: Instant },
    /// It takes nobody in any more.
    Over { since: Instant },
}

impl Lifetime {
    /// A member said something. Only stores that: this happens with every game message.
    pub(crate) fn on_sign_of_life(&mut self, now: Instant) {
        match self {
            Self::Inhabited { heard_at } => *heard_at = now,
            Self::Empty { .. } | Self::Over { .. } => {}
        }
    }

    pub(crate) const fn on_join(&mut self, now: Instant) {
        *self = Self::Inhabited { heard_at: now };
    }

    pub(crate) const fn on_empty(&mut self, now: Instant) {
        *self = Self::Empty { since: now };
    }

    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Over { .. })
    }

    pub(crate) fn deadline(self, setup: &RoomSetup) -> Instant {
        match self {
            Self::Empty { since } => since + setup.empty_timeout.min(NEVER),
            Self::Inhabited { heard_at } => heard_at + setup.inactive_timeout.min(NEVER),
            Self::Over { since } => since + NEVER,
        }
    }
}

/// The deadline has passed.
pub(crate) fn on_deadline(room: &mut Room, now: Instant, out: &mut Effects) {
    match room.lifetime {
        Lifetime::Empty { .. } => {}
        Lifetime::Inhabited { .. } => close_connections(room, out),
        Lifetime::Over { .. } => return,
    }
    dismiss_spectators(room, out);
    (room.authority, room.session) = (None, Session::Relay);
    away::forget_all(room);
    room.lifetime = Lifetime::Over { since: now };
    out.push(Effect::Ended);
}

/// Nobody plays here any more: whoever still watches may go on to another room.
fn dismiss_spectators(room: &mut Room, out: &mut Effects) {
    let spectators = room.spectators.clear();
    let left = spectators::left(room, SpectatorReason::RoomClosed);
    for id in spectators {
        out.push(Effect::Send(Audience::One(id), left.clone()));
        out.push(Effect::Left(id));
    }
}

/// No player has said a word for so long that their connections are not worth keeping either.
fn close_connections(room: &mut Room, out: &mut Effects) {
    let error = ServerMessage::error(ErrorCode::RoomNotFound, "the room was closed: nobody was active in it");
    for id in room.seats.clear() {
        out.push(Effect::Send(Audience::One(id), error.clone()));
        out.push(Effect::Close(id, CloseCode::RoomInactive));
        out.push(Effect::Left(id));
    }
}

/// A hundred years: longer timeouts mean never, and no sum of an instant and a timeout overflows.
pub(crate) const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::fixture::{
        ADA, BOB, WIM, ZOE, generation, join, newcomer, reconnect, setup, signal, some_moment, step, trio,
    };
    use signal_fish_protocol::{ConnectionInfo, DeliveryLabel, Transport, TransportStatus};

    const TICK: Duration = Duration::from_nanos(1);

    /// The room does nothing until `deadline`, and then this, once and for all.
    #[track_caller]
    fn assert_ends(mut room: Room, deadline: Instant, expected: &[Effect]) {
        assert_eq!(room.poll_timeout(), deadline);
        let mut effects = Effects::new();
        room.handle_timeout(deadline - TICK, &mut effects);
        assert_eq!(effects, []);
        room.handle_timeout(deadline, &mut effects);
        assert_eq!(effects, expected);
        room.handle_timeout(deadline + Duration::from_secs(365 * 24 * 60 * 60), &mut effects);
        assert_eq!(effects.len(), expected.len(), "a room ends once");
        assert!(room.poll_timeout() > deadline + NEVER - TICK);
    }

    fn every_command() -> Vec<Command> {
        vec![
            join("Zoe"),
            reconnect(1, 2),
            Command::Leave { generation: generation() },
            Command::Watch(newcomer("Zoe")),
            Command::StopWatching,
            Command::Disconnect { generation: generation() },
            Command::ToggleReady,
            Command::Start { generation: generation() },
            Command::TakeAuthority,
            Command::ReleaseAuthority,
            Command::Kick { target: ZOE, generation: generation() },
            Command::Ban { target: ZOE, generation: generation() },
            Command::Unban(ZOE),
            Command::TransferAuthority(ZOE),
            Command::SetAccess(None),
            Command::ChangeCode(setup().code),
            Command::ProvideConnectionInfo {
                info: ConnectionInfo::Direct { host: "localhost".to_owned(), port: 1 },
                generation: generation(),
            },
            Command::Signal(signal(BOB)),
            Command::ReportTransport(TransportStatus { transport: Transport::Relay, connected: true }),
            Command::GameData { label: DeliveryLabel::default() },
            Command::StayActive,
        ]
    }

    #[test]
    fn a_room_that_nobody_enters_ends() {
        let now = some_moment();
        assert_ends(Room::new(now, setup()), now + setup().empty_timeout, &[Effect::Ended]);
    }

    #[test]
    fn a_room_ends_some_time_after_its_last_player_is_gone() {
        let start = some_moment();
        for farewell in
            [Command::Leave { generation: generation() }, Command::Disconnect { generation: generation() }]
        {
            let (mut room, left_at) = (trio(start), start + Duration::from_secs(1_000));
            step(&mut room, left_at - TICK, ADA, farewell.clone());
            step(&mut room, left_at, BOB, farewell);
            step(&mut room, left_at + TICK, WIM, Command::StayActive);
            let left = spectators::left(&Room::new(start, setup()), SpectatorReason::RoomClosed);
            let expected = [Effect::Send(Audience::One(WIM), left), Effect::Left(WIM), Effect::Ended];
            assert_ends(room, left_at + setup().empty_timeout, &expected);
        }
    }

    #[test]
    fn a_quiet_room_ends_with_the_connections_of_its_players() {
        let start = some_moment();
        let (mut room, entered_at) = (trio(start), start + Duration::from_secs(1_000));
        step(&mut room, entered_at, ZOE, join("Zoe"));
        let error = "the room was closed: nobody was active in it";
        let error = ServerMessage::error(ErrorCode::RoomNotFound, error);
        let mut expected = Vec::new();
        for id in [ADA, BOB, ZOE] {
            expected.push(Effect::Send(Audience::One(id), error.clone()));
            expected.extend([Effect::Close(id, CloseCode::RoomInactive), Effect::Left(id)]);
        }
        let left = spectators::left(&Room::new(start, setup()), SpectatorReason::RoomClosed);
        expected.extend([Effect::Send(Audience::One(WIM), left), Effect::Left(WIM), Effect::Ended]);
        assert_ends(room, entered_at + setup().inactive_timeout, &expected);
    }

    #[test]
    fn whatever_a_member_does_keeps_the_room() {
        let start = some_moment();
        for actor in [ADA, BOB, WIM] {
            for command in every_command() {
                let (mut room, now) = (trio(start), start + Duration::from_secs(1_000));
                step(&mut room, now, actor, command.clone());
                // Who wants to come back as a member is somebody else.
                let is_of_member = !matches!(command, Command::Reconnect(_));
                let active_at = if is_of_member { now } else { start };
                assert_eq!(room.poll_timeout(), active_at + setup().inactive_timeout, "{command:?}");
            }
        }
    }

    #[test]
    fn nothing_that_a_stranger_does_keeps_the_room() {
        let start = some_moment();
        for command in every_command().into_iter().filter(|command| !matches!(command, Command::Join { .. }))
        {
            let mut room = trio(start);
            step(&mut room, start + Duration::from_secs(1_000), ZOE, command.clone());
            assert_eq!(room.poll_timeout(), start + setup().inactive_timeout, "{command:?}");
        }
    }

    #[test]
    fn spectators_do_not_keep_a_room_without_players() {
        let start = some_moment();
        for command in every_command().into_iter().filter(|command| !matches!(command, Command::Join { .. }))
        {
            let mut room = Room::new(start, setup());
            step(&mut room, start, WIM, Command::Watch(newcomer("Wim")));
            step(&mut room, start + Duration::from_secs(100), WIM, command.clone());
            assert_eq!(room.poll_timeout(), start + setup().empty_timeout, "{command:?}");
        }
    }

    #[test]
    fn a_clock_that_goes_back_does_no_harm() {
        let early = some_moment();
        let mut room = trio(early + Duration::from_secs(1));
        for command in every_command() {
            for actor in [ADA, BOB, WIM, ZOE] {
                step(&mut room, early, actor, command.clone());
                room.handle_timeout(early, &mut Effects::new());
            }
        }
        assert!(!room.lifetime.is_over());
    }

    #[test]
    fn timeouts_may_be_endless_or_nothing() {
        let now = some_moment();
        for (timeout, ends) in [(Duration::MAX, false), (Duration::ZERO, true)] {
            let setup = RoomSetup { empty_timeout: timeout, inactive_timeout: timeout, ..setup() };
            let empty = Room::new(now, setup);
            let mut inhabited = empty.clone();
            step(&mut inhabited, now, ADA, join("Ada"));
            for mut room in [empty, inhabited] {
                room.handle_timeout(now, &mut Effects::new());
                assert_eq!(room.lifetime.is_over(), ends, "{timeout:?}");
            }
        }
    }

    #[test]
    fn nobody_gets_into_a_room_that_is_over() {
        let now = some_moment();
        let mut room = trio(now);
        room.handle_timeout(room.poll_timeout(), &mut Effects::new());
        let n_entered =
            |effects: Effects| effects.iter().filter(|&effect| *effect == Effect::Entered).count();
        for command in every_command() {
            for actor in [ADA, WIM] {
                assert_eq!(n_entered(step(&mut room, now, actor, command.clone())), 0, "{command:?}");
            }
        }
        assert!(room.lifetime.is_over());
    }
}
