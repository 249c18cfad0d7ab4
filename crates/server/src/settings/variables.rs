//! Which key a variable sets, and to what.

use serde_json::Value as Json;

use super::schema::{expects_text, is_nullable, without_null};

/// The key that a variable sets, from its name without the prefix. Names are in whatever case; below a map, whose keys
/// are the operator's own, a name in mixed case is kept as it is.
pub(super) fn path(name: &str, schema: &Json) -> Vec<String> {
    let mut schema = Some(schema);
    let mut is_own = false;
    let mut path = Vec::new();
    for part in name.split("__").filter(|part| !part.is_empty()) {
        let is_shouted = !part.contains(|c: char| c.is_lowercase());
        let part = if is_own && !is_shouted { part.to_owned() } else { part.to_lowercase() };
        schema = schema.and_then(|schema| below(schema, &part));
        is_own = schema.is_some_and(|schema| schema["additionalProperties"].is_object());
        path.push(part);
    }
    path
}

/// The value of a variable: JSON if it is that, else text. Where only text can be meant, a number is text too.
pub(super) fn value(path: &[String], value: &str, schema: &Json) -> Json {
    let value = value.trim();
    let key = path.iter().try_fold(schema, |schema, part| below(schema, part));
    let is_text = key.is_some_and(expects_text);
    match serde_json::from_str(value) {
        Ok(Json::Null) if is_text && !key.is_some_and(is_nullable) => value.into(),
        Ok(Json::Number(_) | Json::Bool(_)) if is_text => value.into(),
        Ok(json) => json,
        Err(_) if path == SYMBOLS => value.split(',').collect(),
        Err(_) => value.into(),
    }
}

fn below<'a>(schema: &'a Json, part: &str) -> Option<&'a Json> {
    let schema = without_null(schema);
    schema["properties"]
        .get(part)
        .or_else(|| Some(&schema["additionalProperties"]).filter(|map| map.is_object()))
}

/// The one list that may be written as a comma list in a variable.
const SYMBOLS: [&str; 3] = ["protocol", "player_name_validation", "allowed_symbols"];
