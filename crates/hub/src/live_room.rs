//! A room that people are in: the engine's room behind its lock, and the connections of its members.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};
use signal_fish_auth::Bucket;
use signal_fish_coordination::RoomKey;
use signal_fish_engine::{Command, Effects, Kept, PasswordHash, Returning, Room};
use signal_fish_protocol::{CloseCode, ErrorCode, PlayerId, RoomId, SenderWatermark, ServerMessage};
use signal_fish_storage::{Revision, RoomRecord, StoredHash};

use crate::answer::Answer;
use crate::config::HubConfig;
use crate::delivery::{Delivery, Member, Outcome};
use crate::game_data::GameData;
use crate::journal::Change;
use crate::link::Link;
use crate::metrics::{Limit, Metrics};
use crate::oversight::RoomView;
use crate::replay;
use crate::replay_log::ReplayLog;
use crate::shared::Shared;
use crate::volume::Volume;

/// A room that people are in. Its lock is held for the length of one step, never while waiting for anything.
#[derive(Debug)]
pub(crate) struct LiveRoom {
    id: RoomId,
    /// Wrong passwords that were tried here.
    guesses: Bucket,
    hosted: Mutex<Hosted>,
}

#[derive(Debug)]
pub(crate) struct Hosted {
    room: Room,
    /// What it is found by.
    key: RoomKey,
    members: Vec<Member>,
    log: replay::Log,
    /// The game data that its players may still send.
    volume: Volume,
    /// It has left the directory and takes no more steps.
    is_over: bool,
    /// The deadline that the timers know of.
    armed: Option<Instant>,
    /// The revision that the journal knows of, or will when it comes to this room.
    journaled: u64,
    /// Whether the room waits in the journal.
    is_in_journal: bool,
    /// Whether it has planned how its game is connected.
    has_plan: bool,
    /// What it adds to the figures of the hub.
    share: Share,
}

/// What one room adds to what is counted over all rooms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Share {
    n_awaited: usize,
    has_log: bool,
}

