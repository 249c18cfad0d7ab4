//! The way into a room: what a wish must look like, and which room it leads to.

use signal_fish_auth::Exhausted;
use signal_fish_coordination::RoomKey;
use signal_fish_engine::{AwayRules, RoomSetup};
use signal_fish_protocol::{
    ErrorCode, GameName, JoinAsSpectator, JoinRoom, PlayerName, Reconnect, ReconnectionFailed, RoomCode,
    RoomId, RoomJoinFailed, ServerMessage, SpectatorJoinFailed, limits,
};

use crate::config::{HubConfig, SpectatorLimit};

/// A wish to enter a room, which may have to wait until others agree.
#[derive(Debug)]
pub struct Entry(pub(crate) Box<Wish>);

/// The wish as it was written.
#[derive(Debug)]
pub(crate) enum Wish {
    Play(JoinRoom),
    Watch(JoinAsSpectator),
    Return(Reconnect),
}

impl Entry {
    pub(crate) fn play(request: JoinRoom) -> Self {
        Self(Box::new(Wish::Play(request)))
    }

    pub(crate) fn come_back(request: Reconnect) -> Self {
        Self(Box::new(Wish::Return(request)))
    }

    pub(crate) fn watch(request: JoinAsSpectator) -> Self {
        Self(Box::new(Wish::Watch(request)))
    }
}

/// A wish for a seat within the rules, in a room that may have to be made.
#[derive(Debug)]
pub(crate) struct PlayWish {
    pub(crate) game: GameName,
    /// Without one a new room is made.
    pub(crate) code: Option<RoomCode>,
    pub(crate) name: PlayerName,
    pub(crate) players_max: u8,
    pub(crate) supports_authority: bool,
    pub(crate) has_password: bool,
    pub(crate) join_only: bool,
}

/// A wish within the rules to watch a room that is there.
#[derive(Debug)]
pub(crate) struct WatchWish {
    pub(crate) game: GameName,
    pub(crate) code: RoomCode,
    pub(crate) name: PlayerName,
    pub(crate) has_password: bool,
}

/// Why somebody may not enter: what the client is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct EntryRefusal {
    pub(crate) code: ErrorCode,
    pub(crate) reason: String,
}

/// What a room is made like that is found under `key`.
pub(crate) fn room_setup(
    config: &HubConfig,
    key: &RoomKey,
    id: RoomId,
    players_max: u8,
    supports_authority: bool,
) -> RoomSetup {
    let relay_types = &config.relay_types;
    RoomSetup {
        id,
        game: key.game.clone(),
        code: key.code.clone(),
        players_max,
        supports_authority,
        relay_type: relay_types.by_game.get(key.game.as_str()).unwrap_or(&relay_types.default).clone(),
        spectators_max: match config.spectators {
            SpectatorLimit::TwicePlayers => Some(usize::from(players_max) * 2),
            SpectatorLimit::AtMost(n) => Some(usize::from(n)),
            SpectatorLimit::Unlimited => None,
        },
        empty_timeout: config.empty_room_timeout,
        inactive_timeout: config.inactive_room_timeout,
        away: config
            .reconnection
            .map(|rules| AwayRules { window: rules.window, events_max: rules.events_max }),
    }
}

impl PlayWish {
    /// Checks a request, in the order of the contract. `is_inside` tells whether the sender is in a room.
    pub(crate) fn parse(
        config: &HubConfig,
        request: &JoinRoom,
        is_inside: bool,
    ) -> Result<Self, EntryRefusal> {
        let game = parse_game(config, &request.game_name)?;
        let name = parse_name(config, &request.player_name)?;
        let players_max = request.max_players.unwrap_or(config.players_default);
        if !(1..=config.players_max).contains(&players_max) {
            let reason = format!("max_players must be 1 to {}", config.players_max);
            return Err(EntryRefusal::new(ErrorCode::InvalidMaxPlayers, reason));
        }
        let join_only = request.join_only.unwrap_or(false);
        if join_only && request.room_code.is_none() {
            return Err(EntryRefusal::new(ErrorCode::InvalidInput, "join_only needs a room_code"));
        }
        check_password(request.password.as_deref())?;
        if is_inside {
            return Err(EntryRefusal::new(ErrorCode::AlreadyInRoom, "leave the room you are in first"));
        }
        let code = match &request.room_code {
            Some(code) => Some(parse_code(config, code)?),
            None => None,
        };
        Ok(Self {
            game,
            code,
            name,
            players_max,
            supports_authority: request.supports_authority.unwrap_or(true),
            has_password: request.password.is_some(),
            join_only,
        })
    }
}

impl WatchWish {
    /// Checks a request, in the order of the contract.
    pub(crate) fn parse(config: &HubConfig, request: &JoinAsSpectator) -> Result<Self, EntryRefusal> {
        let name = parse_name(config, &request.spectator_name)?;
        let game = parse_game(config, &request.game_name)?;
        let code = parse_code(config, &request.room_code)?;
        check_password(request.password.as_deref())?;
        Ok(Self { game, code, name, has_password: request.password.is_some() })
    }
}

impl EntryRefusal {
    pub(crate) fn new(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    pub(crate) fn draining() -> Self {
        Self::new(ErrorCode::ServerDraining, "the server is about to stop, try again later")
    }

    /// As the answer to `JoinRoom`.
    pub(crate) fn for_player(self) -> ServerMessage<'static> {
        let Self { code, reason } = self;
        ServerMessage::RoomJoinFailed(RoomJoinFailed { reason, error_code: Some(code) })
    }

    /// As the answer to `Reconnect`.
    pub(crate) fn for_return(self) -> ServerMessage<'static> {
        let Self { code: error_code, reason } = self;
        ServerMessage::ReconnectionFailed(ReconnectionFailed { reason, error_code })
    }

    /// As the answer to `JoinAsSpectator`.
    pub(crate) fn for_spectator(self) -> ServerMessage<'static> {
        let Self { code, reason } = self;
        ServerMessage::SpectatorJoinFailed(SpectatorJoinFailed { reason, error_code: Some(code) })
    }
}

impl From<Exhausted> for EntryRefusal {
    fn from(exhausted: Exhausted) -> Self {
        Self::new(ErrorCode::RateLimitExceeded, exhausted.to_string())
    }
}

fn parse_game(config: &HubConfig, text: &str) -> Result<GameName, EntryRefusal> {
    GameName::parse(text, config.game_name_bytes_max)
        .map_err(|error| EntryRefusal::new(ErrorCode::InvalidGameName, format!("game_name {error}")))
}

fn parse_name(config: &HubConfig, text: &str) -> Result<PlayerName, EntryRefusal> {
    PlayerName::parse(text, &config.player_names)
        .map_err(|error| EntryRefusal::new(ErrorCode::InvalidPlayerName, format!("the display name {error}")))
}

fn parse_code(config: &HubConfig, text: &str) -> Result<RoomCode, EntryRefusal> {
    config
        .room_codes
        .parse(text)
        .map_err(|error| EntryRefusal::new(ErrorCode::InvalidRoomCode, error.to_string()))
}

fn check_password(password: Option<&str>) -> Result<(), EntryRefusal> {
    match password {
        Some(text) if !(1..=limits::PASSWORD_BYTES_MAX).contains(&text.len()) => {
            let reason = format!("a password has 1 to {} bytes", limits::PASSWORD_BYTES_MAX);
            Err(EntryRefusal::new(ErrorCode::InvalidInput, reason))
        }
        Some(_) | None => Ok(()),
    }
}
