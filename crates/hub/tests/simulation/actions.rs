//! What a client may say, one line each: how often, what answers it, and its bytes.

use fastrand::Rng;
use serde_json::{Value, json};
use signal_fish_protocol::{DeliveryClass, GameDataEncoding, ProtocolVersion};

use crate::agreement::UNIQUE;
use crate::observer::{Answer, Observer};

/// Something that a client may say.
pub(crate) struct Action {
    pub(crate) name: &'static str,
    /// How often it is chosen, beside the others.
    weight: u32,
    /// What always answers it, if something does.
    pub(crate) answer: Option<Answer>,
    pub(crate) say: fn(&mut Scene<'_>) -> Said,
}

/// What is said.
pub(crate) enum Said {
    Text(String),
    /// Game data, with the class that it asks for.
    Data(String, DeliveryClass),
    /// Game data in MessagePack, or in bytes that are not.
    Packed(Vec<u8>, Readable),
    Oversized,
}

/// Whether binary data can be turned into JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Readable(pub(crate) bool);

/// What a client knows when it makes up what to say.
pub(crate) struct Scene<'a> {
    pub(crate) rng: &'a mut Rng,
    pub(crate) observer: &'a Observer,
    /// Codes of rooms that are, were or may be.
    pub(crate) codes: &'a [String],
    /// Of the next game message, and part of every name: nothing has the same number twice.
    pub(crate) number: u64,
}

impl Scene<'_> {
    fn code(&mut self) -> String {
        let code = self.rng.choice(self.codes).expect("some codes are there from the start").clone();
        if self.rng.u8(0..4) == 0 { code.to_ascii_lowercase() } else { code }
    }

    fn name(&mut self) -> String {
        match self.rng.u8(0..6) {
            // Perhaps one that is taken, in another spelling.
            0 => format!("{UNIQUE} {}", self.rng.u64(0..=self.number)).to_ascii_uppercase(),
            _ => format!("{UNIQUE} {}", self.number),
        }
    }

    fn seats(&mut self) -> Value {
        [json!(null), json!(1), json!(2), json!(4), json!(8)][self.rng.usize(0..5)].clone()
    }
}

/// The line of the table that `rng` chooses.
pub(crate) fn choose(rng: &mut Rng) -> &'static Action {
    let mut at = rng.u32(0..ACTIONS.iter().map(|action| action.weight).sum());
    let chosen = ACTIONS.iter().find(|action| {
        let is_it = at < action.weight;
        at = at.saturating_sub(action.weight);
        is_it
    });
    chosen.expect("the sum was the limit")
}

