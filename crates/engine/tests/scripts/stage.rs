//! The room of a script, the people around it, and a clock that moves only when the script says so.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use signal_fish_engine::{
    Audience, AwayRules, Command, Effect, Effects, IssuedToken, Kept, Means, Newcomer, PasswordHash,
    Returning, Room, RoomSetup, SessionRules, Signal, Subject, TokenHash,
};
use signal_fish_protocol::{
    ConnectionInfo, DeliveryClass, DeliveryLabel, Epoch, GameName, IceServer, LobbyState, Payload, PlayerId,
    PlayerName, PlayerNameRules, ProtocolVersion, RoomCode, RoomId, ServerMessage, SessionGeneration,
    Timestamp, Topology, Transport, TransportStatus, Uuid,
};

use crate::notation::Notation;

pub(crate) struct Stage {
    now: Instant,
    room: Room,
    /// Everyone whose connection lives.
    people: Vec<Person>,
    /// Who hears what is for the room.
    members: Vec<Member>,
    notation: Notation,
    /// The last seat under each name: whose it was, the numbers of its tokens, the last one first, and what its
    /// connection could do.
    seats: BTreeMap<String, (PlayerId, [u8; 2], Means)>,
    n_tokens: u8,
    n_ids: u128,
}

struct Person {
    name: String,
    id: PlayerId,
    /// Of its next membership.
    epoch: Epoch,
    means: Means,
    plays_elsewhere: bool,
}

