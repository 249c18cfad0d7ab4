//! The messages that are one of several, kind by kind, against the `oneof`s of the schema.

use super::member::{Member, Misfit};
use super::schema::client_frame::Message as ClientKind;
use super::schema::room_operation::Operation as OperationKind;
use super::schema::room_operation_result::Result as ResultKind;
use super::schema::server_frame::Message as ServerKind;
use super::schema::{self, connection_info, set_room_access};
use crate::client::ClientMessage;
use crate::connection_info::{ConnectionInfo, custom_from_json};
use crate::room_operation::{PlayerTarget, RoomOperationRequest, RoomResult};
use crate::secret::Secret;
use crate::server::ServerMessage;

/// Kinds of the same name belong together, with a body or without; all matches are exhaustive. What stands behind
/// `beside` exists in the schema alone.
macro_rules! choices {
    ($($Name:ident<$lt:lifetime> as $Written:ident {
        $($Kind:ident $(($body:ident))?)+
    } $(beside { $Other:ident })?,)+) => {$(
        impl Member<$Written> for $Name<$lt> {
            fn write(&self) -> $Written {
                match self {
                    $(Self::$Kind $(($body))? => written!($Written $Kind $($body)?),)+
                }
            }

            fn read(written: $Written) -> Result<Self, Misfit> {
                match written {
                    $(written_pattern!($Written $Kind $($body)?) => Ok(Self::$Kind $((Member::read($body)?))?),)+
                    $($Written::$Other(_) => Err(Misfit::because(concat!(stringify!($Other), " is no message"))),)?
                }
            }
        }
    )+};
}

macro_rules! written {
    ($Written:ident $Kind:ident) => {
        $Written::$Kind(schema::$Kind {})
    };
    ($Written:ident $Kind:ident $body:ident) => {
        $Written::$Kind($body.write())
    };
}

macro_rules! written_pattern {
    ($Written:ident $Kind:ident) => {
        $Written::$Kind(schema::$Kind {})
    };
    ($Written:ident $Kind:ident $body:ident) => {
        $Written::$Kind($body)
    };
}

choices! {
    ClientMessage<'_> as ClientKind {
        Authenticate(body) JoinRoom(body) LeaveRoom GameData(body) AuthorityRequest(body) PlayerReady StartGame
        ProvideConnectionInfo(body) Ping Reconnect(body) JoinAsSpectator(body) LeaveSpectator Signal(body)
        TransportStatus(body) RoomOperation(body)
    } beside { BinaryGameData },
    ServerMessage<'_> as ServerKind {
        Authenticated(body) ProtocolInfo(body) AuthenticationError(body) RoomJoined(body) RoomJoinFailed(body)
        RoomLeft PlayerJoined(body) PlayerLeft(body) GameData(body) AuthorityChanged(body) AuthorityResponse(body)
        LobbyStateChanged(body) GameStarting(body) Pong Reconnected(body) ReconnectionFailed(body)
        PlayerReconnected(body) SpectatorJoined(body) SpectatorJoinFailed(body) SpectatorLeft(body)
        NewSpectatorJoined(body) SpectatorDisconnected(body) Error(body) Signal(body) NewPeer(body)
        SessionPlan(body) PeerTransportStatus(body) RelayStats(body) GoingAway(body) DeliveryReport(body)
        RoomOperationResult(body)
    } beside { BinaryGameData },
    RoomResult<'_> as ResultKind {
        RoomJoined(body) RoomJoinFailed(body) RoomLeft Reconnected(body) ReconnectionFailed(body)
        SpectatorJoined(body) SpectatorJoinFailed(body) SpectatorLeft(body) PlayerKicked(body) PlayerBanned(body)
        PlayerUnbanned(body) AuthorityTransferred(body) RoomCodeRegenerated(body) RoomAccessUpdated(body)
        OperationFailed(body)
    },
}

/// As it stands among the missed events of a `Reconnected`.
impl Member<schema::ServerFrame> for ServerMessage<'_> {
    fn write(&self) -> schema::ServerFrame {
        schema::ServerFrame { message: Some(self.write()) }
    }

    fn read(written: schema::ServerFrame) -> Result<Self, Misfit> {
        let schema::ServerFrame { message } = written;
        Member::read(message.ok_or(Misfit::MISSING)?)
    }
}

impl Member<Option<ResultKind>> for RoomResult<'_> {
    fn write(&self) -> Option<ResultKind> {
        Some(self.write())
    }

    fn read(written: Option<ResultKind>) -> Result<Self, Misfit> {
        Member::read(written.ok_or(Misfit::MISSING)?)
    }
}

impl Member<Option<OperationKind>> for RoomOperationRequest {
    fn write(&self) -> Option<OperationKind> {
        let target = |player_id: &_| PlayerTarget { player_id: *player_id }.write();
        Some(match self {
            Self::JoinRoom(body) => OperationKind::JoinRoom(body.write()),
            Self::LeaveRoom => OperationKind::LeaveRoom(schema::LeaveRoom {}),
            Self::Reconnect(body) => OperationKind::Reconnect(body.write()),
            Self::JoinAsSpectator(body) => OperationKind::JoinAsSpectator(body.write()),
            Self::LeaveSpectator => OperationKind::LeaveSpectator(schema::LeaveSpectator {}),
            Self::KickPlayer { player_id } => OperationKind::KickPlayer(target(player_id)),
            Self::BanPlayer { player_id } => OperationKind::BanPlayer(target(player_id)),
            Self::UnbanPlayer { player_id } => OperationKind::UnbanPlayer(target(player_id)),
            Self::TransferAuthority { player_id } => OperationKind::TransferAuthority(target(player_id)),
            Self::RegenerateRoomCode => OperationKind::RegenerateRoomCode(schema::RegenerateRoomCode {}),
            Self::SetRoomAccess { password } => OperationKind::SetRoomAccess(write_access(password.as_ref())),
        })
    }

