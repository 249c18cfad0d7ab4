//! The world that a seed makes: a hub, its clients, and what happens next.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use signal_fish_auth::Authenticator;
use signal_fish_hub::{Hub, Source};
use signal_fish_protocol::{ControlEncoding, GameDataEncoding, ProtocolVersion};

use crate::actions::{self, GAME, Said, Scene};
use crate::agreement::{self, Sent};
use crate::backends::Backends;
use crate::client::{Client, SLOW_AFTER};
use crate::crowd::Crowd;
use crate::greeting::{Abilities, Company};
use crate::observer::Observer;
use crate::referee;
use crate::requests::{Asked, Door, Request};
use crate::settings::{EMPTY_FOR, KEPT_MANY, QUIET_FOR, config};
use crate::{now, pass};

/// A hub, its clients, and what happens next.
pub(crate) struct World {
    crowd: Crowd,
    backends: Arc<Backends>,
    company: Company,
    has_passwords: bool,
    has_stopped: bool,
}

impl World {
    pub(crate) async fn new(seed: u64, is_told: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let backends = Arc::new(Backends::new(seed));
        let config = config(&mut rng);
        let hub =
            Hub::start(config, Authenticator::open(), Arc::clone(&backends) as _, Arc::clone(&backends) as _);
        let hub = hub.await.expect("nothing is stored yet");
        let codes = (0..rng.usize(1..4)).map(|n| format!("ROOM{n:02}")).collect();
        let company = if rng.u8(0..3) == 0 { Company::Close } else { Company::Mixed };
        let has_passwords = seed.is_multiple_of(PASSWORDS_EVERY);
        let crowd = Crowd::new(rng, is_told, hub, codes);
        Self { crowd, backends, company, has_passwords, has_stopped: false }
    }

    pub(crate) async fn step(&mut self) {
        match self.crowd.rng.u8(0..100) {
            _ if self.crowd.alive().len() < N_CLIENTS_MIN => self.connect(),
            0..8 if self.crowd.alive().len() < N_CLIENTS_MAX => self.connect(),
            0..62 => self.speak().await,
            62..80 => self.read_one(),
            80..83 => self.stall(),
            83..87 => self.kill(),
            87..97 => self.wait().await,
            97 => self.check_views(),
            98 if self.crowd.rng.u8(0..40) == 0 => self.drain(),
            99 if self.crowd.rng.u8(0..60) == 0 => self.stop(),
            _ => self.crowd.go_on(),
        }
        let alive = self.crowd.alive();
        assert_eq!(self.crowd.hub.n_sessions(), alive.len(), "each session is one connection");
        let mut players: Vec<_> = alive.iter().map(|&at| self.crowd.clients[at].player).collect();
        players.sort_unstable();
        players.dedup();
        assert_eq!(players.len(), alive.len(), "each connection is another player");
    }

    /// Everybody reads and goes; then nothing must be left.
    pub(crate) async fn finish(&mut self) {
        self.backends.calm_down();
        // Whoever is on the way in arrives or is turned away.
        self.clock(Duration::from_secs(70)).await;
        self.crowd.go_on();
        self.check_views();
        self.crowd.clients.iter_mut().for_each(|client| client.observer.mark_present());
        let stays: Vec<_> =
            self.crowd.clients.iter().flat_map(|client| &client.observer.notes.stays).collect();
        agreement::check(&stays, &self.crowd.sent);
        let observers: Vec<_> = self.crowd.clients.iter().map(|client| &client.observer).collect();
        agreement::check_stamps(&observers, &self.crowd.sent);
        if self.keeps_many() {
            agreement::check_kept(&observers, &self.crowd.sent, &self.crowd.events);
        }
        let ended = self.crowd.clients.iter().filter(|client| client.observer.ending.is_some());
        agreement::check_signals(&observers, &self.crowd.sent, &ended.map(|client| client.player).collect());
        referee::check(&self.crowd.events, &observers, self.backends.was_always_calm());
        for at in self.crowd.alive() {
            self.crowd.die(at);
        }
        assert_eq!(self.crowd.hub.n_sessions(), 0);
        self.crowd.hub.emptied().await;
        self.clock(EMPTY_FOR + Duration::from_secs(60)).await;
        let (now, is_draining) = (now(), self.crowd.hub.is_draining());
        for client in &mut self.crowd.clients {
            let n_stays = client.observer.notes.stays.len();
            client.read(now, is_draining);
            assert!(client.observer.room.is_none() && client.observer.notes.stays.len() == n_stays);
        }
        // Rooms outlive a server that has stopped: their players come back to the next.
        if !self.has_stopped {
            self.backends.assert_empty().await;
        }
        if !self.crowd.hub.is_draining() && !self.has_stopped {
            self.check_codes().await;
        }
    }

