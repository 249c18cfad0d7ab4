//! Two servers say the same if all that they make up themselves is called the same: ids, tokens, times, texts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The names that have been given to what one server made up, in order of appearance.
#[derive(Default)]
pub(crate) struct Names {
    ids: BTreeMap<String, String>,
}

impl Names {
    /// `heard` as any other server would say it. `me` is the player id of who heard it.
    pub(crate) fn normalise(&mut self, mut heard: Value, me: Option<&str>) -> Value {
        if let Some(bytes) = heard["binary"].as_array() {
            let bytes =
                bytes.iter().filter_map(Value::as_u64).filter_map(|byte| u8::try_from(byte).ok()).collect();
            return json!({"binary": self.without_sender(bytes)});
        }
        if heard["data"]["topology"] == "mesh" {
            settle_initiative(&mut heard["data"], me.unwrap_or_default());
        }
        sort_by_name(&mut heard);
        self.learn(&heard);
        self.rename(&mut heard);
        heard
    }

    /// The bytes of an envelope in hexadecimal, its sender by name.
    fn without_sender(&mut self, bytes: Vec<u8>) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let at = bytes.windows(SENDER.len()).position(|window| window == SENDER).map(|at| at + SENDER.len());
        let Some((head, (id, tail))) = at
            .and_then(|at| bytes.split_at_checked(at))
            .and_then(|(head, rest)| Some((head, rest.split_at_checked(16)?)))
        else {
            return hex(&bytes);
        };
        let id = hex(id);
        let id = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-");
        format!("{} {} {}", hex(head), self.name_of(&id), hex(tail))
    }

    /// Players are called what they call themselves.
    fn learn(&mut self, value: &Value) {
        if let Value::Object(object) = value {
            for (id, name) in [("id", "name"), ("player_id", "player_name")] {
                if let (Some(Value::String(id)), Some(Value::String(name))) =
                    (object.get(id), object.get(name))
                {
                    self.ids.entry(id.clone()).or_insert_with(|| format!("<{name}>"));
                }
            }
        }
        children(value).for_each(|child| self.learn(child));
    }

    fn rename(&mut self, value: &mut Value) {
        match value {
            Value::String(text) if is_uuid(text) => *text = self.name_of(text),
            Value::Array(list) => {
                list.iter_mut().for_each(|item| self.rename(item));
                // Sets of ids, and of what belongs to players: now that they have names they have an order.
                let whose = |item: &Value| item["player_id"].as_str().or(item.as_str()).map(str::to_owned);
                if list.iter().all(|item| whose(item).is_some_and(|name| name.starts_with('<'))) {
                    list.sort_by_key(whose);
                }
            }
            Value::Object(object) => {
                for (key, value) in object {
                    match made_up(key, value) {
                        Some(name) => *value = json!(name),
                        None => self.rename(value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn name_of(&mut self, id: &str) -> String {
        let n = self.ids.len();
        self.ids.entry(id.to_owned()).or_insert_with(|| format!("<id {n}>")).clone()
    }
}

/// What stands for a value that a server makes up for itself, if it does so for this member.
fn made_up(key: &str, value: &Value) -> Option<&'static str> {
    let text = value.as_str();
    match key {
        "message" | "error" => text.map(|_| "<text>"),
        "reason" => text.filter(|text| !REASONS.contains(text)).map(|_| "<text>"),
        "reconnection_token" => text.map(|_| "<token>"),
        "connected_at" => text.map(|_| "<time>"),
        "deadline_ms" => value.as_u64().map(|_| "<time>"),
        "implementation_version" => text.map(|_| "<version>"),
        "room_code" => text.filter(|code| !code.starts_with(SCRIPT_CODES)).map(|_| "<code>"),
        _ => None,
    }
}

/// In a mesh the smaller of two ids takes the initiative: ids are random, the rule is not.
fn settle_initiative(plan: &mut Value, me: &str) {
    for peer in plan["peers"].as_array_mut().into_iter().flatten() {
        let expected = peer["player_id"].as_str().map(|peer| me < peer);
        let is_right = peer["initiate"].as_bool() == expected;
        peer["initiate"] = json!(if is_right { "the smaller id" } else { "against the rule" });
    }
}

/// Members of a room come in any order.
fn sort_by_name(value: &mut Value) {
    let name =
        |value: &Value| ["name", "player_name"].iter().find_map(|key| value[key].as_str().map(str::to_owned));
    match value {
        Value::Array(list) => {
            if list.iter().all(|item| name(item).is_some()) {
                list.sort_by_key(name);
            }
            list.iter_mut().for_each(sort_by_name);
        }
        Value::Object(object) => object.values_mut().for_each(sort_by_name),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn children(value: &Value) -> impl Iterator<Item = &Value> {
    let (list, object) = (value.as_array(), value.as_object());
    list.into_iter().flatten().chain(object.into_iter().flat_map(|object| object.values()))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// What comes before the sixteen bytes of the sender in a binary envelope.
const SENDER: &[u8] = b"from_player\xc4\x10";

/// Reasons that are tokens and no texts.
const REASONS: [&str; 5] = ["joined", "voluntary_leave", "disconnected", "removed", "room_closed"];

/// How the room codes begin that scripts choose: generated ones have no zero.
pub(crate) const SCRIPT_CODES: &str = "00";
