//! Random parts of messages.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use signal_fish_protocol::{
    Authenticate, ConnectionInfo, DeliveryClass, DeliveryLabel, Epoch, ErrorCode, GameDataEncoding,
    GameDataIn, IceServer, JoinAsSpectator, JoinRoom, LobbyState, OperationId, Payload, PlayerId, PlayerInfo,
    ProtocolVersion, Reconnect, RelayStamp, RelayTransport, RoomCode, RoomId, RoomSnapshot, Secret,
    SenderStamp, SenderWatermark, SessionGeneration, SpectatorInfo, SpectatorReason, Timestamp, Topology,
    Transport, Uuid,
};

use super::{built, json_text};

pub(crate) fn payload() -> impl Strategy<Value = Payload<'static>> {
    json_text().prop_map(|json| Payload::parse(&json).expect("a good value").into_owned())
}

pub(crate) fn game_data() -> impl Strategy<Value = GameDataIn<'static>> {
    built!(GameDataIn { data: payload(), class: of(class()), key: of(any::<u32>()) })
}

pub(crate) fn relay_stamp() -> impl Strategy<Value = RelayStamp> {
    let stamp = built!(SenderStamp { epoch: epoch(), seq: 1..=u64::MAX });
    built!(RelayStamp { from: player_id(), stamp: stamp, label: label() })
}

fn label() -> impl Strategy<Value = DeliveryLabel> {
    (of(class()), any::<u32>()).prop_map(|(class, key)| {
        let key = (class == Some(DeliveryClass::Latest)).then_some(key);
        DeliveryLabel::new(class, key).expect("latest has a key, nothing else does")
    })
}

pub(crate) fn version() -> impl Strategy<Value = ProtocolVersion> {
    select(vec![ProtocolVersion::V2, ProtocolVersion::V3])
}

pub(super) fn class() -> impl Strategy<Value = DeliveryClass> {
    select(vec![DeliveryClass::Reliable, DeliveryClass::Latest, DeliveryClass::Volatile])
}

pub(super) fn encoding() -> impl Strategy<Value = GameDataEncoding> {
    select(GameDataEncoding::ALL)
}

pub(super) fn error_code() -> impl Strategy<Value = ErrorCode> {
    select(ErrorCode::ALL)
}

pub(super) fn transport() -> impl Strategy<Value = Transport> {
    select(vec![Transport::Relay, Transport::Direct, Transport::Webrtc])
}

pub(super) fn topology() -> impl Strategy<Value = Topology> {
    select(vec![Topology::Relay, Topology::Host, Topology::Mesh])
}

pub(super) fn lobby_state() -> impl Strategy<Value = LobbyState> {
    select(vec![LobbyState::Waiting, LobbyState::Lobby, LobbyState::Finalized])
}

pub(super) fn spectator_reason() -> impl Strategy<Value = SpectatorReason> {
    use SpectatorReason::{Disconnected, Joined, Removed, RoomClosed, VoluntaryLeave};
    select(vec![Joined, VoluntaryLeave, Disconnected, Removed, RoomClosed])
}

fn relay_transport() -> impl Strategy<Value = RelayTransport> {
    select(vec![RelayTransport::Tcp, RelayTransport::Udp, RelayTransport::Websocket, RelayTransport::Auto])
}

pub(super) fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

