//! Every key there is: what may be set, the default, the variable of its name and what it is for.

use serde_json::Value as Json;
use strsim::osa_distance;

use super::Settings;
use super::schema::{expected, schema};

/// One key, as the reference page shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Its path, `server.bind` for one. `[]` stands for each entry of a list.
    pub path: String,
    /// What may be set, in words: type and bounds.
    pub expected: String,
    /// The default as JSON, unless the key belongs to an entry of a list.
    pub default: Option<String>,
    /// What it is for.
    pub meaning: String,
    /// Whether a running server takes it over from settings that are read again.
    pub is_live: bool,
}

impl Key {
    /// Every key, by path.
    pub fn all() -> Vec<Self> {
        let mut keys = Vec::new();
        let defaults = serde_json::to_value(Settings::default()).expect("settings have a JSON form");
        collect("", &schema(), Some(&defaults), false, &mut keys);
        keys.sort_by(|a, b| a.path.cmp(&b.path));
        keys
    }

    /// The environment variable that sets it; entries of a list have none.
    pub fn variable(&self) -> Option<String> {
        let name = || format!("SIGNAL_FISH__{}", self.path.replace('.', "__").to_uppercase());
        (!self.path.contains("[]")).then(name)
    }
}

/// The key or section that was probably meant: spelt nearly like it, or called the same in another section.
pub(super) fn similar(unknown: &str) -> Option<String> {
    let (section, name) = parts(unknown);
    // Of two that are as near, rather a key of its own than one in the entries of a list.
    let distance =
        |path: &String| (osa_distance(parts(path).1, name), parts(path).0 != section, path.contains("[]"));
    let keys = Key::all();
    let sections = keys.iter().map(|key| parts(&key.path).0.to_owned());
    let known = keys.iter().map(|key| key.path.clone()).chain(sections);
    let nearest = known.min_by_key(distance)?;
    // One typing error in three characters still looks like the same word.
    (distance(&nearest).0 <= name.chars().count() / 3).then_some(nearest)
}

/// Section and name.
fn parts(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// The keys below `path`. What is said of a section holds for all in it that say nothing else of themselves.
fn collect(path: &str, schema: &Json, default: Option<&Json>, is_live: bool, keys: &mut Vec<Key>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let default = default.map(|default| &default[name]);
        let is_live = property["x-live"].as_bool().unwrap_or(is_live);
        if property["properties"].is_object() {
            collect(&path, property, default, is_live, keys);
            continue;
        }
        collect(&format!("{path}[]"), &property["items"], None, is_live, keys);
        keys.push(Key {
            path,
            expected: expected(property),
            default: default.map(Json::to_string),
            meaning: property["description"].as_str().unwrap_or_default().replace('\n', " "),
            is_live,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_says_what_may_be_set_and_what_it_is_for() {
        let keys = Key::all();
        for key in &keys {
            assert!(!key.meaning.is_empty() && !key.expected.is_empty(), "{key:?}");
        }
        let found = keys.iter().find(|key| key.path == "websocket.auth_timeout_secs").unwrap();
        assert_eq!(found.expected, "a whole number from 5 to 60");
        assert_eq!(found.default.as_deref(), Some("10"));
        assert_eq!(found.variable().as_deref(), Some("SIGNAL_FISH__WEBSOCKET__AUTH_TIMEOUT_SECS"));
        let entry = keys.iter().find(|key| key.path == "security.allowed_apps[].app_id").unwrap();
        assert_eq!((entry.variable(), &entry.default), (None, &None));
    }
}
