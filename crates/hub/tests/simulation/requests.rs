//! What clients ask for, and which refusals the contract has for that: each must be true by what the client knows.

use signal_fish_protocol::{ErrorCode, LobbyState, OperationId, PlayerId, ProtocolVersion, RoomId};

use crate::room_view::RoomView;
use crate::seen::Seen;

/// What a client asks for.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Greet,
    Ping,
    Play(Door),
    Watch(Door),
    Return(Claim),
    Leave,
    StopWatching,
    Take,
    Release,
    Ready,
    Start,
    Info,
    /// Game data; whether it names a class.
    Data(bool),
    Signal(PlayerId),
    Report,
    Kick(PlayerId),
    Ban(PlayerId),
    Unban(PlayerId),
    Transfer(PlayerId),
    Access(Option<&'static str>),
    NewCode,
    /// Something that is always refused like this.
    Wrong(ErrorCode),
}

/// How somebody wants to come in.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    /// In capitals.
    pub(crate) code: Option<String>,
    pub(crate) name: String,
    pub(crate) password: Option<&'static str>,
    pub(crate) join_only: bool,
    /// What is wrong with the request, whatever there is behind the door.
    pub(crate) fault: Option<ErrorCode>,
}

/// How somebody wants its seat back.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) player: PlayerId,
    pub(crate) room: RoomId,
    pub(crate) token: String,
    /// What it says that it has seen, if it says so.
    pub(crate) seen: Option<Seen>,
    /// What it has seen of the room in any case.
    pub(crate) memory: Seen,
}

/// What is waited for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Nothing else that is asked for has the same.
    pub(crate) serial: usize,
    pub(crate) request: Request,
    pub(crate) operation: Option<OperationId>,
}

/// Who asks, and what it knows when it is answered.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) me: PlayerId,
    pub(crate) version: ProtocolVersion,
    pub(crate) room: Option<&'a RoomView>,
    pub(crate) is_draining: bool,
}

impl Request {
    /// Whether the room of one who is in a room hears of it, whatever becomes of it.
    pub(crate) const fn surely_comes_to_the_room(&self) -> bool {
        matches!(self, Self::Ready | Self::Take | Self::Release)
    }

