//! What messages are made of.

use signal_fish_protocol::{
    Authenticate, ConnectionInfo, DeliveryClass, DeliveryCounters, DeliveryGap, DeliveryGapReason,
    DeliveryLabel, DeliveryReport, Epoch, GameDataEncoding, IceServer, JoinAsSpectator, JoinRoom,
    LatestCounters, LobbyState, OperationId, Payload, PlayerId, PlayerInfo, PlayerLeft, Reconnect,
    Reconnected, RelayStamp, RelayTransport, ReliableCounters, ReplayStatus, RoomCode, RoomId, RoomSnapshot,
    SenderStamp, SenderWatermark, ServerMessage, SessionGeneration, SpectatorInfo, SpectatorJoined,
    SpectatorLeft, SpectatorReason, Topology, Transport, Uuid, VolatileCounters,
};

use super::Sample;

const UUID: u128 = 0x5f0e_4c1a_2b39_4c55_9a11_0d6f_1e7a_9b00;

pub(crate) fn player_id(number: u8) -> PlayerId {
    PlayerId::new(Uuid::from_u128(UUID + u128::from(number)))
}

pub(crate) fn room_id() -> RoomId {
    RoomId::new(Uuid::from_u128(0x0c0f_fee0_1111_4222_8333_4444_5555_6666))
}

pub(crate) fn generation() -> SessionGeneration {
    SessionGeneration::new(Uuid::from_u128(0x9e9e_0000_aaaa_4bbb_8ccc_dddd_eeee_ffff))
}

pub(crate) fn operation_id() -> OperationId {
    OperationId::new(Uuid::from_u128(0x1d1d_0000_1234_4567_89ab_cdef_0123_4567))
}

pub(crate) fn room_code() -> RoomCode {
    RoomCode::parse("K7PQ2M", 6).expect("six letters and digits")
}

pub(crate) fn epoch(number: u32) -> Option<Epoch> {
    Some(Epoch::new(number).expect("epochs begin at 1"))
}

