//! Sessions as they are written: who connects, who says what, and what is expected.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use signal_fish_testkit::GAME;

/// One session, played on a server by itself or beside others in rooms of its own.
pub(crate) struct Session {
    pub(crate) name: String,
    /// Settings of a server that is started for it alone.
    pub(crate) config: Option<Value>,
    /// What only our server has, if the session is about that.
    pub(crate) only_ours: Option<String>,
    pub(crate) steps: Vec<Step>,
}

/// Something that happens, and all that follows from it.
pub(crate) struct Step {
    /// As written, with its place.
    pub(crate) text: String,
    pub(crate) deed: Deed,
    /// What a client hears then, by the kinds of messages, for some of them.
    pub(crate) expected: BTreeMap<String, Vec<String>>,
    /// The named differences between the servers here.
    pub(crate) differs: Vec<String>,
}

/// What happens.
pub(crate) enum Deed {
    /// Somebody connects to a path, and greets with this if it does.
    Connect { who: String, path: String, greeting: Option<Value> },
    /// Somebody sends a text message, so many times without a pause.
    Say { who: String, text: String, times: usize },
    /// Somebody shakes hands: the answer ends with `ProtocolInfo`, a refusal, or the connection.
    Greet { who: String, text: String },
    /// Somebody sends a binary message.
    SayBinary { who: String, payload: Vec<u8> },
    /// Somebody's socket is lost.
    Drop { who: String },
    /// These have heard a message of this kind, or will.
    Await { who: Vec<String>, kind: String },
    /// The server is asked to stop.
    Terminate,
}

impl Session {
    /// The differences that it names.
    pub(crate) fn differences(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().flat_map(|step| step.differs.iter().map(String::as_str))
    }
}

/// Reads a script: sessions under `## name`, one step a line, what is expected of it indented below.
pub(crate) fn parse(file: &str, text: &str) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let place = format!("{file}:{}: {line}", at + 1);
        if line.trim().is_empty() || line.starts_with("# ") {
            continue;
        }
        if let Some(name) = line.strip_prefix("## ") {
            let name = name.to_owned();
            sessions.push(Session { name, config: None, only_ours: None, steps: Vec::new() });
            continue;
        }
        let session = sessions.last_mut().unwrap_or_else(|| panic!("{place}: a session begins with ##"));
        if let Some(config) = line.strip_prefix("config ") {
            session.config = Some(json_of(config, &place));
        } else if let Some(name) = line.strip_prefix("only ours: ") {
            session.only_ours = Some(name.to_owned());
        } else if let Some(more) = line.strip_prefix("    ") {
            let step = session.steps.last_mut().unwrap_or_else(|| panic!("{place}: of what?"));
            match (more.strip_prefix("differs: "), more.split_once(" hears ")) {
                (Some(name), _) => step.differs.push(name.to_owned()),
                (None, Some((who, kinds))) => {
                    let kinds: Vec<_> = kinds.split(", ").flat_map(kinds_of).collect();
                    who.split(", ").for_each(|who| {
                        step.expected.insert(who.to_owned(), kinds.clone());
                    });
                }
                (None, None) => panic!("{place}: neither `differs:` nor `hears`"),
            }
        } else {
            let deed = deed(line).unwrap_or_else(|| panic!("{place}: nothing that can be done"));
            session.steps.push(Step { text: place, deed, expected: BTreeMap::new(), differs: Vec::new() });
        }
    }
    sessions
}

/// `RoomLeft`, `20 times Pong`, or `nothing`.
fn kinds_of(expected: &str) -> impl Iterator<Item = String> {
    let (times, kind) = times(expected);
    std::iter::repeat_n(kind.to_owned(), if kind == "nothing" { 0 } else { times })
}

/// What stands behind `20 times`, and how often; once if that is not there.
fn times(text: &str) -> (usize, &str) {
    let counted = text.split_once(" times ").and_then(|(n, rest)| Some((n.parse().ok()?, rest)));
    counted.unwrap_or((1, text))
}

