//! Two players meet on a running server, and everything they say and hear is printed.
//!
//! Start a server with `cargo run --release`, then, in another terminal:
//! `cargo run --release --example two_players -- ws://127.0.0.1:3536/v2/ws`. A second argument is the app id, for
//! servers that have a list of them.

#![expect(clippy::print_stdout, reason = "what it prints is the point")]

use std::error::Error;
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use signal_fish_protocol::{
    Authenticate, ClientMessage, GameDataIn, JoinRoom, LobbyStateChanged, Payload, RoomCode, ServerMessage,
};
use tungstenite::{Message, WebSocket};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:3536/v2/ws".to_owned());
    let app_id = arguments.next().unwrap_or_else(|| "demo".to_owned());
    match play(&url, &app_id) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn play(url: &str, app_id: &str) -> Result<()> {
    let mut ada = Player::connect("Ada", url)?;
    let mut bob = Player::connect("Bob", url)?;
    for player in [&mut ada, &mut bob] {
        player.authenticate(app_id)?;
    }

    println!("\nAda makes a room, Bob finds it by its code.");
    let code = ada.join(None)?;
    bob.join(Some(&code))?;
    ada.hear_that(|message| matches!(message, ServerMessage::PlayerJoined(_)))?;

    println!("\nBoth get ready, and the game starts.");
    for player in [&mut ada, &mut bob] {
        player.say(&ClientMessage::PlayerReady)?;
    }
    for player in [&mut ada, &mut bob] {
        player.hear_that(|message| {
            matches!(message, ServerMessage::LobbyStateChanged(LobbyStateChanged { all_ready: true, .. }))
        })?;
    }
    ada.say(&ClientMessage::StartGame)?;
    for player in [&mut ada, &mut bob] {
        player.hear_that(|message| matches!(message, ServerMessage::GameStarting(_)))?;
    }

    println!("\nThe game itself: data that the server passes on as it is.");
    ada.send_game_data(r#"{"move":[3,4]}"#)?;
    bob.hear_game_data()?;
    bob.send_game_data(r#"{"fire":true}"#)?;
    ada.hear_game_data()?;

    println!("\nBob leaves.");
    bob.say(&ClientMessage::LeaveRoom)?;
    bob.hear_that(|message| matches!(message, ServerMessage::RoomLeft))?;
    ada.hear_that(|message| matches!(message, ServerMessage::PlayerLeft(_)))?;
    Ok(())
}

struct Player {
    name: &'static str,
    socket: WebSocket<TcpStream>,
}

impl Player {
    fn connect(name: &'static str, url: &str) -> Result<Self> {
        let rest = url.strip_prefix("ws://").ok_or_else(|| format!("{url} does not start with ws://"))?;
        let host = rest.split('/').next().unwrap_or(rest);
        let stream = TcpStream::connect(host).map_err(|error| {
            format!("no server answers on {host} ({error}); start one with `cargo run --release`")
        })?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let (socket, _) = tungstenite::client(url, stream).map_err(|error| format!("{url}: {error}"))?;
        Ok(Self { name, socket })
    }

    fn authenticate(&mut self, app_id: &str) -> Result<()> {
        let request = Authenticate { app_id: app_id.to_owned(), ..Authenticate::default() };
        self.say(&ClientMessage::Authenticate(request))?;
        self.hear_that(|message| matches!(message, ServerMessage::ProtocolInfo(_)))
    }

    /// Makes a room, or enters one by its code. The room's code.
    fn join(&mut self, code: Option<&RoomCode>) -> Result<RoomCode> {
        let request = JoinRoom {
            game_name: "demo".to_owned(),
            player_name: self.name.to_owned(),
            room_code: code.map(RoomCode::to_string),
            ..JoinRoom::default()
        };
        self.say(&ClientMessage::JoinRoom(request))?;
        self.hear(
            |message| if let ServerMessage::RoomJoined(room) = message { Some(room.room_code) } else { None },
        )
    }

    fn send_game_data(&mut self, json: &str) -> Result<()> {
        let data = Payload::parse(json)?;
        self.say(&ClientMessage::GameData(GameDataIn { data, class: None, key: None }))
    }

    fn hear_game_data(&mut self) -> Result<()> {
        self.hear_that(|message| matches!(message, ServerMessage::GameData(_)))
    }

    fn say(&mut self, message: &ClientMessage<'_>) -> Result<()> {
        let text = message.encode();
        println!("{} says   {text}", self.name);
        Ok(self.socket.send(Message::text(text))?)
    }

    fn hear_that(&mut self, is_awaited: impl Fn(&ServerMessage<'_>) -> bool) -> Result<()> {
        self.hear(|message| is_awaited(&message).then_some(()))
    }

    /// Reads on until a message is what is waited for. A refusal ends the play.
    fn hear<T>(&mut self, awaited: impl Fn(ServerMessage<'_>) -> Option<T>) -> Result<T> {
        loop {
            let message =
                self.socket.read().map_err(|error| format!("{} waits in vain: {error}", self.name))?;
            let Message::Text(text) = message else { continue };
            println!("{} hears  {text}", self.name);
            let message = ServerMessage::decode(&text)?;
            let is_refusal = matches!(
                message,
                ServerMessage::Error(_)
                    | ServerMessage::AuthenticationError(_)
                    | ServerMessage::RoomJoinFailed(_)
            );
            if is_refusal {
                return Err(format!("{} was refused", self.name).into());
            }
            if let Some(found) = awaited(message) {
                return Ok(found);
            }
        }
    }
}

/// A server on the same planet answers sooner.
const PATIENCE: Duration = Duration::from_secs(10);
