//! The world that a seed makes: a hub, its clients, and what happens next.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};
use signal_fish_auth::{Authenticator, Quota};
use signal_fish_hub::{Hub, HubConfig, OutboxLimits, Source, SpectatorLimit};
use signal_fish_protocol::{DeliveryClass, GameDataEncoding, ProtocolVersion};

use crate::actions::{self, GAME, Said, Scene};
use crate::agreement::{self, Sent};
use crate::backends::Backends;
use crate::client::{Client, SLOW_AFTER};
use crate::observer::{Answer, GREETING, Observer};
use crate::pass;

/// A hub, its clients, and what happens next.
pub(crate) struct World {
    rng: Rng,
    is_told: bool,
    hub: Hub,
    backends: Arc<Backends>,
    clients: Vec<Client>,
    codes: Vec<String>,
    /// Every game message that was tried, by its number.
    sent: Vec<Sent>,
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
        let (clients, sent) = (Vec::new(), Vec::new());
        Self { rng, is_told, hub, backends, clients, codes, sent, has_stopped: false }
    }

    pub(crate) async fn step(&mut self) {
        match self.rng.u8(0..100) {
            _ if self.alive().len() < N_CLIENTS_MIN => self.connect(),
            0..8 if self.alive().len() < N_CLIENTS_MAX => self.connect(),
            0..62 => self.speak(),
            62..80 => self.read_one(),
            80..83 => self.stall(),
            83..85 => self.kill(),
            85..97 => self.wait().await,
            97 => self.check_views(),
            98 if self.rng.u8(0..40) == 0 => self.drain(),
            99 if self.rng.u8(0..60) == 0 => self.stop(),
            _ => self.clients.iter_mut().for_each(Client::go_on),
        }
        let n_alive = self.clients.iter().filter(|client| !client.is_gone()).count();
        assert_eq!(self.hub.n_sessions(), n_alive, "each session is one connection");
    }

    /// Everybody reads and goes; then nothing must be left.
    pub(crate) async fn finish(&mut self) {
        self.backends.calm_down();
        // Whoever is on the way in arrives or is turned away.
        self.clock(Duration::from_secs(70)).await;
        self.clients.iter_mut().for_each(Client::go_on);
        self.check_views();
        self.clients.iter_mut().for_each(|client| client.observer.mark_present());
        let stays: Vec<_> = self.clients.iter().flat_map(|client| &client.observer.stays).collect();
        agreement::check(&stays, &self.sent);
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

    /// Every code is free again.
    async fn check_codes(&mut self) {
        for code in self.codes.clone() {
            let join = json!({"game_name": GAME, "room_code": code, "player_name": "heir"});
            let heir = self.visit("JoinRoom", &join);
            assert!(heir.room.is_some(), "{code} is not free: {heir:?}");
            self.die(self.clients.len() - 1);
            self.clock(EMPTY_FOR + Duration::from_secs(1)).await;
        }
    }

    /// Somebody new enters a room as far as that goes at once, and hears what comes of it.
    fn visit(&mut self, message: &str, data: &Value) -> &Observer {
        let (now, is_draining) = (now(), self.hub.is_draining());
        let mut session = self.hub.connect(ProtocolVersion::V3, Source::of(Ipv4Addr::LOCALHOST.into()));
        let mut observer = Observer::new(session.player(), ProtocolVersion::V3);
        observer.asks(&["RoomJoined", "RoomJoinFailed", "SpectatorJoined", "SpectatorJoinFailed"]);
        let entry = session.on_text(now, &json!({"type": message, "data": data}).to_string());
        let mut visitor = Client::new(now, "visitor".to_owned(), session, observer);
        // A server that has stopped hears nobody.
        match entry {
            Some(entry) => visitor.enter(now, entry),
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
        let endpoint = if self.rng.bool() { ProtocolVersion::V2 } else { ProtocolVersion::V3 };
        let session = self.hub.connect(endpoint, Source::of(Ipv4Addr::LOCALHOST.into()));
        let observer = Observer::new(session.player(), endpoint);
        self.clients.push(Client::new(now(), name, session, observer));
    }

    /// The first thing that a client says decides what it speaks.
    fn greet(&mut self, at: usize) {
        let (rng, client) = (&mut self.rng, &mut self.clients[at]);
        let (greeting, answer) = if rng.u8(0..3) > 0 {
            let observer = &mut client.observer;
            observer.version = if rng.bool() { ProtocolVersion::V2 } else { ProtocolVersion::V3 };
            observer.format = if rng.bool() { GameDataEncoding::Json } else { GameDataEncoding::MessagePack };
            (actions::greeting(observer.version, observer.format), GREETING)
        } else {
            (r#"{"type":"Ping"}"#.to_owned(), &["Pong"][..])
        };
        client.has_greeted = true;
        self.tell(|| {
            let Client { name, observer, .. } = &self.clients[at];
            format!("{name} greets, {:?} {:?}", observer.version, observer.format)
        });
        self.hear(at, Some(answer), &Said::Text(greeting));
    }

    fn speak(&mut self) {
        let Some(at) = self.pick() else { return };
        if !self.clients[at].has_greeted {
            return self.greet(at);
        }
        let action = actions::choose(&mut self.rng);
        let number = self.sent.len().try_into().expect("numbers are few");
        let client = &mut self.clients[at];
        let mut scene = Scene { rng: &mut self.rng, observer: &client.observer, codes: &self.codes, number };
        let said = (action.say)(&mut scene);
        let is_binary = client.observer.format != GameDataEncoding::Json;
        if client.session().is_none() || (matches!(said, Said::Packed(..)) && !is_binary) {
            return;
        }
        // Also where it is no game message: a number is used once.
        let (class, is_readable) = match &said {
            Said::Data(_, class) => (*class, true),
            Said::Packed(_, is_readable) => (DeliveryClass::Reliable, is_readable.0),
            Said::Text(_) | Said::Oversized => (DeliveryClass::Reliable, true),
        };
        self.sent.push(Sent { by: client.observer.me, class, is_readable });
        self.tell(|| format!("{} says {}", self.clients[at].name, action.name));
        self.hear(at, action.answer, &said);
    }

    /// The session hears what its client says, and one in a few sockets dies at that.
    fn hear(&mut self, at: usize, answer: Option<Answer>, said: &Said) {
        let now = now();
        let client = &mut self.clients[at];
        if let Some(answer) = answer {
            client.observer.asks(answer);
        }
        let Some(session) = client.session() else { return };
        let entry = match said {
            Said::Text(text) | Said::Data(text, _) => session.on_text(now, text),
            Said::Packed(payload, _) => {
                session.on_binary(now, payload);
                None
            }
            Said::Oversized => {
                session.on_oversized(now);
                None
            }
        };
        let Some(entry) = entry else { return };
        match self.rng.u8(0..40) {
            // Between the wish and the way.
            0 => {
                self.tell(|| format!("{} dies before it enters", self.clients[at].name));
                self.clients[at].hesitate();
                self.die(at);
            }
            1 => {
                self.clients[at].enter(now, entry);
                self.die(at);
            }
            _ => self.clients[at].enter(now, entry),
        }
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
            let by = self.visit("JoinAsSpectator", &watch).me;
            // Its name has taken a number.
            self.sent.push(Sent { by, class: DeliveryClass::Reliable, is_readable: true });
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
        let code = client.observer.room.as_ref().and_then(|room| room.code.clone());
        self.codes.extend(code.filter(|code| !self.codes.contains(code)));
        let is_idle = client.session().is_some();
        assert!(!is_idle || client.observer.n_awaited() == 0, "{} waits for an answer", client.name);
    }

    fn die(&mut self, at: usize) {
        self.tell(|| format!("{} is gone", self.clients[at].name));
        let is_draining = self.hub.is_draining();
        self.clients[at].die(now(), is_draining);
    }

    /// Time goes by for everybody; whoever waits for it goes on.
    async fn clock(&mut self, time: Duration) {
        self.tell(|| format!("{time:?} go by"));
        pass(time).await;
        if self.rng.bool() {
            self.clients.iter_mut().for_each(Client::go_on);
        }
    }

    fn tell(&self, what: impl FnOnce() -> String) {
        if self.is_told {
            eprintln!("{}", what());
        }
    }
}

fn config(rng: &mut Rng) -> HubConfig {
    let often = Quota { n_max: 1_000_000.try_into().expect("not zero"), window: Duration::from_mins(1) };
    let default = HubConfig::default();
    HubConfig {
        rooms_max: if rng.bool() { 2 } else { 100 },
        spectators: if rng.bool() { SpectatorLimit::AtMost(2) } else { SpectatorLimit::Unlimited },
        empty_room_timeout: EMPTY_FOR,
        inactive_room_timeout: QUIET_FOR,
        creations: if rng.u8(0..4) == 0 { default.creations } else { often },
        joins: often,
        error_replies: often,
        outbox: OutboxLimits {
            messages_max: if rng.bool() { 8 } else { 1_024 },
            slow_after: SLOW_AFTER,
            // Time goes by in leaps here, in which nobody reads.
            sojourn_max: Duration::from_hours(24),
            ..default.outbox
        },
        ..default
    }
}

/// The hub is told the time that its own tasks go by.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

const N_CLIENTS_MIN: usize = 2;
const N_CLIENTS_MAX: usize = 7;
const EMPTY_FOR: Duration = Duration::from_secs(300);
const QUIET_FOR: Duration = Duration::from_hours(1);
