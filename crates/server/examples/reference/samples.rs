//! One sample of every message: a room of Ada and Bob, watched by Cat.

use signal_fish_protocol::{
    Authenticate, Authenticated, AuthenticationError, AuthorityChanged, AuthorityRequest, AuthorityResponse,
    ClientMessage, DeliveryClass, DeliveryCounters, DeliveryGap, DeliveryGapReason, DeliveryReport,
    DirectEndpoint, Epoch, ErrorCode, GameDataEncoding, GameDataIn, GameDataOut, GameStarting, GoingAway,
    IceServer, JoinAsSpectator, JoinRoom, LobbyState, LobbyStateChanged, MessageTransport, NewPeer,
    NewSpectatorJoined, OperationId, Payload, PeerConnectionInfo, PeerTransportStatus, PlayerId, PlayerInfo,
    PlayerJoined, PlayerLeft, PlayerNameRules, PlayerReconnected, ProtocolInfo, ProtocolInfoV3,
    ProvideConnectionInfo, RateLimitInfo, Reconnect, Reconnected, ReconnectionFailed, RelayStats,
    ReplayStatus, RoomCode, RoomId, RoomJoinFailed, RoomOperation, RoomOperationRequest, RoomOperationResult,
    RoomResult, RoomSnapshot, SenderWatermark, ServerMessage, SessionGeneration, SessionPeer, SessionPlan,
    SignalIn, SignalOut, SpectatorDisconnected, SpectatorInfo, SpectatorJoinFailed, SpectatorJoined,
    SpectatorLeft, SpectatorReason, Timestamp, Topology, Transport, TransportStatus, Uuid, limits,
};

use crate::operations;

/// What Ada, Bob or Cat may say.
pub(crate) fn client() -> Vec<ClientMessage<'static>> {
    use ClientMessage as Message;
    let mut messages = vec![
        Message::Authenticate(Authenticate {
            app_id: "tanks".to_owned(),
            sdk_version: Some("1.12.0".to_owned()),
            platform: Some("unity".to_owned()),
            game_data_format: Some(GameDataEncoding::MessagePack),
            protocol_version: Some(3),
            supported_transports: Some(vec![Transport::Relay]),
            supported_topologies: Some(vec![Topology::Relay]),
            requested_capabilities: Some(vec!["room_operation_ids".to_owned()]),
            connect_token: None,
        }),
        Message::JoinRoom(join()),
        Message::LeaveRoom,
        Message::GameData(GameDataIn { data: payload(), class: None, key: None }),
        Message::GameData(GameDataIn { data: payload(), class: Some(DeliveryClass::Latest), key: Some(7) }),
        Message::AuthorityRequest(AuthorityRequest { become_authority: true }),
        Message::PlayerReady,
        Message::StartGame,
        Message::Ping,
        Message::Reconnect(reconnect()),
        Message::Reconnect(Reconnect {
            last_seen: Some(vec![SenderWatermark { player_id: BOB, epoch: Epoch::FIRST, seq: 42 }]),
            ..reconnect()
        }),
        Message::JoinAsSpectator(watch()),
        Message::LeaveSpectator,
        Message::Signal(SignalIn { to: BOB, generation: GENERATION, signal: signal() }),
        Message::TransportStatus(TransportStatus { transport: Transport::Webrtc, connected: true }),
        operation(RoomOperationRequest::JoinRoom(join())),
        operation(RoomOperationRequest::KickPlayer { player_id: BOB }),
    ];
    messages.extend(
        operations::infos()
            .into_iter()
            .map(|connection_info| Message::ProvideConnectionInfo(ProvideConnectionInfo { connection_info })),
    );
    messages
}

/// What Ada may hear, if she plays, and Cat, who watches.
pub(crate) fn server() -> Vec<ServerMessage<'static>> {
    [handshake(), seats(), lobby(), coming_back(), watching(), relay(), sessions()].concat()
}

