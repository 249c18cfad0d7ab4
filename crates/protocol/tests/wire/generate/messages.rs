//! Random messages.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use signal_fish_protocol::{
    Authenticated, AuthenticationError, AuthorityChanged, AuthorityRequest, AuthorityResponse, ClientMessage,
    DeliveryCounters, DeliveryGap, DeliveryGapReason, DeliveryReport, DirectEndpoint, ErrorMessage,
    GameDataLimit, GameDataOut, GameStarting, GoingAway, LatestCounters, LobbyStateChanged, MessageTransport,
    NewPeer, NewRoomCode, NewSpectatorJoined, OperationFailed, PeerConnectionInfo, PeerTransportStatus,
    PlayerJoined, PlayerLeft, PlayerNameRules, PlayerReconnected, PlayerTarget, ProtocolInfo, ProtocolInfoV3,
    ProvideConnectionInfo, RateLimitInfo, Reconnected, ReconnectionFailed, RelayStats, ReliableCounters,
    ReplayStatus, RoomAccess, RoomJoinFailed, RoomOperation, RoomOperationRequest, RoomOperationResult,
    RoomResult, ServerMessage, ServerMessage as Say, SessionPeer, SessionPlan, SignalIn, SignalOut,
    SpectatorDisconnected, SpectatorJoinFailed, SpectatorJoined, SpectatorLeft, TransportStatus,
    VolatileCounters,
};

use super::built;
use super::parts::*;

pub(crate) fn client_message() -> impl Strategy<Value = ClientMessage<'static>> {
    use ClientMessage as Say;
    let bare = vec![Say::LeaveRoom, Say::PlayerReady, Say::StartGame, Say::Ping, Say::LeaveSpectator];
    prop_oneof![
        select(bare),
        authenticate().prop_map(Say::Authenticate),
        join_room().prop_map(Say::JoinRoom),
        game_data().prop_map(Say::GameData),
        built!(AuthorityRequest { become_authority: any::<bool>() }).prop_map(Say::AuthorityRequest),
        built!(ProvideConnectionInfo { connection_info: connection_info() })
            .prop_map(Say::ProvideConnectionInfo),
        reconnect().prop_map(Say::Reconnect),
        join_as_spectator().prop_map(Say::JoinAsSpectator),
        built!(SignalIn { to: player_id(), generation: generation(), signal: payload() })
            .prop_map(Say::Signal),
        built!(TransportStatus { transport: transport(), connected: any::<bool>() })
            .prop_map(Say::TransportStatus),
        built!(RoomOperation { operation_id: operation_id(), operation: request() })
            .prop_map(Say::RoomOperation),
    ]
}

fn request() -> impl Strategy<Value = RoomOperationRequest> {
    use RoomOperationRequest as Request;
    let bare = vec![Request::LeaveRoom, Request::LeaveSpectator, Request::RegenerateRoomCode];
    prop_oneof![
        select(bare),
        join_room().prop_map(Request::JoinRoom),
        reconnect().prop_map(Request::Reconnect),
        join_as_spectator().prop_map(Request::JoinAsSpectator),
        player_id().prop_map(|player_id| Request::KickPlayer { player_id }),
        player_id().prop_map(|player_id| Request::BanPlayer { player_id }),
        player_id().prop_map(|player_id| Request::UnbanPlayer { player_id }),
        player_id().prop_map(|player_id| Request::TransferAuthority { player_id }),
        of(secret()).prop_map(|password| Request::SetRoomAccess { password }),
    ]
}

pub(crate) fn server_message() -> impl Strategy<Value = ServerMessage<'static>> {
    let reply = built!(RoomOperationResult { operation_id: operation_id(), result: room_result() });
    prop_oneof![
        2 => handshake(),
        5 => room_event(),
        3 => game(),
        3 => spectators(),
        3 => session(),
        2 => upkeep(),
        1 => snapshot().prop_map(Say::RoomJoined),
        1 => reconnected().prop_map(Say::Reconnected),
        2 => reply.prop_map(Say::RoomOperationResult),
    ]
}

