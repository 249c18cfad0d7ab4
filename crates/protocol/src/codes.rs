//! Why something was refused, and why a connection ended: error codes and close codes.

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $Variant:ident = $token:literal,)+) => {
        /// Why something was refused. Clients know exactly these; an unknown one would make a frame unreadable.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ #[serde(rename = $token)] $Variant,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the reference page.
            pub const ALL: &'static [Self] = &[$(Self::$Variant,)+];

            /// Its spelling on the wire.
            pub const fn token(self) -> &'static str {
                match self {
                    $(Self::$Variant => $token,)+
                }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$Variant => concat!($($doc),+).trim_ascii_start(),)+
                }
            }
        }
    };
}

error_codes! {
    /// Proof or authorisation was refused.
    Unauthorized = "UNAUTHORIZED",
    /// Reserved; not sent.
    InvalidToken = "INVALID_TOKEN",
    /// Reserved; not sent.
    AuthenticationRequired = "AUTHENTICATION_REQUIRED",
    /// The app id is unknown or malformed.
    InvalidAppId = "INVALID_APP_ID",
    /// Reserved; not sent.
    AppIdExpired = "APP_ID_EXPIRED",
    /// Reserved; not sent.
    AppIdRevoked = "APP_ID_REVOKED",
    /// Reserved; not sent.
    AppIdSuspended = "APP_ID_SUSPENDED",
    /// This server wants Authenticate first, and something else came.
    MissingAppId = "MISSING_APP_ID",
    /// Authenticate did not come in time.
    AuthenticationTimeout = "AUTHENTICATION_TIMEOUT",
    /// The client's SDK is older than this server supports.
    SdkVersionUnsupported = "SDK_VERSION_UNSUPPORTED",
    /// The requested format is not offered, or a peer's binary data cannot be converted for you.
    UnsupportedGameDataFormat = "UNSUPPORTED_GAME_DATA_FORMAT",
    /// The message is malformed or does not fit the state of the connection.
    InvalidInput = "INVALID_INPUT",
    /// The game name breaks the rules.
    InvalidGameName = "INVALID_GAME_NAME",
    /// The room code has the wrong length or characters.
    InvalidRoomCode = "INVALID_ROOM_CODE",
    /// The player name breaks the rules.
    InvalidPlayerName = "INVALID_PLAYER_NAME",
    /// max_players is 0 or above the cap.
    InvalidMaxPlayers = "INVALID_MAX_PLAYERS",
    /// The message or its payload is larger than this server takes.
    MessageTooLarge = "MESSAGE_TOO_LARGE",
    /// There is no such room for you, or it was closed.
    RoomNotFound = "ROOM_NOT_FOUND",
    /// The room has as many players as it takes.
    RoomFull = "ROOM_FULL",
    /// You are already in a room.
    AlreadyInRoom = "ALREADY_IN_ROOM",
    /// This needs a seat in a room, and you have none.
    NotInRoom = "NOT_IN_ROOM",
    /// The room could not be made or entered; also when the display name is taken.
    RoomCreationFailed = "ROOM_CREATION_FAILED",
    /// There are as many rooms as this server or game may have.
    MaxRoomsPerGameExceeded = "MAX_ROOMS_PER_GAME_EXCEEDED",
    /// The room is past the state in which this is possible.
    InvalidRoomState = "INVALID_ROOM_STATE",
    /// This room was made without an authority.
    AuthorityNotSupported = "AUTHORITY_NOT_SUPPORTED",
    /// Someone holds the authority already.
    AuthorityConflict = "AUTHORITY_CONFLICT",
    /// You do not hold the authority, or may not.
    AuthorityDenied = "AUTHORITY_DENIED",
    /// Too much of this in too little time.
    RateLimitExceeded = "RATE_LIMIT_EXCEEDED",
    /// There are as many connections as this server takes.
    TooManyConnections = "TOO_MANY_CONNECTIONS",
    /// There is nothing to come back to, or not this way.
    ReconnectionFailed = "RECONNECTION_FAILED",
    /// The token is not the one of that seat.
    ReconnectionTokenInvalid = "RECONNECTION_TOKEN_INVALID",
    /// The time for coming back is over.
    ReconnectionExpired = "RECONNECTION_EXPIRED",
    /// That player has a live connection.
    PlayerAlreadyConnected = "PLAYER_ALREADY_CONNECTED",
    /// Players of a room cannot spectate.
    SpectatorNotAllowed = "SPECTATOR_NOT_ALLOWED",
    /// The room has as many spectators as it takes.
    TooManySpectators = "TOO_MANY_SPECTATORS",
    /// You are not spectating.
    NotASpectator = "NOT_A_SPECTATOR",
    /// You are spectating already, or it failed.
    SpectatorJoinFailed = "SPECTATOR_JOIN_FAILED",
    /// Something unexpected went wrong in the server.
    InternalError = "INTERNAL_ERROR",
    /// The server's storage failed.
    StorageError = "STORAGE_ERROR",
    /// Reserved; not sent.
    ServiceUnavailable = "SERVICE_UNAVAILABLE",
    /// The target of the signal is in another room.
    CrossRoomSignal = "CROSS_ROOM_SIGNAL",
    /// You did not negotiate the transport that this needs.
    UnsupportedTransport = "UNSUPPORTED_TRANSPORT",
    /// The target of the signal cannot be reached.
    SignalTargetNotFound = "SIGNAL_TARGET_NOT_FOUND",
    /// Too many signals in too little time.
    SignalRateLimited = "SIGNAL_RATE_LIMITED",
    /// The payload of the signal is too large.
    SignalTooLarge = "SIGNAL_TOO_LARGE",
    /// You said nothing for too long.
    ConnectionIdleTimeout = "CONNECTION_IDLE_TIMEOUT",
    /// Someone in the room is not ready.
    GameStartNotReady = "GAME_START_NOT_READY",
    /// Only the authority may start the game.
    GameStartForbidden = "GAME_START_FORBIDDEN",
    /// The running session cannot take you with what you negotiated.
    RoomSessionIncompatible = "ROOM_SESSION_INCOMPATIBLE",
    /// You read too slowly.
    SlowConsumer = "SLOW_CONSUMER",
    /// Nothing at all came from you for too long.
    ActivityTimeout = "ACTIVITY_TIMEOUT",
    /// The server is about to stop.
    ServerDraining = "SERVER_DRAINING",
    /// The delivery class and key do not fit together, or need protocol 3.
    InvalidDeliveryClass = "INVALID_DELIVERY_CLASS",
    /// The protocol version is too old for this server or message.
    UnsupportedProtocolVersion = "UNSUPPORTED_PROTOCOL_VERSION",
    /// Only the authority may do this.
    NotRoomAuthority = "NOT_ROOM_AUTHORITY",
    /// There is no such player to kick.
    KickTargetNotFound = "KICK_TARGET_NOT_FOUND",
    /// You were kicked out of the room.
    Kicked = "KICKED",
    /// The room's password is missing or wrong.
    PasswordRequired = "PASSWORD_REQUIRED",
    /// You are banned from the room.
    Banned = "BANNED",
    /// There is no such member to take the authority.
    TransferTargetNotFound = "TRANSFER_TARGET_NOT_FOUND",
    /// The connect token does not hold.
    ConnectTokenInvalid = "CONNECT_TOKEN_INVALID",
    /// This server wants a connect token.
    ConnectTokenRequired = "CONNECT_TOKEN_REQUIRED",
}