fn handshake() -> Vec<ServerMessage<'static>> {
    let v3 = ProtocolInfoV3 {
        protocol_version: 3,
        min_protocol_version: 2,
        max_protocol_version: 3,
        transports: vec![MessageTransport::Websocket],
        max_outbound_message_size: Some(limits::OUTBOUND_BYTES_MAX),
        implementation_version: Some("0.1.0".to_owned()),
        game_data_limits: Vec::new(),
    };
    vec![
        ServerMessage::Authenticated(Authenticated {
            app_name: "Tanks".to_owned(),
            organization: None,
            rate_limits: RateLimitInfo { per_minute: 1_000, per_hour: 10_000, per_day: 100_000 },
        }),
        ServerMessage::ProtocolInfo(ProtocolInfo {
            platform: Some("unity".to_owned()),
            sdk_version: Some("1.12.0".to_owned()),
            minimum_version: Some("1.10.0".to_owned()),
            recommended_version: Some("1.12.0".to_owned()),
            capabilities: vec!["spectator-mode".to_owned()],
            notes: None,
            game_data_formats: vec![GameDataEncoding::Json, GameDataEncoding::MessagePack],
            player_name_rules: Some(PlayerNameRules::default()),
            v3: Some(v3),
        }),
        ServerMessage::AuthenticationError(AuthenticationError {
            error: "the app id is not allowed on this server".to_owned(),
            error_code: ErrorCode::InvalidAppId,
        }),
        ServerMessage::error(ErrorCode::NotInRoom, "this needs a seat in a room"),
        ServerMessage::Pong,
    ]
}

fn seats() -> Vec<ServerMessage<'static>> {
    vec![
        ServerMessage::RoomJoined(RoomSnapshot { ice_servers: vec![stun()], ..snapshot() }),
        ServerMessage::RoomJoinFailed(RoomJoinFailed {
            reason: "the room has as many players as it takes".to_owned(),
            error_code: Some(ErrorCode::RoomFull),
        }),
        ServerMessage::RoomLeft,
        ServerMessage::PlayerJoined(PlayerJoined { player: player(BOB, "Bob") }),
        ServerMessage::PlayerLeft(PlayerLeft {
            player_id: BOB,
            epoch: Some(Epoch::FIRST),
            final_seq: Some(42),
        }),
    ]
}

fn lobby() -> Vec<ServerMessage<'static>> {
    let peer = |player_id, name: &str| PeerConnectionInfo {
        player_id,
        player_name: name.into(),
        is_authority: player_id == ADA,
        relay_type: "matchbox".into(),
        connection_info: operations::infos().into_iter().next().filter(|_| player_id == ADA),
    };
    vec![
        ServerMessage::AuthorityChanged(AuthorityChanged {
            authority_player: Some(ADA),
            you_are_authority: true,
        }),
        ServerMessage::AuthorityResponse(AuthorityResponse { granted: true, reason: None, error_code: None }),
        ServerMessage::AuthorityResponse(AuthorityResponse {
            granted: false,
            reason: Some("somebody else holds the authority".to_owned()),
            error_code: Some(ErrorCode::AuthorityConflict),
        }),
        ServerMessage::LobbyStateChanged(LobbyStateChanged {
            lobby_state: LobbyState::Lobby,
            ready_players: vec![ADA, BOB],
            all_ready: true,
        }),
        ServerMessage::GameStarting(GameStarting {
            peer_connections: vec![peer(ADA, "Ada"), peer(BOB, "Bob")],
        }),
    ]
}

fn coming_back() -> Vec<ServerMessage<'static>> {
    let epoch = Epoch::FIRST.next();
    let ada = PlayerInfo { epoch: Some(epoch), seq: Some(0), ..player(ADA, "Ada") };
    vec![
        ServerMessage::Reconnected(Reconnected {
            snapshot: RoomSnapshot {
                current_players: vec![ada],
                reconnection_token: Some(NEXT_TOKEN.into()),
                ..snapshot()
            },
            missed_events: vec![ServerMessage::PlayerLeft(PlayerLeft {
                player_id: BOB,
                epoch: Some(Epoch::FIRST),
                final_seq: Some(42),
            })],
            replay: Some(ReplayStatus::Complete),
            sender_watermarks: vec![SenderWatermark { player_id: ADA, epoch, seq: 0 }],
        }),
        ServerMessage::ReconnectionFailed(ReconnectionFailed {
            reason: "the time for coming back is over".to_owned(),
            error_code: ErrorCode::ReconnectionExpired,
        }),
        ServerMessage::PlayerReconnected(PlayerReconnected {
            player_id: BOB,
            epoch: Some(Epoch::FIRST.next()),
            player: Some(player(BOB, "Bob")),
        }),
    ]
}