#[derive(Clone, Copy)]
struct Member {
    id: PlayerId,
    plays: bool,
    means: Means,
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
        if let Some(how) = deed.strip_prefix("comes back") {
            return self.come_back(name, how);
        }
        let person = self.person(name);
        if self.introduce(person, deed) {
            return Vec::new();
        }
        let command = self.command(person, deed);
        let Person { id: actor, means, .. } = self.people[person];
        let plays = matches!(command, Command::Join { .. });
        if matches!(command, Command::Disconnect { .. }) {
            self.people.remove(person);
        }
        let mut effects = Effects::new();
        self.room.apply(self.now, actor, command, &mut effects);
        if plays && effects.contains(&Effect::Entered) {
            self.seats.insert(name.to_owned(), (actor, [self.n_tokens, 0], means));
        }
        self.see(Some(Member { id: actor, plays, means }), effects)
    }

    /// On a new connection, as the one who had the last seat under this name.
    fn come_back(&mut self, name: &str, how: &str) -> Vec<String> {
        let (actor, [good, old], means) = self.seats.get(name).copied().unwrap_or_else(|| {
            let id = PlayerId::new(self.next_id());
            self.notation.name(id, name);
            (id, [0, 0], Means::V3)
        });
        let (how, subject) =
            how.split_once(" known as ").map_or((how, None), |(how, word)| (how, Some(subject_of(word))));
        let (presented, means) = match how {
            "" => (good, means),
            " with an old token" => (old, means),
            " on the relay only" => (good, Means::V3),
            other => panic!("nobody can come back{other:?}"),
        };
        let request = Returning {
            connected_at: Timestamp::UNIX_EPOCH,
            subject,
            means,
            ice_servers: vec![ice_server()],
            presented: TokenHash([presented; 32]),
            token: *self.next_token(),
            generation: SessionGeneration::new(self.next_id()),
        };
        let mut effects = Effects::new();
        self.room.apply(self.now, actor, Command::Reconnect(Box::new(request)), &mut effects);
        for effect in &effects {
            if let Effect::Returned(epoch) = effect {
                self.people.push(Person {
                    name: name.to_owned(),
                    id: actor,
                    epoch: epoch.next(),
                    means,
                    plays_elsewhere: false,
                });
                self.seats.insert(name.to_owned(), (actor, [self.n_tokens, presented], means));
            }
        }
        self.see(Some(Member { id: actor, plays: true, means }), effects)
    }

    fn next_token(&mut self) -> Box<IssuedToken> {
        self.n_tokens += 1;
        let hash = TokenHash([self.n_tokens; 32]);
        Box::new(IssuedToken { text: format!("token {}", self.n_tokens), hash })
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
            session: SessionRules::default(),
            empty_timeout: Duration::from_secs(300),
            inactive_timeout: Duration::from_secs(3600),
            away: None,
        };
        let (mut lobby, mut password) = (LobbyState::Waiting, None);
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
                ("most is", "host") => setup.session.topology_max = Topology::Host,
                ("most is", "relay") => setup.session.topology_max = Topology::Relay,
                ("webrtc", value) => setup.session.webrtc = value == "yes",
                ("direct", value) => setup.session.direct = value == "yes",
                ("restored in", "lobby") => lobby = LobbyState::Lobby,
                ("restored in", "finalized") => lobby = LobbyState::Finalized,
                ("password", word) => password = Some(hash(word)),
                (other, _) => panic!("there is no setting {other:?}"),
            }
        }
        // The one look at the clock: an instant cannot be made otherwise, and only distances count.
        #[expect(clippy::disallowed_methods)]
        let now = Instant::now();
        Self {
            now,
            room: Room::restore(now, setup, Kept { lobby, password, ..Kept::default() }),
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
        if let Some(person) = self.people.iter().position(|person| person.name == name) {
            return person;
        }
        let id = PlayerId::new(self.next_id());
        self.notation.name(id, name);
        self.people.push(Person {
            name: name.to_owned(),
            id,
            epoch: Epoch::FIRST,
            means: Means::V3,
            plays_elsewhere: false,
        });
        self.people.len() - 1
    }

    /// Says what the room cannot know of someone; whether the line was about that.
    fn introduce(&mut self, person: usize, deed: &str) -> bool {
        let person = &mut self.people[person];
        if deed == "speaks protocol 2" {
            person.means = Means::V2;
        } else if deed == "plays elsewhere" {
            person.plays_elsewhere = true;
        } else if let Some(words) = deed.strip_prefix("can use ") {
            let words: Vec<_> = words.split(", ").collect();
            let transports: Vec<_> = words.iter().filter_map(|word| transport(word)).collect();
            let topologies: Vec<_> = words.iter().filter_map(|word| topology(word)).collect();
            assert_eq!(transports.len() + topologies.len(), words.len(), "nobody can use {deed:?}");
            person.means = Means::v3(&transports, &topologies);
        } else {
            return false;
        }
        true
    }

    fn command(&mut self, person: usize, deed: &str) -> Command {
        let generation = SessionGeneration::new(self.next_id());
        let (deed, subject) =
            deed.split_once(" known as ").map_or((deed, None), |(deed, word)| (deed, Some(word)));
        let (deed, password) =
            deed.split_once(" with ").map_or((deed, None), |(deed, word)| (deed, Some(word)));
        let (verb, rest) = deed.split_once(' ').unwrap_or((deed, ""));
        if let Some(command) = self.moderation(verb, rest, generation) {
            return command;
        }
        let token = (verb == "joins").then(|| self.next_token());
        let Person { name, means, epoch: next_epoch, .. } = &mut self.people[person];
        let newcomer = |name: &str| Newcomer {
            name: PlayerName::parse(name, &PlayerNameRules::default()).expect("a good name"),
            connected_at: Timestamp::UNIX_EPOCH,
            proof: password.map(hash),
            subject: subject.map(subject_of),
            means: *means,
            ice_servers: vec![ice_server()],
        };
        match (verb, rest) {
            ("joins", other_name) => {
                let epoch = *next_epoch;
                *next_epoch = epoch.next();
                let name = other_name.strip_prefix("as ").unwrap_or(name);
                Command::Join { newcomer: newcomer(name), epoch, generation, token }
            }
            ("leaves", "") => Command::Leave { generation },
            ("watches", "") => Command::Watch(newcomer(name)),
            ("stops", "watching") => Command::StopWatching,
            ("disconnects", "") => Command::Disconnect { generation },
            ("toggles", "ready") => Command::ToggleReady,
            ("starts", "the game") => Command::Start { generation },
            ("takes", "the authority") => Command::TakeAuthority,
            ("releases", "the authority") => Command::ReleaseAuthority,
            ("listens", place) => Command::ProvideConnectionInfo { info: connection_info(place), generation },
            ("signals", whom) => Command::Signal(self.signal(whom)),
            ("reports", status) => Command::ReportTransport(status_of(status)),
            ("sends", what) => Command::GameData { label: label(what) },
            ("pings", "") => Command::StayActive,
            _ => panic!("nobody can do {deed:?}"),
        }
    }

    fn moderation(&mut self, verb: &str, rest: &str, generation: SessionGeneration) -> Option<Command> {
        let mut target = |name: &str| {
            let is_gone = self.people.iter().all(|person| person.name != name);
            match self.seats.get(name) {
                Some(&(last, ..)) if is_gone => last,
                _ => {
                    let person = self.person(name);
                    self.people[person].id
                }
            }
        };
        Some(match (verb, rest.rsplit_once(' ')) {
            ("kicks", None) => Command::Kick { target: target(rest), generation },
            ("bans", None) => Command::Ban { target: target(rest), generation },
            ("unbans", None) => Command::Unban(target(rest)),
            ("hands", Some(("the authority to", name))) => Command::TransferAuthority(target(name)),
            ("sets", Some(("the password", word))) => Command::SetAccess(Some(hash(word))),
            ("opens", Some(("the", "room"))) => Command::SetAccess(None),
            ("changes", Some(("the code to", code))) => {
                Command::ChangeCode(RoomCode::parse(code, 6).expect("a good code"))
            }
            _ => return None,
        })
    }

    fn signal(&mut self, whom: &str) -> Signal {
        let (name, rest) = whom.split_once(" in plan ").expect("`Bob in plan 1`");
        let (plan, remark) = rest.split_once(", ").unwrap_or((rest, ""));
        let target = self.person(name);
        let Person { id, plays_elsewhere, .. } = self.people[target];
        Signal {
            to: id,
            generation: self.notation.generation(plan.parse().expect("the number of a plan")),
            payload: Payload::parse(r#"{ "Offer": "hi" }"#).expect("it is JSON"),
            is_target_seated: plays_elsewhere
                || self.members.iter().any(|member| member.id == id && member.plays),
            is_within_budget: remark != "once too often",
            is_refusal_explained: remark != "in vain again and again",
        }
    }

    /// Follows the effects of one step as a server would, and writes down who sees what.
    fn see(&mut self, actor: Option<Member>, effects: Effects) -> Vec<String> {
        let asked: Vec<_> = actor.iter().map(|member| member.id).collect();
        let mut sights = Vec::new();
        for effect in effects {
            let (who, what) = match effect {
                Effect::Entered | Effect::Returned(_) => {
                    self.members.extend(actor);
                    continue;
                }
                Effect::Left(player) => {
                    self.members.retain(|member| member.id != player);
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
                Effect::Report(result) => (asked.clone(), self.notation.result(&result)),
                Effect::Send(audience, message) => match self.hearers(audience, Some(&message)) {
                    nobody if nobody.is_empty() => continue,
                    hearers => (hearers, self.notation.message(&message)),
                },
                Effect::Plan(player, plan) => {
                    let message = ServerMessage::SessionPlan(plan);
                    assert_eq!(self.hearers(Audience::One(player), Some(&message)), [player]);
                    (vec![player], self.notation.message(&message))
                }
                Effect::Relay(relay) => {
                    (self.hearers(Audience::EveryoneBut(relay.from), None), self.notation.game_data(&relay))
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

    /// Those who are meant and whose protocol version knows the message.
    fn hearers(&self, audience: Audience, message: Option<&ServerMessage<'static>>) -> Vec<PlayerId> {
        let is_meant = |member: &&Member| match audience {
            Audience::Everyone => true,
            Audience::EveryoneBut(other) => member.id != other,
            Audience::Players => member.plays,
            Audience::PlayersBut(other) => member.plays && member.id != other,
            Audience::One(only) => member.id == only,
        };
        let knows = |member: &&Member| {
            let version = if member.means.speaks_v3() { ProtocolVersion::V3 } else { ProtocolVersion::V2 };
            message.is_none_or(|message| message.clone().project(version).is_some())
        };
        self.members.iter().filter(is_meant).filter(knows).map(|member| member.id).collect()
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

/// Scripts know no secrets: a password is its own hash.
fn subject_of(word: &str) -> Subject {
    let value = word.bytes().fold(0, |value, byte| value << 8 | u128::from(byte));
    Subject::new(Uuid::from_u128(value))
}

fn hash(word: &str) -> PasswordHash {
    PasswordHash::new(word)
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

fn transport(word: &str) -> Option<Transport> {
    match word {
        "webrtc" => Some(Transport::Webrtc),
        "direct" => Some(Transport::Direct),
        "relay" => Some(Transport::Relay),
        _ => None,
    }
}

fn topology(word: &str) -> Option<Topology> {
    match word {
        "mesh" => Some(Topology::Mesh),
        "host" => Some(Topology::Host),
        _ => None,
    }
}

fn connection_info(place: &str) -> ConnectionInfo {
    if place == "nowhere" {
        return ConnectionInfo::Webrtc { sdp: None, ice_candidates: Vec::new() };
    }
    let place = place.strip_prefix("at ").expect("`at 203.0.113.9:7777`, or `nowhere`");
    let (host, port) = place.rsplit_once(':').expect("host and port");
    ConnectionInfo::Direct { host: host.to_owned(), port: port.parse().expect("a port") }
}

fn status_of(status: &str) -> TransportStatus {
    let (word, state) = status.split_once(' ').expect("`webrtc up`");
    TransportStatus { transport: transport(word).expect("a transport"), connected: state == "up" }
}

fn ice_server() -> IceServer {
    IceServer { urls: vec!["stun:example.com".to_owned()], username: None, credential: None }
}