macro_rules! close_codes {
    ($($(#[doc = $doc:literal])+ $Variant:ident = $number:literal $reason:literal,)+) => {
        /// Why the server ended a connection: the number and the reason of its close frame.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum CloseCode {
            $($(#[doc = $doc])+ $Variant,)+
        }

        impl CloseCode {
            /// Every code, in the order of the reference page.
            pub const ALL: &'static [Self] = &[$(Self::$Variant,)+];

            /// The number in the close frame.
            pub const fn number(self) -> u16 {
                match self {
                    $(Self::$Variant => $number,)+
                }
            }

            /// The reason text in the close frame.
            pub const fn reason(self) -> &'static str {
                match self {
                    $(Self::$Variant => $reason,)+
                }
            }

            /// What it means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$Variant => concat!($($doc),+).trim_ascii_start(),)+
                }
            }
        }
    };
}

close_codes! {
    /// A normal end, an app id that was refused, or another message before an Authenticate that this server wants.
    Normal = 1000 "",
    /// The peer broke the WebSocket protocol.
    ProtocolError = 1002 "protocol_error",
    /// A text message was not UTF-8.
    InvalidUtf8 = 1007 "invalid_utf8",
    /// A message came in too many pieces (more than 1,024, and more than one for every 64 bytes of the longest message)
    /// or took longer than 30 seconds, or there were too many control frames.
    PolicyViolation = 1008 "policy_violation",
    /// A message was more than twice as large as the server takes. Up to that it is answered by an Error instead.
    MessageTooBig = 1009 "message_too_big",
    /// A message for the peer was larger than the announced outbound limit.
    OutboundTooLarge = 1009 "outbound_message_too_large",
    /// The room failed inside the server.
    InternalError = 1011 "internal_error",
    /// The server stopped.
    ServerShutdown = 4000 "server_shutdown",
    /// Authenticate did not come in time.
    AuthTimeout = 4001 "auth_timeout",
    /// The peer read too slowly.
    SlowConsumer = 4002 "slow_consumer",
    /// Nothing came from the peer, not even the answer to a ping.
    ActivityTimeout = 4003 "activity_timeout",
    /// The peer said nothing for too long.
    IdleTimeout = 4004 "idle_timeout",
    /// The room was quiet for too long and was closed.
    RoomInactive = 4005 "room_inactive",
    /// The peer kept sending what had to be refused.
    InboundRateLimited = 4006 "inbound_rate_limited",
    /// The peer was kicked or banned.
    Kicked = 4007 "kicked",
    /// The time was over that the connect token of the peer allowed, or it was banned from the server.
    SessionExpired = 4008 "session_expired",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_tokens_are_what_serde_writes() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{}\"", code.token()));
        }
    }

    #[test]
    fn close_reasons_fit_a_control_frame() {
        // A control frame holds 125 bytes, two of them the number.
        assert!(CloseCode::ALL.iter().all(|code| code.reason().len() <= 123));
    }
}