fn watching() -> Vec<ServerMessage<'static>> {
    vec![
        ServerMessage::SpectatorJoined(SpectatorJoined {
            room_id: ROOM,
            room_code: code(),
            spectator_id: CAT,
            game_name: GAME.into(),
            current_players: vec![player(ADA, "Ada"), player(BOB, "Bob")],
            current_spectators: vec![cat()],
            lobby_state: LobbyState::Lobby,
            reason: Some(SpectatorReason::Joined),
        }),
        ServerMessage::SpectatorJoinFailed(SpectatorJoinFailed {
            reason: "there is no such room".to_owned(),
            error_code: Some(ErrorCode::RoomNotFound),
        }),
        ServerMessage::SpectatorLeft(SpectatorLeft {
            room_id: Some(ROOM),
            room_code: Some(code()),
            reason: Some(SpectatorReason::VoluntaryLeave),
            current_spectators: Vec::new(),
        }),
        ServerMessage::NewSpectatorJoined(NewSpectatorJoined {
            spectator: cat(),
            current_spectators: vec![cat()],
            reason: Some(SpectatorReason::Joined),
            spectator_count: Some(1),
        }),
        ServerMessage::SpectatorDisconnected(SpectatorDisconnected {
            spectator_id: CAT,
            reason: Some(SpectatorReason::Disconnected),
            current_spectators: Vec::new(),
            spectator_count: Some(0),
        }),
    ]
}

fn relay() -> Vec<ServerMessage<'static>> {
    let gap = DeliveryGap {
        from_player: BOB,
        epoch: Epoch::FIRST,
        from_seq: 43,
        to_seq: 44,
        reason: DeliveryGapReason::UnsupportedFormat,
    };
    let mut per_class = DeliveryCounters::default();
    per_class.reliable.delivered = 42;
    per_class.reliable.unsupported_format = 2;
    let game_data = GameDataOut {
        from_player: BOB,
        data: payload(),
        seq: Some(42),
        epoch: Some(Epoch::FIRST),
        class: None,
        key: None,
    };
    let labelled = GameDataOut { class: Some(DeliveryClass::Latest), key: Some(7), ..game_data.clone() };
    vec![
        ServerMessage::GameData(game_data),
        ServerMessage::GameData(labelled),
        ServerMessage::DeliveryReport(DeliveryReport { per_class, gaps: vec![gap] }),
        ServerMessage::RelayStats(RelayStats {
            interval_ms: 10_000,
            sent_to_you: 200,
            dropped_for_you: 0,
            backpressure_events: 0,
        }),
        ServerMessage::GoingAway(GoingAway { deadline_ms: 1_772_366_430_000, retry_after_secs: Some(30) }),
    ]
}

fn sessions() -> Vec<ServerMessage<'static>> {
    let result = |result| RoomOperationResult { operation_id: OPERATION, result };
    vec![
        ServerMessage::Signal(SignalOut { from: BOB, generation: GENERATION, signal: signal() }),
        ServerMessage::NewPeer(NewPeer { peer_id: BOB, you_initiate: true }),
        ServerMessage::SessionPlan(SessionPlan::relay(GENERATION)),
        ServerMessage::SessionPlan(mesh()),
        ServerMessage::SessionPlan(direct()),
        ServerMessage::PeerTransportStatus(PeerTransportStatus {
            peer_id: BOB,
            transport: Transport::Webrtc,
            connected: true,
        }),
        ServerMessage::RoomOperationResult(result(RoomResult::RoomLeft)),
    ]
}

fn mesh() -> SessionPlan {
    let peer = SessionPeer { player_id: BOB, player_name: "Bob".into(), is_authority: false, initiate: true };
    SessionPlan {
        topology: Topology::Mesh,
        transport: Transport::Webrtc,
        peers: vec![peer],
        ice_servers: vec![stun(), turn()],
        ..SessionPlan::relay(GENERATION)
    }
}

/// As Bob gets it, who connects to Ada.
fn direct() -> SessionPlan {
    let peer = SessionPeer { player_id: ADA, player_name: "Ada".into(), is_authority: true, initiate: true };
    SessionPlan {
        topology: Topology::Host,
        transport: Transport::Direct,
        host: Some(ADA),
        direct_endpoint: Some(DirectEndpoint { host: "192.0.2.7".to_owned(), port: 7777 }),
        peers: vec![peer],
        ..SessionPlan::relay(GENERATION)
    }
}

