//! The room of a script, the people around it, and a clock that moves only when the script says so.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use signal_fish_engine::{
    Audience, AwayRules, Command, Effect, Effects, IssuedToken, Newcomer, Returning, Room, RoomSetup,
    TokenHash,
};
use signal_fish_protocol::{
    ConnectionInfo, DeliveryClass, DeliveryLabel, Epoch, GameName, LobbyState, PlayerId, PlayerName,
    PlayerNameRules, RoomCode, RoomId, SessionGeneration, Timestamp, Uuid,
};

use crate::notation::Notation;

pub(crate) struct Stage {
    now: Instant,
    room: Room,
    /// Everyone whose connection lives, with the epoch of the next membership.
    people: Vec<(String, PlayerId, Epoch)>,
    /// Who hears what is for the room, and whether it plays.
    members: Vec<(PlayerId, bool)>,
    notation: Notation,
    /// The last seat under each name: whose it was, and the number of its token.
    seats: BTreeMap<String, (PlayerId, u8)>,
    n_tokens: u8,
    n_ids: u128,
}

impl Stage {
    /// Does what a line says; one line for each thing that someone sees of it.
    pub(crate) fn perform(&mut self, line: &str) -> Vec<String> {
        if let Some(settings) = line.strip_prefix("new room") {
            *self = Self::with(settings);
            return Vec::new();
        }
        if let Some(seconds) = line.strip_prefix("wait ") {
            let seconds = seconds.trim_end_matches('s').parse().expect("`wait 300s`");
            return self.wait(Duration::from_secs(seconds));
        }
        let (name, deed) = line.split_once(' ').expect("a name and what it does");
        if let Some(token) = deed.strip_prefix("comes back") {
            return self.come_back(name, token);
        }
        let person = self.person(name);
        let command = self.command(person, deed);
        let (_, actor, _) = self.people[person];
        let plays = matches!(command, Command::Join { .. });
        if matches!(command, Command::Disconnect) {
            self.people.remove(person);
        }
        let mut effects = Effects::new();
        self.room.apply(self.now, actor, command, &mut effects);
        if plays && effects.contains(&Effect::Entered) {
            self.seats.insert(name.to_owned(), (actor, self.n_tokens));
        }
        self.see(Some((actor, plays)), effects)
    }

    /// On a new connection, as the one who had the last seat under this name.
    fn come_back(&mut self, name: &str, token: &str) -> Vec<String> {
        let (actor, good) = self.seats.get(name).copied().unwrap_or_else(|| {
            let id = PlayerId::new(self.next_id());
            self.notation.name(id, name);
            (id, 0)
        });
        let presented = match token {
            "" => good,
            " with an old token" => good - 1,
            other => panic!("nobody can come back{other:?}"),
        };
        let request = Returning {
            connected_at: Timestamp::UNIX_EPOCH,
            presented: TokenHash([presented; 32]),
            token: self.next_token().map(|token| *token),
            generation: SessionGeneration::new(self.next_id()),
        };
        let mut effects = Effects::new();
        self.room.apply(self.now, actor, Command::Reconnect(Box::new(request)), &mut effects);
        for effect in &effects {
            if let Effect::Returned(epoch) = effect {
                self.people.push((name.to_owned(), actor, epoch.next()));
                self.seats.insert(name.to_owned(), (actor, self.n_tokens));
            }
        }
        self.see(Some((actor, true)), effects)
    }

    fn next_token(&mut self) -> Option<Box<IssuedToken>> {
        self.n_tokens += 1;
        let hash = TokenHash([self.n_tokens; 32]);
        Some(Box::new(IssuedToken { text: format!("token {}", self.n_tokens), hash }))
    }

    fn with(settings: &str) -> Self {
        let mut setup = RoomSetup {
            id: RoomId::new(Uuid::nil()),
            game: GameName::parse("tanks", 64).expect("a good name"),
            code: RoomCode::parse("K7PQ2M", 6).expect("a good code"),
            players_max: 4,
            supports_authority: true,
            relay_type: "matchbox".into(),
            spectators_max: None,
            empty_timeout: Duration::from_secs(300),
            inactive_timeout: Duration::from_secs(3600),
            away: None,
        };
        let mut lobby = LobbyState::Waiting;
        for setting in settings.split([':', ',']).map(str::trim).filter(|setting| !setting.is_empty()) {
            match setting.rsplit_once(' ').expect("a setting and its value") {
                ("players_max", most) => setup.players_max = most.parse().expect("a number"),
                ("spectators_max", most) => setup.spectators_max = Some(most.parse().expect("a number")),
                ("reconnection_window", seconds) => {
                    let window = Duration::from_secs(seconds.parse().expect("a number"));
                    setup.away = Some(AwayRules { window, events_max: 100 });
                }
                ("events_max", most) => {
                    let rules = setup.away.as_mut().expect("the window comes first");
                    rules.events_max = most.parse().expect("a number");
                }
                ("supports_authority", value) => setup.supports_authority = value == "yes",
                ("restored in", "lobby") => lobby = LobbyState::Lobby,
                ("restored in", "finalized") => lobby = LobbyState::Finalized,
                (other, _) => panic!("there is no setting {other:?}"),
            }
        }
        // The one look at the clock: an instant cannot be made otherwise, and only distances count.
        #[expect(clippy::disallowed_methods)]
        let now = Instant::now();
        Self {
            now,
            room: Room::restore(now, setup, lobby),
            people: Vec::new(),
            members: Vec::new(),
            notation: Notation::default(),
            seats: BTreeMap::new(),
            n_tokens: 0,
            n_ids: 0,
        }
    }