/// One step: a command of somebody, or the passing of time.
pub(crate) enum Step<'a> {
    /// Somebody asks for something; game data comes with [`Command::GameData`].
    Command(&'a Link, Command, Option<GameData<'a>>),
    /// Somebody asks for something and waits for the answer.
    Request(&'a Link, Command, Answer),
    /// Somebody wants its seat back, and to hear what game data it missed after what it saw of each sender.
    Return(&'a Link, Box<Returning>, Option<Vec<SenderWatermark>>, Answer),
    /// A deadline has come.
    Timeout,
}

/// What came of an attempt to move a room to another key.
pub(crate) enum Move {
    /// The room has said yes or no, and done so.
    Decided(Outcome),
    /// There is a room under that key.
    Taken(Answer),
    /// The room was over before.
    RoomIsOver(Answer),
}

/// The room was over before the step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RoomIsOver;

impl LiveRoom {
    pub(crate) fn new(key: RoomKey, room: Room) -> Arc<Self> {
        let (id, journaled) = (room.setup().id, room.revision());
        let hosted = Hosted {
            room,
            key,
            members: Vec::new(),
            log: None,
            volume: Volume::default(),
            is_over: false,
            armed: None,
            journaled,
            is_in_journal: false,
            has_plan: false,
            share: Share::default(),
        };
        Arc::new(Self { id, guesses: Bucket::default(), hosted: Mutex::new(hosted) })
    }

    /// What it is found by at this moment.
    pub(crate) fn key(&self) -> RoomKey {
        self.hosted.lock().key.clone()
    }

    pub(crate) const fn id(&self) -> RoomId {
        self.id
    }

    /// How many wrong passwords may still be tried here.
    pub(crate) const fn guesses(&self) -> &Bucket {
        &self.guesses
    }

    /// What a password must be checked against to come in; nothing if the room is open.
    pub(crate) fn password(&self) -> Option<PasswordHash> {
        self.hosted.lock().room.password().cloned()
    }

    /// Who speaks for the room.
    pub(crate) fn authority(&self) -> Option<PlayerId> {
        self.hosted.lock().room.authority()
    }

    /// What is to be remembered of it now; nothing if it is over.
    pub(crate) fn to_remember(&self) -> Option<RoomRecord> {
        let mut hosted = self.hosted.lock();
        // Changes from here on are new ones.
        hosted.is_in_journal = false;
        (!hosted.is_over).then(|| hosted.record())
    }

    /// Keeps everybody else out until the guard is gone.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Hosted> {
        self.hosted.lock()
    }

    /// Takes one step. Whoever waits for an answer comes by [`LiveRoom::ask`].
    pub(crate) fn step(
        self: &Arc<Self>,
        shared: &Shared,
        now: Instant,
        step: Step<'_>,
    ) -> Result<Outcome, RoomIsOver> {
        let mut hosted = self.hosted.lock();
        if hosted.is_over {
            return Err(RoomIsOver);
        }
        Ok(self.step_locked(&mut hosted, shared, now, step))
    }

    /// Takes the step of somebody who waits for the answer. That comes back if the room was over before, or if it was
    /// found under a key that it does not have any more: then it was not this room.
    pub(crate) fn ask<'a>(
        self: &Arc<Self>,
        shared: &Shared,
        now: Instant,
        found_under: Option<&RoomKey>,
        answer: Answer,
        step: impl FnOnce(Answer) -> Step<'a>,
    ) -> Result<Outcome, Answer> {
        let mut hosted = self.hosted.lock();
        if hosted.is_over || found_under.is_some_and(|key| hosted.key != *key) {
            return Err(answer);
        }
        Ok(self.step_locked(&mut hosted, shared, now, step(answer)))
    }

    /// Has the room found under `key` and no longer under the one it had, if it agrees that `actor` may do that.
    pub(crate) fn move_to(
        self: &Arc<Self>,
        shared: &Shared,
        now: Instant,
        key: &RoomKey,
        actor: &Link,
        answer: Answer,
    ) -> Move {
        let mut hosted = self.hosted.lock();
        if hosted.is_over {
            return Move::RoomIsOver(answer);
        }
        // Found under both until it is decided, so that the code works as soon as it is told. Who comes meanwhile
        // waits for the lock, and enters by the key that is left.
        if !shared.directory.add_key(key, self) {
            return Move::Taken(answer);
        }
        let step = Step::Request(actor, Command::ChangeCode(key.code.clone()), answer);
        let outcome = self.step_locked(&mut hosted, shared, now, step);
        if outcome.refused || outcome.ended {
            shared.directory.remove_key(key, self.id);
            return Move::Decided(outcome);
        }
        let old = std::mem::replace(&mut hosted.key, key.clone());
        shared.directory.remove_key(&old, self.id);
        shared.journal.write(Change::Release { key: old, id: self.id });
        Move::Decided(outcome)
    }

    /// Takes one step with the lock already taken, of a room that is not over.
    pub(crate) fn step_locked(
        self: &Arc<Self>,
        hosted: &mut Hosted,
        shared: &Shared,
        now: Instant,
        step: Step<'_>,
    ) -> Outcome {
        let mut effects = EFFECTS.take();
        // A bug in one room must not take the others along. What it leaves behind is not used again.
        let step = AssertUnwindSafe(|| hosted.step(shared, now, step, &mut effects));
        let outcome = catch_unwind(step).unwrap_or_else(|_| {
            tracing::error!(room = %self.id, "a room failed and is closed");
            shared.metrics.figures.room_panics.increment(1);
            hosted.fail()
        });
        effects.clear();
        EFFECTS.set(effects);
        if outcome.ended {
            self.end(hosted, shared);
        } else {
            hosted.arm(shared, self);
            hosted.write_journal(shared, self);
        }
        outcome
    }

    /// A deadline has come that the timers were told about.
    pub(crate) fn on_deadline(self: &Arc<Self>, shared: &Shared, now: Instant, deadline: Instant) {
        let mut hosted = self.hosted.lock();
        // Another one has replaced it, and the timers know.
        if hosted.armed != Some(deadline) {
            return;
        }
        hosted.armed = None;
        if !hosted.is_over {
            let is_empty = hosted.members.is_empty();
            if self.step_locked(&mut hosted, shared, now, Step::Timeout).ended {
                let Metrics { figures, .. } = &*shared.metrics;
                let ended =
                    if is_empty { &figures.cleanup_empty_rooms } else { &figures.cleanup_inactive_rooms };
                ended.increment(1);
            }
        }
    }

    /// Ends the room and closes everyone in it as kicked; false if it was over before.
    pub(crate) fn close(&self, shared: &Shared) -> bool {
        let mut hosted = self.hosted.lock();
        let was_open = !hosted.is_over;
        if was_open {
            hosted.members.iter().for_each(|member| member.link.outbox.end(CloseCode::Kicked));
            self.end(&mut hosted, shared);
        }
        was_open
    }

    fn end(&self, hosted: &mut Hosted, shared: &Shared) {
        hosted.is_over = true;
        (hosted.members, hosted.log) = (Vec::new(), None);
        hosted.share.become_of(Share::default(), &shared.metrics);
        shared.metrics.figures.rooms_deleted.increment(1);
        shared.directory.remove(&hosted.key, self.id);
        shared.journal.write(Change::Forget { key: hosted.key.clone(), id: self.id });
        tracing::debug!(room = %self.id, "room ended");
    }
}

