//! Rooms and people for the unit tests of this crate.

use std::time::{Duration, Instant};

use signal_fish_protocol::{
    Epoch, GameName, Payload, PlayerId, PlayerName, PlayerNameRules, RoomCode, RoomId, SessionGeneration,
    Timestamp, Uuid,
};

use crate::{
    AwayRules, Command, Effects, IssuedToken, Means, Newcomer, Returning, Room, RoomSetup, SessionRules,
    Signal, TokenHash,
};

pub(crate) const ADA: PlayerId = PlayerId::new(Uuid::from_u128(1));
pub(crate) const BOB: PlayerId = PlayerId::new(Uuid::from_u128(2));
pub(crate) const WIM: PlayerId = PlayerId::new(Uuid::from_u128(3));
pub(crate) const ZOE: PlayerId = PlayerId::new(Uuid::from_u128(4));

pub(crate) fn setup() -> RoomSetup {
    RoomSetup {
        id: RoomId::new(Uuid::nil()),
        game: GameName::parse("tanks", 64).unwrap(),
        code: RoomCode::parse("K7PQ2M", 6).unwrap(),
        players_max: 4,
        supports_authority: true,
        relay_type: "matchbox".into(),
        spectators_max: Some(2),
        session: SessionRules::default(),
        empty_timeout: Duration::from_secs(300),
        inactive_timeout: Duration::from_secs(3600),
        away: Some(AwayRules { window: Duration::from_secs(300), events_max: 3 }),
    }
}

/// Some moment: only the distance to others counts.
#[expect(clippy::disallowed_methods)]
pub(crate) fn some_moment() -> Instant {
    Instant::now()
}

/// Ada and Bob play, Wim watches.
pub(crate) fn trio(now: Instant) -> Room {
    let mut room = Room::new(now, setup());
    step(&mut room, now, ADA, join("Ada"));
    step(&mut room, now, BOB, join("Bob"));
    step(&mut room, now, WIM, Command::Watch(newcomer("Wim")));
    room
}

pub(crate) fn newcomer(name: &str) -> Newcomer {
    let name = PlayerName::parse(name, &PlayerNameRules::default()).unwrap();
    let (connected_at, ice_servers) = (Timestamp::UNIX_EPOCH, Vec::new());
    Newcomer { name, connected_at, proof: None, subject: None, means: Means::V3, ice_servers }
}

pub(crate) fn join(name: &str) -> Command {
    Command::Join { newcomer: newcomer(name), epoch: Epoch::FIRST, generation: generation(), token: None }
}

/// As [`join`], with the token number 1.
pub(crate) fn join_with_token(name: &str) -> Command {
    let token = Some(Box::new(token(1)));
    Command::Join { newcomer: newcomer(name), epoch: Epoch::FIRST, generation: generation(), token }
}

/// Comes back with the token of the first number and gets that of the second.
pub(crate) fn reconnect(presented: u8, next: u8) -> Command {
    Command::Reconnect(Box::new(Returning {
        connected_at: Timestamp::UNIX_EPOCH,
        subject: None,
        means: Means::V3,
        ice_servers: Vec::new(),
        presented: token(presented).hash,
        token: token(next),
        generation: generation(),
    }))
}

fn token(number: u8) -> IssuedToken {
    IssuedToken { text: format!("token {number}"), hash: TokenHash([number; 32]) }
}

pub(crate) const fn generation() -> SessionGeneration {
    SessionGeneration::new(Uuid::nil())
}

pub(crate) fn signal(to: PlayerId) -> Signal {
    Signal {
        to,
        generation: generation(),
        payload: Payload::parse("1").unwrap(),
        is_target_seated: false,
        is_within_budget: true,
        is_refusal_explained: true,
    }
}

pub(crate) fn step(room: &mut Room, now: Instant, actor: PlayerId, command: Command) -> Effects {
    let mut effects = Effects::new();
    room.apply(now, actor, command, &mut effects);
    effects
}