pub(crate) fn payload(json: &'static str) -> Payload<'static> {
    Payload::parse(json).expect("a good value")
}

pub(crate) fn relay(label: DeliveryLabel) -> RelayStamp {
    RelayStamp { from: player_id(1), stamp: SenderStamp { epoch: Epoch::FIRST, seq: 42 }, label }
}

/// Every class and key that go together.
pub(crate) fn labels() -> [Sample<DeliveryLabel>; 4] {
    [
        ("as written", None, None),
        ("reliable", Some(DeliveryClass::Reliable), None),
        ("latest", Some(DeliveryClass::Latest), Some(7)),
        ("volatile", Some(DeliveryClass::Volatile), None),
    ]
    .map(|(note, class, key)| (note, DeliveryLabel::new(class, key).expect("they go together")))
}

pub(crate) fn authenticate_least() -> Authenticate {
    Authenticate { app_id: "demo".into(), ..Authenticate::default() }
}

pub(crate) fn authenticate() -> Authenticate {
    Authenticate {
        app_id: "demo".into(),
        sdk_version: Some("0.14.0".into()),
        platform: Some("godot".into()),
        game_data_format: Some(GameDataEncoding::MessagePack),
        protocol_version: Some(3),
        supported_transports: Some(vec![Transport::Webrtc, Transport::Direct, Transport::Relay]),
        supported_topologies: Some(vec![Topology::Mesh, Topology::Host, Topology::Relay]),
        requested_capabilities: Some(vec!["room_operation_ids".into()]),
        connect_token: Some("secret".into()),
    }
}

pub(crate) fn join_room_least() -> JoinRoom {
    JoinRoom { game_name: "tanks".into(), player_name: "Ada".into(), ..JoinRoom::default() }
}

pub(crate) fn join_room() -> JoinRoom {
    JoinRoom {
        room_code: Some("k7pq2m".into()),
        max_players: Some(4),
        supports_authority: Some(true),
        relay_transport: Some(RelayTransport::Auto),
        password: Some("sesame".into()),
        join_only: Some(true),
        ..join_room_least()
    }
}

pub(crate) fn reconnect() -> Reconnect {
    Reconnect { player_id: player_id(1), room_id: room_id(), auth_token: "token".into(), last_seen: None }
}

/// Of a client that wants to hear what it has missed.
pub(crate) fn reconnect_all() -> Reconnect {
    let watermark = SenderWatermark { player_id: player_id(2), epoch: Epoch::FIRST, seq: 40 };
    Reconnect { last_seen: Some(vec![watermark]), ..reconnect() }
}

pub(crate) fn join_as_spectator() -> JoinAsSpectator {
    JoinAsSpectator {
        game_name: "tanks".into(),
        room_code: "K7PQ2M".into(),
        spectator_name: "Grace".into(),
        password: Some("sesame".into()),
    }
}

pub(crate) fn connection_infos() -> Vec<Sample<ConnectionInfo>> {
    let (host, port) = ("203.0.113.9".to_owned(), 7777);
    let relay = |client_id, transport| ConnectionInfo::Relay {
        host: host.clone(),
        port,
        transport,
        allocation_id: "a1".into(),
        token: "t1".into(),
        client_id,
    };
    vec![
        ("direct", ConnectionInfo::Direct { host: host.clone(), port }),
        (
            "unity_relay",
            ConnectionInfo::UnityRelay {
                allocation_id: "a1".into(),
                connection_data: "AAEC".into(),
                key: "k1".into(),
            },
        ),
        ("relay, least", relay(None, RelayTransport::default())),
        ("relay, all", relay(Some(9), RelayTransport::Udp)),
        ("webrtc, least", ConnectionInfo::Webrtc { sdp: None, ice_candidates: vec![] }),
        (
            "webrtc, all",
            ConnectionInfo::Webrtc { sdp: Some("v=0".into()), ice_candidates: vec!["candidate:1".into()] },
        ),
        ("custom", ConnectionInfo::Custom { data: serde_json::json!({"lan": ["10.0.0.7", 7777, null]}) }),
    ]
}

pub(crate) fn player(number: u8) -> PlayerInfo {
    let [(_, direct), ..] = &connection_infos()[..] else { unreachable!("the list is not empty") };
    PlayerInfo {
        id: player_id(number),
        name: if number == 1 { "Ada" } else { "Bob" }.into(),
        is_authority: number == 1,
        is_ready: false,
        connected_at: Some("2026-03-01T12:00:00.123456789Z".parse().expect("a good time stamp")),
        connection_info: (number == 1).then(|| direct.clone()),
        epoch: epoch(1),
        seq: Some(if number == 1 { 41 } else { 0 }),
    }
}

pub(crate) fn spectator() -> SpectatorInfo {
    SpectatorInfo {
        id: player_id(9),
        name: "Grace".into(),
        connected_at: Some("2026-03-01T12:00:05Z".parse().expect("a good time stamp")),
    }
}

pub(crate) fn ice_servers() -> Vec<IceServer> {
    vec![
        IceServer { urls: vec!["stun:stun.example.org".into()], username: None, credential: None },
        IceServer {
            urls: vec!["turn:turn.example.org".into()],
            username: Some("1767225600:ada".into()),
            credential: Some("hmac".into()),
        },
    ]
}

pub(crate) fn snapshot() -> RoomSnapshot {
    RoomSnapshot {
        room_id: room_id(),
        room_code: room_code(),
        player_id: player_id(2),
        game_name: "tanks".into(),
        max_players: 8,
        supports_authority: true,
        current_players: vec![player(1), player(2)],
        is_authority: false,
        lobby_state: LobbyState::Lobby,
        ready_players: vec![player_id(1)],
        relay_type: "matchbox".into(),
        current_spectators: vec![spectator()],
        ice_servers: ice_servers(),
        reconnection_token: Some("token".into()),
    }
}

pub(crate) fn reconnected() -> Reconnected<'static> {
    let left = PlayerLeft { player_id: player_id(3), epoch: epoch(2), final_seq: Some(5) };
    let watermark = |number, seq| SenderWatermark { player_id: player_id(number), epoch: Epoch::FIRST, seq };
    Reconnected {
        snapshot: snapshot(),
        missed_events: vec![ServerMessage::PlayerLeft(left)],
        replay: Some(ReplayStatus::Complete),
        sender_watermarks: vec![watermark(1, 41), watermark(2, 0)],
    }
}

pub(crate) fn spectator_joined() -> SpectatorJoined {
    SpectatorJoined {
        room_id: room_id(),
        room_code: room_code(),
        spectator_id: player_id(9),
        game_name: "tanks".into(),
        current_players: vec![player(1)],
        current_spectators: vec![spectator()],
        lobby_state: LobbyState::Finalized,
        reason: Some(SpectatorReason::Joined),
    }
}

pub(crate) fn spectator_left() -> SpectatorLeft {
    SpectatorLeft {
        room_id: Some(room_id()),
        room_code: Some(room_code()),
        reason: Some(SpectatorReason::VoluntaryLeave),
        current_spectators: vec![spectator()],
    }
}

pub(crate) fn delivery_report() -> DeliveryReport {
    let gap = |from_seq, to_seq, reason| DeliveryGap {
        from_player: player_id(1),
        epoch: Epoch::FIRST,
        from_seq,
        to_seq,
        reason,
    };
    DeliveryReport {
        per_class: DeliveryCounters {
            reliable: ReliableCounters { delivered: 10, abandoned: 0, unsupported_format: 1 },
            latest: LatestCounters {
                delivered: 4,
                superseded: 2,
                dropped_full: 1,
                ..LatestCounters::default()
            },
            volatile: VolatileCounters { delivered: 1, dropped: 3, ..VolatileCounters::default() },
        },
        gaps: vec![
            gap(5, 6, DeliveryGapReason::LatestSuperseded),
            gap(8, 8, DeliveryGapReason::LatestDroppedFull),
            gap(9, 11, DeliveryGapReason::VolatileDropped),
            gap(12, 12, DeliveryGapReason::UnsupportedFormat),
            gap(13, 20, DeliveryGapReason::NotRetained),
        ],
    }
}