impl Hosted {
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }

    fn step(&mut self, shared: &Shared, now: Instant, step: Step<'_>, effects: &mut Effects) -> Outcome {
        let (mut last_seen, is_timeout) = (None, matches!(step, Step::Timeout));
        let (actor, watches, game_data, answer) = match step {
            Step::Command(actor, command, game_data) => {
                let n_bytes = game_data.as_ref().map_or(0, GameData::len);
                if let Err(exhausted) = self.volume.take(shared.config.room_relay, now, n_bytes) {
                    shared.metrics.rejected(Limit::RoomRelay);
                    let text = format!("the room is busy: {exhausted}");
                    actor.send(now, ServerMessage::error(ErrorCode::RateLimitExceeded, text));
                    return Outcome { refused: true, ..Outcome::default() };
                }
                self.room.apply(now, actor.player, command, effects);
                (Some(actor), false, game_data, None)
            }
            Step::Request(actor, command, answer) => {
                let watches = matches!(command, Command::Watch(_));
                self.room.apply(now, actor.player, command, effects);
                (Some(actor), watches, None, Some(answer))
            }
            Step::Return(actor, returning, seen, answer) => {
                last_seen = seen;
                self.room.apply(now, actor.player, Command::Reconnect(returning), effects);
                (Some(actor), false, None, Some(answer))
            }
            Step::Timeout => {
                self.room.handle_timeout(now, effects);
                (None, false, None, None)
            }
        };
        let Shared { config, live, metrics, .. } = shared;
        let (members, log) = (&mut self.members, self.log.as_deref_mut());
        let has_plan = &mut self.has_plan;
        let delivery =
            Delivery { now, members, actor, watches, game_data, answer, live, metrics, has_plan, log };
        let outcome = delivery.carry_out(effects);
        if let Some(actor) = actor.filter(|_| outcome.has_come() && !watches) {
            self.admit_reader(config, now, actor, last_seen);
        }
        if outcome.has_come() || outcome.left || is_timeout {
            replay::follow(&mut self.log, now, &self.room, &self.members);
            let share = Share { n_awaited: self.room.n_awaited(), has_log: self.log.is_some() };
            let n_fewer = self.share.n_awaited.saturating_sub(share.n_awaited);
            if is_timeout {
                metrics.figures.cleanup_expired_players.increment(n_fewer as u64);
            }
            self.share.become_of(share, metrics);
        }
        outcome
    }

    /// Somebody has come in to play, the latest of the members. If it may ask for game data, it hears what it missed after
    /// `last_seen`, and what it may miss from now on is kept.
    fn admit_reader(
        &mut self,
        config: &HubConfig,
        now: Instant,
        reader: &Link,
        last_seen: Option<Vec<SenderWatermark>>,
    ) {
        let limits = config.reconnection.and_then(|rules| rules.replay);
        let Some(limits) = limits.filter(|_| reader.capabilities.game_data_replay) else { return };
        let log = self.log.get_or_insert_with(|| Box::new(ReplayLog::new(limits)));
        if let (Some(last_seen), Some(member)) = (last_seen, self.members.last_mut()) {
            replay::say(now, member, log.missed(reader.player, self.room.watermarks(), &last_seen));
        }
        log.add_reader(reader.player, self.room.watermarks());
    }

    /// What an operator sees of it; nothing if it is over.
    pub(crate) fn view(&self) -> Option<RoomView> {
        let setup = self.room.setup();
        (!self.is_over).then(|| RoomView {
            id: setup.id,
            app: self.key.app.as_ref().map(|app| app.as_str().to_owned()),
            game: setup.game.as_str().to_owned(),
            code: self.key.code.as_str().to_owned(),
            lobby: self.room.lobby_state(),
            authority: self.room.authority(),
            players_max: setup.players_max,
            members: self.members.iter().map(|member| member.link.player).collect(),
        })
    }

    fn fail(&mut self) -> Outcome {
        for member in &self.members {
            member.link.outbox.end(CloseCode::InternalError);
        }
        Outcome { ended: true, ..Outcome::default() }
    }

    /// Tells the timers about the next deadline if they would otherwise come too late.
    fn arm(&mut self, shared: &Shared, room: &Arc<LiveRoom>) {
        let stale_at = self.log.as_ref().and_then(|log| log.stale_at());
        let deadline = stale_at.into_iter().fold(self.room.poll_timeout(), Instant::min);
        if self.armed.is_none_or(|armed| deadline < armed) {
            self.armed = Some(deadline);
            shared.timers.set(deadline, Arc::downgrade(room));
        }
    }

    fn write_journal(&mut self, shared: &Shared, room: &Arc<LiveRoom>) {
        if self.journaled != self.room.revision() {
            self.journaled = self.room.revision();
            if !std::mem::replace(&mut self.is_in_journal, true) {
                shared.journal.write(Change::Remember(Arc::clone(room)));
            }
        }
    }

    fn record(&self) -> RoomRecord {
        let setup = self.room.setup();
        let Kept { revision, lobby, password, banned } = self.room.kept();
        RoomRecord {
            id: setup.id,
            revision: Revision(revision),
            app: self.key.app.as_ref().map(|app| app.as_str().to_owned()),
            game: setup.game.as_str().to_owned(),
            code: setup.code.as_str().to_owned(),
            players_max: setup.players_max,
            supports_authority: setup.supports_authority,
            relay_type: setup.relay_type.as_ref().to_owned(),
            lobby,
            password: password.map(|hash| StoredHash(hash.as_str().to_owned())),
            banned: banned.iter().map(|ban| ban.player).collect(),
            banned_subjects: banned.iter().filter_map(|ban| Some((ban.player, ban.subject?.get()))).collect(),
        }
    }
}

impl Share {
    fn become_of(&mut self, new: Self, metrics: &Metrics) {
        let old = std::mem::replace(self, new);
        if old != new {
            // Wraps around where it is less, which adds up all the same.
            metrics.n_awaited.fetch_add(new.n_awaited.wrapping_sub(old.n_awaited), Ordering::Relaxed);
            let n_logs = usize::from(new.has_log).wrapping_sub(usize::from(old.has_log));
            metrics.n_logs.fetch_add(n_logs, Ordering::Relaxed);
        }
    }
}

/// A room that may be over by the time somebody asks.
pub(crate) type WeakRoom = Weak<LiveRoom>;

thread_local! {
    /// The effects of the step that this thread takes, kept for their memory. No step begins within another.
    static EFFECTS: Cell<Effects> = const { Cell::new(Vec::new()) };
}
