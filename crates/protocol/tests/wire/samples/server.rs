//! Everything a server may say, as it is before projection.

use signal_fish_protocol::{
    Authenticated, AuthenticationError, AuthorityChanged, AuthorityResponse, DeliveryLabel, DeliveryReport,
    DirectEndpoint, ErrorCode, ErrorMessage, GameDataEncoding, GameDataLimit, GameDataOut, GameStarting,
    GoingAway, LobbyState, LobbyStateChanged, MessageTransport, NewPeer, NewRoomCode, NewSpectatorJoined,
    OperationFailed, PeerConnectionInfo, PeerTransportStatus, PlayerJoined, PlayerLeft, PlayerNameRules,
    PlayerReconnected, PlayerTarget, ProtocolInfo, ProtocolInfoV3, RateLimitInfo, Reconnected,
    ReconnectionFailed, RelayStats, RoomAccess, RoomJoinFailed, RoomOperationResult, RoomResult as Outcome,
    RoomSnapshot, ServerMessage, SessionPeer, SessionPlan, SignalOut, SpectatorDisconnected,
    SpectatorJoinFailed, SpectatorLeft, SpectatorReason, Topology, Transport,
};

use super::{Sample, parts};

use ServerMessage as Say;

pub(crate) fn server_messages() -> Vec<Sample<ServerMessage<'static>>> {
    [handshake(), room(), game(), reconnection(), spectators(), sessions(), upkeep()].concat()
}

fn handshake() -> Vec<Sample<ServerMessage<'static>>> {
    let authenticated = Authenticated {
        app_name: "Demo".into(),
        organization: None,
        rate_limits: RateLimitInfo { per_minute: 60, per_hour: 1_000, per_day: 10_000 },
    };
    let refusal = AuthenticationError { error: "unknown app".into(), error_code: ErrorCode::InvalidAppId };
    vec![
        ("least", Say::Authenticated(authenticated.clone())),
        ("all", Say::Authenticated(Authenticated { organization: Some("Org".into()), ..authenticated })),
        ("least", Say::ProtocolInfo(protocol_info_least())),
        ("all", Say::ProtocolInfo(protocol_info())),
        ("", Say::AuthenticationError(refusal)),
    ]
}

fn protocol_info_least() -> ProtocolInfo {
    ProtocolInfo {
        v3: Some(ProtocolInfoV3 {
            protocol_version: 3,
            min_protocol_version: 2,
            max_protocol_version: 3,
            transports: vec![MessageTransport::Websocket],
            max_outbound_message_size: None,
            implementation_version: None,
            game_data_limits: vec![],
        }),
        ..ProtocolInfo::default()
    }
}

fn protocol_info() -> ProtocolInfo {
    let limit = GameDataLimit { encoding: GameDataEncoding::MessagePack, max_bytes: 4_096 };
    ProtocolInfo {
        platform: Some("godot".into()),
        sdk_version: Some("0.14.0".into()),
        minimum_version: Some("0.1.0".into()),
        recommended_version: Some("0.14.0".into()),
        capabilities: vec!["reconnection".into(), "spectator-mode".into()],
        notes: Some("hello".into()),
        game_data_formats: vec![GameDataEncoding::Json, GameDataEncoding::MessagePack],
        player_name_rules: Some(PlayerNameRules {
            additional_allowed_characters: Some("'".into()),
            ..PlayerNameRules::default()
        }),
        v3: protocol_info_least().v3.map(|least| ProtocolInfoV3 {
            max_outbound_message_size: Some(8_388_608),
            implementation_version: Some("0.1.0".into()),
            game_data_limits: vec![limit],
            ..least
        }),
    }
}

fn room() -> Vec<Sample<ServerMessage<'static>>> {
    let snapshot = parts::snapshot();
    let bare = RoomSnapshot {
        current_spectators: vec![],
        ice_servers: vec![],
        reconnection_token: None,
        ..snapshot.clone()
    };
    let refused = RoomJoinFailed { reason: "the room is full".into(), error_code: None };
    let coded = RoomJoinFailed { error_code: Some(ErrorCode::RoomFull), ..refused.clone() };
    let left = PlayerLeft { player_id: parts::player_id(1), epoch: parts::epoch(1), final_seq: Some(41) };
    vec![
        ("least", Say::RoomJoined(bare)),
        ("all", Say::RoomJoined(snapshot)),
        ("least", Say::RoomJoinFailed(refused)),
        ("all", Say::RoomJoinFailed(coded)),
        ("", Say::RoomLeft),
        ("least", Say::PlayerJoined(PlayerJoined { player: parts::player(2) })),
        ("all", Say::PlayerJoined(PlayerJoined { player: parts::player(1) })),
        ("", Say::PlayerLeft(left)),
    ]
}

