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

/// The line of the table that `rng` chooses for a client of this format.
pub(crate) fn choose(rng: &mut Rng) -> &'static Action {
    let mut at = rng.u32(0..ACTIONS.iter().map(|action| action.weight).sum());
    let chosen = ACTIONS.iter().find(|action| {
        let is_it = at < action.weight;
        at = at.saturating_sub(action.weight);
        is_it
    });
    chosen.expect("the sum was the limit")
}

const JOINED: Option<Answer> = Some(&["RoomJoined", "RoomJoinFailed"]);
const INVALID: Option<Answer> = Some(&["Error INVALID_INPUT"]);
/// What is answered by an event of the room, or an error, or nothing.
const FREE: Option<Answer> = None;

const ACTIONS: &[Action] = &[
    Action { name: "join", weight: 14, answer: JOINED, say: join },
    Action { name: "create", weight: 2, answer: JOINED, say: create },
    Action { name: "join badly", weight: 1, answer: JOINED, say: join_badly },
    Action { name: "leave", weight: 3, answer: Some(&["RoomLeft"]), say: |_| unit("LeaveRoom") },
    Action {
        name: "watch",
        weight: 4,
        answer: Some(&["SpectatorJoined", "SpectatorJoinFailed"]),
        say: watch,
    },
    Action {
        name: "stop watching",
        weight: 2,
        answer: Some(&["SpectatorLeft", "Error NOT_A_SPECTATOR"]),
        say: |_| unit("LeaveSpectator"),
    },
    Action { name: "ready", weight: 8, answer: FREE, say: |_| unit("PlayerReady") },
    Action { name: "start", weight: 3, answer: FREE, say: |_| unit("StartGame") },
    Action {
        name: "take or release the authority",
        weight: 4,
        answer: Some(&["AuthorityResponse"]),
        say: authority,
    },
    Action {
        name: "connection info",
        weight: 1,
        answer: FREE,
        say: |_| {
            text(
                "ProvideConnectionInfo",
                &json!({"connection_info": {"type": "direct", "host": "203.0.113.9", "port": 7777}}),
            )
        },
    },
    Action { name: "game data", weight: 16, answer: FREE, say: |scene| data(scene, DeliveryClass::Reliable) },
    Action {
        name: "latest game data",
        weight: 3,
        answer: FREE,
        say: |scene| data(scene, DeliveryClass::Latest),
    },
    Action {
        name: "volatile game data",
        weight: 3,
        answer: FREE,
        say: |scene| data(scene, DeliveryClass::Volatile),
    },
    Action { name: "binary game data", weight: 5, answer: FREE, say: packed },
    Action { name: "ping", weight: 2, answer: Some(&["Pong"]), say: |_| unit("Ping") },
    Action { name: "nonsense", weight: 2, answer: INVALID, say: nonsense },
    Action {
        name: "too much",
        weight: 1,
        answer: Some(&["Error MESSAGE_TOO_LARGE"]),
        say: |_| Said::Oversized,
    },
    Action {
        name: "authenticate late",
        weight: 1,
        answer: INVALID,
        say: |_| text("Authenticate", &json!({"app_id": "late"})),
    },
    Action {
        name: "reconnect as a stranger",
        weight: 1,
        answer: Some(&["ReconnectionFailed"]),
        say: reconnect_badly,
    },
    Action {
        name: "operate without the capability",
        weight: 1,
        answer: Some(&["Error INVALID_INPUT", "Error UNSUPPORTED_PROTOCOL_VERSION"]),
        say: operate,
    },
];

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