    /// What says that it was done.
    pub(crate) const fn success(&self) -> Option<&'static str> {
        match self {
            Self::Greet => Some("Authenticated"),
            Self::Ping => Some("Pong"),
            Self::Play(_) => Some("RoomJoined"),
            Self::Watch(_) => Some("SpectatorJoined"),
            Self::Return(_) => Some("Reconnected"),
            Self::Leave => Some("RoomLeft"),
            Self::StopWatching => Some("SpectatorLeft"),
            Self::Take | Self::Release => Some("AuthorityResponse"),
            Self::Kick(_) => Some("PlayerKicked"),
            Self::Ban(_) => Some("PlayerBanned"),
            Self::Unban(_) => Some("PlayerUnbanned"),
            Self::Transfer(_) => Some("AuthorityTransferred"),
            Self::Access(_) => Some("RoomAccessUpdated"),
            Self::NewCode => Some("RoomCodeRegenerated"),
            Self::Ready | Self::Start | Self::Info | Self::Data(_) => None,
            Self::Signal(_) | Self::Report | Self::Wrong(_) => None,
        }
    }

    /// What says that it was refused.
    const fn failure(&self, is_operation: bool) -> &'static str {
        let error = if is_operation { "OperationFailed" } else { "Error" };
        match self {
            Self::Play(_) => "RoomJoinFailed",
            Self::Watch(_) => "SpectatorJoinFailed",
            Self::Return(_) => "ReconnectionFailed",
            Self::Take | Self::Release => "AuthorityResponse",
            Self::Greet | Self::Ping | Self::Leave | Self::StopWatching | Self::Ready | Self::Start => error,
            Self::Info | Self::Data(_) | Self::Signal(_) | Self::Report | Self::Wrong(_) => error,
            Self::Kick(_) | Self::Ban(_) | Self::Unban(_) | Self::Transfer(_) => error,
            Self::Access(_) | Self::NewCode => error,
        }
    }

    /// Whom an operation is about.
    pub(crate) const fn target(&self) -> Option<PlayerId> {
        if let Self::Kick(target) | Self::Ban(target) | Self::Unban(target) | Self::Transfer(target) = self {
            Some(*target)
        } else {
            None
        }
    }

    /// Whether silence is no answer.
    pub(crate) const fn is_always_answered(&self) -> bool {
        self.success().is_some() || matches!(self, Self::Wrong(_))
    }

    /// Whether such a refusal is true.
    fn allows(&self, code: ErrorCode, asker: Asker<'_>, is_operation: bool) -> bool {
        match self {
            Self::Greet | Self::Ping | Self::Report => false,
            Self::Play(door) => door.allows_no_seat(code, asker),
            Self::Watch(door) => door.allows_no_place(code, asker),
            Self::Return(_) => allows_no_return(code, asker),
            Self::Leave => is_operation && code == ErrorCode::NotInRoom && !asker.plays(),
            Self::StopWatching => code == ErrorCode::NotASpectator && !asker.watches(),
            Self::Take | Self::Release | Self::Ready | Self::Start | Self::Info | Self::Data(_) => {
                self.due(asker) == Some(code)
            }
            Self::Signal(to) => allows_no_signal(code, *to, asker),
            Self::Kick(target) | Self::Ban(target) => {
                let refusals = [
                    (ErrorCode::KickTargetNotFound, asker.leads() && !asker.plays_with(*target)),
                    (ErrorCode::InvalidInput, asker.leads() && *target == asker.me),
                ];
                asker.is_powerless(code) || refusals.contains(&(code, true))
            }
            Self::Unban(_) => asker.is_powerless(code),
            Self::Transfer(target) => {
                let refusals = [
                    (ErrorCode::InvalidInput, asker.plays() && *target == asker.me),
                    (ErrorCode::TransferTargetNotFound, asker.leads() && !asker.plays_with(*target)),
                ];
                (*target != asker.me || !asker.plays()) && asker.is_powerless(code)
                    || refusals.contains(&(code, true))
            }
            Self::Access(password) => {
                let refusals = [
                    (ErrorCode::InvalidInput, *password == Some("") && asker.plays()),
                    (ErrorCode::RateLimitExceeded, password.is_some() && asker.leads()),
                ];
                asker.is_powerless(code) || refusals.contains(&(code, true))
            }
            // Backends that fail have the room keep its code.
            Self::NewCode => asker.is_powerless(code) || code == ErrorCode::InternalError && asker.leads(),
            Self::Wrong(why) => code == *why,
        }
    }

    /// How this must be refused, if it must: the room and its member know the same.
    fn due(&self, asker: Asker<'_>) -> Option<ErrorCode> {
        let is_old = asker.version < ProtocolVersion::V3;
        if matches!(self, Self::Data(true)) && is_old {
            return Some(ErrorCode::InvalidDeliveryClass);
        }
        let Some(room) = asker.room.filter(|room| room.plays) else { return Some(ErrorCode::NotInRoom) };
        let has_started = room.lobby == LobbyState::Finalized;
        let is_all_ready = room.players.values().all(|player| player.is_ready);
        let changes_authority = matches!(self, Self::Take | Self::Release);
        let starts = matches!(self, Self::Start);
        let refusals = [
            (changes_authority && !room.supports_authority, ErrorCode::AuthorityNotSupported),
            (matches!(self, Self::Take) && room.authority.is_some(), ErrorCode::AuthorityConflict),
            (matches!(self, Self::Release) && room.authority != Some(room.me), ErrorCode::AuthorityDenied),
            (matches!(self, Self::Ready | Self::Start) && has_started, ErrorCode::InvalidRoomState),
            (starts && room.authority.is_some_and(|holder| holder != room.me), ErrorCode::GameStartForbidden),
            (starts && !is_all_ready, ErrorCode::GameStartNotReady),
        ];
        refusals.iter().find(|(is_due, _)| *is_due).map(|(_, code)| *code)
    }

    /// Checks that what was done could be done, by one who has heard of all that it led to if it moderates.
    pub(crate) fn check_done(&self, asker: Asker<'_>) {
        let is_right = match self {
            Self::Take | Self::Release => self.due(asker).is_none(),
            Self::Play(door) | Self::Watch(door) => door.fault.is_none() && asker.room.is_none(),
            Self::Return(_) => asker.room.is_none(),
            Self::StopWatching => asker.watches(),
            Self::Kick(target) | Self::Ban(target) => asker.leads() && !asker.plays_with(*target),
            Self::Transfer(target) => asker.room.is_some_and(|room| {
                (room.authority_before, room.authority) == (Some(room.me), Some(*target))
            }),
            Self::Unban(_) | Self::NewCode => asker.leads(),
            Self::Access(password) => asker.leads() && *password != Some(""),
            Self::Wrong(_) => false,
            Self::Greet | Self::Ping | Self::Leave | Self::Ready | Self::Start | Self::Info => true,
            Self::Data(_) | Self::Signal(_) | Self::Report => true,
        };
        assert!(is_right, "{self:?} must not be done: {:?}", asker.room);
    }
}

