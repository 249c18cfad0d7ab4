//! From a wish to a seat: the room is found or made, and the rest is up to the room.

use std::sync::Arc;
use std::time::{Duration, Instant};

use signal_fish_auth::{AppLimits, Grant, Password};
use signal_fish_coordination::{ClaimError, RoomKey};
use signal_fish_engine::{Command, Newcomer, PasswordHash, Room};
use signal_fish_protocol::{AppId, Epoch, ErrorCode, JoinAsSpectator, JoinRoom, PlayerName};

use crate::allowance;
use crate::answer::Answer;
use crate::claim::Claim;
use crate::delivery::Outcome;
use crate::directory::NotAdded;
use crate::entry::{EntryRefusal, PlayWish, WatchWish, room_setup};
use crate::granted;
use crate::live_room::{LiveRoom, Step};
use crate::metrics;
use crate::passwords;
use crate::random::Draw;
use crate::seat::Seat;
use crate::session::Session;
use crate::token;

/// One attempt of a session to come in.
pub(crate) struct Entering<'a> {
    session: &'a mut Session,
    now: Instant,
    /// Here until a room has it, which is then the end of the attempt.
    answer: Option<Answer>,
}

impl<'a> Entering<'a> {
    pub(crate) const fn new(session: &'a mut Session, now: Instant, answer: Answer) -> Self {
        Self { session, now, answer: Some(answer) }
    }

    /// Takes a seat, or says why not.
    pub(crate) async fn play(mut self, request: &JoinRoom, password: Option<Arc<Password>>) {
        let played = self.try_to_play(request, password).await;
        self.finish(played);
    }

    /// Starts to watch, or says why not.
    pub(crate) async fn watch(mut self, request: &JoinAsSpectator, password: Option<Arc<Password>>) {
        let watched = self.try_to_watch(request, password).await;
        self.finish(watched);
    }

    /// What a room says itself, yes or no, is said by then; an error is still to be said.
    fn finish(self, outcome: Result<(), EntryRefusal>) {
        if let (Err(refusal), Some(answer)) = (outcome, self.answer) {
            self.session.decline(self.now, answer, refusal);
        }
    }

    async fn try_to_play(
        &mut self,
        request: &JoinRoom,
        password: Option<Arc<Password>>,
    ) -> Result<(), EntryRefusal> {
        let creates = request.room_code.is_none();
        if creates && self.session.shared.lifecycle.is_draining() {
            return Err(EntryRefusal::draining());
        }
        // A room that may not be made is no attempt to join one.
        if creates {
            allowance::creation(self.session, self.budget_time())?;
        }
        allowance::join(self.session, self.budget_time())?;
        let is_inside = self.session.is_inside();
        let players_max = self.limits().players_max;
        let wish =
            PlayWish::parse(&self.session.shared.live.load(), players_max, request, password, is_inside)?;
        granted::check_play(self.session, wish.code.as_ref())?;
        if wish.code.is_none() {
            return self.find_or_create(&wish).await;
        }
        allowance::code(self.session, self.budget_time())?;
        let entered = self.find_or_create(&wish).await;
        self.note_code(&entered);
        entered
    }