fn handshake() -> impl Strategy<Value = ServerMessage<'static>> {
    let rate_limits =
        built!(RateLimitInfo { per_minute: any::<u64>(), per_hour: any::<u64>(), per_day: any::<u64>() });
    prop_oneof![
        built!(Authenticated { app_name: text(), organization: of(text()), rate_limits: rate_limits })
            .prop_map(Say::Authenticated),
        built!(AuthenticationError { error: text(), error_code: error_code() })
            .prop_map(Say::AuthenticationError),
        protocol_info().prop_map(Say::ProtocolInfo),
    ]
}

fn protocol_info() -> impl Strategy<Value = ProtocolInfo> {
    let limit =
        built!(GameDataLimit { encoding: encoding(), max_bytes: any::<u32>().prop_map(|n| n as usize) });
    let v3 = built!(ProtocolInfoV3 {
        protocol_version: any::<u16>(),
        min_protocol_version: any::<u16>(),
        max_protocol_version: any::<u16>(),
        transports: vec(Just(MessageTransport::Websocket), 0..2),
        max_outbound_message_size: of(any::<u32>().prop_map(|n| n as usize)),
        implementation_version: of(text()),
        game_data_limits: vec(limit, 0..2),
    });
    let name_rules = built!(PlayerNameRules {
        max_length: 0..100usize,
        min_length: 0..100usize,
        allow_unicode_alphanumeric: any::<bool>(),
        allow_spaces: any::<bool>(),
        allow_leading_trailing_whitespace: any::<bool>(),
        allowed_symbols: vec(any::<char>(), 0..3),
        additional_allowed_characters: of(text()),
    });
    built!(ProtocolInfo {
        platform: of(text()),
        sdk_version: of(text()),
        minimum_version: of(text()),
        recommended_version: of(text()),
        capabilities: vec(text(), 0..3),
        notes: of(text()),
        game_data_formats: vec(encoding(), 0..3),
        player_name_rules: of(name_rules),
        v3: of(v3),
    })
}

fn room_event() -> impl Strategy<Value = ServerMessage<'static>> {
    prop_oneof![
        select(vec![Say::RoomLeft, Say::Pong]),
        room_join_failed().prop_map(Say::RoomJoinFailed),
        reconnection_failed().prop_map(Say::ReconnectionFailed),
        missed_event(),
    ]
}

fn missed_event() -> impl Strategy<Value = ServerMessage<'static>> {
    let epoch = || epoch().prop_map(Some);
    let left =
        built!(PlayerLeft { player_id: player_id(), epoch: epoch(), final_seq: any::<u64>().prop_map(Some) });
    let back = built!(PlayerReconnected { player_id: player_id(), epoch: epoch(), player: of(player()) });
    let lobby = built!(LobbyStateChanged {
        lobby_state: lobby_state(),
        ready_players: vec(player_id(), 0..3),
        all_ready: any::<bool>(),
    });
    prop_oneof![
        built!(PlayerJoined { player: player() }).prop_map(Say::PlayerJoined),
        left.prop_map(Say::PlayerLeft),
        back.prop_map(Say::PlayerReconnected),
        lobby.prop_map(Say::LobbyStateChanged),
        built!(AuthorityChanged { authority_player: of(player_id()), you_are_authority: any::<bool>() })
            .prop_map(Say::AuthorityChanged),
    ]
}