    /// Stops at every deadline on the way.
    fn wait(&mut self, time: Duration) -> Vec<String> {
        let until = self.now + time;
        let mut sights = Vec::new();
        while self.room.poll_timeout() <= until {
            self.now = self.room.poll_timeout();
            let mut effects = Effects::new();
            self.room.handle_timeout(self.now, &mut effects);
            assert!(self.room.poll_timeout() > self.now, "a deadline is dealt with once and for all");
            sights.extend(self.see(None, effects));
        }
        self.now = until;
        sights
    }

    /// The one with this name; someone new, if the connection of the last one is gone.
    fn person(&mut self, name: &str) -> usize {
        if let Some(person) = self.people.iter().position(|(other, ..)| other == name) {
            return person;
        }
        let id = PlayerId::new(self.next_id());
        self.notation.name(id, name);
        self.people.push((name.to_owned(), id, Epoch::FIRST));
        self.people.len() - 1
    }

    fn command(&mut self, person: usize, deed: &str) -> Command {
        let generation = SessionGeneration::new(self.next_id());
        let token = if deed.starts_with("joins") { self.next_token() } else { None };
        let (name, _, next_epoch) = &mut self.people[person];
        let newcomer = |name: &str| Newcomer {
            name: PlayerName::parse(name, &PlayerNameRules::default()).expect("a good name"),
            connected_at: Timestamp::UNIX_EPOCH,
        };
        let (verb, rest) = deed.split_once(' ').unwrap_or((deed, ""));
        match (verb, rest) {
            ("joins", other_name) => {
                let epoch = *next_epoch;
                *next_epoch = epoch.next();
                let name = other_name.strip_prefix("as ").unwrap_or(name);
                Command::Join { newcomer: newcomer(name), epoch, generation, token }
            }
            ("leaves", "") => Command::Leave,
            ("watches", "") => Command::Watch(newcomer(name)),
            ("stops", "watching") => Command::StopWatching,
            ("disconnects", "") => Command::Disconnect,
            ("toggles", "ready") => Command::ToggleReady,
            ("starts", "the game") => Command::Start { generation },
            ("takes", "the authority") => Command::TakeAuthority,
            ("releases", "the authority") => Command::ReleaseAuthority,
            ("listens", "at 203.0.113.9:7777") => {
                let info = ConnectionInfo::Direct { host: "203.0.113.9".to_owned(), port: 7777 };
                Command::ProvideConnectionInfo(info)
            }
            ("sends", what) => Command::GameData { label: label(what) },
            ("pings", "") => Command::StayActive,
            _ => panic!("nobody can do {deed:?}"),
        }
    }

    /// Follows the effects of one step as a server would, and writes down who sees what.
    fn see(&mut self, actor: Option<(PlayerId, bool)>, effects: Effects) -> Vec<String> {
        let asked: Vec<_> = actor.iter().map(|(id, _)| *id).collect();
        let mut sights = Vec::new();
        for effect in effects {
            let (who, what) = match effect {
                Effect::Entered | Effect::Returned(_) => {
                    self.members.extend(actor);
                    continue;
                }
                Effect::Left(player) => {
                    self.members.retain(|(member, _)| *member != player);
                    continue;
                }
                Effect::Ended => {
                    sights.push("the room is over".to_owned());
                    continue;
                }
                Effect::Reply(message) => (asked.clone(), self.notation.message(&message)),
                Effect::Refuse(message) => {
                    (asked.clone(), format!("refused, {}", self.notation.message(&message)))
                }
                Effect::Send(audience, message) => (self.hearers(audience), self.notation.message(&message)),
                Effect::Relay(relay) => {
                    (self.hearers(Audience::EveryoneBut(relay.from)), self.notation.game_data(&relay))
                }
                Effect::Close(player, code) => {
                    (vec![player], format!("closed with {} {}", code.number(), code.reason()))
                }
            };
            if !who.is_empty() {
                let names: Vec<_> = who.into_iter().map(|id| self.notation.name_of(id)).collect();
                sights.push(format!("{}: {what}", names.join(", ")));
            }
        }
        sights
    }

    fn hearers(&self, audience: Audience) -> Vec<PlayerId> {
        let is_meant = |&&(member, plays): &&(PlayerId, bool)| match audience {
            Audience::Everyone => true,
            Audience::EveryoneBut(other) => member != other,
            Audience::Players => plays,
            Audience::One(only) => member == only,
        };
        self.members.iter().filter(is_meant).map(|(member, _)| *member).collect()
    }

    fn next_id(&mut self) -> Uuid {
        self.n_ids += 1;
        Uuid::from_u128(self.n_ids)
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::with("")
    }
}

fn label(what: &str) -> DeliveryLabel {
    let (class, key) = match what {
        "game data" => (None, None),
        "reliable game data" => (Some(DeliveryClass::Reliable), None),
        "volatile game data" => (Some(DeliveryClass::Volatile), None),
        "the latest game data of key 7" => (Some(DeliveryClass::Latest), Some(7)),
        other => panic!("nobody can send {other:?}"),
    };
    DeliveryLabel::new(class, key).expect("they go together")
}