/// A line of the table: what it is called, how often it is chosen, what always answers it, and its bytes.
const fn line(
    name: &'static str,
    weight: u32,
    answer: Option<Answer>,
    say: fn(&mut Scene<'_>) -> Said,
) -> Action {
    Action { name, weight, answer, say }
}

const ACTIONS: &[Action] = &[
    line("join", 14, JOINED, join),
    line("create", 2, JOINED, create),
    line("join badly", 1, JOINED, join_badly),
    line("leave", 3, Some(&["RoomLeft"]), |_| unit("LeaveRoom")),
    line("watch", 4, Some(&["SpectatorJoined", "SpectatorJoinFailed"]), watch),
    line("stop watching", 2, Some(&["SpectatorLeft", "Error NOT_A_SPECTATOR"]), |_| unit("LeaveSpectator")),
    line("ready", 8, FREE, |_| unit("PlayerReady")),
    line("start", 3, FREE, |_| unit("StartGame")),
    line("take or release the authority", 4, Some(&["AuthorityResponse"]), authority),
    line("connection info", 1, FREE, connection_info),
    line("game data", 16, FREE, |scene| data(scene, DeliveryClass::Reliable)),
    line("latest game data", 3, FREE, |scene| data(scene, DeliveryClass::Latest)),
    line("volatile game data", 3, FREE, |scene| data(scene, DeliveryClass::Volatile)),
    line("binary game data", 5, FREE, packed),
    line("ping", 2, Some(&["Pong"]), |_| unit("Ping")),
    line("nonsense", 2, INVALID, nonsense),
    line("too much", 1, Some(&["Error MESSAGE_TOO_LARGE"]), |_| Said::Oversized),
    line("authenticate late", 1, INVALID, |_| text("Authenticate", &json!({"app_id": "late"}))),
    line("reconnect as a stranger", 1, Some(&["ReconnectionFailed"]), reconnect_badly),
    line("operate without the capability", 1, UNABLE, operate),
];

const JOINED: Option<Answer> = Some(&["RoomJoined", "RoomJoinFailed"]);
const INVALID: Option<Answer> = Some(&["Error INVALID_INPUT"]);
const UNABLE: Option<Answer> = Some(&["Error INVALID_INPUT", "Error UNSUPPORTED_PROTOCOL_VERSION"]);
/// What is answered by an event of the room, or an error, or nothing.
const FREE: Option<Answer> = None;

/// What a new connection says first.
pub(crate) fn greeting(version: ProtocolVersion, format: GameDataEncoding) -> String {
    let data =
        json!({"app_id": "demo", "protocol_version": version.number(), "game_data_format": format.token()});
    json!({"type": "Authenticate", "data": data}).to_string()
}

/// The number of a game message, in whichever form it came.
pub(crate) fn number_in(payload: &[u8]) -> u64 {
    if let Ok(Value::Object(data)) = serde_json::from_slice(payload) {
        return data["n"].as_u64().expect("text carries its number");
    }
    let (_, number) = payload.split_last_chunk().expect("binary data ends with its number");
    u64::from(u32::from_be_bytes(*number))
}

fn join(scene: &mut Scene<'_>) -> Said {
    let (code, name, seats) = (scene.code(), scene.name(), scene.seats());
    let supports_authority = scene.rng.u8(0..4) > 0;
    let join_only = scene.rng.u8(0..4) == 0;
    text(
        "JoinRoom",
        &json!({
            "game_name": GAME, "room_code": code, "player_name": name, "max_players": seats,
            "supports_authority": supports_authority, "join_only": join_only,
        }),
    )
}

fn create(scene: &mut Scene<'_>) -> Said {
    let (name, seats) = (scene.name(), scene.seats());
    text("JoinRoom", &json!({"game_name": GAME, "player_name": name, "max_players": seats}))
}

fn join_badly(scene: &mut Scene<'_>) -> Said {
    let mut wish = json!({"game_name": GAME, "room_code": scene.code(), "player_name": "fine"});
    let (key, value) = [
        ("game_name", json!("no/such/game")),
        ("room_code", json!("short")),
        ("player_name", json!(" ")),
        ("max_players", json!(101)),
        ("password", json!("")),
    ][scene.rng.usize(0..5)]
    .clone();
    wish[key] = value;
    text("JoinRoom", &wish)
}

fn watch(scene: &mut Scene<'_>) -> Said {
    let (code, name) = (scene.code(), format!("spectator {}", scene.number));
    text("JoinAsSpectator", &json!({"game_name": GAME, "room_code": code, "spectator_name": name}))
}

fn authority(scene: &mut Scene<'_>) -> Said {
    text("AuthorityRequest", &json!({"become_authority": scene.rng.bool()}))
}

fn connection_info(_: &mut Scene<'_>) -> Said {
    let info = json!({"type": "direct", "host": "203.0.113.9", "port": 7777});
    text("ProvideConnectionInfo", &json!({"connection_info": info}))
}

fn data(scene: &mut Scene<'_>, class: DeliveryClass) -> Said {
    let mut data = json!({"data": {"n": scene.number}});
    match class {
        DeliveryClass::Reliable => {}
        DeliveryClass::Latest => (data["class"], data["key"]) = (json!("latest"), json!(scene.rng.u8(0..3))),
        DeliveryClass::Volatile => data["class"] = json!("volatile"),
    }
    Said::Data(json!({"type": "GameData", "data": data}).to_string(), class)
}

fn packed(scene: &mut Scene<'_>) -> Said {
    let is_readable = scene.rng.u8(0..3) > 0;
    // A map of one member, or a byte that MessagePack never uses; then the number as 32 bits.
    let head: &[u8] = if is_readable { b"\x81\xa1n\xce" } else { b"\xc1" };
    let number = u32::try_from(scene.number).expect("numbers are few");
    Said::Packed([head, &number.to_be_bytes()].concat(), Readable(is_readable))
}

fn nonsense(scene: &mut Scene<'_>) -> Said {
    let texts = [
        "",
        "{",
        "null",
        "[]",
        r#"{"type":"Nonsense"}"#,
        r#"{"type":"JoinRoom"}"#,
        r#"{"type":"GameData","data":{"data":1,"key":null}}"#,
    ];
    Said::Text(texts[scene.rng.usize(0..texts.len())].to_owned())
}

fn reconnect_badly(scene: &mut Scene<'_>) -> Said {
    let (me, token) = (scene.observer.me, "5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01");
    text("Reconnect", &json!({"player_id": me.to_string(), "room_id": token, "auth_token": token}))
}

fn operate(_: &mut Scene<'_>) -> Said {
    let operation = json!({"type": "LeaveRoom"});
    text(
        "RoomOperation",
        &json!({"operation_id": "5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01", "operation": operation}),
    )
}

fn unit(message: &str) -> Said {
    Said::Text(json!({"type": message}).to_string())
}

fn text(message: &str, data: &Value) -> Said {
    Said::Text(json!({"type": message, "data": data}).to_string())
}

/// The game of all rooms.
pub(crate) const GAME: &str = "tanks";