fn game() -> impl Strategy<Value = ServerMessage<'static>> {
    let game_data = built!(GameDataOut {
        from_player: player_id(),
        data: payload(),
        seq: (1..=u64::MAX).prop_map(Some),
        epoch: epoch().prop_map(Some),
        class: of(class()),
        key: of(any::<u32>()),
    });
    let peer = built!(PeerConnectionInfo {
        player_id: player_id(),
        player_name: text().prop_map(Into::into),
        is_authority: any::<bool>(),
        relay_type: text().prop_map(Into::into),
        connection_info: of(connection_info()),
    });
    let response = built!(AuthorityResponse {
        granted: any::<bool>(),
        reason: of(text()),
        error_code: of(error_code())
    });
    prop_oneof![
        game_data.prop_map(Say::GameData),
        built!(GameStarting { peer_connections: vec(peer, 0..3) }).prop_map(Say::GameStarting),
        response.prop_map(Say::AuthorityResponse),
    ]
}

fn spectators() -> impl Strategy<Value = ServerMessage<'static>> {
    let count = || any::<u32>().prop_map(Some);
    let joined = built!(NewSpectatorJoined {
        spectator: spectator(),
        current_spectators: vec(spectator(), 0..3),
        reason: of(spectator_reason()),
        spectator_count: count(),
    });
    let gone = built!(SpectatorDisconnected {
        spectator_id: player_id(),
        reason: of(spectator_reason()),
        current_spectators: vec(spectator(), 0..3),
        spectator_count: count(),
    });
    prop_oneof![
        spectator_joined().prop_map(Say::SpectatorJoined),
        spectator_join_failed().prop_map(Say::SpectatorJoinFailed),
        spectator_left().prop_map(Say::SpectatorLeft),
        joined.prop_map(Say::NewSpectatorJoined),
        gone.prop_map(Say::SpectatorDisconnected),
    ]
}

fn session() -> impl Strategy<Value = ServerMessage<'static>> {
    let peer = built!(SessionPeer {
        player_id: player_id(),
        player_name: text().prop_map(Into::into),
        is_authority: any::<bool>(),
        initiate: any::<bool>(),
    });
    let plan = built!(SessionPlan {
        generation: generation(),
        topology: topology(),
        transport: transport(),
        host: of(player_id()),
        direct_endpoint: of(built!(DirectEndpoint { host: text(), port: any::<u16>() })),
        peers: vec(peer, 0..3),
        ice_servers: vec(ice_server(), 0..3),
        fallback: transport(),
    });
    let status = built!(PeerTransportStatus {
        peer_id: player_id(),
        transport: transport(),
        connected: any::<bool>(),
    });
    prop_oneof![
        plan.prop_map(Say::SessionPlan),
        built!(SignalOut { from: player_id(), generation: generation(), signal: payload() })
            .prop_map(Say::Signal),
        built!(NewPeer { peer_id: player_id(), you_initiate: any::<bool>() }).prop_map(Say::NewPeer),
        status.prop_map(Say::PeerTransportStatus),
    ]
}

fn upkeep() -> impl Strategy<Value = ServerMessage<'static>> {
    let stats = built!(RelayStats {
        interval_ms: any::<u64>(),
        sent_to_you: any::<u64>(),
        dropped_for_you: any::<u64>(),
        backpressure_events: any::<u64>(),
    });
    prop_oneof![
        built!(ErrorMessage { message: text(), error_code: of(error_code()) }).prop_map(Say::Error),
        stats.prop_map(Say::RelayStats),
        built!(GoingAway { deadline_ms: any::<u64>(), retry_after_secs: of(any::<u64>()) })
            .prop_map(Say::GoingAway),
        delivery_report().prop_map(Say::DeliveryReport),
    ]
}

