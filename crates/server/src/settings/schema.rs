//! Holds settings to their JSON Schema: which keys there are, of what type, within which bounds.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use config::{Map, Value, ValueKind};
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::Settings;
use super::problem::Problems;
use super::published::{self, Fate};
use super::reference;
use super::sources::tree;

/// The JSON Schema of all settings, without references.
pub(super) fn schema() -> Json {
    let settings = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Settings>().to_value()
}

/// What is to be said about a tree of settings.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Problems,
    /// Keys that were accepted although they do nothing here, and why.
    pub(super) notices: Vec<String>,
}

/// Checks all settings, and takes out of them what is accepted but does nothing.
pub(super) fn check(settings: &mut Value) -> Findings {
    let mut findings = Findings::default();
    findings.visit("", &schema(), settings);
    findings
}

/// Checks settings that did not come from a source: only their bounds can be broken.
pub(super) fn check_whole(settings: &Settings) -> Problems {
    let settings = serde_json::to_value(settings).expect("settings have a JSON form");
    check(&mut tree(None, &settings)).problems
}

impl Findings {
    fn visit(&mut self, key: &str, schema: &Json, value: &mut Value) {
        let origin = value.origin().map(str::to_owned);
        let (members, items) = (&schema["additionalProperties"], &schema["items"]);
        if let ValueKind::Table(table) = &mut value.kind
            && schema["properties"].is_object()
        {
            self.visit_object(key, schema, table, origin.as_deref());
        } else if let ValueKind::Table(map) = &mut value.kind
            && members.is_object()
        {
            for (name, member) in sorted(map) {
                self.visit(&join(key, name), members, member);
            }
        } else if let ValueKind::Array(list) = &mut value.kind
            && items.is_object()
        {
            for (index, item) in list.iter_mut().enumerate() {
                self.visit(&format!("{key}[{index}]"), items, item);
            }
        } else {
            let json = json(value);
            if !fits(schema, &json) {
                let secret = without_null(schema)["writeOnly"] == true;
                let found = if secret { "what it is".to_owned() } else { json.to_string() };
                let advice = format!("set {}, not {found}", expected(schema));
                self.problems.add_from(origin.as_deref(), key, advice);
            }
        }
    }

    fn visit_object(
        &mut self,
        key: &str,
        schema: &Json,
        table: &mut Map<String, Value>,
        origin: Option<&str>,
    ) {
        let properties = &schema["properties"];
        let mut unknown = Vec::new();
        for (name, member) in sorted(table) {
            match properties.get(name) {
                Some(property) => self.visit(&join(key, name), property, member),
                None => unknown.push(name.clone()),
            }
        }
        for name in unknown {
            let value = table.remove(&name).expect("the name was just seen");
            self.visit_unknown(&join(key, &name), &value);
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !table.contains_key(name) {
                let advice = format!("is missing, set {}", expected(&properties[name]));
                self.problems.add_from(origin, join(key, name), advice);
            }
        }
    }

    /// A key that does not exist here. It may exist in the published server: then each key below it is judged.
    fn visit_unknown(&mut self, key: &str, value: &Value) {
        if let ValueKind::Table(members) = &value.kind
            && published::is_section(key)
        {
            for (name, member) in sorted(&mut members.clone()) {
                self.visit_unknown(&join(key, name), member);
            }
            return;
        }
        let advice = match published::fate(key, &json(value)) {
            Some(Fate::Harmless(why)) => {
                self.notices.push(format!("{key} does nothing here: {why}"));
                return;
            }
            Some(Fate::Refused(why)) => format!("not supported by this release: {why}"),
            None => {
                let hint = reference::similar(key).map(|key| format!(", did you mean `{key}`?"));
                format!("unknown key{}", hint.unwrap_or_default())
            }
        };
        self.problems.add_from(origin(value), key, advice);
    }
}