fn stun() -> IceServer {
    IceServer { urls: vec!["stun:stun.example.com:3478".to_owned()], username: None, credential: None }
}

fn turn() -> IceServer {
    IceServer {
        urls: vec!["turn:turn.example.com:3478".to_owned()],
        username: Some(format!("1772370000:{ADA}")),
        credential: Some("lEz5jFTmW3nVeXwvOPkaFlDmoWM=".into()),
    }
}

pub(crate) fn watch() -> JoinAsSpectator {
    JoinAsSpectator {
        game_name: GAME.to_owned(),
        room_code: code().to_string(),
        spectator_name: "Cat".to_owned(),
        password: None,
    }
}

pub(crate) fn join() -> JoinRoom {
    JoinRoom {
        game_name: GAME.to_owned(),
        room_code: Some(code().to_string()),
        player_name: "Ada".to_owned(),
        max_players: Some(4),
        supports_authority: Some(true),
        relay_transport: None,
        password: None,
        join_only: None,
    }
}

pub(crate) fn reconnect() -> Reconnect {
    Reconnect { player_id: ADA, room_id: ROOM, auth_token: TOKEN.into(), last_seen: None }
}

fn operation(operation: RoomOperationRequest) -> ClientMessage<'static> {
    ClientMessage::RoomOperation(RoomOperation { operation_id: OPERATION, operation })
}

/// The room as Ada sees it.
fn snapshot() -> RoomSnapshot {
    RoomSnapshot {
        room_id: ROOM,
        room_code: code(),
        player_id: ADA,
        game_name: GAME.into(),
        max_players: 4,
        supports_authority: true,
        current_players: vec![player(ADA, "Ada")],
        is_authority: true,
        lobby_state: LobbyState::Waiting,
        ready_players: Vec::new(),
        relay_type: "matchbox".into(),
        current_spectators: Vec::new(),
        ice_servers: Vec::new(),
        reconnection_token: Some(TOKEN.into()),
    }
}

fn player(id: PlayerId, name: &str) -> PlayerInfo {
    PlayerInfo {
        id,
        name: name.into(),
        is_authority: id == ADA,
        is_ready: false,
        connected_at: Some(Timestamp::constant(1_772_366_400, 0)),
        connection_info: None,
        epoch: Some(Epoch::FIRST),
        seq: Some(0),
    }
}

fn cat() -> SpectatorInfo {
    SpectatorInfo { id: CAT, name: "Cat".into(), connected_at: Some(Timestamp::constant(1_772_366_400, 0)) }
}

pub(crate) fn code() -> RoomCode {
    RoomCode::parse("K7PQ2M", limits::ROOM_CODE_LENGTH).expect("six letters and digits")
}

fn payload() -> Payload<'static> {
    Payload::parse(r#"{"x":12,"y":7}"#).expect("JSON")
}

fn signal() -> Payload<'static> {
    Payload::parse(r#"{"offer":"v=0 …"}"#).expect("JSON")
}

const GAME: &str = "Space Tanks";
const NEXT_TOKEN: &str = "7e1d4a90-3c58-4f0b-9d27-e4b8a6c5f310";
const TOKEN: &str = "b2f7c0de-5f7a-4d1e-8a11-6c1d2e3f4a5b";
const ADA: PlayerId = PlayerId::new(Uuid::from_u128(0x5f0e4c1a_2b39_4c55_9a11_0d6f1e7a9b01));
pub(crate) const BOB: PlayerId = PlayerId::new(Uuid::from_u128(0x8c2d7e90_61f4_4b0a_b3c7_52a9d8e4f602));
const CAT: PlayerId = PlayerId::new(Uuid::from_u128(0x17a3b5c9_d0e2_4f68_8b4d_93c6f5e7a803));
const ROOM: RoomId = RoomId::new(Uuid::from_u128(0x3d9f1b27_84c6_4e0d_a5f2_7b8c9d0e1f04));
const GENERATION: SessionGeneration =
    SessionGeneration::new(Uuid::from_u128(0x0c0ffee0_1111_4222_8333_444455556605));
const OPERATION: OperationId = OperationId::new(Uuid::from_u128(0x6b1c8d3e_95f7_4a20_9e8b_c4d5e6f7a806));
