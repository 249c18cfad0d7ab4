//! What one step of a room costs: a game message, which is most of what happens, and what surrounds it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use signal_fish_engine::{Command, Effects, Means, Newcomer, Room, RoomSetup, SessionRules};
use signal_fish_protocol::{
    DeliveryLabel, Epoch, GameName, PlayerId, PlayerName, PlayerNameRules, RoomCode, RoomId,
    SessionGeneration, Timestamp, Uuid,
};

criterion_group! {
    name = benches;
    config = Criterion::default();
    targets = game_data, join_and_leave, toggle_ready
}
criterion_main!(benches);

const ROOM_SIZES: [u8; 3] = [2, 8, 100];

/// The senders take turns, so that the one that is found last counts as much as the first.
fn game_data(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("game_data");
    for n_players in ROOM_SIZES {
        let (now, mut room, mut effects) = (some_moment(), room(n_players, n_players), Effects::new());
        let mut senders = (0..n_players).cycle().map(player);
        group.bench_function(BenchmarkId::from_parameter(n_players), |bencher| {
            bencher.iter(|| {
                effects.clear();
                let sender = senders.next().expect("it goes round");
                let command = Command::GameData { label: DeliveryLabel::default() };
                room.apply(black_box(now), sender, black_box(command), &mut effects);
            });
        });
    }
    group.finish();
}

/// Into a room with one free seat, and out again.
fn join_and_leave(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("join_and_leave");
    for n_players in ROOM_SIZES {
        let (now, mut room, mut effects) = (some_moment(), room(n_players - 1, n_players), Effects::new());
        let (last, name) = (player(n_players - 1), name(n_players - 1));
        group.bench_function(BenchmarkId::from_parameter(n_players), |bencher| {
            bencher.iter(|| {
                effects.clear();
                room.apply(now, last, join(name.clone()), &mut effects);
                room.apply(now, last, leave(), &mut effects);
            });
        });
    }
    group.finish();
}

fn toggle_ready(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("toggle_ready");
    for n_players in ROOM_SIZES {
        let (now, mut room, mut effects) = (some_moment(), room(n_players, n_players), Effects::new());
        let mut players = (0..n_players).cycle().map(player);
        group.bench_function(BenchmarkId::from_parameter(n_players), |bencher| {
            bencher.iter(|| {
                effects.clear();
                let player = players.next().expect("it goes round");
                room.apply(now, player, Command::ToggleReady, &mut effects);
            });
        });
    }
    group.finish();
}

fn room(n_players: u8, players_max: u8) -> Room {
    let now = some_moment();
    let setup = RoomSetup {
        id: RoomId::new(Uuid::nil()),
        game: GameName::parse("tanks", 64).expect("a good name"),
        code: RoomCode::parse("K7PQ2M", 6).expect("a good code"),
        players_max,
        supports_authority: true,
        relay_type: "matchbox".into(),
        spectators_max: None,
        session: SessionRules::default(),
        empty_timeout: Duration::from_secs(300),
        inactive_timeout: Duration::from_secs(3600),
        away: None,
    };
    let mut room = Room::new(now, setup);
    for number in 0..n_players {
        room.apply(now, player(number), join(name(number)), &mut Effects::new());
    }
    room
}

/// Spread over all bits like the random ids of a server.
fn player(number: u8) -> PlayerId {
    PlayerId::new(Uuid::from_u128((u128::from(number) + 1).wrapping_mul(u128::MAX / 0xFD)))
}

fn name(number: u8) -> PlayerName {
    PlayerName::parse(&format!("player {number}"), &PlayerNameRules::default()).expect("a good name")
}

fn join(name: PlayerName) -> Command {
    let connected_at = Timestamp::UNIX_EPOCH;
    let newcomer = Newcomer {
        name,
        connected_at,
        proof: None,
        subject: None,
        means: Means::V3,
        ice_servers: Vec::new(),
    };
    Command::Join { newcomer, epoch: Epoch::FIRST, generation: generation(), token: None }
}

const fn leave() -> Command {
    Command::Leave { generation: generation() }
}

const fn generation() -> SessionGeneration {
    SessionGeneration::new(Uuid::nil())
}

#[expect(clippy::disallowed_methods, reason = "an instant cannot be made otherwise")]
fn some_moment() -> Instant {
    Instant::now()
}