fn game() -> Vec<Sample<ServerMessage<'static>>> {
    let player_id = parts::player_id(1);
    let game_data = |(note, label): Sample<DeliveryLabel>| {
        let data = GameDataOut {
            from_player: player_id,
            data: parts::payload(r#"{"x" : 1.50}"#),
            seq: Some(42),
            epoch: parts::epoch(1),
            class: label.written_class(),
            key: label.key(),
        };
        (note, Say::GameData(data))
    };
    let authority = |authority_player| AuthorityChanged { authority_player, you_are_authority: false };
    let granted = AuthorityResponse { granted: true, reason: None, error_code: None };
    let denied = AuthorityResponse {
        granted: false,
        reason: Some("taken".into()),
        error_code: Some(ErrorCode::AuthorityConflict),
    };
    let lobby = LobbyStateChanged {
        lobby_state: LobbyState::Lobby,
        ready_players: vec![player_id],
        all_ready: false,
    };
    let peer = |connection_info| PeerConnectionInfo {
        player_id,
        player_name: "Ada".into(),
        is_authority: true,
        relay_type: "matchbox".into(),
        connection_info,
    };
    let direct = parts::player(1).connection_info;
    let mut samples: Vec<_> = parts::labels().into_iter().map(game_data).collect();
    samples.extend([
        ("someone", Say::AuthorityChanged(authority(Some(player_id)))),
        ("no one", Say::AuthorityChanged(authority(None))),
        ("granted", Say::AuthorityResponse(granted)),
        ("denied", Say::AuthorityResponse(denied)),
        ("", Say::LobbyStateChanged(lobby)),
        ("", Say::GameStarting(GameStarting { peer_connections: vec![peer(direct), peer(None)] })),
        ("", Say::Pong),
    ]);
    samples
}

fn reconnection() -> Vec<Sample<ServerMessage<'static>>> {
    let reconnected = parts::reconnected();
    let eventless = Reconnected { missed_events: vec![], sender_watermarks: vec![], ..reconnected.clone() };
    let refused =
        ReconnectionFailed { reason: "too late".into(), error_code: ErrorCode::ReconnectionExpired };
    let back = PlayerReconnected {
        player_id: parts::player_id(1),
        epoch: parts::epoch(2),
        player: Some(parts::player(1)),
    };
    vec![
        ("least", Say::Reconnected(eventless)),
        ("all", Say::Reconnected(reconnected)),
        ("", Say::ReconnectionFailed(refused)),
        ("least", Say::PlayerReconnected(PlayerReconnected { player: None, ..back.clone() })),
        ("all", Say::PlayerReconnected(back)),
    ]
}

fn spectators() -> Vec<Sample<ServerMessage<'static>>> {
    let refused = SpectatorJoinFailed {
        reason: "too many watch".into(),
        error_code: Some(ErrorCode::TooManySpectators),
    };
    let left = SpectatorLeft { room_id: None, room_code: None, reason: None, current_spectators: vec![] };
    let joined = NewSpectatorJoined {
        spectator: parts::spectator(),
        current_spectators: vec![parts::spectator()],
        reason: Some(SpectatorReason::Joined),
        spectator_count: Some(1),
    };
    let gone = SpectatorDisconnected {
        spectator_id: parts::spectator().id,
        reason: Some(SpectatorReason::Disconnected),
        current_spectators: vec![parts::spectator()],
        spectator_count: Some(1),
    };
    vec![
        ("", Say::SpectatorJoined(parts::spectator_joined())),
        ("", Say::SpectatorJoinFailed(refused)),
        ("least", Say::SpectatorLeft(left)),
        ("all", Say::SpectatorLeft(parts::spectator_left())),
        ("", Say::NewSpectatorJoined(joined)),
        ("", Say::SpectatorDisconnected(gone)),
    ]
}

