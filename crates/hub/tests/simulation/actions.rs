//! What a client may say, one line each: how often, what it asks for, and its bytes.

use fastrand::Rng;
use serde_json::{Value, json};
use signal_fish_protocol::{DeliveryClass, ErrorCode, OperationId, PlayerId, Uuid};

use crate::agreement::{Sent, UNIQUE};
use crate::notes::Ticket;
use crate::observer::Observer;
use crate::requests::Request;
use crate::seen::Seen;
use crate::{doors, moderating, peering};

/// Something that a client may say.
pub(crate) struct Action {
    pub(crate) name: &'static str,
    /// How often it is chosen, beside the others.
    weight: u32,
    place: Place,
    pub(crate) say: fn(&mut Scene<'_>) -> Said,
}

/// Where it makes sense to say it. Elsewhere it is said too, but seldom.
#[derive(Clone, Copy)]
enum Place {
    Anywhere,
    Outside,
    /// In a room, as a player.
    Inside,
    /// The same, with the authority.
    Ahead,
    /// In a room, as a spectator.
    Aside,
}

/// What is said, and what it asks for.
pub(crate) struct Said {
    pub(crate) words: Words,
    pub(crate) request: Request,
    pub(crate) operation: Option<OperationId>,
    /// Whether a ping comes right after it, to know by its answer that this had none.
    pub(crate) is_followed_by_ping: bool,
}

pub(crate) enum Words {
    /// A message: its type and data.
    Message(String, Value),
    /// What is no message.
    Nonsense(&'static str),
    /// Game data, with the class that it asks for.
    Data(Value, DeliveryClass),
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
    /// Everybody there ever was.
    pub(crate) everybody: &'a [PlayerId],
    /// What somebody may come back with, and what that one has seen.
    pub(crate) ticket: Option<(Ticket, Seen)>,
    /// Whether rooms here have passwords.
    pub(crate) has_passwords: bool,
    /// Of the next game message, and part of every name: nothing has the same number twice.
    pub(crate) number: u64,
}

impl Scene<'_> {
    pub(crate) fn code(&mut self) -> String {
        let code = self.rng.choice(self.codes).expect("some codes are there from the start").clone();
        if self.rng.u8(0..4) == 0 { code.to_ascii_lowercase() } else { code }
    }

    pub(crate) fn name(&mut self) -> String {
        match self.rng.u8(0..6) {
            // Perhaps one that is taken, in another spelling.
            0 => format!("{UNIQUE} {}", self.rng.u64(0..=self.number)).to_ascii_uppercase(),
            _ => format!("{UNIQUE} {}", self.number),
        }
    }

    pub(crate) fn seats(&mut self) -> Value {
        [json!(null), json!(1), json!(2), json!(4), json!(8)][self.rng.usize(0..5)].clone()
    }

    /// A password or none, mostly none.
    pub(crate) fn password(&mut self) -> Option<&'static str> {
        let n = if self.has_passwords { 4 } else { 24 };
        PASSWORDS.get(self.rng.usize(0..n)).copied()
    }

    /// Mostly another player of the room.
    pub(crate) fn somebody(&mut self) -> PlayerId {
        let me = self.observer.me;
        if let Some(room) = &self.observer.room
            && self.rng.u8(0..5) > 0
        {
            let mut players: Vec<_> = room.players.iter().filter(|(id, _)| **id != me).collect();
            players.sort_unstable_by_key(|(_, player)| player.name.clone());
            if let Some((id, _)) = self.rng.choice(&players) {
                return **id;
            }
        }
        if self.rng.u8(0..4) == 0 { me } else { *self.rng.choice(self.everybody).unwrap_or(&me) }
    }
}

impl Said {
    pub(crate) fn message(kind: &str, data: &Value, request: Request) -> Self {
        Self::new(Words::Message(kind.to_owned(), data.clone()), request)
    }

    const fn new(words: Words, request: Request) -> Self {
        Self { words, request, operation: None, is_followed_by_ping: false }
    }

    pub(crate) const fn followed_by_ping(mut self) -> Self {
        self.is_followed_by_ping = true;
        self
    }

    /// Whether a client like that can say it.
    pub(crate) const fn can_be_said(&self, is_binary: bool) -> bool {
        match self.words {
            Words::Packed(..) => is_binary,
            Words::Message(..) | Words::Nonsense(_) | Words::Data(..) | Words::Oversized => true,
        }
    }

    /// What there is to remember of it, as said by this player.
    pub(crate) fn as_sent(&self, by: PlayerId) -> Sent {
        let sent = Sent::nothing(by);
        match (&self.words, &self.request) {
            (Words::Data(_, class), _) => Sent { class: *class, ..sent },
            (Words::Packed(_, is_readable), _) => Sent { is_readable: is_readable.0, ..sent },
            (_, Request::Signal(to)) => Sent { signals: Some(*to), ..sent },
            _ => sent,
        }
    }

    /// The same as an operation, if it can be one.
    pub(crate) fn into_operation(mut self) -> Self {
        if let Words::Message(kind, data) = &self.words
            && self.operation.is_none()
            && self.request.success().is_some()
            && !matches!(self.request, Request::Ping | Request::Take | Request::Release)
        {
            let id = Uuid::new_v4();
            self.operation = Some(OperationId::new(id));
            let operation = message(kind, data);
            let data = json!({"operation_id": id.to_string(), "operation": operation});
            self.words = Words::Message("RoomOperation".to_owned(), data);
        }
        self
    }
}

