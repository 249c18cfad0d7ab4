//! One connection of a session: it says what it is told to, and collects what it hears.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signal_fish_testkit::{Frame, Opcode, Socket};

/// One connection of a session.
pub(crate) struct Client {
    socket: Option<Socket>,
    /// Whether a `Ping` is only a `Ping` by now: before the handshake it is a first message, which decides things.
    has_spoken: bool,
    /// What it has heard since it was last asked.
    heard: Vec<Value>,
    /// The latest value of each member that scripts may refer to.
    pub(crate) known: BTreeMap<String, String>,
}

impl Client {
    pub(crate) fn open(addr: SocketAddr, path: &str) -> Self {
        let (socket, refusal) = match Socket::open(addr, path) {
            Ok(socket) => (Some(socket), None),
            Err(response) => (None, Some(json!({"refused": response.status}))),
        };
        Self { socket, has_spoken: false, heard: refusal.into_iter().collect(), known: BTreeMap::new() }
    }

    pub(crate) fn send(&mut self, frame: &Frame) {
        // Whoever was ended speaks to nobody, which the next read says.
        let _ = self.socket.as_mut().map(|socket| socket.write(&frame.encode()));
    }

    /// Says something that is no part of a handshake.
    pub(crate) fn speak(&mut self, frame: &Frame) {
        self.has_spoken = true;
        self.send(frame);
    }

    /// Reads until the handshake has come to an end of some kind.
    pub(crate) fn finish_greeting(&mut self) {
        let is_last = |heard: &Value| {
            let is_refused =
                heard["type"] == "Error" && heard["data"]["error_code"] != "UNSUPPORTED_GAME_DATA_FORMAT";
            is_refused || heard["type"] == "ProtocolInfo" || heard["type"] == "AuthenticationError"
        };
        self.read_until(is_last);
        self.has_spoken |= self.heard.iter().any(|heard| heard["type"] == "ProtocolInfo");
    }

    /// Reads all that is on its way. The answer to the second of two pings comes behind all that was queued before
    /// the first, also where answers may overtake game data.
    pub(crate) fn catch_up(&mut self) {
        if !self.has_spoken {
            return;
        }
        for _ in 0..2 {
            if self.socket.is_some() {
                self.send(&Frame::text(r#"{"type":"Ping"}"#));
                self.read_until(|heard| heard["type"] == "Pong");
                if self.socket.is_some() {
                    self.heard.pop();
                }
            }
        }
    }

    /// Reads until something of this kind has come.
    pub(crate) fn wait_for(&mut self, kind: &str) {
        self.read_until(|heard| kind_of(heard) == kind);
    }

    /// Lets the socket die; what it has heard of may still be referred to.
    pub(crate) fn hang_up(&mut self) {
        self.socket = None;
    }

    pub(crate) const fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Forgets what it has heard with this code, if it has.
    pub(crate) fn forget(&mut self, code: &str) -> bool {
        let n_heard = self.heard.len();
        self.heard.retain(|heard| !kind_of(heard).ends_with(code));
        self.heard.len() < n_heard
    }

    pub(crate) fn take_heard(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.heard)
    }

    fn read_until(&mut self, is_last: impl Fn(&Value) -> bool) {
        let until = Instant::now() + PATIENCE;
        while let Some(socket) = &mut self.socket {
            let heard = match socket.read(until) {
                Ok(frame) => self.hear(frame),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    self.socket = None;
                    self.heard.push(json!({"missing": true}));
                    return;
                }
                Err(_) => {
                    self.socket = None;
                    Some(json!({"gone": true}))
                }
            };
            if let Some(heard) = heard {
                let ends = is_last(&heard);
                self.heard.push(heard);
                if ends {
                    return;
                }
            }
        }
    }

    fn hear(&mut self, frame: Frame) -> Option<Value> {
        match frame.opcode {
            Opcode::TEXT => {
                let message = serde_json::from_slice(&frame.payload).expect("text messages are JSON");
                self.remember(&message);
                Some(message)
            }
            Opcode::BINARY => Some(json!({"binary": frame.payload})),
            Opcode::CLOSE => {
                self.socket = None;
                let code = frame.payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                Some(json!({"close": code}))
            }
            Opcode::PING => {
                self.send(&Frame::new(Opcode::PONG, frame.payload));
                None
            }
            other => panic!("the server sent {other:?}"),
        }
    }

    fn remember(&mut self, message: &Value) {
        for object in [&message["data"], &message["data"]["result"]["data"]] {
            // Where no room is told, a player_id is somebody else's.
            let is_own = |key: &str| key != "player_id" || object["room_id"].is_string();
            for (key, value) in object.as_object().into_iter().flatten().filter(|(key, _)| is_own(key)) {
                if let Some(text) = value.as_str() {
                    self.known.insert(key.clone(), text.to_owned());
                }
            }
        }
    }
}

/// What a script calls something that was heard: `RoomJoined`, `Error NOT_IN_ROOM`, `binary`, `close 4000`.
pub(crate) fn kind_of(heard: &Value) -> String {
    if let Some(kind) = heard["type"].as_str() {
        let data = &heard["data"];
        let result = data["result"]["type"].as_str().map(|result| format!(" {result}"));
        let codes = [&data["error_code"], &data["result"]["data"]["error_code"]];
        let code = codes.iter().find_map(|code| code.as_str()).map(|code| format!(" {code}"));
        return format!("{kind}{}{}", result.unwrap_or_default(), code.unwrap_or_default());
    }
    let (kind, value) = heard.as_object().and_then(|heard| heard.iter().next()).expect("something was heard");
    if kind == "close" || kind == "refused" { format!("{kind} {value}") } else { kind.clone() }
}

/// How long an awaited message may take. The published server does some things only every second.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);