pub(super) fn secret() -> impl Strategy<Value = Secret> {
    text().prop_map(Secret::from)
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

pub(super) fn player_id() -> impl Strategy<Value = PlayerId> {
    uuid().prop_map(PlayerId::new)
}

pub(super) fn room_id() -> impl Strategy<Value = RoomId> {
    uuid().prop_map(RoomId::new)
}

pub(super) fn generation() -> impl Strategy<Value = SessionGeneration> {
    uuid().prop_map(SessionGeneration::new)
}

pub(super) fn operation_id() -> impl Strategy<Value = OperationId> {
    uuid().prop_map(OperationId::new)
}

pub(super) fn epoch() -> impl Strategy<Value = Epoch> {
    (1..=u32::MAX).prop_map(|number| Epoch::new(number).expect("not 0"))
}

pub(super) fn room_code() -> impl Strategy<Value = RoomCode> {
    "[A-Z0-9]{6}".prop_map(|code| RoomCode::parse(&code, 6).expect("a good code"))
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    let range = Timestamp::MIN.as_second()..Timestamp::MAX.as_second();
    (range, 0..1_000_000_000)
        .prop_filter_map("no such moment", |(second, nanosecond)| Timestamp::new(second, nanosecond).ok())
}

pub(super) fn authenticate() -> impl Strategy<Value = Authenticate> {
    built!(Authenticate {
        app_id: text(),
        sdk_version: of(text()),
        platform: of(text()),
        game_data_format: of(encoding()),
        protocol_version: of(any::<u16>()),
        supported_transports: of(vec(transport(), 0..3)),
        supported_topologies: of(vec(topology(), 0..3)),
        requested_capabilities: of(vec(text(), 0..3)),
        connect_token: of(secret()),
    })
}

pub(super) fn join_room() -> impl Strategy<Value = JoinRoom> {
    built!(JoinRoom {
        game_name: text(),
        room_code: of(text()),
        player_name: text(),
        max_players: of(any::<u8>()),
        supports_authority: of(any::<bool>()),
        relay_transport: of(relay_transport()),
        password: of(secret()),
        join_only: of(any::<bool>()),
    })
}

pub(super) fn reconnect() -> impl Strategy<Value = Reconnect> {
    built!(Reconnect {
        player_id: player_id(),
        room_id: room_id(),
        auth_token: secret(),
        last_seen: of(vec(watermark(), 0..3)),
    })
}

pub(super) fn watermark() -> impl Strategy<Value = SenderWatermark> {
    built!(SenderWatermark { player_id: player_id(), epoch: epoch(), seq: any::<u64>() })
}

pub(super) fn join_as_spectator() -> impl Strategy<Value = JoinAsSpectator> {
    built!(JoinAsSpectator {
        game_name: text(),
        room_code: text(),
        spectator_name: text(),
        password: of(secret()),
    })
}

pub(super) fn connection_info() -> impl Strategy<Value = ConnectionInfo> {
    let data = json_text().prop_map(|json| serde_json::from_str(&json).expect("a good value"));
    prop_oneof![
        (text(), any::<u16>()).prop_map(|(host, port)| ConnectionInfo::Direct { host, port }),
        (text(), text(), text()).prop_map(|(allocation_id, connection_data, key)| {
            ConnectionInfo::UnityRelay { allocation_id, connection_data, key }
        }),
        (text(), any::<u16>(), relay_transport(), text(), text(), of(any::<u16>())).prop_map(
            |(host, port, transport, allocation_id, token, client_id)| ConnectionInfo::Relay {
                host,
                port,
                transport,
                allocation_id,
                token,
                client_id,
            }
        ),
        (of(text()), vec(text(), 0..3))
            .prop_map(|(sdp, ice_candidates)| ConnectionInfo::Webrtc { sdp, ice_candidates }),
        data.prop_map(|data| ConnectionInfo::Custom { data }),
    ]
}

pub(super) fn player() -> impl Strategy<Value = PlayerInfo> {
    built!(PlayerInfo {
        id: player_id(),
        name: text().prop_map(Into::into),
        is_authority: any::<bool>(),
        is_ready: any::<bool>(),
        connected_at: of(timestamp()),
        connection_info: of(connection_info()),
        epoch: epoch().prop_map(Some),
        seq: any::<u64>().prop_map(Some),
    })
}

pub(super) fn spectator() -> impl Strategy<Value = SpectatorInfo> {
    built!(SpectatorInfo {
        id: player_id(),
        name: text().prop_map(Into::into),
        connected_at: of(timestamp()),
    })
}

pub(super) fn ice_server() -> impl Strategy<Value = IceServer> {
    built!(IceServer { urls: vec(text(), 0..3), username: of(text()), credential: of(secret()) })
}

pub(super) fn snapshot() -> impl Strategy<Value = RoomSnapshot> {
    let room = (room_id(), room_code(), player_id(), text(), any::<u8>(), any::<bool>());
    let people = (vec(player(), 0..3), any::<bool>(), lobby_state(), vec(player_id(), 0..3), text());
    let extra = (vec(spectator(), 0..3), vec(ice_server(), 0..2), of(secret()));
    (room, people, extra).prop_map(|(room, people, extra)| RoomSnapshot {
        room_id: room.0,
        room_code: room.1,
        player_id: room.2,
        game_name: room.3.into(),
        max_players: room.4,
        supports_authority: room.5,
        current_players: people.0,
        is_authority: people.1,
        lobby_state: people.2,
        ready_players: people.3,
        relay_type: people.4.into(),
        current_spectators: extra.0,
        ice_servers: extra.1,
        reconnection_token: extra.2,
    })
}
