//! A server on which sessions are played, and what their clients have heard there.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use serde_json::Value;
use signal_fish_testkit::{Frame, Launch, ServerProcess};

use crate::client::{Client, PATIENCE, kind_of};
use crate::differences::{self, Difference, listed};
use crate::normal::{Names, SCRIPT_CODES};
use crate::script::{Deed, Session, Step};

/// A server on which sessions are played, one after the other.
pub(crate) struct Stage {
    launch: fn() -> Option<Launch>,
    server: Option<ServerProcess>,
}

/// Which of the two servers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Whose {
    Published,
    Ours,
}

/// What was heard at each step, by whom.
pub(crate) struct Transcript(Vec<BTreeMap<String, Vec<Value>>>);

impl Stage {
    pub(crate) fn new(launch: fn() -> Option<Launch>) -> Self {
        Self { launch, server: launch().map(|launch| configured(launch).start()) }
    }

    /// Whether there is such a server.
    pub(crate) fn is_there(&self) -> bool {
        self.server.is_some()
    }

    /// Plays the session with this number.
    pub(crate) fn play(&self, session: &Session, at: usize) -> Transcript {
        let own = session.config.as_ref().and_then(|config| {
            let settings = config.as_object().into_iter().flatten();
            let launch = configured((self.launch)()?);
            Some(settings.fold(launch, |launch, (key, value)| launch.set(key, value.clone())).start())
        });
        let server = own.as_ref().or(self.server.as_ref()).expect("the server is there");
        let mut play = Play { server, at, clients: BTreeMap::new() };
        let mut names = Names::default();
        Transcript(session.steps.iter().map(|step| play.step(step, &mut names)).collect())
    }
}

/// Everybody comes from one address, and many sessions share a server.
fn configured(launch: Launch) -> Launch {
    launch.set("security.max_connections_per_ip", 10_000.into())
}

struct Play<'a> {
    server: &'a ServerProcess,
    at: usize,
    clients: BTreeMap<String, Client>,
}

impl Play<'_> {
    fn step(&mut self, step: &Step, names: &mut Names) -> BTreeMap<String, Vec<Value>> {
        match &step.deed {
            Deed::Connect { who, path, greeting } => {
                let mut client = Client::open(self.addr(), path);
                if let Some(data) = greeting {
                    let text = serde_json::json!({"type": "Authenticate", "data": data}).to_string();
                    client.send(&Frame::text(text));
                    client.finish_greeting();
                }
                self.clients.insert(who.clone(), client);
            }
            Deed::Greet { who, text } => {
                let text = self.filled(text);
                let client = self.client(who);
                client.send(&Frame::text(text));
                client.finish_greeting();
            }
            Deed::Say { who, text, times } => {
                let text = self.filled(text);
                self.say(who, &text, *times);
                // A server may take a lost connection for one a moment longer than others hear of it.
                let until = Instant::now() + PATIENCE;
                let is_lost = !self.names_one_who_is_there(&text);
                while is_lost && Instant::now() < until && self.client(who).forget("PLAYER_ALREADY_CONNECTED")
                {
                    self.say(who, &text, 1);
                }
            }
            Deed::SayBinary { who, payload } => {
                self.client(who).speak(&Frame::binary(payload.as_slice()));
                self.client(who).catch_up();
            }
            Deed::Drop { who } => self.client(who).hang_up(),
            Deed::Await { who, kind } => who.iter().for_each(|who| self.client(who).wait_for(kind)),
            Deed::Terminate => self.server.terminate(),
        }
        // The news of an end comes in its own time; the script says who awaits it.
        if !matches!(step.deed, Deed::Terminate | Deed::Drop { .. }) {
            self.clients.values_mut().for_each(Client::catch_up);
        }
        let heard = self.clients.iter_mut().map(|(who, client)| {
            let me = client.known.get("player_id").cloned();
            let heard = client.take_heard().into_iter();
            (who.clone(), heard.map(|heard| names.normalise(heard, me.as_deref())).collect())
        });
        heard.collect()
    }

    fn say(&mut self, who: &str, text: &str, times: usize) {
        let client = self.client(who);
        (0..times).for_each(|_| client.speak(&Frame::text(text)));
        if text.contains(r#""Ping""#) {
            (0..times).for_each(|_| client.wait_for("Pong"));
        }
        client.catch_up();
    }

    /// Whether a message names somebody who is there.
    fn names_one_who_is_there(&self, text: &str) -> bool {
        let mut connected = self.clients.values().filter(|client| client.is_connected());
        connected.any(|client| client.known.get("player_id").is_some_and(|id| text.contains(id)))
    }

    fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    #[track_caller]
    fn client(&mut self, who: &str) -> &mut Client {
        self.clients.get_mut(who).unwrap_or_else(|| panic!("{who} is not connected"))
    }

    /// `$A` is a room code of this session, `$Ada.room_id` what Ada has last heard under that name.
    fn filled(&self, text: &str) -> String {
        let mut parts = text.split('$');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end =
                part.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.' && letter != '_');
            let (name, rest) = part.split_at(end.unwrap_or(part.len()));
            match name.split_once('.') {
                None => filled += &format!("{SCRIPT_CODES}{name}{:03}", self.at),
                Some((who, key)) => {
                    let known = self.clients.get(who).and_then(|client| client.known.get(key));
                    filled += known.unwrap_or_else(|| panic!("{who} has heard of no {key}"));
                }
            }
            filled += rest;
        }
        filled
    }
}

