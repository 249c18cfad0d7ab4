//! One connection that speaks the game protocol, and says what it expects to hear next.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use serde_json::{Value, json};

use crate::deadline;
use crate::frame::{Frame, Opcode};
use crate::http::{Response, hung_up};
use crate::socket::Socket;

/// What a connection asks for in its handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Protocol 2, game data as JSON.
    V2,
    /// Protocol 3, game data as JSON.
    V3,
    /// Protocol 2, game data as MessagePack.
    V2Packed,
    /// Protocol 3, game data as MessagePack.
    V3Packed,
}

impl Dialect {
    /// Whether version 3 is asked for.
    pub fn is_v3(self) -> bool {
        matches!(self, Self::V3 | Self::V3Packed)
    }

    /// The data of an `Authenticate` message that asks for this dialect.
    pub fn authenticate(self) -> Value {
        let mut data = json!({"app_id": "demo", "sdk_version": "0.14.0"});
        if self.is_v3() {
            data["protocol_version"] = json!(3);
        }
        if matches!(self, Self::V2Packed | Self::V3Packed) {
            data["game_data_format"] = json!("message_pack");
        }
        data
    }
}

/// What can come from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A WebSocket ping, on a connection that leaves them unanswered.
    Ping(Vec<u8>),
    /// The answer to a WebSocket ping.
    Pong(Vec<u8>),
    /// The closing handshake, with its code if it had one.
    Close(Option<u16>, String),
    /// The stream ended without a closing handshake.
    Gone,
}

/// A connection with a name, for messages of failed tests, and a memory of what came last.
#[derive(Debug)]
pub struct Peer {
    /// The player id, once a room was joined or watched.
    pub id: String,
    name: String,
    socket: Socket,
    answers_pings: bool,
    recent: VecDeque<String>,
}

impl Peer {
    /// Upgrades a connection and says nothing yet.
    #[track_caller]
    pub fn connect(addr: SocketAddr, path: &str, name: &str) -> Self {
        match Self::try_connect(addr, path, name) {
            Ok(peer) => peer,
            Err(response) => panic!("{name}: the upgrade of {path} was refused: {response:?}"),
        }
    }

    /// As [`Peer::connect`], for an upgrade that may be refused.
    #[track_caller]
    pub fn try_connect(addr: SocketAddr, path: &str, name: &str) -> Result<Self, Response> {
        Ok(Self::over(Socket::open(addr, path)?, name))
    }

    /// As [`Peer::connect`], with a subprotocol that the server must take.
    #[track_caller]
    pub fn connect_offering(addr: SocketAddr, path: &str, name: &str, subprotocol: &str) -> Self {
        match Socket::open_offering(addr, path, subprotocol) {
            Ok(socket) => Self::over(socket, name),
            Err(response) => panic!("{name}: the upgrade of {path} was refused: {response:?}"),
        }
    }

    /// As [`Peer::try_connect`], on a connection that the caller has made; `first` goes out with the request.
    #[track_caller]
    pub fn upgrade(stream: TcpStream, path: &str, name: &str, first: &[Frame]) -> Result<Self, Response> {
        Ok(Self::over(Socket::upgrade(stream, path, first)?, name))
    }

    fn over(socket: Socket, name: &str) -> Self {
        let (id, name) = (String::new(), name.to_owned());
        Self { id, name, socket, answers_pings: true, recent: VecDeque::new() }
    }

    /// Connects to `/v2/ws` and completes the handshake.
    #[track_caller]
    pub fn authenticated(addr: SocketAddr, name: &str, dialect: Dialect) -> Self {
        let mut peer = Self::connect(addr, "/v2/ws", name);
        peer.send("Authenticate", dialect.authenticate());
        peer.expect("Authenticated");
        peer.expect("ProtocolInfo");
        peer
    }

    /// The name given at the start, which is also the player name in [`crate::gather`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// From now on WebSocket pings of the server stay unanswered, and are events.
    pub fn ignore_pings(&mut self) {
        self.answers_pings = false;
    }

    /// Sends a message with data.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "nearly every call builds its value on the spot")]
    pub fn send(&mut self, message: &str, data: Value) {
        self.send_text(&json!({"type": message, "data": data}).to_string());
    }

