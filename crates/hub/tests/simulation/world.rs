//! The world that a seed makes: a hub, its clients, and what happens next.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};
use signal_fish_auth::Authenticator;
use signal_fish_hub::{Entry, Hub, Source};
use signal_fish_protocol::{ControlEncoding, GameDataEncoding, PlayerId, ProtocolVersion};

use crate::actions::{self, GAME, Said, Scene};
use crate::agreement::{self, Sent};
use crate::backends::Backends;
use crate::chronicle::{Decision, Event};
use crate::client::{Client, SLOW_AFTER};
use crate::greeting::{Abilities, Company};
use crate::observer::{Observer, Ticket};
use crate::referee;
use crate::requests::{Asked, Door, Request};
use crate::seen::Seen;
use crate::settings::{EMPTY_FOR, KEPT_MANY, QUIET_FOR, config};
use crate::{now, pass, wire};

/// A hub, its clients, and what happens next.
pub(crate) struct World {
    rng: Rng,
    is_told: bool,
    hub: Hub,
    backends: Arc<Backends>,
    clients: Vec<Client>,
    codes: Vec<String>,
    company: Company,
    has_passwords: bool,
    /// What was told to come back with, and to which client.
    tickets: Vec<(Ticket, usize)>,
    /// Every game message that was tried, by its number.
    sent: Vec<Sent>,
    events: Vec<Event>,
    n_asked: usize,
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
        let (clients, tickets, sent, events) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            rng,
            is_told,
            hub,
            backends,
            clients,
            codes,
            company,
            has_passwords,
            tickets,
            sent,
            events,
            n_asked: 0,
            has_stopped: false,
        }
    }

    pub(crate) async fn step(&mut self) {
        match self.rng.u8(0..100) {
            _ if self.alive().len() < N_CLIENTS_MIN => self.connect(),
            0..8 if self.alive().len() < N_CLIENTS_MAX => self.connect(),
            0..62 => self.speak().await,
            62..80 => self.read_one(),
            80..83 => self.stall(),
            83..87 => self.kill(),
            87..97 => self.wait().await,
            97 => self.check_views(),
            98 if self.rng.u8(0..40) == 0 => self.drain(),
            99 if self.rng.u8(0..60) == 0 => self.stop(),
            _ => self.go_on(),
        }
        let alive = self.alive();
        assert_eq!(self.hub.n_sessions(), alive.len(), "each session is one connection");
        let mut players: Vec<_> = alive.iter().map(|&at| self.clients[at].player).collect();
        players.sort_unstable();
        players.dedup();
        assert_eq!(players.len(), alive.len(), "each connection is another player");
    }

    /// Everybody reads and goes; then nothing must be left.
    pub(crate) async fn finish(&mut self) {
        self.backends.calm_down();
        // Whoever is on the way in arrives or is turned away.
        self.clock(Duration::from_secs(70)).await;
        self.go_on();
        self.check_views();
        self.clients.iter_mut().for_each(|client| client.observer.mark_present());
        let stays: Vec<_> = self.clients.iter().flat_map(|client| &client.observer.stays).collect();
        agreement::check(&stays, &self.sent);
        let observers: Vec<_> = self.clients.iter().map(|client| &client.observer).collect();
        agreement::check_stamps(&observers, &self.sent);
        if self.keeps_many() {
            agreement::check_kept(&observers, &self.sent, &self.events);
        }
        let ended = self.clients.iter().filter(|client| client.observer.ending.is_some());
        agreement::check_signals(&observers, &self.sent, &ended.map(|client| client.player).collect());
        referee::check(&self.events, &observers, self.backends.was_always_calm());
        for at in self.alive() {
            self.die(at);
        }
        assert_eq!(self.hub.n_sessions(), 0);
        self.hub.emptied().await;
        self.clock(EMPTY_FOR + Duration::from_secs(60)).await;
        let (now, is_draining) = (now(), self.hub.is_draining());
        for client in &mut self.clients {
            let n_stays = client.observer.stays.len();
            client.read(now, is_draining);
            assert!(client.observer.room.is_none() && client.observer.stays.len() == n_stays);
        }
        // Rooms outlive a server that has stopped: their players come back to the next.
        if !self.has_stopped {
            self.backends.assert_empty().await;
        }
        if !self.hub.is_draining() && !self.has_stopped {
            self.check_codes().await;
        }
    }

    /// Whether rooms keep all the game data that is not too old for those who come back.
    fn keeps_many(&self) -> bool {
        let replay = self.hub.config().reconnection.and_then(|rules| rules.replay);
        replay.is_some_and(|limits| limits.messages_max == KEPT_MANY)
    }

    /// Every code is free again.
    async fn check_codes(&mut self) {
        for code in self.codes.clone() {
            let join = json!({"game_name": GAME, "room_code": code, "player_name": "heir"});
            let heir = self.visit("JoinRoom", &join, Request::Play(door(&code, "heir")));
            assert!(heir.room.is_some(), "{code} is not free: {heir:?}");
            self.die(self.clients.len() - 1);
            self.clock(EMPTY_FOR + Duration::from_secs(1)).await;
        }
    }

    /// Somebody new enters a room as far as that goes at once, and hears what comes of it.
    fn visit(&mut self, message: &str, data: &Value, request: Request) -> &Observer {
        let (now, is_draining) = (now(), self.hub.is_draining());
        let mut session = self.hub.connect(ProtocolVersion::V3, Source::of(Ipv4Addr::LOCALHOST.into()));
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
        self.clients.push(visitor);
        &self.clients[self.clients.len() - 1].observer
    }

    /// Who has a session, or is on the way into a room with it.
    fn alive(&self) -> Vec<usize> {
        (0..self.clients.len()).filter(|&at| !self.clients[at].is_gone()).collect()
    }

    fn pick(&mut self) -> Option<usize> {
        self.rng.choice(self.alive())
    }

    fn connect(&mut self) {
        let name = format!("client {}", self.clients.len());
        self.tell(|| format!("{name} connects"));
        let source = Source::of(Ipv4Addr::LOCALHOST.into());
        let (session, abilities) = if self.rng.u8(0..4) == 0 {
            (self.hub.connect_protobuf(source), (ProtocolVersion::V3, ControlEncoding::Protobuf))
        } else {
            let endpoint = if self.rng.bool() { ProtocolVersion::V2 } else { ProtocolVersion::V3 };
            (self.hub.connect(endpoint, source), (endpoint, ControlEncoding::Json))
        };
        let observer = Observer::new(session.player(), Abilities::silent(abilities.0, abilities.1));
        self.clients.push(Client::new(now(), name, session, observer));
    }

    /// The first thing that a client says decides what it speaks.
    fn greet(&mut self, at: usize) {
        let client = &mut self.clients[at];
        client.has_greeted = true;
        let observer = &mut client.observer;
        let said = if self.company == Company::Close || self.rng.u8(0..4) > 0 {
            observer.abilities = Abilities::random(&mut self.rng, observer.abilities.encoding, self.company);
            Said::message("Authenticate", &observer.abilities.to_authenticate(), Request::Greet)
        } else {
            Said::message("Ping", &Value::Null, Request::Ping)
        };
        self.tell(|| {
            let Client { name, observer, .. } = &self.clients[at];
            format!("{name} greets: {:?}", observer.abilities)
        });
        self.say(at, said);
    }

    async fn speak(&mut self) {
        let Some(at) = self.pick() else { return };
        if !self.clients[at].has_greeted {
            return self.greet(at);
        }
        let action = actions::choose(&mut self.rng, &self.clients[at].observer);
        let ticket = self.ticket();
        let everybody: Vec<_> = self.clients.iter().map(|client| client.player).collect();
        let number = self.sent.len().try_into().expect("numbers are few");
        let client = &mut self.clients[at];
        let (observer, has_passwords) = (&client.observer, self.has_passwords);
        let (rng, codes, everybody) = (&mut self.rng, &self.codes, &everybody);
        let mut said =
            (action.say)(&mut Scene { rng, observer, codes, everybody, ticket, has_passwords, number });
        let is_binary = client.observer.abilities.format != GameDataEncoding::Json;
        if client.session().is_none() || !said.can_be_said(is_binary) {
            return;
        }
        if self.clients[at].observer.abilities.operates && self.rng.bool() {
            said = said.into_operation();
        }
        // Also where it is no game message: a number is used once.
        self.sent.push(said.as_sent(self.clients[at].player));
        self.tell(|| format!("{} says {}: {:?}", self.clients[at].name, action.name, said.request));
        let ping = said.is_followed_by_ping.then(|| Said::message("Ping", &Value::Null, Request::Ping));
        let sent = &mut self.sent[usize::try_from(number).expect("numbers are few")];
        (sent.serial, sent.at) = (self.n_asked, Some(now()));
        self.say(at, said);
        if let Some(ping) = ping {
            self.say(at, ping);
        }
        if self.has_passwords && self.clients[at].wish.is_some() {
            // Time stands still while passwords are hashed, so that this ends when they are.
            pass(Duration::from_millis(1)).await;
        }
    }

    /// What somebody may come back with, mostly one of those who have gone last, and what that one has seen.
    fn ticket(&mut self) -> Option<(Ticket, Seen)> {
        let is_wild = self.rng.u8(0..6) == 0;
        let is_fit = |(_, owner): &&(Ticket, usize)| is_wild || self.clients[*owner].is_gone();
        let latest: Vec<_> = self.tickets.iter().rev().filter(is_fit).take(4).collect();
        let (ticket, owner) = *self.rng.choice(&latest)?;
        Some((ticket.clone(), self.clients[*owner].observer.seen.clone()))
    }

    /// The session hears what its client says, and one in a few sockets dies at that.
    fn say(&mut self, at: usize, said: Said) {
        let now = now();
        let (serial, client) = (self.n_asked, &mut self.clients[at]);
        self.n_asked += 1;
        let Said { words, request, operation, .. } = said;
        client.observer.asks(Asked { serial, request: request.clone(), operation });
        let encoding = client.observer.abilities.encoding;
        let Some(session) = client.session() else { return };
        match wire::hear(session, now, words, encoding) {
            Some(entry) => self.enter(at, entry, (serial, request)),
            None => {
                let player = client.player;
                self.decide(at, player, (serial, request), false);
            }
        }
    }

    fn enter(&mut self, at: usize, entry: Entry, wish: (usize, Request)) {
        self.clients[at].enter(entry, wish);
        match self.rng.u8(0..40) {
            // Between the wish and the way.
            0 => {
                self.tell(|| format!("{} dies before it enters", self.clients[at].name));
                self.clients[at].hesitate();
                self.die(at);
            }
            1 => {
                self.go_on_one(at, false);
                self.die(at);
            }
            // Others may be faster.
            2..8 => self.tell(|| format!("{} takes its time", self.clients[at].name)),
            _ => self.go_on_one(at, false),
        }
    }

    fn go_on(&mut self) {
        (0..self.clients.len()).for_each(|at| self.go_on_one(at, true));
    }

    fn go_on_one(&mut self, at: usize, is_slow: bool) {
        if let Some((player, serial, request)) = self.clients[at].go_on() {
            self.decide(at, player, (serial, request), is_slow);
        }
    }

    fn decide(
        &mut self,
        client: usize,
        player: PlayerId,
        (serial, request): (usize, Request),
        is_slow: bool,
    ) {
        let claimed = if let Request::Return(claim) = &request { Some(claim.player) } else { None };
        let others = self.clients.iter().enumerate().filter(|(at, other)| *at != client && !other.is_gone());
        let is_connected =
            claimed == Some(player) || others.map(|(_, other)| Some(other.player)).any(|id| id == claimed);
        let is_draining = self.hub.is_draining();
        let at = now();
        let decision = Decision { serial, client, player, request, at, is_slow, is_draining, is_connected };
        self.events.push(Event::Decided(Box::new(decision)));
    }

    fn read_one(&mut self) {
        let Some(at) = self.pick() else { return };
        if self.clients[at].reads_at <= now() {
            self.read(at);
        }
    }

    /// Somebody reads nothing for a while.
    fn stall(&mut self) {
        let Some(at) = self.pick() else { return };
        let time = Duration::from_millis(self.rng.u64(0..3 * SLOW_AFTER.as_millis() as u64));
        self.tell(|| format!("{} reads nothing for {time:?}", self.clients[at].name));
        self.clients[at].reads_at = now() + time;
    }

    fn kill(&mut self) {
        if let Some(at) = self.pick() {
            self.die(at);
        }
    }

    async fn wait(&mut self) {
        let time = match self.rng.u8(0..40) {
            0..28 => Duration::from_millis(self.rng.u64(0..60)),
            28..37 => Duration::from_millis(self.rng.u64(100..4_000)),
            37..39 => EMPTY_FOR.mul_f32(self.rng.f32() * 1.2),
            _ => QUIET_FOR.mul_f32(self.rng.f32() * 1.1),
        };
        self.clock(time).await;
    }

    fn drain(&mut self) {
        self.tell(|| "the server drains".to_owned());
        self.hub.drain(Duration::from_secs(30), Duration::from_secs(30));
    }

    fn stop(&mut self) {
        self.tell(|| "the server stops".to_owned());
        self.hub.shut_down();
        self.has_stopped = true;
    }

    /// Everybody reads all there is. Somebody new comes to watch each room and compares what it is shown.
    fn check_views(&mut self) {
        self.read_all();
        for code in self.codes.clone() {
            let name = format!("spectator {}", self.sent.len());
            let watch = json!({"game_name": GAME, "room_code": code, "spectator_name": name});
            let by = self.visit("JoinAsSpectator", &watch, Request::Watch(door(&code, &name))).me;
            // Its name has taken a number.
            self.sent.push(Sent::nothing(by));
            self.read_all();
            let mut rooms = self.clients.iter().filter_map(|client| client.observer.room.as_ref());
            if let Some(latest) = rooms.clone().find(|room| room.me == by) {
                rooms
                    .by_ref()
                    .filter(|room| room.id == latest.id)
                    .for_each(|room| room.assert_agrees_with(latest));
            }
            self.die(self.clients.len() - 1);
        }
        self.read_all();
    }

    fn read_all(&mut self) {
        for at in self.alive() {
            self.read(at);
        }
    }

    fn read(&mut self, at: usize) {
        let is_draining = self.hub.is_draining();
        let client = &mut self.clients[at];
        client.read(now(), is_draining);
        if client.observer.ending.is_some() {
            return self.die(at);
        }
        self.tickets.extend(client.observer.tickets.drain(..).map(|ticket| (ticket, at)));
        let code = client.observer.room.as_ref().and_then(|room| room.code.clone());
        self.codes.extend(code.filter(|code| !self.codes.contains(code)));
        let is_idle = client.session().is_some();
        assert!(!is_idle || client.observer.n_owed() == 0, "{} waits for an answer", client.name);
    }

    fn die(&mut self, at: usize) {
        self.tell(|| format!("{} is gone", self.clients[at].name));
        let is_draining = self.hub.is_draining();
        let client = &mut self.clients[at];
        client.die(now(), is_draining);
        self.tickets.extend(client.observer.tickets.drain(..).map(|ticket| (ticket, at)));
        self.events.push(Event::Gone { client: at, player: client.player, at: now() });
    }

    /// Time goes by for everybody; whoever waits for it goes on.
    async fn clock(&mut self, time: Duration) {
        self.tell(|| format!("{time:?} go by"));
        pass(time).await;
        if self.rng.bool() {
            self.go_on();
        }
    }

    fn tell(&self, what: impl FnOnce() -> String) {
        if self.is_told {
            eprintln!("{}", what());
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