/// A message as JSON. Without data it has no such member.
pub(crate) fn message(kind: &str, data: &Value) -> Value {
    if data.is_null() { json!({"type": kind}) } else { json!({"type": kind, "data": data}) }
}

/// The line of the table that `rng` chooses for a client.
pub(crate) fn choose(rng: &mut Rng, observer: &Observer) -> &'static Action {
    let is_wild = rng.u8(0..8) == 0;
    let weight = |action: &Action| if is_wild || action.place.is_of(observer) { action.weight } else { 0 };
    let mut at = rng.u32(0..ACTIONS.iter().map(weight).sum());
    let chosen = ACTIONS.iter().find(|action| {
        let is_it = at < weight(action);
        at = at.saturating_sub(weight(action));
        is_it
    });
    chosen.expect("the sum was the limit")
}

impl Place {
    fn is_of(self, observer: &Observer) -> bool {
        let room = observer.room.as_ref();
        match self {
            Self::Anywhere => true,
            Self::Outside => room.is_none(),
            Self::Inside => room.is_some_and(|room| room.plays),
            Self::Ahead => {
                let leads = room.is_some_and(|room| room.plays && room.authority == Some(observer.me));
                observer.abilities.operates && leads
            }
            Self::Aside => room.is_some_and(|room| !room.plays),
        }
    }
}

/// A line of the table: what it is called, how often it is chosen and where, and what it is.
const fn line(name: &'static str, weight: u32, place: Place, say: fn(&mut Scene<'_>) -> Said) -> Action {
    Action { name, weight, place, say }
}

const ACTIONS: &[Action] = &[
    line("join", 12, Place::Outside, doors::join),
    line("create", 1, Place::Outside, doors::create),
    line("watch", 3, Place::Outside, doors::watch),
    line("come back", 12, Place::Outside, doors::come_back),
    line("stop watching", 6, Place::Aside, |_| unit("LeaveSpectator", Request::StopWatching)),
    line("leave", 1, Place::Inside, |_| unit("LeaveRoom", Request::Leave)),
    line("ready", 6, Place::Inside, |_| unit("PlayerReady", Request::Ready)),
    line("start", 3, Place::Inside, |_| unit("StartGame", Request::Start)),
    line("take or release the authority", 4, Place::Inside, authority),
    line("connection info", 2, Place::Inside, peering::connection_info),
    line("signal", 5, Place::Inside, peering::signal),
    line("transport status", 2, Place::Inside, peering::transport_status),
    line("kick", 3, Place::Ahead, moderating::kick),
    line("ban", 3, Place::Ahead, moderating::ban),
    line("unban", 2, Place::Ahead, moderating::unban),
    line("transfer the authority", 3, Place::Ahead, moderating::transfer),
    line("set or remove the password", 3, Place::Ahead, moderating::set_access),
    line("change the code", 3, Place::Ahead, moderating::change_code),
    line("game data", 16, Place::Inside, |scene| data(scene, DeliveryClass::Reliable)),
    line("latest game data", 3, Place::Inside, |scene| data(scene, DeliveryClass::Latest)),
    line("volatile game data", 3, Place::Inside, |scene| data(scene, DeliveryClass::Volatile)),
    line("binary game data", 5, Place::Inside, packed),
    line("ping", 1, Place::Anywhere, |_| unit("Ping", Request::Ping)),
    line("join badly", 1, Place::Anywhere, doors::join_badly),
    line("nonsense", 1, Place::Anywhere, nonsense),
    line("too much", 1, Place::Anywhere, too_much),
    line("authenticate late", 1, Place::Anywhere, authenticate_late),
];

fn authority(scene: &mut Scene<'_>) -> Said {
    let takes = scene.rng.bool();
    let request = if takes { Request::Take } else { Request::Release };
    Said::message("AuthorityRequest", &json!({"become_authority": takes}), request)
}

fn data(scene: &mut Scene<'_>, class: DeliveryClass) -> Said {
    let mut data = json!({"data": {"n": scene.number}});
    match class {
        DeliveryClass::Reliable => {}
        DeliveryClass::Latest => (data["class"], data["key"]) = (json!("latest"), json!(scene.rng.u8(0..3))),
        DeliveryClass::Volatile => data["class"] = json!("volatile"),
    }
    Said::new(Words::Data(data, class), Request::Data(class != DeliveryClass::Reliable))
}

fn packed(scene: &mut Scene<'_>) -> Said {
    let is_readable = scene.rng.u8(0..3) > 0;
    // A map of one member, or a byte that MessagePack never uses; then the number as 32 bits.
    let head: &[u8] = if is_readable { b"\x81\xa1n\xce" } else { b"\xc1" };
    let number = u32::try_from(scene.number).expect("numbers are few");
    let payload = [head, &number.to_be_bytes()].concat();
    Said::new(Words::Packed(payload, Readable(is_readable)), Request::Data(false))
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
    let text = texts[scene.rng.usize(0..texts.len())];
    Said::new(Words::Nonsense(text), Request::Wrong(ErrorCode::InvalidInput))
}

fn too_much(_: &mut Scene<'_>) -> Said {
    Said::new(Words::Oversized, Request::Wrong(ErrorCode::MessageTooLarge))
}

fn authenticate_late(_: &mut Scene<'_>) -> Said {
    let request = Request::Wrong(ErrorCode::InvalidInput);
    Said::message("Authenticate", &json!({"app_id": "late"}), request)
}

fn unit(kind: &str, request: Request) -> Said {
    Said::message(kind, &Value::Null, request)
}

/// The game of all rooms.
pub(crate) const GAME: &str = "tanks";

const PASSWORDS: &[&str] = &["rose", "tulip"];
