//! The bodies of messages, member by member, against those of the schema.

use super::member::{Member, Misfit};
use super::{BinaryGameDataIn, BinaryGameDataOut, schema};
use crate::{
    Authenticate, Authenticated, AuthenticationError, AuthorityChanged, AuthorityRequest, AuthorityResponse,
    DeliveryCounters, DeliveryGap, DeliveryReport, DirectEndpoint, ErrorMessage, GameDataIn, GameDataLimit,
    GameDataOut, GameStarting, GoingAway, IceServer, JoinAsSpectator, JoinRoom, LatestCounters,
    LobbyStateChanged, NewPeer, NewRoomCode, NewSpectatorJoined, OperationFailed, PeerConnectionInfo,
    PeerTransportStatus, PlayerInfo, PlayerJoined, PlayerLeft, PlayerNameRules, PlayerReconnected,
    PlayerTarget, ProtocolInfo, ProtocolInfoV3, ProvideConnectionInfo, RateLimitInfo, Reconnect, Reconnected,
    ReconnectionFailed, RelayStats, ReliableCounters, RoomAccess, RoomJoinFailed, RoomOperation,
    RoomOperationResult, RoomSnapshot, SenderWatermark, SessionPeer, SessionPlan, SignalIn, SignalOut,
    SpectatorDisconnected, SpectatorInfo, SpectatorJoinFailed, SpectatorJoined, SpectatorLeft, Topology,
    Transport, TransportStatus, VolatileCounters,
};

/// Members of the same name belong together. Every one of both sides is named, so that a new one does not compile
/// before it has a place here. What stands behind `without` is not for protocol 3.
macro_rules! bodies {
    ($($Name:ident $(<$lt:lifetime>)? { $($member:ident),+ $(,)? } $(without { $($left_out:ident),+ })?,)+) => {$(
        impl Member<schema::$Name> for $Name $(<$lt>)? {
            fn write(&self) -> schema::$Name {
                let Self { $($member,)+ $($($left_out: _,)+)? } = self;
                schema::$Name { $($member: $member.write(),)+ }
            }

            fn read(written: schema::$Name) -> Result<Self, Misfit> {
                let schema::$Name { $($member,)+ } = written;
                Ok(Self {
                    $($member: Member::read($member)
                        .map_err(|misfit| misfit.at(stringify!($Name), stringify!($member)))?,)+
                    $($($left_out: Default::default(),)+)?
                })
            }
        }

        /// As a member that must be there.
        impl Member<Option<schema::$Name>> for $Name $(<$lt>)? {
            fn write(&self) -> Option<schema::$Name> {
                Some(self.write())
            }

            fn read(written: Option<schema::$Name>) -> Result<Self, Misfit> {
                Member::read(written.ok_or(Misfit::MISSING)?)
            }
        }
    )+};
}

/// Lists that may be there and empty, which a repeated field cannot tell from not there.
macro_rules! lists {
    ($($Item:ty as $List:ident)+) => {$(
        impl Member<schema::$List> for Vec<$Item> {
            fn write(&self) -> schema::$List {
                schema::$List { items: self.write() }
            }

            fn read(written: schema::$List) -> Result<Self, Misfit> {
                let schema::$List { items } = written;
                Member::read(items)
            }
        }
    )+};
}

lists! {
    Transport as TransportList
    Topology as TopologyList
    String as CapabilityList
    SenderWatermark as SenderWatermarkList
}