impl Asked {
    /// Whether a reply of this kind answers it, and truly.
    pub(crate) fn is_answered_by(&self, kind: &str, code: Option<ErrorCode>, asker: Asker<'_>) -> bool {
        match code {
            None => self.request.success() == Some(kind),
            Some(code) => {
                let is_operation = self.operation.is_some();
                kind == self.request.failure(is_operation) && self.request.allows(code, asker, is_operation)
            }
        }
    }
}

impl Door {
    fn allows_no_seat(&self, code: ErrorCode, asker: Asker<'_>) -> bool {
        let is_outside = asker.room.is_none();
        let may_create = !self.join_only;
        // The look of a code is the last thing that is looked at, and only from outside.
        let fault = self.fault.filter(|fault| *fault != ErrorCode::InvalidRoomCode || is_outside);
        let is_first = [
            (ErrorCode::ServerDraining, asker.is_draining && may_create),
            (ErrorCode::RateLimitExceeded, may_create || self.code.is_some()),
        ];
        let knocks = is_outside && self.code.is_some();
        let refusals = [
            (ErrorCode::AlreadyInRoom, !is_outside),
            (ErrorCode::RoomNotFound, is_outside && self.join_only),
            (ErrorCode::PasswordRequired, knocks),
            (ErrorCode::Banned, knocks),
            (ErrorCode::RoomFull, knocks),
            (ErrorCode::RoomSessionIncompatible, knocks),
            (ErrorCode::RoomCreationFailed, is_outside),
            (ErrorCode::MaxRoomsPerGameExceeded, is_outside && may_create),
        ];
        is_first.contains(&(code, true))
            || fault.map_or_else(|| refusals.contains(&(code, true)), |fault| fault == code)
    }

    fn allows_no_place(&self, code: ErrorCode, asker: Asker<'_>) -> bool {
        let is_outside = asker.room.is_none();
        let refusals = [
            (ErrorCode::ServerDraining, asker.is_draining),
            (ErrorCode::SpectatorNotAllowed, asker.plays()),
            (ErrorCode::SpectatorJoinFailed, asker.watches()),
            (ErrorCode::RateLimitExceeded, is_outside),
            (ErrorCode::RoomNotFound, is_outside),
            (ErrorCode::PasswordRequired, is_outside),
            (ErrorCode::Banned, is_outside),
            (ErrorCode::TooManySpectators, is_outside),
        ];
        refusals.contains(&(code, true))
    }
}

impl Asker<'_> {
    fn plays(&self) -> bool {
        self.room.is_some_and(|room| room.plays)
    }

    fn watches(&self) -> bool {
        self.room.is_some_and(|room| !room.plays)
    }

    fn plays_with(&self, other: PlayerId) -> bool {
        self.room.is_some_and(|room| room.players.contains_key(&other))
    }

    fn leads(&self) -> bool {
        self.room.is_some_and(|room| room.plays && room.authority == Some(room.me))
    }

    /// Whether this is what somebody is told who may not moderate.
    fn is_powerless(&self, code: ErrorCode) -> bool {
        let refusals = [
            (ErrorCode::NotInRoom, !self.plays()),
            (ErrorCode::NotRoomAuthority, self.plays() && !self.leads()),
        ];
        refusals.contains(&(code, true))
    }
}

/// From inside there is no way back. Of the seat itself the client knows nothing: that is for the referee.
fn allows_no_return(code: ErrorCode, asker: Asker<'_>) -> bool {
    let is_outside = asker.room.is_none();
    let refusals = [
        (ErrorCode::ServerDraining, asker.is_draining),
        (ErrorCode::PlayerAlreadyConnected, true),
        (ErrorCode::ReconnectionFailed, true),
        (ErrorCode::Kicked, is_outside),
        (ErrorCode::ReconnectionTokenInvalid, is_outside),
        (ErrorCode::ReconnectionExpired, is_outside),
        (ErrorCode::Banned, is_outside),
        (ErrorCode::RoomFull, is_outside),
    ];
    refusals.contains(&(code, true))
}

fn allows_no_signal(code: ErrorCode, to: PlayerId, asker: Asker<'_>) -> bool {
    let is_peer = asker.plays_with(to) && to != asker.me;
    let refusals = [
        (ErrorCode::NotInRoom, !asker.plays()),
        (ErrorCode::CrossRoomSignal, asker.plays() && !asker.plays_with(to)),
        (ErrorCode::UnsupportedTransport, is_peer),
        // Of the means of a peer a client knows nothing.
        (ErrorCode::SignalTargetNotFound, asker.plays()),
    ];
    refusals.contains(&(code, true))
}