impl Transcript {
    /// Where the script says what is heard, and something else was.
    pub(crate) fn unexpected(&self, session: &Session, whose: Whose) -> Vec<String> {
        let steps = session.steps.iter().zip(&self.0);
        // What the script expects of a step where the servers differ is what ours says.
        let steps = steps.filter(|(step, _)| whose == Whose::Ours || step.differs.is_empty());
        let mut faults = Vec::new();
        for (step, heard) in steps {
            for (who, heard) in heard {
                if heard.iter().any(|heard| !heard["missing"].is_null()) {
                    faults.push(format!("{}\n    {whose:?}: {who} waits in vain", step.text));
                }
            }
            for (who, expected) in &step.expected {
                let got = kinds(heard.get(who));
                if got != *expected {
                    faults
                        .push(format!("{}\n    {whose:?}: {who} hears {got:?}, not {expected:?}", step.text));
                }
            }
        }
        faults
    }

    /// The first step at which the servers do not say the same, but for differences with a name: each of those that
    /// the step names shows there.
    pub(crate) fn first_difference(&self, ours: &Self, session: &Session) -> Option<String> {
        let both = session.steps.iter().zip(self.0.iter().zip(&ours.0));
        both.into_iter().find_map(|(step, (theirs, ours))| {
            let who: Vec<_> = theirs.keys().filter(|who| differs(&theirs[*who], &ours[*who])).collect();
            let summary = |heard: &BTreeMap<String, Vec<Value>>| {
                let lines = who.iter().map(|who| format!("{who} hears {}", listed(&kinds(heard.get(*who)))));
                lines.collect::<Vec<_>>().join("; ")
            };
            let named: Vec<_> = step.differs.iter().map(|name| differences::named(name)).collect();
            let explains = |name: &&Difference, who: &&String| name.explains(&theirs[*who], &ours[*who]);
            let is_explained = who.iter().all(|who| named.iter().any(|name| explains(name, who)))
                && named.iter().all(|name| who.iter().any(|who| explains(name, who)));
            (!is_explained).then(|| {
                format!(
                    "{}\n    published: {}\n    ours:      {}\n{}",
                    step.text,
                    summary(theirs),
                    summary(ours),
                    who.iter().map(|who| told_apart(&theirs[*who], &ours[*who])).collect::<String>(),
                )
            })
        })
    }
}

/// Whether two clients have heard different things, apart from what is overlooked everywhere.
fn differs(theirs: &[Value], ours: &[Value]) -> bool {
    let seen = |heard: &[Value]| heard.iter().cloned().map(differences::overlook).collect::<Vec<_>>();
    seen(theirs) != seen(ours) && seen(theirs) != seen(&without_farewell(ours))
}

/// Without what is said right before a connection ends: the published server does not always come to it.
fn without_farewell(heard: &[Value]) -> Vec<Value> {
    match heard {
        [before @ .., farewell, close] if farewell["type"] == "Error" && close["close"].is_number() => {
            [before, std::slice::from_ref(close)].concat()
        }
        _ => heard.to_vec(),
    }
}

fn told_apart(theirs: &[Value], ours: &[Value]) -> String {
    let lines = |heard: &[Value], mark| {
        heard.iter().map(move |heard| format!("      {mark} {heard}\n")).collect::<String>()
    };
    lines(theirs, '-') + &lines(ours, '+')
}

fn kinds(heard: Option<&Vec<Value>>) -> Vec<String> {
    heard.into_iter().flatten().map(kind_of).collect()
}