    /// Whether rooms keep all the game data that is not too old for those who come back.
    fn keeps_many(&self) -> bool {
        let replay = self.crowd.hub.config().reconnection.and_then(|rules| rules.replay);
        replay.is_some_and(|limits| limits.messages_max == KEPT_MANY)
    }

    /// Every code is free again.
    async fn check_codes(&mut self) {
        for code in self.crowd.codes.clone() {
            let join = json!({"game_name": GAME, "room_code": code, "player_name": "heir"});
            let heir = self.visit("JoinRoom", &join, Request::Play(door(&code, "heir")));
            assert!(heir.room.is_some(), "{code} is not free: {heir:?}");
            self.crowd.die(self.crowd.clients.len() - 1);
            self.clock(EMPTY_FOR + Duration::from_secs(1)).await;
        }
    }

    /// Somebody new enters a room as far as that goes at once, and hears what comes of it.
    fn visit(&mut self, message: &str, data: &Value, request: Request) -> &Observer {
        let (now, is_draining) = (now(), self.crowd.hub.is_draining());
        let mut session = self.crowd.hub.connect(ProtocolVersion::V3, Source::of(Ipv4Addr::LOCALHOST.into()));
        let abilities = Abilities::silent(ProtocolVersion::V3, ControlEncoding::Json);
        let mut observer = Observer::new(session.player(), abilities);
        observer.asks(Asked { serial: usize::MAX, request: request.clone(), operation: None });
        let entry = session.on_text(now, &actions::message(message, data).to_string());
        let mut visitor = Client::new(now, "visitor".to_owned(), session, observer);
        // A server that has stopped hears nobody.
        match entry {
            Some(entry) => {
                visitor.enter(entry, (usize::MAX, request));
                visitor.go_on();
            }
            None => assert!(self.has_stopped, "a wish to enter is one"),
        }
        visitor.read(now, is_draining);
        self.crowd.clients.push(visitor);
        &self.crowd.clients[self.crowd.clients.len() - 1].observer
    }

    fn connect(&mut self) {
        let name = format!("client {}", self.crowd.clients.len());
        self.crowd.tell(|| format!("{name} connects"));
        let source = Source::of(Ipv4Addr::LOCALHOST.into());
        let (session, abilities) = if self.crowd.rng.u8(0..4) == 0 {
            (self.crowd.hub.connect_protobuf(source), (ProtocolVersion::V3, ControlEncoding::Protobuf))
        } else {
            let endpoint = if self.crowd.rng.bool() { ProtocolVersion::V2 } else { ProtocolVersion::V3 };
            (self.crowd.hub.connect(endpoint, source), (endpoint, ControlEncoding::Json))
        };
        let observer = Observer::new(session.player(), Abilities::silent(abilities.0, abilities.1));
        self.crowd.clients.push(Client::new(now(), name, session, observer));
    }

    /// The first thing that a client says decides what it speaks.
    fn greet(&mut self, at: usize) {
        let client = &mut self.crowd.clients[at];
        client.has_greeted = true;
        let observer = &mut client.observer;
        let said = if self.company == Company::Close || self.crowd.rng.u8(0..4) > 0 {
            observer.abilities =
                Abilities::random(&mut self.crowd.rng, observer.abilities.encoding, self.company);
            Said::message("Authenticate", &observer.abilities.to_authenticate(), Request::Greet)
        } else {
            Said::message("Ping", &Value::Null, Request::Ping)
        };
        self.crowd.tell(|| {
            let Client { name, observer, .. } = &self.crowd.clients[at];
            format!("{name} greets: {:?}", observer.abilities)
        });
        self.crowd.say(at, said);
    }

