//! What of new settings a running server takes over, and what needs a restart.

use serde_json::Value as Json;

use super::Settings;
use super::reference::Key;

/// What became of settings that a running server was told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reloaded {
    /// The keys that have other values from now on, and those of files with other content.
    pub applied: Vec<String>,
    /// The keys that have other values too, which come into force at the next start.
    pub needs_restart: Vec<String>,
    /// What the operator should know although it keeps nothing from working.
    pub notices: Vec<String>,
}

/// See [`Settings::updated`].
pub(super) fn update(current: &Settings, wanted: &Settings) -> (Settings, Reloaded) {
    let [mut updated, wanted] =
        [current, wanted].map(|settings| serde_json::to_value(settings).expect("settings have a JSON form"));
    let mut reloaded = Reloaded::default();
    for Key { path, is_live, .. } in Key::all() {
        let pointer = format!("/{}", path.replace('.', "/"));
        // Entries of lists have keys of their own, but a list changes as a whole.
        let (Some(ours), Some(theirs)) = (updated.pointer_mut(&pointer), wanted.pointer(&pointer)) else {
            continue;
        };
        if ours != theirs {
            if is_live {
                Json::clone_from(ours, theirs);
            }
            let keys = if is_live { &mut reloaded.applied } else { &mut reloaded.needs_restart };
            keys.push(path);
        }
    }
    (serde_json::from_value(updated).expect("each value is from settings"), reloaded)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys that can change in a running server, as far as they are not whole sections.
    #[test]
    fn what_a_running_server_takes_over_is_marked() {
        let live = |path: &str| Key::all().into_iter().find(|key| key.path == path).map(|key| key.is_live);
        for path in [
            "security.allowed_apps",
            "security.connect_token.jwt.jwks_path",
            "security.cors_origins",
            "security.transport.tls.certificate_path",
            "rate_limit.max_join_attempts",
            "turn.static_auth_secret",
            "session.ice_servers",
            "server.drain_grace_secs",
            "logging.level",
        ] {
            assert_eq!(live(path), Some(true), "{path}");
        }
        for path in [
            "port",
            "server.bind",
            "security.transport.tls.enabled",
            "security.max_message_size",
            "rate_limit.max_room_relay_bytes",
            "storage.encryption_keys",
            "websocket.enable_batching",
            "websocket.batch_interval_ms",
            "websocket.batch_size",
            "runtime.worker_threads",
            "logging.format",
        ] {
            assert_eq!(live(path), Some(false), "{path}");
        }
    }

    #[test]
    fn live_keys_are_taken_over_and_others_are_named() {
        let current = Settings::default();
        let mut wanted = Settings { port: 1, ..current.clone() };
        wanted.server.max_rooms = nonzero!(7);
        wanted.turn.static_auth_secret = "new".to_owned().into();
        wanted.websocket.socket_send_buffer_bytes = 1;
        let (updated, reloaded) = current.updated(&wanted);
        assert_eq!(reloaded.applied, ["server.max_rooms", "turn.static_auth_secret"]);
        assert_eq!(reloaded.needs_restart, ["port", "websocket.socket_send_buffer_bytes"]);
        assert_eq!((updated.port, updated.server.max_rooms.get()), (3_536, 7));
        assert_eq!(updated.turn, wanted.turn);
        assert_eq!(updated.updated(&updated).1, Reloaded::default());
    }
}
