//! Settings as they may be shown: without secrets.

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::Settings;
use super::schema::{schema, without_null};

/// See [`Settings::redacted`].
pub(super) fn redacted(settings: &Settings) -> Json {
    let mut json = serde_json::to_value(settings).expect("settings have a JSON form");
    redact("", &schema(), &mut json, &mut Vec::new());
    json
}

/// See [`Settings::evidence`].
pub(super) fn evidence(settings: &Settings) -> Json {
    let mut effective = serde_json::to_value(settings).expect("settings have a JSON form");
    let mut secrets = Vec::new();
    redact("", &schema(), &mut effective, &mut secrets);
    effective.sort_all_objects();
    let hash = Sha256::digest(effective.to_string());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({"effective_sha256": hash, "secrets_set": secrets, "effective": effective})
}

fn redact(key: &str, schema: &Json, value: &mut Json, secrets: &mut Vec<String>) {
    let schema = without_null(schema);
    let join = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match value {
        Json::Object(members) => {
            for (name, member) in members {
                let below = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
                redact(&join(name), below, member, secrets);
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                redact(&format!("{key}[{index}]"), &schema["items"], item, secrets);
            }
        }
        Json::String(text) if schema["writeOnly"] == true && !text.is_empty() => {
            REDACTED.clone_into(text);
            secrets.push(key.to_owned());
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

const REDACTED: &str = "<redacted>";

#[cfg(test)]
mod tests {
    use super::*;

    fn with_secrets(text: &str) -> Settings {
        let ice = json!([{"urls": ["turn:a"], "username": "ada", "credential": text}, {"urls": ["stun:a"]}]);
        let settings = json!({
            "session": {"ice_servers": ice},
            "turn": {"static_auth_secret": text},
            "storage": {"encryption_keys": [{"id": "a", "key": text}]},
        });
        serde_json::from_value(settings).unwrap()
    }

    #[test]
    fn no_secret_is_shown_and_none_can_be_guessed_from_the_evidence() {
        let [one, other] = ["north wind", "south wind"].map(|text| with_secrets(text).evidence());
        assert_eq!(one, other, "nothing in it depends on secrets");
        assert!(
            !one.to_string().contains("north wind")
                && !with_secrets("north wind").redacted().to_string().contains("north wind")
        );
        let set = [
            "session.ice_servers[0].credential",
            "storage.encryption_keys[0].key",
            "turn.static_auth_secret",
        ];
        assert_eq!(one["secrets_set"], json!(set));
        assert_eq!(one["effective"]["turn"]["static_auth_secret"], REDACTED);
        assert_eq!(one["effective"]["session"]["ice_servers"][0]["username"], "ada");
        assert_ne!(one["effective_sha256"], Settings::default().evidence()["effective_sha256"]);
        assert_eq!(Settings::default().redacted(), serde_json::to_value(Settings::default()).unwrap());
    }
}
