//! Keys of the published server 0.12 that this release does not have. What asks for something that is not here is
//! refused: who asks for another kind of token binding must not get a server without.

use serde_json::Value as Json;

/// What becomes of a key that only the published server has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It asks for nothing that would be missed; why.
    Harmless(&'static str),
    /// It asks for something that is not here; what.
    Refused(&'static str),
}

/// Judges `value` of a key; nothing if the published server has no such key either.
pub(super) fn fate(key: &str, value: &Json) -> Option<Fate> {
    let pattern = without_indices(key);
    let is_in = |known: &str| {
        pattern.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let known = KEYS.iter().filter(|(known, ..)| is_in(known)).max_by_key(|(known, ..)| known.len())?;
    let (_, harmless, why) = known;
    let is_harmless = match harmless {
        Harmless::Always => true,
        Harmless::Off => is_empty(value) || *value == false || *value == 0,
        Harmless::Only(text) => is_empty(value) || *value == *text,
    };
    Some(if is_harmless { Fate::Harmless(why) } else { Fate::Refused(why) })
}

/// Whether keys below this one are judged by themselves.
pub(super) fn is_section(key: &str) -> bool {
    let is_below = |known: &str| known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    KEYS.iter().any(|(known, ..)| is_below(known))
}

/// `security.allowed_apps[3].max_rooms` without its `[3]`.
fn without_indices(key: &str) -> String {
    let parts: Vec<_> = key.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect();
    parts.join(".")
}

fn is_empty(value: &Json) -> bool {
    matches!(value.to_string().as_str(), "null" | "[]" | "{}" | "\"\"")
}

/// Which values of a key ask for nothing, besides those that are empty.
enum Harmless {
    Always,
    /// `false` and 0.
    Off,
    /// This text.
    Only(&'static str),
}

use Harmless::{Always, Off, Only};

const NO_METRICS: &str = "there is no metrics endpoint to set up";
const NO_FILES: &str = "logs go to stderr";

/// Key or section; which values ask for nothing; why that is so, or what is missing. The longest entry counts.
#[rustfmt::skip]
const KEYS: [(&str, Harmless, &str); 17] = [
    ("coordination", Always, "the published server never reads it either"),
    ("environment", Always, "there is no production mode"),
    ("logging.dir", Always, NO_FILES),
    ("logging.enable_file_logging", Off, NO_FILES),
    ("logging.filename", Always, NO_FILES),
    ("logging.rotation", Always, NO_FILES),
    ("metrics", Always, NO_METRICS),
    ("security.allowed_apps.app_secret", Always, "the app id is public, secrets were never checked"),
    ("security.metrics_auth_token", Always, NO_METRICS),
    ("security.require_metrics_auth", Always, NO_METRICS),
    ("security.transport.token_binding.scheme", Only("server_nonce_hkdf_sha256"), "there is one scheme"),
    ("security.transport.token_binding.subprotocol", Only("signalfish.tokenbinding.v2"), "there is one subprotocol"),
    ("server.heartbeat_db_throttle_secs", Always, "activity is not throttled"),
    ("server.heartbeat_throttle_secs", Always, "activity is not throttled"),
    ("server.region_id", Always, "no client sees it"),
    ("server.room_cleanup_interval", Always, "every room keeps its own deadline"),
    ("websocket.control_queue_capacity", Always, "all that waits for a connection has one limit"),
];
