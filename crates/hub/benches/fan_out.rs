//! What it costs to take one game message and queue it for everyone else in the room.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::json;
use signal_fish_auth::Authenticator;
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Hub, HubConfig, Session, Source};
use signal_fish_protocol::ProtocolVersion;
use signal_fish_storage::MemoryDatabase;

criterion_group!(benches, text, binary, join_and_leave);
criterion_main!(benches);

fn text(criterion: &mut Criterion) {
    let message = json!({"type": "GameData", "data": {"data": "x".repeat(64)}}).to_string();
    let mut group = criterion.benchmark_group("relay 64 B of text");
    for n_members in [2_u64, 8, 100] {
        let mut room = Room::of(n_members, ProtocolVersion::V3, "json");
        group.throughput(Throughput::Elements(n_members - 1));
        group.bench_function(BenchmarkId::from_parameter(n_members), |bencher| {
            bencher.iter(|| {
                assert!(room.members[0].on_text(Instant::now(), &message).is_none());
                room.drain();
            });
        });
    }
    group.finish();
}

fn binary(criterion: &mut Criterion) {
    let payload = [[0xd9, 62].as_slice(), &[b'x'; 62]].concat();
    let mut group = criterion.benchmark_group("relay 64 B of message_pack");
    for n_members in [2_u64, 8, 100] {
        let mut room = Room::of(n_members, ProtocolVersion::V3, "message_pack");
        group.throughput(Throughput::Elements(n_members - 1));
        group.bench_function(BenchmarkId::from_parameter(n_members), |bencher| {
            bencher.iter(|| {
                room.members[0].on_binary(Instant::now(), &payload);
                room.drain();
            });
        });
    }
    group.finish();
}

fn join_and_leave(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("join and leave a room of 8, with other rooms there");
    for n_rooms in [10, 1_000, 10_000] {
        let mut room = Room::of(8, ProtocolVersion::V3, "json");
        let _others: Vec<_> =
            (1..n_rooms).map(|index| room.add("json", &format!("{index:06}"), 100)).collect();
        group.bench_function(BenchmarkId::from_parameter(n_rooms), |bencher| {
            let mut last = room.members.pop().expect("eight members");
            bencher.iter(|| {
                room.say(&mut last, &json!({"type": "LeaveRoom"}));
                room.say(&mut last, &join("BENCH1", 7));
                room.drain();
                take(&last);
            });
            room.members.push(last);
        });
    }
    group.finish();
}

struct Room {
    runtime: tokio::runtime::Runtime,
    hub: Hub,
    version: ProtocolVersion,
    members: Vec<Session>,
}

impl Room {
    fn of(n_members: u64, version: ProtocolVersion, format: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let plenty = signal_fish_auth::Quota {
            n_max: std::num::NonZeroU32::MAX,
            window: std::time::Duration::from_secs(1),
        };
        let config = HubConfig {
            rooms_max: 20_000,
            rooms_per_game_max: 20_000,
            creations: plenty,
            joins: plenty,
            error_replies: plenty,
            ..HubConfig::default()
        };
        let (database, coordinator) = (Arc::new(MemoryDatabase::default()), Arc::new(LocalCoordinator));
        let hub = runtime.block_on(Hub::start(config, Authenticator::open(), database, coordinator));
        let mut room = Self { runtime, hub: hub.expect("memory"), version, members: Vec::new() };
        for index in 0..n_members {
            let member = room.add(format, "BENCH1", index);
            room.members.push(member);
        }
        room.drain();
        room
    }

    fn add(&mut self, format: &str, code: &str, index: u64) -> Session {
        let mut session = self.hub.connect(self.version, Source::of([127, 0, 0, 1].into()));
        let authenticate =
            json!({"type": "Authenticate", "data": {"app_id": "bench", "game_data_format": format}});
        self.say(&mut session, &authenticate);
        self.say(&mut session, &join(code, index));
        session
    }

    fn say(&self, session: &mut Session, message: &serde_json::Value) {
        let now = Instant::now();
        if let Some(entry) = session.on_text(now, &message.to_string()) {
            self.runtime.block_on(session.enter(now, entry));
        }
    }

    /// Takes what is queued, as each connection's task would.
    fn drain(&self) {
        self.members.iter().for_each(take);
    }
}

fn take(session: &Session) {
    let (mut frames, cx) = (Vec::with_capacity(8), Context::from_waker(Waker::noop()));
    while session.outbox().poll_take(&cx, &mut frames, usize::MAX).is_ready() {
        frames.clear();
    }
}

fn join(code: &str, index: u64) -> serde_json::Value {
    json!({"type": "JoinRoom", "data": {
        "game_name": "bench", "room_code": code, "player_name": format!("player {index}"), "max_players": 100,
    }})
}