    /// Sends a message without data.
    #[track_caller]
    pub fn send_unit(&mut self, message: &str) {
        self.send_text(&json!({"type": message}).to_string());
    }

    /// Sends game data as text.
    #[track_caller]
    pub fn say(&mut self, data: Value) {
        self.send("GameData", json!({"data": data}));
    }

    /// Sends one text message as it is.
    #[track_caller]
    pub fn send_text(&mut self, text: &str) {
        self.send_frames(&[Frame::text(text)]);
    }

    /// Sends one binary message as it is.
    #[track_caller]
    pub fn send_binary(&mut self, payload: &[u8]) {
        self.send_frames(&[Frame::binary(payload)]);
    }

    /// Sends frames, well-formed or not, in one write.
    #[track_caller]
    pub fn send_frames(&mut self, frames: &[Frame]) {
        self.send_bytes(&frames.iter().flat_map(Frame::encode).collect::<Vec<u8>>());
    }

    /// Sends bytes that need not be whole frames.
    #[track_caller]
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        if let Err(error) = self.socket.write(bytes) {
            panic!("{}: sending {} bytes: {error}{}", self.name, bytes.len(), self.history());
        }
    }

    /// As [`Peer::send_frames`], where the server may have hung up already; says whether it was written.
    pub fn try_send_frames(&mut self, frames: &[Frame]) -> bool {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        self.socket.write(&bytes).is_ok()
    }

    /// Says goodbye with the closing handshake.
    #[track_caller]
    pub fn close(mut self) {
        self.send_frames(&[Frame::new(Opcode::CLOSE, 1000u16.to_be_bytes())]);
        self.expect_close(Some(1000));
    }

    /// What comes next, whatever it is. Pings of the server are answered on the way.
    #[track_caller]
    pub fn next_event(&mut self, awaited: &str) -> Event {
        let until = deadline();
        let event = self.read_event(awaited, until);
        if self.recent.len() == N_RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(shortened(&event));
        event
    }

    #[track_caller]
    fn read_event(&mut self, awaited: &str, until: Instant) -> Event {
        loop {
            let frame = match self.socket.read(until) {
                Ok(frame) => frame,
                Err(error) if hung_up(&error) => return Event::Gone,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("{}: awaited {awaited}, but nothing came{}", self.name, self.history())
                }
                Err(error) => panic!("{}: awaited {awaited}: {error}{}", self.name, self.history()),
            };
            assert!(frame.fin, "{}: the server split a message: {frame:?}", self.name);
            match frame.opcode {
                Opcode::TEXT => {
                    let text = String::from_utf8(frame.payload).expect("text frames are UTF-8");
                    return Event::Text(text);
                }
                Opcode::BINARY => return Event::Binary(frame.payload),
                Opcode::PONG => return Event::Pong(frame.payload),
                Opcode::CLOSE => return close_event(&frame.payload),
                Opcode::PING if self.answers_pings => {
                    // The peer may have gone by now; then the next read says so.
                    self.try_send_frames(&[Frame::new(Opcode::PONG, frame.payload)]);
                }
                Opcode::PING => return Event::Ping(frame.payload),
                other => panic!("{}: the server continued a whole message: {other:?}", self.name),
            }
        }
    }

    /// The next message must be text.
    #[track_caller]
    pub fn expect_text(&mut self) -> String {
        let event = self.next_event("a text message");
        let Event::Text(text) = event else { self.surprise("a text message", &event) };
        text
    }

    /// The next message must be of this type; its data, or null where it has none.
    #[track_caller]
    pub fn expect(&mut self, message: &str) -> Value {
        let event = self.next_event(message);
        let Event::Text(text) = &event else { self.surprise(message, &event) };
        let Ok(Value::Object(mut envelope)) = serde_json::from_str(text) else {
            self.surprise(message, &event)
        };
        if envelope.remove("type") != Some(json!(message)) {
            self.surprise(message, &event);
        }
        let data = envelope.remove("data");
        assert!(envelope.is_empty(), "{}: members beside type and data: {text}", self.name);
        assert!(data != Some(Value::Null), "{}: a message without data has no such key: {text}", self.name);
        data.unwrap_or(Value::Null)
    }

    /// The next message must be of this type and carry this error code, and a text for people.
    #[track_caller]
    pub fn expect_refusal(&mut self, message: &str, error_code: &str) -> Value {
        let data = self.expect(message);
        let text = ["message", "reason", "error"].iter().find_map(|key| data[*key].as_str());
        assert!(text.is_some_and(|text| !text.is_empty()), "{}: no text in {data}", self.name);
        assert_eq!(data["error_code"], error_code, "{}: {data}{}", self.name, self.history());
        data
    }

    /// The next message must be an `Error` with this code.
    #[track_caller]
    pub fn expect_error(&mut self, error_code: &str) -> Value {
        self.expect_refusal("Error", error_code)
    }

    /// The next message must be binary.
    #[track_caller]
    pub fn expect_binary(&mut self) -> Vec<u8> {
        let event = self.next_event("a binary message");
        let Event::Binary(bytes) = event else { self.surprise("a binary message", &event) };
        bytes
    }

    /// The next frame must be a ping of the server, as it comes after [`Peer::ignore_pings`]; its payload.
    #[track_caller]
    pub fn expect_ping(&mut self) -> Vec<u8> {
        let event = self.next_event("a ping");
        let Event::Ping(payload) = event else { self.surprise("a ping", &event) };
        payload
    }

    /// Waits for the next ping of the server, with nothing before it, and answers it.
    #[track_caller]
    pub fn answer_ping(&mut self) {
        let answered = std::mem::replace(&mut self.answers_pings, false);
        let payload = self.expect_ping();
        self.answers_pings = answered;
        self.send_frames(&[Frame::new(Opcode::PONG, payload)]);
    }

    /// Proves without waiting that nothing is on its way: whatever was queued before comes before the answer.
    #[track_caller]
    pub fn expect_silence(&mut self) {
        self.send_unit("Ping");
        self.expect("Pong");
    }

    /// Proves that the socket still works, without an application message: a WebSocket ping is answered.
    #[track_caller]
    pub fn expect_alive(&mut self) {
        self.send_frames(&[Frame::new(Opcode::PING, *b"alive?")]);
        self.expect_pong(b"alive?");
    }

    /// The next frame must be the answer to a ping with this payload.
    #[track_caller]
    pub fn expect_pong(&mut self, payload: &[u8]) {
        let event = self.next_event("a pong");
        if event != Event::Pong(payload.to_vec()) {
            self.surprise("a pong with the payload of the ping", &event);
        }
    }

    /// The server must close with this code next; the reason it gives.
    #[track_caller]
    pub fn expect_close(&mut self, code: Option<u16>) -> String {
        let awaited = format!("a close frame with {code:?}");
        let event = self.next_event(&awaited);
        if let Event::Close(got, reason) = &event
            && *got == code
        {
            return reason.clone();
        }
        self.surprise(&awaited, &event)
    }

    /// Reads on until the server has ended this connection; the close code, if the close frame still got through.
    #[track_caller]
    pub fn read_to_end(&mut self) -> Option<u16> {
        loop {
            match self.next_event("the end of the connection") {
                Event::Close(code, _) => return code,
                Event::Gone => return None,
                Event::Text(_) | Event::Binary(_) | Event::Ping(_) | Event::Pong(_) => {}
            }
        }
    }

    #[track_caller]
    fn surprise(&self, awaited: &str, got: &Event) -> ! {
        panic!("{}: awaited {awaited}, got {}{}", self.name, shortened(got), self.history())
    }

    fn history(&self) -> String {
        self.recent.iter().fold("\nlast received:".to_owned(), |text, line| text + "\n  " + line)
    }
}

fn close_event(payload: &[u8]) -> Event {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return Event::Close(None, String::new());
    };
    let reason = std::str::from_utf8(reason).expect("close reasons are UTF-8");
    Event::Close(Some(u16::from_be_bytes(*code)), reason.to_owned())
}

fn shortened(event: &Event) -> String {
    let text = match event {
        Event::Text(text) => text.clone(),
        Event::Binary(_) | Event::Ping(_) | Event::Pong(_) | Event::Close(..) | Event::Gone => {
            format!("{event:?}")
        }
    };
    match text.char_indices().nth(N_SHOWN) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text,
    }
}

/// Enough to see what led to a failure, little enough to read.
const N_RECENT: usize = 12;
const N_SHOWN: usize = 400;