fn sessions() -> Vec<Sample<ServerMessage<'static>>> {
    let peer_id = parts::player_id(1);
    let relay = SessionPlan::relay(parts::generation());
    let peer =
        SessionPeer { player_id: peer_id, player_name: "Ada".into(), is_authority: true, initiate: false };
    let direct = SessionPlan {
        topology: Topology::Host,
        transport: Transport::Direct,
        host: Some(peer_id),
        direct_endpoint: Some(DirectEndpoint { host: "203.0.113.9".into(), port: 7777 }),
        peers: vec![peer.clone()],
        ..relay.clone()
    };
    let mesh = SessionPlan {
        topology: Topology::Mesh,
        transport: Transport::Webrtc,
        peers: vec![peer],
        ice_servers: parts::ice_servers(),
        ..relay.clone()
    };
    let signal = SignalOut {
        from: peer_id,
        generation: parts::generation(),
        signal: parts::payload(r#"{"Offer":"v=0\r\n"}"#),
    };
    let status = PeerTransportStatus { peer_id, transport: Transport::Webrtc, connected: true };
    vec![
        ("", Say::Signal(signal)),
        ("", Say::NewPeer(NewPeer { peer_id, you_initiate: true })),
        ("relay", Say::SessionPlan(relay)),
        ("direct", Say::SessionPlan(direct)),
        ("mesh", Say::SessionPlan(mesh)),
        ("", Say::PeerTransportStatus(status)),
    ]
}

fn upkeep() -> Vec<Sample<ServerMessage<'static>>> {
    let stats =
        RelayStats { interval_ms: 5_000, sent_to_you: 812, dropped_for_you: 3, backpressure_events: 1 };
    let going = GoingAway { deadline_ms: 1_772_366_430_000, retry_after_secs: None };
    let report = parts::delivery_report();
    let error = ErrorMessage { message: "what?".into(), error_code: None };
    vec![
        ("least", Say::Error(error)),
        ("all", Say::error(ErrorCode::NotInRoom, "join a room first")),
        ("", Say::RelayStats(stats)),
        ("least", Say::GoingAway(going)),
        ("all", Say::GoingAway(GoingAway { retry_after_secs: Some(5), ..going })),
        ("least", Say::DeliveryReport(DeliveryReport { gaps: vec![], ..report.clone() })),
        ("all", Say::DeliveryReport(report)),
    ]
}

pub(crate) fn room_results() -> Vec<Sample<ServerMessage<'static>>> {
    let target = PlayerTarget { player_id: parts::player_id(2) };
    let reason = "not now".to_owned();
    let error_code = Some(ErrorCode::ServerDraining);
    let not_joined = RoomJoinFailed { reason: reason.clone(), error_code };
    let not_back = ReconnectionFailed { reason: reason.clone(), error_code: ErrorCode::ServerDraining };
    let not_watching = SpectatorJoinFailed { reason: reason.clone(), error_code };
    let not_done = OperationFailed { reason, error_code };
    let results = [
        ("", Outcome::RoomJoined(parts::snapshot())),
        ("", Outcome::RoomJoinFailed(not_joined)),
        ("", Outcome::RoomLeft),
        ("", Outcome::Reconnected(parts::reconnected())),
        ("", Outcome::ReconnectionFailed(not_back)),
        ("", Outcome::SpectatorJoined(parts::spectator_joined())),
        ("", Outcome::SpectatorJoinFailed(not_watching)),
        ("", Outcome::SpectatorLeft(parts::spectator_left())),
        ("", Outcome::PlayerKicked(target)),
        ("", Outcome::PlayerBanned(target)),
        ("", Outcome::PlayerUnbanned(target)),
        ("", Outcome::AuthorityTransferred(target)),
        ("", Outcome::RoomCodeRegenerated(NewRoomCode { room_code: parts::room_code() })),
        ("", Outcome::RoomAccessUpdated(RoomAccess { requires_password: true })),
        ("least", Outcome::OperationFailed(OperationFailed { error_code: None, ..not_done.clone() })),
        ("all", Outcome::OperationFailed(not_done)),
    ];
    let message = |(note, result)| {
        let operation_id = parts::operation_id();
        (note, Say::RoomOperationResult(RoomOperationResult { operation_id, result }))
    };
    results.into_iter().map(message).collect()
}
