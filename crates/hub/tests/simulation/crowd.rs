//! All clients of one simulation, and what was said and decided so far.

use fastrand::Rng;
use signal_fish_hub::{Entry, Hub};
use signal_fish_protocol::PlayerId;

use crate::actions::Said;
use crate::agreement::Sent;
use crate::chronicle::{Decision, Event, Spoken};
use crate::client::Client;
use crate::notes::Ticket;
use crate::requests::{Asked, Request};
use crate::seen::Seen;
use crate::{now, wire};

/// All clients, and what was said and decided so far.
pub(crate) struct Crowd {
    pub(crate) rng: Rng,
    is_told: bool,
    pub(crate) hub: Hub,
    pub(crate) clients: Vec<Client>,
    /// Codes of rooms that are, were or may be.
    pub(crate) codes: Vec<String>,
    /// What was told to come back with, and to which client.
    tickets: Vec<(Ticket, usize)>,
    /// Every game message that was tried, by its number.
    pub(crate) sent: Vec<Sent>,
    pub(crate) events: Vec<Event>,
    pub(crate) n_asked: usize,
}

impl Crowd {
    pub(crate) fn new(rng: Rng, is_told: bool, hub: Hub, codes: Vec<String>) -> Self {
        let (clients, tickets, sent, events) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { rng, is_told, hub, clients, codes, tickets, sent, events, n_asked: 0 }
    }

    /// Who has a session, or is on the way into a room with it.
    pub(crate) fn alive(&self) -> Vec<usize> {
        (0..self.clients.len()).filter(|&at| !self.clients[at].is_gone()).collect()
    }

    pub(crate) fn pick(&mut self) -> Option<usize> {
        self.rng.choice(self.alive())
    }

    /// What somebody may come back with, mostly one of those who have gone last, and what that one has seen.
    pub(crate) fn ticket(&mut self) -> Option<(Ticket, Seen)> {
        let is_wild = self.rng.u8(0..6) == 0;
        let is_fit = |(_, owner): &&(Ticket, usize)| is_wild || self.clients[*owner].is_gone();
        let latest: Vec<_> = self.tickets.iter().rev().filter(is_fit).take(4).collect();
        let (ticket, owner) = *self.rng.choice(&latest)?;
        Some((ticket.clone(), self.clients[*owner].observer.seen.clone()))
    }

    /// The session hears what its client says, and one in a few sockets dies at that.
    pub(crate) fn say(&mut self, at: usize, said: Said) {
        let now = now();
        let (serial, client) = (self.n_asked, &mut self.clients[at]);
        self.n_asked += 1;
        let Said { words, request, operation, .. } = said;
        client.observer.asks(Asked { serial, request: request.clone(), operation });
        let encoding = client.observer.abilities.encoding;
        let Some(session) = client.session() else { return };
        let entry = wire::hear(session, now, words, encoding);
        let is_sure = client.spoken == Spoken::Surely || request.surely_comes_to_the_room();
        client.spoken = if is_sure { Spoken::Surely } else { Spoken::Perhaps };
        match entry {
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

    pub(crate) fn go_on(&mut self) {
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

    pub(crate) fn read_all(&mut self) {
        for at in self.alive() {
            self.read(at);
        }
    }

    pub(crate) fn read(&mut self, at: usize) {
        let is_draining = self.hub.is_draining();
        let client = &mut self.clients[at];
        client.read(now(), is_draining);
        if client.observer.ending.is_some() {
            return self.die(at);
        }
        self.tickets.extend(client.observer.notes.tickets.drain(..).map(|ticket| (ticket, at)));
        let code = client.observer.room.as_ref().and_then(|room| room.code.clone());
        self.codes.extend(code.filter(|code| !self.codes.contains(code)));
        let is_idle = client.session().is_some();
        assert!(!is_idle || client.observer.n_owed() == 0, "{} waits for an answer", client.name);
    }

    pub(crate) fn die(&mut self, at: usize) {
        self.tell(|| format!("{} is gone", self.clients[at].name));
        let is_draining = self.hub.is_draining();
        let client = &mut self.clients[at];
        client.die(now(), is_draining);
        self.tickets.extend(client.observer.notes.tickets.drain(..).map(|ticket| (ticket, at)));
        // Who is told to go is not heard any more, and does not know since when.
        let is_heard = client.observer.ending.is_none();
        let spoken = if is_heard || client.spoken == Spoken::No { client.spoken } else { Spoken::Perhaps };
        let player = client.player;
        self.events.push(Event::Gone { client: at, player, at: now(), spoken });
    }

    pub(crate) fn tell(&self, what: impl FnOnce() -> String) {
        if self.is_told {
            eprintln!("{}", what());
        }
    }
}
