//! What it costs to read and write messages: the hot path of every game message, and the largest control message.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use signal_fish_protocol::{
    ClientMessage, DeliveryClass, DeliveryLabel, Epoch, GameDataEncoding, LobbyState, Payload, PlayerId,
    PlayerInfo, ProtocolVersion, RelayStamp, RoomCode, RoomId, RoomSnapshot, SenderStamp, ServerMessage,
    Timestamp, Uuid, binary_relay, message_pack_to_json, text_relay,
};

criterion_group!(benches, decode, relay, transcode, encode);
criterion_main!(benches);

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for (payload_name, payload) in payloads() {
        group.throughput(Throughput::Bytes(payload.len().try_into().expect("a payload is small")));
        for (form, frame) in [
            ("usual", format!(r#"{{"type":"GameData","data":{{"data":{payload}}}}}"#)),
            (
                "labelled",
                format!(r#"{{"type":"GameData","data":{{"data":{payload},"class":"latest","key":7}}}}"#),
            ),
            ("spaced", format!(r#"{{"type": "GameData", "data": {{"data": {payload}}}}}"#)),
            (
                "sorted",
                format!(r#"{{"data":{{"class":"latest","data":{payload},"key":7}},"type":"GameData"}}"#),
            ),
        ] {
            group.bench_with_input(BenchmarkId::new(form, payload_name), &frame, |bencher, frame| {
                bencher.iter(|| ClientMessage::decode(black_box(frame)).expect("a good frame"));
            });
        }
    }
    group.throughput(Throughput::Elements(1));
    for (name, frame) in [
        ("ping", r#"{"type":"Ping"}"#),
        ("join_room", r#"{"type":"JoinRoom","data":{"game_name":"tanks","player_name":"Ada"}}"#),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| ClientMessage::decode(black_box(frame)).expect("a good frame"));
        });
    }
}

fn relay(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("relay");
    let (_, json) = &payloads()[0];
    let payload = Payload::parse(json).expect("a good payload");
    let mut out = Vec::new();
    for version in [ProtocolVersion::V2, ProtocolVersion::V3] {
        for (name, label) in [
            ("plain", DeliveryLabel::default()),
            ("latest", DeliveryLabel::new(Some(DeliveryClass::Latest), Some(7)).expect("a good label")),
        ] {
            let stamp = stamp(label);
            group.bench_function(format!("text/v{version}/{name}"), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    text_relay(&mut out, version, black_box(&stamp), black_box(&payload));
                });
            });
        }
        let stamp = stamp(DeliveryLabel::default());
        group.bench_function(format!("binary/v{version}"), |bencher| {
            bencher.iter(|| {
                out.clear();
                let bytes = black_box(json.as_bytes());
                binary_relay(&mut out, version, black_box(&stamp), GameDataEncoding::MessagePack, bytes);
            });
        });
    }
}

fn transcode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("transcode");
    for (name, json) in payloads() {
        let value: serde_json::Value = serde_json::from_str(&json).expect("a good payload");
        let bytes = rmp_serde::to_vec_named(&value).expect("JSON has a MessagePack form");
        group.throughput(Throughput::Bytes(bytes.len().try_into().expect("a payload is small")));
        group.bench_function(name, |bencher| {
            bencher.iter(|| message_pack_to_json(black_box(&bytes)).expect("it came from JSON"));
        });
    }
}

fn encode(criterion: &mut Criterion) {
    let joined = ServerMessage::RoomJoined(room_of_eight());
    criterion.bench_function("encode/room_joined", |bencher| bencher.iter(|| black_box(&joined).encode()));
}

/// Two bodies of game state, and a text that is one long string.
fn payloads() -> [(&'static str, String); 3] {
    let small = r#"{"tick":182733,"x":103.25,"y":-7.5,"aim":1.5708,"keys":["w","d"]}"#;
    let object = r#"{"id":1043,"position":[12.5,-3.25,881.0],"rotation":[0.0,0.7071,0.0,0.7071],"hp":87,"name":"scout"}"#;
    let state = format!("[{}]", [object; 10].join(","));
    [("64B", small.into()), ("1KiB", state), ("32KiB_string", format!("\"{}\"", "abcdefgh".repeat(4096)))]
}

fn stamp(label: DeliveryLabel) -> RelayStamp {
    let stamp = SenderStamp { epoch: Epoch::FIRST, seq: 182_733 };
    RelayStamp { from: player(1), stamp, label }
}

fn player(number: u128) -> PlayerId {
    PlayerId::new(Uuid::from_u128(0x5f0e_4c1a_2b39_4c55_9a11_0000_0000_0000 + number))
}

fn room_of_eight() -> RoomSnapshot {
    let players = (1..=8).map(|number| PlayerInfo {
        id: player(number),
        name: "Ada Lovelace".into(),
        is_authority: number == 1,
        is_ready: false,
        connected_at: Some(Timestamp::UNIX_EPOCH),
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