    fn read(written: Option<OperationKind>) -> Result<Self, Misfit> {
        let target = |body| PlayerTarget::read(body).map(|PlayerTarget { player_id }| player_id);
        Ok(match written.ok_or(Misfit::MISSING)? {
            OperationKind::JoinRoom(body) => Self::JoinRoom(Member::read(body)?),
            OperationKind::LeaveRoom(schema::LeaveRoom {}) => Self::LeaveRoom,
            OperationKind::Reconnect(body) => Self::Reconnect(Member::read(body)?),
            OperationKind::JoinAsSpectator(body) => Self::JoinAsSpectator(Member::read(body)?),
            OperationKind::LeaveSpectator(schema::LeaveSpectator {}) => Self::LeaveSpectator,
            OperationKind::KickPlayer(body) => Self::KickPlayer { player_id: target(body)? },
            OperationKind::BanPlayer(body) => Self::BanPlayer { player_id: target(body)? },
            OperationKind::UnbanPlayer(body) => Self::UnbanPlayer { player_id: target(body)? },
            OperationKind::TransferAuthority(body) => Self::TransferAuthority { player_id: target(body)? },
            OperationKind::RegenerateRoomCode(schema::RegenerateRoomCode {}) => Self::RegenerateRoomCode,
            OperationKind::SetRoomAccess(body) => Self::SetRoomAccess { password: read_access(body)? },
        })
    }
}

fn write_access(password: Option<&Secret>) -> schema::SetRoomAccess {
    let access = match password {
        Some(password) => set_room_access::Access::Password(password.write()),
        None => set_room_access::Access::NoPassword(schema::NoPassword {}),
    };
    schema::SetRoomAccess { access: Some(access) }
}

fn read_access(written: schema::SetRoomAccess) -> Result<Option<Secret>, Misfit> {
    let schema::SetRoomAccess { access } = written;
    match access.ok_or_else(|| Misfit::MISSING.at("SetRoomAccess", "access"))? {
        set_room_access::Access::Password(password) => Ok(Some(password.into())),
        set_room_access::Access::NoPassword(schema::NoPassword {}) => Ok(None),
    }
}

impl Member<Option<schema::ConnectionInfo>> for ConnectionInfo {
    fn write(&self) -> Option<schema::ConnectionInfo> {
        Some(self.write())
    }

    fn read(written: Option<schema::ConnectionInfo>) -> Result<Self, Misfit> {
        Member::read(written.ok_or(Misfit::MISSING)?)
    }
}

impl Member<schema::ConnectionInfo> for ConnectionInfo {
    fn write(&self) -> schema::ConnectionInfo {
        use connection_info::Kind;
        let kind = match self.clone() {
            Self::Direct { host, port } => {
                Kind::Direct(schema::DirectConnection { host, port: port.write() })
            }
            Self::UnityRelay { allocation_id, connection_data, key } => {
                Kind::UnityRelay(schema::UnityRelayConnection { allocation_id, connection_data, key })
            }
            Self::Relay { host, port, transport, allocation_id, token, client_id } => {
                let (port, transport, client_id) = (port.write(), transport.write(), client_id.write());
                Kind::Relay(schema::RelayConnection {
                    host,
                    port,
                    transport,
                    allocation_id,
                    token,
                    client_id,
                })
            }
            Self::Webrtc { sdp, ice_candidates } => {
                Kind::Webrtc(schema::WebrtcConnection { sdp, ice_candidates })
            }
            Self::Custom { data } => Kind::CustomJson(data.to_string()),
        };
        schema::ConnectionInfo { kind: Some(kind) }
    }

    fn read(written: schema::ConnectionInfo) -> Result<Self, Misfit> {
        use connection_info::Kind;
        let schema::ConnectionInfo { kind } = written;
        let at = |member| move |misfit: Misfit| misfit.at("ConnectionInfo", member);
        Ok(match kind.ok_or(Misfit::MISSING).map_err(at("kind"))? {
            Kind::Direct(schema::DirectConnection { host, port }) => {
                Self::Direct { host, port: Member::read(port).map_err(at("port"))? }
            }
            Kind::UnityRelay(schema::UnityRelayConnection { allocation_id, connection_data, key }) => {
                Self::UnityRelay { allocation_id, connection_data, key }
            }
            Kind::Relay(schema::RelayConnection {
                host,
                port,
                transport,
                allocation_id,
                token,
                client_id,
            }) => Self::Relay {
                host,
                port: Member::read(port).map_err(at("port"))?,
                transport: Option::read(transport).map_err(at("transport"))?.unwrap_or_default(),
                allocation_id,
                token,
                client_id: Member::read(client_id).map_err(at("client_id"))?,
            },
            Kind::Webrtc(schema::WebrtcConnection { sdp, ice_candidates }) => {
                Self::Webrtc { sdp, ice_candidates }
            }
            Kind::CustomJson(json) => {
                custom_from_json(&json).map_err(Misfit::because).map_err(at("custom_json"))?
            }
        })
    }
}
