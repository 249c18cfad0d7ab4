//! The values that messages choose from, each against its number in the schema.

use super::member::{Member, Misfit};
use super::schema;
use crate::codes::ErrorCode;
use crate::connection_info::RelayTransport;
use crate::delivery::{DeliveryClass, DeliveryGapReason};
use crate::session::{MessageTransport, Topology, Transport};
use crate::snapshot::{LobbyState, ReplayStatus};
use crate::spectators::SpectatorReason;
use crate::version::GameDataEncoding;

/// Each value by name; both matches are exhaustive. Where there may be none, the schema says so with 0.
macro_rules! values {
    ($($Name:ident { $($Value:ident)+ })+) => {$(
        impl Member<i32> for $Name {
            fn write(&self) -> i32 {
                match self {
                    $(Self::$Value => schema::$Name::$Value.into(),)+
                }
            }

            fn read(written: i32) -> Result<Self, Misfit> {
                match schema::$Name::try_from(written) {
                    $(Ok(schema::$Name::$Value) => Ok(Self::$Value),)+
                    Ok(schema::$Name::Unspecified) => Err(Misfit::MISSING),
                    Err(_) => Err(Misfit::UNKNOWN_VALUE),
                }
            }
        }

        impl Member<i32> for Option<$Name> {
            fn write(&self) -> i32 {
                self.as_ref().map_or(schema::$Name::Unspecified.into(), Member::write)
            }

            fn read(written: i32) -> Result<Self, Misfit> {
                if written == 0 { Ok(None) } else { Member::read(written).map(Some) }
            }
        }
    )+};
}

values! {
    GameDataEncoding { Json MessagePack Rkyv Protobuf }
    DeliveryClass { Reliable Latest Volatile }
    DeliveryGapReason { LatestSuperseded LatestDroppedFull VolatileDropped UnsupportedFormat NotRetained }
    Transport { Relay Direct Webrtc }
    Topology { Relay Host Mesh }
    MessageTransport { Websocket }
    RelayTransport { Tcp Udp Websocket Auto }
    LobbyState { Waiting Lobby Finalized }
    ReplayStatus { Complete Truncated Unavailable }
    SpectatorReason { Joined VoluntaryLeave Disconnected Removed RoomClosed }
    ErrorCode {
        Unauthorized InvalidToken AuthenticationRequired InvalidAppId AppIdExpired AppIdRevoked AppIdSuspended
        MissingAppId AuthenticationTimeout SdkVersionUnsupported UnsupportedGameDataFormat InvalidInput
        InvalidGameName InvalidRoomCode InvalidPlayerName InvalidMaxPlayers MessageTooLarge RoomNotFound RoomFull
        AlreadyInRoom NotInRoom RoomCreationFailed MaxRoomsPerGameExceeded InvalidRoomState AuthorityNotSupported
        AuthorityConflict AuthorityDenied RateLimitExceeded TooManyConnections ReconnectionFailed
        ReconnectionTokenInvalid ReconnectionExpired PlayerAlreadyConnected SpectatorNotAllowed TooManySpectators
        NotASpectator SpectatorJoinFailed InternalError StorageError ServiceUnavailable CrossRoomSignal
        UnsupportedTransport SignalTargetNotFound SignalRateLimited SignalTooLarge ConnectionIdleTimeout
        GameStartNotReady GameStartForbidden RoomSessionIncompatible SlowConsumer ActivityTimeout ServerDraining
        InvalidDeliveryClass UnsupportedProtocolVersion NotRoomAuthority KickTargetNotFound Kicked PasswordRequired
        Banned TransferTargetNotFound ConnectTokenInvalid ConnectTokenRequired
    }
}