fn deed(line: &str) -> Option<Deed> {
    if line == "the server is asked to stop" {
        return Some(Deed::Terminate);
    }
    if let Some((who, kind)) = line.split_once(" await ").or_else(|| line.split_once(" awaits ")) {
        return Some(Deed::Await {
            who: who.split(", ").map(str::to_owned).collect(),
            kind: kind.to_owned(),
        });
    }
    let (times, line) = times(line);
    let (who, rest) = line.split_at_checked(line.find([' ', ':'])?)?;
    let who = who.to_owned();
    if let Some(said) = rest.strip_prefix(": ") {
        let text = message(said);
        let is_greeting = said.starts_with("Authenticate");
        return Some(if is_greeting { Deed::Greet { who, text } } else { Deed::Say { who, text, times } });
    }
    let (verb, object) = rest.trim_start().split_once(' ').unwrap_or((rest.trim_start(), ""));
    let text = match verb {
        "opens" => return Some(Deed::Connect { who, path: object.to_owned(), greeting: None }),
        "speaks" => {
            let greeting = Some(greeting(object));
            return Some(Deed::Connect { who, path: "/v2/ws".to_owned(), greeting });
        }
        "sends" => return Some(Deed::SayBinary { who, payload: bytes(object)? }),
        "drops" => return Some(Deed::Drop { who }),
        "joins" => join(&who, object),
        "watches" => watch(&who, object),
        "returns" => comeback(object.strip_prefix("as ")?),
        "asks" => operation(object)?,
        "signals" => signal(object),
        "writes" => object.to_owned(),
        "repeats" => repeated(object)?,
        _ => return None,
    };
    Some(Deed::Say { who, text, times })
}

/// `Type` or `Type {data}`.
fn message(said: &str) -> String {
    match said.split_once(' ') {
        Some((kind, data)) => format!(r#"{{"type":"{kind}","data":{data}}}"#),
        None => format!(r#"{{"type":"{said}"}}"#),
    }
}

fn join(who: &str, code: &str) -> String {
    message(&format!("JoinRoom {}", json!({"game_name": GAME, "room_code": code, "player_name": who})))
}

fn watch(who: &str, code: &str) -> String {
    message(&format!(
        "JoinAsSpectator {}",
        json!({"game_name": GAME, "room_code": code, "spectator_name": who})
    ))
}

/// Back to the seat of `whom`, with all that it was told.
fn comeback(whom: &str) -> String {
    let known = |member| format!("${whom}.{member}");
    message(&format!(
        "Reconnect {}",
        json!({"player_id": known("player_id"), "room_id": known("room_id"), "auth_token": known("reconnection_token")})
    ))
}

/// `7 Type {data}`: a room operation, whose id ends in its number.
fn operation(object: &str) -> Option<String> {
    let (number, said) = object.split_once(' ')?;
    let id = format!("00000000-0000-4000-8000-{:0>12}", number.parse::<u64>().ok()?);
    Some(message(&format!(r#"RoomOperation {{"operation_id":"{id}","operation":{}}}"#, message(said))))
}

fn signal(to: &str) -> String {
    message(&format!("Signal {}", json!({"to": to, "generation": GENERATION, "signal": {"Offer": "sdp"}})))
}

/// `2000 {"type":"GameData","data":{"data":"…"}}`: the text with its `…` repeated so often.
fn repeated(object: &str) -> Option<String> {
    let (times, text) = object.split_once(' ')?;
    Some(text.replace('…', &"x".repeat(times.parse().ok()?)))
}

/// The data of an `Authenticate` in words: `v3 packed mesh operations`.
fn greeting(words: &str) -> Value {
    let mut data = json!({"app_id": "demo", "sdk_version": "0.14.0"});
    for word in words.split(' ') {
        match word {
            "v2" => {}
            "v3" => data["protocol_version"] = json!(3),
            "packed" => data["game_data_format"] = json!("message_pack"),
            "mesh" => {
                data["supported_transports"] = json!(["webrtc", "relay"]);
                data["supported_topologies"] = json!(["mesh", "host", "relay"]);
            }
            "host" => {
                data["supported_transports"] = json!(["webrtc", "relay"]);
                data["supported_topologies"] = json!(["host", "relay"]);
            }
            "direct" => {
                data["supported_transports"] = json!(["direct", "relay"]);
                data["supported_topologies"] = json!(["host", "relay"]);
            }
            "operations" => data["requested_capabilities"] = json!(["room_operation_ids"]),
            "tokens" => data["requested_capabilities"] = json!(["reconnection_token"]),
            other => panic!("nobody speaks {other:?}"),
        }
    }
    data
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    hex.split(' ').map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

fn json_of(text: &str, place: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{place}: {error}"))
}

/// Of a plan that never was: servers leave it to the clients which one a signal belongs to.
const GENERATION: &str = "5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01";