fn delivery_report() -> impl Strategy<Value = DeliveryReport> {
    use DeliveryGapReason::{
        LatestDroppedFull, LatestSuperseded, NotRetained, UnsupportedFormat, VolatileDropped,
    };
    let reasons = vec![LatestSuperseded, LatestDroppedFull, VolatileDropped, UnsupportedFormat, NotRetained];
    let gap = built!(DeliveryGap {
        from_player: player_id(),
        epoch: epoch(),
        from_seq: any::<u64>(),
        to_seq: any::<u64>(),
        reason: select(reasons),
    });
    let reliable = built!(ReliableCounters {
        delivered: any::<u64>(),
        abandoned: any::<u64>(),
        unsupported_format: any::<u64>(),
    });
    let latest = built!(LatestCounters {
        delivered: any::<u64>(),
        superseded: any::<u64>(),
        dropped_full: any::<u64>(),
        abandoned: any::<u64>(),
        unsupported_format: any::<u64>(),
    });
    let volatile = built!(VolatileCounters {
        delivered: any::<u64>(),
        dropped: any::<u64>(),
        abandoned: any::<u64>(),
        unsupported_format: any::<u64>(),
    });
    let per_class = built!(DeliveryCounters { reliable: reliable, latest: latest, volatile: volatile });
    built!(DeliveryReport { per_class: per_class, gaps: vec(gap, 0..3) })
}

fn room_result() -> impl Strategy<Value = RoomResult<'static>> {
    let target = || built!(PlayerTarget { player_id: player_id() });
    prop_oneof![
        Just(RoomResult::RoomLeft),
        snapshot().prop_map(RoomResult::RoomJoined),
        room_join_failed().prop_map(RoomResult::RoomJoinFailed),
        reconnected().prop_map(RoomResult::Reconnected),
        reconnection_failed().prop_map(RoomResult::ReconnectionFailed),
        spectator_joined().prop_map(RoomResult::SpectatorJoined),
        spectator_join_failed().prop_map(RoomResult::SpectatorJoinFailed),
        spectator_left().prop_map(RoomResult::SpectatorLeft),
        target().prop_map(RoomResult::PlayerKicked),
        target().prop_map(RoomResult::PlayerBanned),
        target().prop_map(RoomResult::PlayerUnbanned),
        target().prop_map(RoomResult::AuthorityTransferred),
        built!(NewRoomCode { room_code: room_code() }).prop_map(RoomResult::RoomCodeRegenerated),
        built!(RoomAccess { requires_password: any::<bool>() }).prop_map(RoomResult::RoomAccessUpdated),
        built!(OperationFailed { reason: text(), error_code: of(error_code()) })
            .prop_map(RoomResult::OperationFailed),
    ]
}

fn reconnected() -> impl Strategy<Value = Reconnected<'static>> {
    use ReplayStatus::{Complete, Truncated, Unavailable};
    built!(Reconnected {
        snapshot: snapshot(),
        missed_events: vec(missed_event(), 0..3),
        replay: of(select(vec![Complete, Truncated, Unavailable])),
        sender_watermarks: vec(watermark(), 0..3),
    })
}

fn room_join_failed() -> impl Strategy<Value = RoomJoinFailed> {
    built!(RoomJoinFailed { reason: text(), error_code: of(error_code()) })
}

fn reconnection_failed() -> impl Strategy<Value = ReconnectionFailed> {
    built!(ReconnectionFailed { reason: text(), error_code: error_code() })
}

fn spectator_joined() -> impl Strategy<Value = SpectatorJoined> {
    built!(SpectatorJoined {
        room_id: room_id(),
        room_code: room_code(),
        spectator_id: player_id(),
        game_name: text().prop_map(Into::into),
        current_players: vec(player(), 0..3),
        current_spectators: vec(spectator(), 0..3),
        lobby_state: lobby_state(),
        reason: of(spectator_reason()),
    })
}

fn spectator_join_failed() -> impl Strategy<Value = SpectatorJoinFailed> {
    built!(SpectatorJoinFailed { reason: text(), error_code: of(error_code()) })
}

fn spectator_left() -> impl Strategy<Value = SpectatorLeft> {
    built!(SpectatorLeft {
        room_id: of(room_id()),
        room_code: of(room_code()),
        reason: of(spectator_reason()),
        current_spectators: vec(spectator(), 0..3),
    })
}