/// What may be set, in words.
pub(super) fn expected(schema: &Json) -> String {
    let plain = without_null(schema);
    let words = match plain["type"].as_str().or(plain["type"][0].as_str()) {
        _ if !tokens(plain).is_empty() => tokens(plain).join(" or "),
        Some("boolean") => "true or false".to_owned(),
        Some("integer") => match bounds(plain).into_inner() {
            (least, most) if most == SIZE_MAX => format!("a whole number, at least {least}"),
            (least, most) => format!("a whole number from {least} to {most}"),
        },
        Some("string") if plain["format"] == "ip" => "an IP address".to_owned(),
        Some("string") if plain["maxLength"] == 1 => "one character".to_owned(),
        Some("string") => "text".to_owned(),
        Some("array") => format!("a list, each entry {}", expected(&plain["items"])),
        Some("object") if plain["additionalProperties"].is_object() => {
            format!("an object, each value {}", expected(&plain["additionalProperties"]))
        }
        _ => "an object".to_owned(),
    };
    if is_nullable(schema) { format!("null or {words}") } else { words }
}

/// Whether nothing but a text may be set, beside null.
pub(super) fn expects_text(schema: &Json) -> bool {
    let schema = without_null(schema);
    tokens(schema).is_empty() && (schema["type"] == "string" || schema["type"][0] == "string")
}

fn fits(schema: &Json, value: &Json) -> bool {
    if value.is_null() {
        return is_nullable(schema);
    }
    let schema = without_null(schema);
    let tokens = tokens(schema);
    if !tokens.is_empty() {
        return value.as_str().is_some_and(|text| tokens.contains(&text));
    }
    match schema["type"].as_str().or(schema["type"][0].as_str()) {
        Some("boolean") => value.is_boolean(),
        Some("integer") => {
            let number = value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
            number.is_some_and(|number| bounds(schema).contains(&number))
        }
        Some("string") => value.as_str().is_some_and(|text| {
            let n_chars_max = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
            let is_ip = schema["format"] != "ip" || text.parse::<IpAddr>().is_ok();
            is_ip && (n_chars_max == u64::MAX || text.chars().count() as u64 == n_chars_max)
        }),
        // An object or a list, which the value is not.
        _ => false,
    }
}

fn bounds(schema: &Json) -> RangeInclusive<i128> {
    let bound = |name: &str| schema[name].as_u64().map(i128::from);
    let type_max = if schema["format"] == "uint32" { u32::MAX.into() } else { SIZE_MAX };
    bound("minimum").unwrap_or(0)..=bound("maximum").unwrap_or(type_max)
}

const SIZE_MAX: i128 = usize::MAX as i128;

/// The allowed texts, where only some are.
fn tokens(schema: &Json) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten().map(|one| &one["const"]);
    listed.chain(described).filter_map(Json::as_str).collect()
}

pub(super) fn is_nullable(schema: &Json) -> bool {
    let among = |list: &Json, is_null: fn(&Json) -> bool| {
        list.as_array().is_some_and(|items| items.iter().any(is_null))
    };
    among(&schema["type"], |kind| kind == "null") || among(&schema["anyOf"], |one| one["type"] == "null")
}

/// The alternative that is not null, where null is the other one.
pub(super) fn without_null(schema: &Json) -> &Json {
    let mut alternatives = schema["anyOf"].as_array().into_iter().flatten();
    alternatives.find(|one| one["type"] != "null").unwrap_or(schema)
}

/// A table that was merged has no origin of its own.
fn origin(value: &Value) -> Option<&str> {
    if let ValueKind::Table(members) = &value.kind {
        return members.values().filter_map(origin).min();
    }
    value.origin()
}

fn json(value: &Value) -> Json {
    value.clone().try_deserialize().expect("settings come from JSON")
}

fn join(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// In one order, so that findings are.
fn sorted(map: &mut Map<String, Value>) -> Vec<(&String, &mut Value)> {
    let mut members: Vec<_> = map.iter_mut().collect();
    members.sort_by_key(|(name, _)| *name);
    members
}