    async fn speak(&mut self) {
        let Some(at) = self.crowd.pick() else { return };
        if !self.crowd.clients[at].has_greeted {
            return self.greet(at);
        }
        let action = actions::choose(&mut self.crowd.rng, &self.crowd.clients[at].observer);
        let ticket = self.crowd.ticket();
        let everybody: Vec<_> = self.crowd.clients.iter().map(|client| client.player).collect();
        let number = self.crowd.sent.len().try_into().expect("numbers are few");
        let client = &mut self.crowd.clients[at];
        let (observer, has_passwords) = (&client.observer, self.has_passwords);
        let (rng, codes, everybody) = (&mut self.crowd.rng, &self.crowd.codes, &everybody);
        let mut said =
            (action.say)(&mut Scene { rng, observer, codes, everybody, ticket, has_passwords, number });
        let is_binary = client.observer.abilities.format != GameDataEncoding::Json;
        if client.session().is_none() || !said.can_be_said(is_binary) {
            return;
        }
        if self.crowd.clients[at].observer.abilities.operates && self.crowd.rng.bool() {
            said = said.into_operation();
        }
        // Also where it is no game message: a number is used once.
        self.crowd.sent.push(said.as_sent(self.crowd.clients[at].player));
        self.crowd
            .tell(|| format!("{} says {}: {:?}", self.crowd.clients[at].name, action.name, said.request));
        let ping = said.is_followed_by_ping.then(|| Said::message("Ping", &Value::Null, Request::Ping));
        let sent = &mut self.crowd.sent[usize::try_from(number).expect("numbers are few")];
        (sent.serial, sent.at) = (self.crowd.n_asked, Some(now()));
        self.crowd.say(at, said);
        if let Some(ping) = ping {
            self.crowd.say(at, ping);
        }
        if self.has_passwords && self.crowd.clients[at].wish.is_some() {
            // Time stands still while passwords are hashed, so that this ends when they are.
            pass(Duration::from_millis(1)).await;
        }
    }

    fn read_one(&mut self) {
        let Some(at) = self.crowd.pick() else { return };
        if self.crowd.clients[at].reads_at <= now() {
            self.crowd.read(at);
        }
    }

    /// Somebody reads nothing for a while.
    fn stall(&mut self) {
        let Some(at) = self.crowd.pick() else { return };
        let time = Duration::from_millis(self.crowd.rng.u64(0..3 * SLOW_AFTER.as_millis() as u64));
        self.crowd.tell(|| format!("{} reads nothing for {time:?}", self.crowd.clients[at].name));
        self.crowd.clients[at].reads_at = now() + time;
    }

    fn kill(&mut self) {
        if let Some(at) = self.crowd.pick() {
            self.crowd.die(at);
        }
    }

    async fn wait(&mut self) {
        let time = match self.crowd.rng.u8(0..40) {
            0..28 => Duration::from_millis(self.crowd.rng.u64(0..60)),
            28..37 => Duration::from_millis(self.crowd.rng.u64(100..4_000)),
            37..39 => EMPTY_FOR.mul_f32(self.crowd.rng.f32() * 1.2),
            _ => QUIET_FOR.mul_f32(self.crowd.rng.f32() * 1.1),
        };
        self.clock(time).await;
    }

    fn drain(&mut self) {
        self.crowd.tell(|| "the server drains".to_owned());
        self.crowd.hub.drain(Duration::from_secs(30), Duration::from_secs(30));
    }

    fn stop(&mut self) {
        self.crowd.tell(|| "the server stops".to_owned());
        self.crowd.hub.shut_down();
        self.has_stopped = true;
    }

    /// Everybody reads all there is. Somebody new comes to watch each room and compares what it is shown.
    fn check_views(&mut self) {
        self.crowd.read_all();
        for code in self.crowd.codes.clone() {
            let name = format!("spectator {}", self.crowd.sent.len());
            let watch = json!({"game_name": GAME, "room_code": code, "spectator_name": name});
            let by = self.visit("JoinAsSpectator", &watch, Request::Watch(door(&code, &name))).me;
            // Its name has taken a number.
            self.crowd.sent.push(Sent::nothing(by));
            self.crowd.read_all();
            let mut rooms = self.crowd.clients.iter().filter_map(|client| client.observer.room.as_ref());
            if let Some(latest) = rooms.clone().find(|room| room.me == by) {
                rooms
                    .by_ref()
                    .filter(|room| room.id == latest.id)
                    .for_each(|room| room.assert_agrees_with(latest));
            }
            self.crowd.die(self.crowd.clients.len() - 1);
        }
        self.crowd.read_all();
    }

    /// Time goes by for everybody; whoever waits for it goes on.
    async fn clock(&mut self, time: Duration) {
        self.crowd.tell(|| format!("{time:?} go by"));
        pass(time).await;
        if self.crowd.rng.bool() {
            self.crowd.go_on();
        }
    }
}

/// What a visitor finds.
fn door(code: &str, name: &str) -> Door {
    Door { code: Some(code.to_owned()), name: name.to_owned(), password: None, join_only: false, fault: None }
}

const N_CLIENTS_MIN: usize = 2;
const N_CLIENTS_MAX: usize = 7;

/// Hashing passwords takes most of the time of those who have them.
const PASSWORDS_EVERY: u64 = 20;