bodies! {
    // Handshake.
    Authenticate {
        app_id, sdk_version, platform, game_data_format, protocol_version, supported_transports,
        supported_topologies, requested_capabilities, connect_token,
    },
    Authenticated { app_name, organization, rate_limits },
    RateLimitInfo { per_minute, per_hour, per_day },
    ProtocolInfo {
        platform, sdk_version, minimum_version, recommended_version, capabilities, notes, game_data_formats,
        player_name_rules, v3,
    },
    ProtocolInfoV3 {
        protocol_version, min_protocol_version, max_protocol_version, transports, max_outbound_message_size,
        implementation_version, game_data_limits,
    },
    GameDataLimit { encoding, max_bytes },
    PlayerNameRules {
        max_length, min_length, allow_unicode_alphanumeric, allow_spaces, allow_leading_trailing_whitespace,
        allowed_symbols, additional_allowed_characters,
    },
    AuthenticationError { error, error_code },

    // Into a room and out of it.
    JoinRoom {
        game_name, room_code, player_name, max_players, supports_authority, relay_transport, password, join_only,
    },
    RoomSnapshot {
        room_id, room_code, player_id, game_name, max_players, supports_authority, current_players, is_authority,
        lobby_state, ready_players, relay_type, current_spectators, ice_servers, reconnection_token,
    },
    PlayerInfo { id, name, is_authority, is_ready, epoch, seq } without { connected_at, connection_info },
    RoomJoinFailed { reason, error_code },
    PlayerJoined { player },
    PlayerLeft { player_id, epoch, final_seq },

    // Reconnection.
    Reconnect { player_id, room_id, auth_token, last_seen },
    Reconnected<'_> { snapshot, missed_events, replay, sender_watermarks },
    SenderWatermark { player_id, epoch, seq },
    ReconnectionFailed { reason, error_code },
    PlayerReconnected { player_id, epoch, player },

    // Watching.
    JoinAsSpectator { game_name, room_code, spectator_name, password },
    SpectatorInfo { id, name } without { connected_at },
    SpectatorJoined {
        room_id, room_code, spectator_id, game_name, current_players, current_spectators, lobby_state, reason,
    },
    SpectatorJoinFailed { reason, error_code },
    SpectatorLeft { room_id, room_code, reason, current_spectators },
    NewSpectatorJoined { spectator, reason, spectator_count } without { current_spectators },
    SpectatorDisconnected { spectator_id, reason, spectator_count } without { current_spectators },

    // Room operations.
    RoomOperation { operation_id, operation },
    RoomOperationResult<'_> { operation_id, result },
    PlayerTarget { player_id },
    NewRoomCode { room_code },
    RoomAccess { requires_password },
    OperationFailed { reason, error_code },

    // Lobby and authority.
    AuthorityRequest { become_authority },
    AuthorityChanged { authority_player, you_are_authority },
    AuthorityResponse { granted, reason, error_code },
    LobbyStateChanged { lobby_state, ready_players, all_ready },
    ProvideConnectionInfo { connection_info },
    GameStarting { peer_connections },
    PeerConnectionInfo { player_id, player_name, is_authority, relay_type, connection_info },

    // Game data.
    GameDataIn<'_> { data, class, key },
    GameDataOut<'_> { from_player, data, seq, epoch, class, key },
    BinaryGameDataIn<'_> { payload, class, key },
    BinaryGameDataOut<'_> { from_player, payload, seq, epoch, class, key, encoding },
    DeliveryReport { per_class, gaps },
    DeliveryCounters { reliable, latest, volatile },
    ReliableCounters { delivered, abandoned, unsupported_format },
    LatestCounters { delivered, superseded, dropped_full, abandoned, unsupported_format },
    VolatileCounters { delivered, dropped, abandoned, unsupported_format },
    DeliveryGap { from_player, epoch, from_seq, to_seq, reason },
    RelayStats { interval_ms, sent_to_you, dropped_for_you, backpressure_events },

    // Sessions.
    SignalIn<'_> { to, generation, signal },
    SignalOut<'_> { from, generation, signal },
    TransportStatus { transport, connected },
    PeerTransportStatus { peer_id, transport, connected },
    NewPeer { peer_id, you_initiate },
    SessionPlan { generation, topology, transport, host, direct_endpoint, peers, ice_servers, fallback },
    SessionPeer { player_id, player_name, is_authority, initiate },
    DirectEndpoint { host, port },
    IceServer { urls, username, credential },

    // Anything else.
    ErrorMessage { message, error_code },
    GoingAway { deadline_ms, retry_after_secs },
}
