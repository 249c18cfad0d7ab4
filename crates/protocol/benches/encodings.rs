//! What the same message costs in JSON and in protobuf.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use signal_fish_protocol::protobuf::{self, ClientFrame, ServerFrame};
use signal_fish_protocol::{
    ClientMessage, DeliveryClass, DeliveryLabel, Epoch, GameDataIn, JoinRoom, LobbyState, Payload, PlayerId,
    PlayerInfo, ProtocolVersion, RelayStamp, RoomCode, RoomId, RoomSnapshot, SenderStamp, ServerMessage,
    Uuid, text_relay,
};

criterion_group!(benches, game_data_in, game_data_out, control);
criterion_main!(benches);

fn game_data_in(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encodings/game_data_in");
    for (name, json) in payloads() {
        for (label, class, key) in [("plain", None, None), ("latest", Some(DeliveryClass::Latest), Some(7))] {
            let data = Payload::parse(&json).expect("a good payload");
            let message = ClientMessage::GameData(GameDataIn { data, class, key });
            let text = message.encode().into_bytes();
            let frame = ClientFrame::Message(message).encode();
            group.bench_function(BenchmarkId::new(format!("json/{label}"), name), |bencher| {
                bencher.iter(|| {
                    // What WebSocket demands of a text message before it is anybody else's.
                    let text = str::from_utf8(black_box(&text)).expect("a text");
                    black_box(ClientMessage::decode(text).expect("a good frame"));
                });
            });
            group.bench_function(BenchmarkId::new(format!("protobuf/{label}"), name), |bencher| {
                bencher.iter(|| {
                    black_box(ClientFrame::decode(black_box(&frame)).expect("a good frame"));
                });
            });
        }
    }
}

fn game_data_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encodings/game_data_out");
    let mut out = Vec::new();
    for (name, json) in payloads() {
        let payload = Payload::parse(&json).expect("a good payload");
        for (label, class, key) in [("plain", None, None), ("latest", Some(DeliveryClass::Latest), Some(7))] {
            let stamp = SenderStamp { epoch: Epoch::FIRST, seq: 182_733 };
            let label_of = DeliveryLabel::new(class, key).expect("a good label");
            let relay = RelayStamp { from: player(1), stamp, label: label_of };
            group.bench_function(BenchmarkId::new(format!("json/{label}"), name), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    text_relay(&mut out, ProtocolVersion::V3, black_box(&relay), black_box(&payload));
                });
            });
            group.bench_function(BenchmarkId::new(format!("protobuf/{label}"), name), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    protobuf::text_relay(&mut out, black_box(&relay), black_box(&payload));
                });
            });
        }
    }
}

fn control(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encodings/control");
    let joined = ServerFrame::Message(ServerMessage::RoomJoined(room_of_eight()));
    let ServerFrame::Message(message) = &joined else { unreachable!("it was just made") };
    group.bench_function("json/encode_room_joined", |bencher| bencher.iter(|| black_box(message).encode()));
    group.bench_function("protobuf/encode_room_joined", |bencher| {
        bencher.iter(|| black_box(&joined).encode())
    });
    let (text, frame) = (message.encode(), joined.encode());
    group.bench_function("json/decode_room_joined", |bencher| {
        bencher.iter(|| ServerMessage::decode(black_box(&text)).expect("a good frame"));
    });
    group.bench_function("protobuf/decode_room_joined", |bencher| {
        bencher.iter(|| ServerFrame::decode(black_box(&frame)).expect("a good frame"));
    });
    let join = JoinRoom { game_name: "tanks".into(), player_name: "Ada".into(), ..JoinRoom::default() };
    for (name, message) in [("ping", ClientMessage::Ping), ("join_room", ClientMessage::JoinRoom(join))] {
        let text = message.encode();
        let frame = ClientFrame::Message(message).encode();
        group.bench_function(format!("json/decode_{name}"), |bencher| {
            bencher.iter(|| ClientMessage::decode(black_box(&text)).expect("a good frame"));
        });
        group.bench_function(format!("protobuf/decode_{name}"), |bencher| {
            bencher.iter(|| ClientFrame::decode(black_box(&frame)).expect("a good frame"));
        });
    }
    let error = ServerFrame::Message(ServerMessage::Pong);
    let ServerFrame::Message(pong) = &error else { unreachable!("it was just made") };
    group.bench_function("json/encode_pong", |bencher| bencher.iter(|| black_box(pong).encode()));
    group.bench_function("protobuf/encode_pong", |bencher| bencher.iter(|| black_box(&error).encode()));
}

fn payloads() -> [(&'static str, String); 2] {
    let small = r#"{"tick":182733,"x":103.25,"y":-7.5,"aim":1.5708,"keys":["w","d"]}"#;
    let object = r#"{"id":1043,"position":[12.5,-3.25,881.0],"rotation":[0.0,0.7071,0.0,0.7071],"hp":87,"name":"scout"}"#;
    [("64B", small.into()), ("1KiB", format!("[{}]", [object; 10].join(",")))]
}

fn player(number: u128) -> PlayerId {
    PlayerId::new(Uuid::from_u128(0x5f0e_4c1a_2b39_4c55_9a11_0000_0000_0000 + number))
}

/// As version 3 sees it.
fn room_of_eight() -> RoomSnapshot {
    let players = (1..=8).map(|number| PlayerInfo {
        id: player(number),
        name: "Ada Lovelace".into(),
        is_authority: number == 1,
        is_ready: false,
        connected_at: None,
        connection_info: None,
        epoch: Some(Epoch::FIRST),
        seq: Some(182_733),
    });
    RoomSnapshot {
        room_id: RoomId::new(player(0).uuid()),
        room_code: RoomCode::parse("K7PQ2M", 6).expect("a good code"),
        player_id: player(8),
        game_name: "tanks".into(),
        max_players: 8,
        supports_authority: true,
        current_players: players.collect(),
        is_authority: false,
        lobby_state: LobbyState::Lobby,
        ready_players: Vec::new(),
        relay_type: "matchbox".into(),
        current_spectators: Vec::new(),
        ice_servers: Vec::new(),
        reconnection_token: Some("0c0ffee0-1111-4222-8333-444455556666".into()),
    }
}
