//! Everything a client may say.

use signal_fish_protocol::{
    AuthorityRequest, ClientMessage, DeliveryClass, GameDataIn, JoinAsSpectator, ProvideConnectionInfo,
    RoomOperation, RoomOperationRequest as Request, SignalIn, Transport, TransportStatus,
};

use super::{Sample, parts};

pub(crate) fn client_messages() -> Vec<Sample<ClientMessage<'static>>> {
    use ClientMessage as Say;
    let game_data = |json, class, key| Say::GameData(GameDataIn { data: parts::payload(json), class, key });
    let signal = SignalIn {
        to: parts::player_id(2),
        generation: parts::generation(),
        signal: parts::payload(r#"{"Offer":"v=0\r\n"}"#),
    };
    let status = TransportStatus { transport: Transport::Webrtc, connected: true };
    let watch = parts::join_as_spectator();
    let mut samples = vec![
        ("least", Say::Authenticate(parts::authenticate_least())),
        ("all", Say::Authenticate(parts::authenticate())),
        ("least", Say::JoinRoom(parts::join_room_least())),
        ("all", Say::JoinRoom(parts::join_room())),
        ("", Say::LeaveRoom),
        ("as written", game_data(r#"{"x" : 1.50}"#, None, None)),
        ("reliable", game_data("null", Some(DeliveryClass::Reliable), None)),
        ("latest", game_data(r#"{"x":1}"#, Some(DeliveryClass::Latest), Some(7))),
        ("volatile", game_data("[]", Some(DeliveryClass::Volatile), None)),
        ("take", Say::AuthorityRequest(AuthorityRequest { become_authority: true })),
        ("give", Say::AuthorityRequest(AuthorityRequest { become_authority: false })),
        ("", Say::PlayerReady),
        ("", Say::StartGame),
        ("", Say::Ping),
        ("least", Say::Reconnect(parts::reconnect())),
        ("all", Say::Reconnect(parts::reconnect_all())),
        ("least", Say::JoinAsSpectator(JoinAsSpectator { password: None, ..watch.clone() })),
        ("all", Say::JoinAsSpectator(watch)),
        ("", Say::LeaveSpectator),
        ("", Say::Signal(signal)),
        ("", Say::TransportStatus(status)),
    ];
    samples.extend(parts::connection_infos().into_iter().map(|(note, connection_info)| {
        (note, Say::ProvideConnectionInfo(ProvideConnectionInfo { connection_info }))
    }));
    samples
}

pub(crate) fn room_operations() -> Vec<Sample<ClientMessage<'static>>> {
    let player_id = parts::player_id(2);
    let requests = [
        ("", Request::JoinRoom(parts::join_room_least())),
        ("", Request::LeaveRoom),
        ("", Request::Reconnect(parts::reconnect())),
        ("", Request::JoinAsSpectator(parts::join_as_spectator())),
        ("", Request::LeaveSpectator),
        ("", Request::KickPlayer { player_id }),
        ("", Request::BanPlayer { player_id }),
        ("", Request::UnbanPlayer { player_id }),
        ("", Request::TransferAuthority { player_id }),
        ("", Request::RegenerateRoomCode),
        ("close", Request::SetRoomAccess { password: Some("sesame".into()) }),
        ("open", Request::SetRoomAccess { password: None }),
    ];
    let message = |(note, operation)| {
        let operation_id = parts::operation_id();
        (note, ClientMessage::RoomOperation(RoomOperation { operation_id, operation }))
    };
    requests.into_iter().map(message).collect()
}