    async fn find_or_create(&mut self, wish: &PlayWish) -> Result<(), EntryRefusal> {
        let mut is_charged = wish.code.is_none();
        for _ in 0..ATTEMPTS {
            let draw = &Draw::new()?;
            let key = self.key(wish, draw);
            let found = self.session.shared.directory.find(&key);
            match found {
                Some(_) if wish.code.is_none() => {}
                // If not, it ended or moved a moment ago; next time it is not found any more.
                Some(room) => {
                    let proof = self.proof(&room, wish.password.as_ref()).await?;
                    let join = self.join(wish, proof, draw);
                    if self.ask(&room, &key, join) {
                        return Ok(());
                    }
                }
                None if wish.join_only => return Err(EntryRefusal::room_not_found()),
                None => {
                    if !std::mem::replace(&mut is_charged, true) {
                        allowance::creation(self.session, self.budget_time())?;
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

    async fn try_to_watch(
        &mut self,
        request: &JoinAsSpectator,
        password: Option<Arc<Password>>,
    ) -> Result<(), EntryRefusal> {
        if self.session.shared.lifecycle.is_draining() {
            return Err(EntryRefusal::draining());
        }
        allowance::join(self.session, self.budget_time())?;
        self.check_outside()?;
        let wish = WatchWish::parse(&self.session.shared.live.load(), request, password)?;
        granted::check_watch(self.session, &wish.code)?;
        allowance::code(self.session, self.budget_time())?;
        let entered = self.find_and_watch(wish).await;
        self.note_code(&entered);
        entered
    }

    async fn find_and_watch(&mut self, wish: WatchWish) -> Result<(), EntryRefusal> {
        let app = self.app();
        let key = RoomKey { app, game: wish.game, code: wish.code };
        let room = self.session.shared.directory.find(&key).ok_or_else(EntryRefusal::room_not_found)?;
        let proof = self.proof(&room, wish.password.as_ref()).await?;
        let watch = Command::Watch(self.newcomer(wish.name, proof));
        if self.ask(&room, &key, watch) { Ok(()) } else { Err(EntryRefusal::room_not_found()) }
    }

    /// A code is free if it led to a room. Any other end may tell that there is none.
    fn note_code(&self, entered: &Result<(), EntryRefusal>) {
        let led_to_room = match entered {
            Ok(()) => true,
            Err(refusal) => refusal.code == ErrorCode::PasswordRequired,
        };
        if led_to_room {
            allowance::code_is_known(self.session);
        }
    }

    /// What the wish has to show for its password. Without one it has nothing, and waits for nothing.
    async fn proof(
        &mut self,
        room: &LiveRoom,
        password: Option<&Arc<Password>>,
    ) -> Result<Option<PasswordHash>, EntryRefusal> {
        match password {
            Some(password) => {
                let proof = passwords::check(self.session, self.now, room, password).await;
                self.look_at_the_clock();
                proof.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Leaves the decision to a room that was found under `key`; false if it is not there any more.
    fn ask(&mut self, room: &Arc<LiveRoom>, key: &RoomKey, command: Command) -> bool {
        let watches = matches!(command, Command::Watch(_));
        let answer = self.answer.take().expect(ONE_ROOM_HAS_IT);
        let Session { shared, link, .. } = &*self.session;
        let step = |answer| Step::Request(link, command, answer);
        match room.ask(shared, self.now, Some(key), answer, step) {
            Ok(outcome) => {
                self.settle(room, outcome, watches);
                true
            }
            Err(answer) => {
                self.answer = Some(answer);
                false
            }
        }
    }

    /// Makes the room and takes its first seat; false if somebody else was faster.
    async fn create(&mut self, key: RoomKey, wish: &PlayWish, draw: &Draw) -> Result<bool, EntryRefusal> {
        if self.session.shared.lifecycle.is_draining() {
            return Err(EntryRefusal::draining());
        }
        let shared = Arc::clone(&self.session.shared);
        let password = match &wish.password {
            Some(password) => Some(passwords::set(self.session, self.now, password).await?),
            None => None,
        };
        let id = draw.room();
        let claim = Claim::make(&shared, &key, id).await;
        self.look_at_the_clock();
        let claim = match claim {
            Ok(claim) => claim,
            // Another node made up the same code; the next one will be free.
            Err(ClaimError::OwnedElsewhere { .. }) if wish.code.is_none() => return Ok(false),
            Err(error) => {
                shared.metrics.figures.room_creation_failures.increment(1);
                tracing::warn!(room = %id, %error, "a room was not made");
                return Err(EntryRefusal::new(ErrorCode::RoomCreationFailed, error.to_string()));
            }
        };
        let setup = room_setup(&shared.live.load(), &key, id, wish.players_max, wish.supports_authority);
        let room = Room::new(self.now, setup).protected_by(password.clone());
        let room = LiveRoom::new(key.clone(), room);
        // Taken before others can find the room, so that whoever makes it is the first inside.
        let mut hosted = room.lock();
        match shared.directory.add(&key, &room, self.limits().rooms_max) {
            Ok(()) => claim.keep(),
            Err(NotAdded::Taken) => return Ok(false),
            Err(NotAdded::Full) => {
                return Err(self.too_many_rooms("this server has as many rooms as it takes"));
            }
            Err(NotAdded::GameFull) => {
                return Err(self.too_many_rooms("this game has as many rooms as it may have"));
            }
            Err(NotAdded::AppFull) => {
                return Err(self.too_many_rooms("this app has as many rooms as it may have"));
            }
        }
        let answer = self.answer.take().expect(ONE_ROOM_HAS_IT);
        let join = Step::Request(&self.session.link, self.join(wish, password, draw), answer);
        let outcome = room.step_locked(&mut hosted, &shared, self.now, join);
        drop(hosted);
        shared.metrics.figures.rooms_created.increment(1);
        self.settle(&room, outcome, false);
        Ok(true)
    }

    fn join(&self, wish: &PlayWish, proof: Option<PasswordHash>, draw: &Draw) -> Command {
        let Session { shared, link, means, .. } = &*self.session;
        let ice_servers = shared.live.load().peering.ice.early_servers_for(link.player, *means);
        Command::Join {
            newcomer: Newcomer { ice_servers, ..self.newcomer(wish.name.clone(), proof) },
            epoch: self.next_epoch(),
            generation: draw.generation(),
            token: token::issue(self.session, link, draw).map(Box::new),
        }
    }

    /// Keeps the seat, if the room has given one.
    fn settle(&mut self, room: &Arc<LiveRoom>, outcome: Outcome, watches: bool) {
        if outcome.refused {
            self.session.charge(self.now);
        }
        if outcome.entered {
            if !watches {
                self.session.epoch = Some(self.next_epoch());
                metrics::joined(self.session);
            }
            let (shared, link) = (Arc::clone(&self.session.shared), self.session.link.clone());
            self.session.seat = Some(Seat::new(shared, Arc::clone(room), link, watches));
        }
    }

    fn next_epoch(&self) -> Epoch {
        self.session.epoch.map_or(Epoch::FIRST, Epoch::next)
    }

    /// After every wait: what is queued for others with a time of the past would make good readers look slow.
    fn look_at_the_clock(&mut self) {
        self.now = tokio::time::Instant::now().into_std();
    }

    fn limits(&self) -> AppLimits {
        self.session.grant.as_ref().map_or(AppLimits::default(), Grant::limits)
    }

    fn app(&self) -> Option<AppId> {
        self.session.grant.as_ref().and_then(|grant| grant.app_id().cloned())
    }

    fn key(&self, wish: &PlayWish, draw: &Draw) -> RoomKey {
        let codes = &self.session.shared.config.room_codes;
        let code = wish.code.clone().unwrap_or_else(|| codes.generate(draw.code()));
        RoomKey { app: self.app(), game: wish.game.clone(), code }
    }

    fn newcomer(&self, name: PlayerName, proof: Option<PasswordHash>) -> Newcomer {
        let Session { connected_at, means, .. } = *self.session;
        let subject = granted::subject(self.session);
        Newcomer { name, connected_at, proof, subject, means, ice_servers: Vec::new() }
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

    fn too_many_rooms(&self, reason: &str) -> EntryRefusal {
        self.session.shared.metrics.figures.room_cap_denials.increment(1);
        EntryRefusal::new(ErrorCode::MaxRoomsPerGameExceeded, reason)
    }

    fn budget_time(&self) -> Duration {
        self.session.shared.budget_time(self.now)
    }
}

const ONE_ROOM_HAS_IT: &str = "the attempt ends when a room has the answer";

/// A generated code is taken about never; a room that ends at the very moment is found at most once.
const ATTEMPTS: usize = 8;
