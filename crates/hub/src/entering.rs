//! From a wish to a seat: the room is found or made, and the rest is up to the room.

use std::sync::Arc;
use std::time::{Duration, Instant};

use signal_fish_coordination::{ClaimError, RoomKey};
use signal_fish_engine::{Command, Newcomer, Room};
use signal_fish_protocol::{AppId, Epoch, ErrorCode, JoinAsSpectator, JoinRoom, PlayerName};

use crate::claim::Claim;
use crate::delivery::Outcome;
use crate::directory::NotAdded;
use crate::entry::{EntryRefusal, PlayWish, WatchWish, room_setup};
use crate::live_room::{Journaled, LiveRoom, RoomIsOver, Step};
use crate::random::Draw;
use crate::seat::Seat;
use crate::session::Session;
use crate::token;

/// One attempt of a session to come in.
pub(crate) struct Entering<'a> {
    pub(crate) session: &'a mut Session,
    pub(crate) now: Instant,
}

impl Entering<'_> {
    /// Takes a seat. What the room itself says, yes or no, is said by then; an error is still to be said.
    pub(crate) async fn play(&mut self, request: JoinRoom) -> Result<(), EntryRefusal> {
        let creates = request.room_code.is_none();
        if creates && self.session.shared.lifecycle.is_draining() {
            return Err(EntryRefusal::draining());
        }
        self.session.allowance.join(self.budget_time())?;
        if creates {
            self.session.allowance.creation(self.budget_time())?;
        }
        let is_inside = self.session.is_inside();
        let wish = PlayWish::parse(&self.session.shared.config, &request, is_inside)?;
        self.find_or_create(&wish).await
    }

    async fn find_or_create(&mut self, wish: &PlayWish) -> Result<(), EntryRefusal> {
        let mut is_charged = wish.code.is_none();
        for _ in 0..ATTEMPTS {
            let draw = &Draw::new()?;
            let key = self.key(wish, draw);
            let found = self.session.shared.directory.find(&key);
            match found {
                Some(_) if wish.code.is_none() => {}
                Some(_) if wish.has_password => return Err(password_not_needed()),
                // An error means that it ended a moment ago; next time it is not found any more.
                Some(room) => {
                    if let Ok(outcome) = room.step(&self.session.shared, self.now, self.join(wish, draw)) {
                        self.settle(&room, outcome, false);
                        return Ok(());
                    }
                }
                None if wish.join_only => return Err(room_not_found()),
                None => {
                    if !std::mem::replace(&mut is_charged, true) {
                        self.session.allowance.creation(self.budget_time())?;
                    }
                    if self.create(key, wish, draw).await? {
                        return Ok(());
                    }
                }
            }
        }
        Err(EntryRefusal::new(
            ErrorCode::RoomCreationFailed,
            "no room could be had in several attempts, try again",
        ))
    }

    /// Starts to watch, as [`Entering::play`].
    pub(crate) fn watch(&mut self, request: &JoinAsSpectator) -> Result<(), EntryRefusal> {
        if self.session.shared.lifecycle.is_draining() {
            return Err(EntryRefusal::draining());
        }
        self.session.allowance.join(self.budget_time())?;
        self.check_outside()?;
        let wish = WatchWish::parse(&self.session.shared.config, request)?;
        let app = self.app();
        let key = RoomKey { app, game: wish.game, code: wish.code };
        let room = self.session.shared.directory.find(&key).ok_or_else(room_not_found)?;
        if wish.has_password {
            return Err(password_not_needed());
        }
        let command = Command::Watch(self.newcomer(wish.name));
        let step = Step::Command(&self.session.link, command, None);
        let outcome =
            room.step(&self.session.shared, self.now, step).map_err(|RoomIsOver| room_not_found())?;
        self.settle(&room, outcome, true);
        Ok(())
    }

    /// Makes the room and takes its first seat; false if somebody else was faster.
    async fn create(&mut self, key: RoomKey, wish: &PlayWish, draw: &Draw) -> Result<bool, EntryRefusal> {
        if self.session.shared.lifecycle.is_draining() {
            return Err(EntryRefusal::draining());
        }
        if wish.has_password {
            let reason = "this server has no rooms with a password, make it without one";
            return Err(EntryRefusal::new(ErrorCode::RoomCreationFailed, reason));
        }
        let shared = Arc::clone(&self.session.shared);
        let id = draw.room();
        let claim = match Claim::make(&shared, &key, id).await {
            Ok(claim) => claim,
            // Another node made up the same code; the next one will be free.
            Err(ClaimError::OwnedElsewhere { .. }) if wish.code.is_none() => return Ok(false),
            Err(error) => {
                tracing::warn!(room = %id, %error, "a room was not made");
                return Err(EntryRefusal::new(ErrorCode::RoomCreationFailed, error.to_string()));
            }
        };
        let setup = room_setup(&shared.config, &key, id, wish.players_max, wish.supports_authority);
        let room = LiveRoom::new(key.clone(), Room::new(self.now, setup), Journaled::NOT_YET);
        // Taken before others can find the room, so that whoever makes it is the first inside.
        let mut hosted = room.lock();
        match shared.directory.add(&room) {
            Ok(()) => claim.keep(),
            Err(NotAdded::Taken) => return Ok(false),
            Err(NotAdded::Full) => return Err(too_many_rooms("this server has as many rooms as it takes")),
            Err(NotAdded::GameFull) => {
                return Err(too_many_rooms("this game has as many rooms as it may have"));
            }
        }
        let outcome = room.step_locked(&mut hosted, &shared, self.now, self.join(wish, draw));
        drop(hosted);
        if let Ok(outcome) = outcome {
            self.settle(&room, outcome, false);
        }
        Ok(true)
    }

    fn join(&self, wish: &PlayWish, draw: &Draw) -> Step<'_> {
        let Session { shared, link, .. } = &*self.session;
        let command = Command::Join {
            newcomer: self.newcomer(wish.name.clone()),
            epoch: self.next_epoch(),
            generation: draw.generation(),
            token: token::issue(&shared.config, link, draw).map(Box::new),
        };
        Step::Command(&self.session.link, command, None)
    }

    /// Keeps the seat, if the room has given one.
    fn settle(&mut self, room: &Arc<LiveRoom>, outcome: Outcome, watches: bool) {
        if outcome.refused {
            self.session.charge(self.now);
        }
        if outcome.entered {
            if !watches {
                self.session.epoch = Some(self.next_epoch());
            }
            let (shared, link) = (Arc::clone(&self.session.shared), self.session.link.clone());
            self.session.seat = Some(Seat::new(shared, Arc::clone(room), link, watches));
        }
    }

    fn next_epoch(&self) -> Epoch {
        self.session.epoch.map_or(Epoch::FIRST, Epoch::next)
    }

    fn app(&self) -> Option<AppId> {
        self.session.grant.as_ref().and_then(|grant| grant.app_id().cloned())
    }

    fn key(&self, wish: &PlayWish, draw: &Draw) -> RoomKey {
        let codes = &self.session.shared.config.room_codes;
        let code = wish.code.clone().unwrap_or_else(|| codes.generate(draw.code()));
        RoomKey { app: self.app(), game: wish.game.clone(), code }
    }

    fn newcomer(&self, name: PlayerName) -> Newcomer {
        Newcomer { name, connected_at: self.session.connected_at }
    }

    fn check_outside(&mut self) -> Result<(), EntryRefusal> {
        if !self.session.is_inside() {
            return Ok(());
        }
        let refusal = if self.session.seat.as_ref().is_some_and(Seat::watches) {
            EntryRefusal::new(ErrorCode::SpectatorJoinFailed, "you are watching a room already")
        } else {
            EntryRefusal::new(ErrorCode::SpectatorNotAllowed, "players of a room cannot watch")
        };
        Err(refusal)
    }

    fn budget_time(&self) -> Duration {
        self.session.shared.budget_time(self.now)
    }
}

fn room_not_found() -> EntryRefusal {
    EntryRefusal::new(ErrorCode::RoomNotFound, "there is no such room")
}

/// Says no more than a wrong password would: whether a room has one is nobody's business.
fn password_not_needed() -> EntryRefusal {
    EntryRefusal::new(ErrorCode::PasswordRequired, "the password does not fit the room")
}

fn too_many_rooms(reason: &str) -> EntryRefusal {
    EntryRefusal::new(ErrorCode::MaxRoomsPerGameExceeded, reason)
}

/// A generated code is taken about never; a room that ends at the very moment is found at most once.
const ATTEMPTS: usize = 8;
