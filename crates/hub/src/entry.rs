//! The way into a room: what a wish must look like, and which room it leads to.

use std::num::NonZeroU8;
use std::sync::Arc;

use signal_fish_auth::{Exhausted, Password};
use signal_fish_coordination::RoomKey;
use signal_fish_engine::{AwayRules, NO_SEAT, RoomSetup};
use signal_fish_protocol::{
    ErrorCode, GameName, JoinAsSpectator, JoinRoom, PlayerName, Reconnect, RoomCode, RoomId, Secret, limits,
};

use crate::answer::Answer;
use crate::config::{HubConfig, SpectatorLimit};

/// A wish to enter a room, or to change how it is entered, which may have to wait until others agree.
#[derive(Debug)]
pub struct Entry(pub(crate) Box<(Wish, Answer)>);

/// The wish as it was written, apart from its password.
#[derive(Debug)]
pub(crate) enum Wish {
    Play(JoinRoom, Option<Arc<Password>>),
    Watch(JoinAsSpectator, Option<Arc<Password>>),
    Return(Reconnect),
    SetAccess(Option<Arc<Password>>),
    ChangeCode,
}

impl Entry {
    pub(crate) fn play(mut request: JoinRoom, answer: Answer) -> Self {
        let password = sealed(request.password.take());
        Self(Box::new((Wish::Play(request, password), answer)))
    }

    pub(crate) fn watch(mut request: JoinAsSpectator, answer: Answer) -> Self {
        let password = sealed(request.password.take());
        Self(Box::new((Wish::Watch(request, password), answer)))
    }

    pub(crate) fn set_access(password: Option<Secret>, answer: Answer) -> Self {
        Self(Box::new((Wish::SetAccess(sealed(password)), answer)))
    }

    pub(crate) fn come_back(request: Reconnect, answer: Answer) -> Self {
        Self(Box::new((Wish::Return(request), answer)))
    }

    pub(crate) fn change_code(answer: Answer) -> Self {
        Self(Box::new((Wish::ChangeCode, answer)))
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
    pub(crate) password: Option<Arc<Password>>,
    pub(crate) join_only: bool,
}

/// A wish within the rules to watch a room that is there.
#[derive(Debug)]
pub(crate) struct WatchWish {
    pub(crate) game: GameName,
    pub(crate) code: RoomCode,
    pub(crate) name: PlayerName,
    pub(crate) password: Option<Arc<Password>>,
}

/// Why a wish is not granted: what the client is told.
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
        session: config.peering.rules_of(key.game.as_str()),
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
    /// Checks a request, in the order of the contract. `is_inside` tells whether the sender is in a room, and
    /// `app_players_max` how many players its app may ask for, if it has a limit of its own.
    pub(crate) fn parse(
        config: &HubConfig,
        app_players_max: Option<NonZeroU8>,
        request: &JoinRoom,
        password: Option<Arc<Password>>,
        is_inside: bool,
    ) -> Result<Self, EntryRefusal> {
        let game = parse_game(config, &request.game_name)?;
        let name = parse_name(config, &request.player_name)?;
        let most = app_players_max.map_or(config.players_max, |most| most.get().min(config.players_max));
        let players_max = request.max_players.unwrap_or(config.players_default.min(most));
        if !(1..=most).contains(&players_max) {
            let reason = format!("max_players must be 1 to {most}");
            return Err(EntryRefusal::new(ErrorCode::InvalidMaxPlayers, reason));
        }
        let join_only = request.join_only.unwrap_or(false);
        if join_only && request.room_code.is_none() {
            return Err(EntryRefusal::new(ErrorCode::InvalidInput, "join_only needs a room_code"));
        }
        check_password(password.as_deref())?;
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
            password,
            join_only,
        })
    }
}

impl WatchWish {
    /// Checks a request, in the order of the contract.
    pub(crate) fn parse(
        config: &HubConfig,
        request: &JoinAsSpectator,
        password: Option<Arc<Password>>,
    ) -> Result<Self, EntryRefusal> {
        let name = parse_name(config, &request.spectator_name)?;
        let game = parse_game(config, &request.game_name)?;
        let code = parse_code(config, &request.room_code)?;
        check_password(password.as_deref())?;
        Ok(Self { game, code, name, password })
    }
}

impl EntryRefusal {
    pub(crate) fn new(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    pub(crate) fn draining() -> Self {
        Self::new(ErrorCode::ServerDraining, "the server is about to stop, try again later")
    }

    pub(crate) fn room_not_found() -> Self {
        Self::new(ErrorCode::RoomNotFound, "there is no such room")
    }

    pub(crate) fn not_in_room() -> Self {
        Self::new(ErrorCode::NotInRoom, NO_SEAT)
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

/// What must not be printed on its way.
fn sealed(password: Option<Secret>) -> Option<Arc<Password>> {
    password.map(|secret| Arc::new(Password::new(secret.into_text())))
}

pub(crate) fn check_password(password: Option<&Password>) -> Result<(), EntryRefusal> {
    match password {
        Some(password) if !(1..=limits::PASSWORD_BYTES_MAX).contains(&password.n_bytes()) => {
            let reason = format!("a password has 1 to {} bytes", limits::PASSWORD_BYTES_MAX);
            Err(EntryRefusal::new(ErrorCode::InvalidInput, reason))
        }
        Some(_) | None => Ok(()),
    }
}
