//! One sample of each room operation, of each result that is no message too, and of each way to be reached.

use serde_json::json;
use signal_fish_protocol::{
    ConnectionInfo, ErrorCode, NewRoomCode, OperationFailed, PlayerTarget, RelayTransport, RoomAccess,
    RoomOperationRequest, RoomResult,
};

use crate::samples::{BOB, code, join, reconnect, watch};

pub(crate) fn requests() -> Vec<RoomOperationRequest> {
    use RoomOperationRequest as Request;
    vec![
        Request::JoinRoom(join()),
        Request::LeaveRoom,
        Request::Reconnect(reconnect()),
        Request::JoinAsSpectator(watch()),
        Request::LeaveSpectator,
        Request::KickPlayer { player_id: BOB },
        Request::BanPlayer { player_id: BOB },
        Request::UnbanPlayer { player_id: BOB },
        Request::TransferAuthority { player_id: BOB },
        Request::RegenerateRoomCode,
        Request::SetRoomAccess { password: Some("sesame".into()) },
        Request::SetRoomAccess { password: None },
    ]
}

pub(crate) fn results() -> Vec<RoomResult<'static>> {
    let bob = PlayerTarget { player_id: BOB };
    vec![
        RoomResult::PlayerKicked(bob),
        RoomResult::PlayerBanned(bob),
        RoomResult::PlayerUnbanned(bob),
        RoomResult::AuthorityTransferred(bob),
        RoomResult::RoomCodeRegenerated(NewRoomCode { room_code: code() }),
        RoomResult::RoomAccessUpdated(RoomAccess { requires_password: true }),
        RoomResult::OperationFailed(OperationFailed {
            reason: "only the authority may do this".to_owned(),
            error_code: Some(ErrorCode::NotRoomAuthority),
        }),
    ]
}

pub(crate) fn infos() -> Vec<ConnectionInfo> {
    vec![
        ConnectionInfo::Direct { host: "192.0.2.7".to_owned(), port: 7777 },
        ConnectionInfo::UnityRelay {
            allocation_id: "4f5a".to_owned(),
            connection_data: "AAEC".to_owned(),
            key: "AwQF".to_owned(),
        },
        ConnectionInfo::Relay {
            host: "relay.example.com".to_owned(),
            port: 7778,
            transport: RelayTransport::Udp,
            allocation_id: "4f5a".to_owned(),
            token: "secret".to_owned(),
            client_id: Some(2),
        },
        ConnectionInfo::Webrtc {
            sdp: Some("v=0 …".to_owned()),
            ice_candidates: vec!["candidate:1 1 udp …".to_owned()],
        },
        ConnectionInfo::Custom { data: json!({"lobby": 42}) },
    ]
}
