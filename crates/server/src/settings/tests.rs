//! Settings as operators write them: what is taken from where, and what is refused in which words.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::*;

mod layers;

/// Settings from inline JSON and environment variables.
fn load(inline: &str, variables: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let inline = [("SIGNAL_FISH_CONFIG_JSON", inline)];
    let environment =
        inline.iter().chain(variables).map(|(name, value)| (name.into(), value.into())).collect();
    Settings::load(&Sources { environment, ..Sources::default() })
}

fn loaded(inline: &str, variables: &[(&str, &str)]) -> Settings {
    load(inline, variables).unwrap_or_else(|problems| panic!("{problems}")).settings
}

/// The problems of these sources, one line each.
#[track_caller]
fn refused(inline: &str, variables: &[(&str, &str)], expected: &[&str]) {
    let problems = load(inline, variables).expect_err("there is something to mend").to_string();
    assert_eq!(problems.lines().collect::<Vec<_>>(), expected, "for {inline} {variables:?}");
}

/// Inline JSON with one key, given as a path.
fn one(key: &str, value: &Json) -> String {
    let wrap = |inner, name: &str| Json::from_iter([(name, inner)]);
    key.rsplit('.').fold(value.clone(), wrap).to_string()
}

/// A file of this test alone.
fn file(name: &str, content: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("signal-fish-{}-{name}", std::process::id()));
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn without_any_source_there_are_the_defaults() {
    let Loaded { settings, notices } = load("", &[]).unwrap();
    assert_eq!(settings, Settings::default());
    assert_eq!(notices, [""; 0]);
    assert_eq!((settings.port, settings.server.bind), (3536, IpAddr::V4(Ipv4Addr::LOCALHOST)));
}

#[test]
fn the_defaults_can_be_written_down_and_read_again() {
    let written = serde_json::to_string(&Settings::default()).unwrap();
    assert_eq!(loaded(&written, &[]), Settings::default());
}

#[test]
fn a_higher_source_wins() {
    let path = file("layers.json", r#"{"port": 1, "server": {"max_rooms": 11, "ping_timeout": 12}}"#);
    let variables =
        |names: &[(&str, &str)]| names.iter().map(|(name, value)| (name.into(), value.into())).collect();
    let mut sources = Sources { file: Some(path.clone()), ..Sources::default() };
    let check = |sources: &Sources, expected: (u16, usize, u32)| {
        let Settings { port, server, .. } = Settings::load(sources).unwrap().settings;
        assert_eq!((port, server.max_rooms.get(), server.ping_timeout), expected);
    };
    check(&sources, (1, 11, 12));
    let inline = ("SIGNAL_FISH_CONFIG_JSON", r#"{"port": 2, "server": {"max_rooms": 21}}"#);
    sources.environment = variables(&[inline]);
    check(&sources, (2, 21, 12));
    sources.environment = variables(&[inline, ("SIGNAL_FISH__PORT", "3")]);
    check(&sources, (3, 21, 12));
    sources.port = Some(4);
    check(&sources, (4, 21, 12));
    // The same file, named by the environment.
    let path = path.to_str().unwrap();
    check(
        &Sources { environment: variables(&[("SIGNAL_FISH_CONFIG_PATH", path)]), ..Sources::default() },
        (1, 11, 12),
    );
    fs::remove_file(path).unwrap();
}

#[test]
fn objects_are_merged_and_lists_replaced() {
    let settings = loaded(
        r#"{"protocol": {
            "player_name_validation": {"allowed_symbols": ["!"]},
            "sdk_compatibility": {"minimum_versions": {"unity": "2.0.0"}}
        }}"#,
        &[("SIGNAL_FISH__RELAY_TYPES__GAME_RELAY_MAPPINGS", r#"{"Space Tanks": "mirror"}"#)],
    );
    assert_eq!(settings.protocol.player_name_validation.allowed_symbols, ['!']);
    let versions = &settings.protocol.sdk_compatibility.minimum_versions;
    assert_eq!((versions["unity"].as_str(), versions["godot"].as_str()), ("2.0.0", "0.9.0"));
    assert_eq!(settings.relay_types.game_relay_mappings["Space Tanks"], "mirror");
}

#[test]
fn variables_are_json_or_else_text() {
    let settings = loaded(
        "{}",
        &[
            ("SIGNAL_FISH__server__BIND", "::1"),
            ("SIGNAL_FISH__SERVER", r#"{"max_rooms": 7}"#),
            ("SIGNAL_FISH__SERVER__ROOM_CODE_PREFIX", "\"42\""),
            ("SIGNAL_FISH__SERVER__DEFAULT_MAX_SPECTATORS", "null"),
            ("SIGNAL_FISH__PROTOCOL__PLAYER_NAME_VALIDATION__ALLOWED_SYMBOLS", "-,!"),
            ("SIGNAL_FISH__PROTOCOL__ENABLE_MESSAGE_PACK_GAME_DATA", " false "),
            ("SIGNAL_FISH__LOGGING__LEVEL", "debug"),
            ("SIGNAL_FISH_PORT", "tcp://10.0.0.1:3536"),
            ("SIGNAL_FISH_SERVICE_HOST", "10.0.0.1"),
        ],
    );
    assert_eq!(settings.server.bind.to_string(), "::1");
    assert_eq!(settings.server.max_rooms.get(), 7);
    assert_eq!(settings.server.room_code_prefix.as_deref(), Some("42"));
    assert_eq!(settings.protocol.player_name_validation.allowed_symbols, ['-', '!']);
    assert!(!settings.protocol.enable_message_pack_game_data);
    assert_eq!(settings.logging.level, Some(LogLevel::Debug));
    let unquoted = loaded("", &[("SIGNAL_FISH__SERVER__ROOM_CODE_PREFIX", "42")]);
    assert_eq!(unquoted.server.room_code_prefix.as_deref(), Some("42"));
}

#[test]
fn null_takes_back_what_a_lower_source_set() {
    let inline = one("server.room_code_prefix", &json!("EU"));
    assert_eq!(loaded(&inline, &[]).server.room_code_prefix.as_deref(), Some("EU"));
    let cleared = loaded(&inline, &[("SIGNAL_FISH__SERVER__ROOM_CODE_PREFIX", "null")]);
    assert_eq!(cleared.server.room_code_prefix, None);
}

#[test]
fn sources_that_cannot_be_read_are_named() {
    refused("{", &[], &["SIGNAL_FISH_CONFIG_JSON: not JSON: EOF while parsing an object at line 1 column 1"]);
    refused("[]", &[], &["SIGNAL_FISH_CONFIG_JSON: set a JSON object"]);
    refused(
        "",
        &[("SIGNAL_FISH_CONFIG_PATH", "/nowhere/a.json")],
        &["/nowhere/a.json: cannot be read: No such file or directory (os error 2)"],
    );
    let deep = format!("SIGNAL_FISH__{}", ["A"; 17].join("__"));
    refused("", &[(&deep, "1")], &[&format!("{deep}: no key is nested that deep")]);
    refused(
        "",
        &[("SIGNAL_FISH__PORT", "1"), ("SIGNAL_FISH__port", "2")],
        &["SIGNAL_FISH__port: the same key as SIGNAL_FISH__PORT, set only one of them"],
    );
    assert_eq!(loaded(" \n", &[]), Settings::default());
}

#[test]
fn old_names_still_work() {
    let apps = json!([{"app_id": "tanks", "app_name": "Tanks"}]);
    let inline = json!({"security": {"require_websocket_auth": true, "authorized_apps": apps}}).to_string();
    let security = loaded(&inline, &[]).security;
    assert!(security.enforce_app_id_allowlist);
    assert_eq!(security.allowed_apps[0].app_id, "tanks");
    // A higher source may use the other name.
    let variable = ("SIGNAL_FISH__SECURITY__ENFORCE_APP_ID_ALLOWLIST", "false");
    assert!(!loaded(&inline, &[variable]).security.enforce_app_id_allowlist);
    let twice =
        json!({"security": {"require_websocket_auth": true, "enforce_app_id_allowlist": true}}).to_string();
    refused(
        &twice,
        &[],
        &[
            "security.require_websocket_auth: the old name of `security.enforce_app_id_allowlist`, set only one of \
         them (from SIGNAL_FISH_CONFIG_JSON)",
        ],
    );
}

#[test]
fn unknown_keys_are_refused_with_a_guess() {
    for (key, guess) in [
        ("prot", Some("port")),
        ("servers", Some("server")),
        ("server.max_room", Some("server.max_rooms")),
        ("server.bnid", Some("server.bind")),
        ("websocket.max_message_size", Some("security.max_message_size")),
        ("max_rooms", Some("server.max_rooms")),
        ("protocol.player_name_validation.allow_space", Some("protocol.player_name_validation.allow_spaces")),
        ("server.colour", None),
        ("x", None),
    ] {
        let hint = guess.map_or(String::new(), |guess| format!(", did you mean `{guess}`?"));
        refused(
            &one(key, &json!(1)),
            &[],
            &[&format!("{key}: unknown key{hint} (from SIGNAL_FISH_CONFIG_JSON)")],
        );
    }
    refused(
        r#"{"server.bind": "::1"}"#,
        &[],
        &["server.bind: unknown key, write an object in an object (from SIGNAL_FISH_CONFIG_JSON)"],
    );
    let app = json!({"security": {"allowed_apps": [{"app_id": "a", "app_nam": "A"}]}}).to_string();
    refused(
        &app,
        &[],
        &[
            "security.allowed_apps[0].app_nam: unknown key, did you mean `security.allowed_apps[].app_name`? (from \
         SIGNAL_FISH_CONFIG_JSON)",
            "security.allowed_apps[0].app_name: is missing, set text (from SIGNAL_FISH_CONFIG_JSON)",
        ],
    );
}

#[test]
fn features_of_the_published_server_are_refused_not_ignored() {
    for (key, value, why) in [
        ("security.transport.token_binding.scheme", json!("other"), "there is one scheme"),
        ("security.transport.token_binding.subprotocol", json!("other"), "there is one subprotocol"),
    ] {
        let advice = format!("{key}: not supported by this release: {why} (from SIGNAL_FISH_CONFIG_JSON)");
        refused(&one(key, &value), &[], &[&advice]);
    }
}

#[test]
fn keys_of_the_published_server_that_ask_for_nothing_are_only_noted() {
    for (key, value, why) in [
        ("server.room_cleanup_interval", json!(1), "every room keeps its own deadline"),
        ("security.require_metrics_auth", json!(false), "there is no metrics endpoint to set up"),
        ("metrics", json!({"dashboard_cache_ttl_secs": 30}), "there is no metrics endpoint to set up"),
    ] {
        let Loaded { settings, notices } = load(&one(key, &value), &[]).unwrap();
        assert_eq!(settings, Settings::default());
        assert_eq!(notices, [format!("{key} does nothing here: {why}")]);
    }
}

#[test]
fn every_type_and_bound_is_held() {
    let whole = |range: &str| format!("set a whole number{range}");
    for (key, value, wanted) in [
        ("port", json!(65_536), whole(" from 0 to 65535")),
        ("port", json!(-1), whole(" from 0 to 65535")),
        ("port", json!(1.5), whole(" from 0 to 65535")),
        ("port", json!("3536"), whole(" from 0 to 65535")),
        ("port", json!(null), whole(" from 0 to 65535")),
        ("server", json!(null), "set an object".to_owned()),
        ("server.bind", json!("localhost"), "set an IP address".to_owned()),
        ("server.default_max_players", json!(0), whole(" from 1 to 255")),
        ("server.ping_timeout", json!(4_294_967_296_u64), whole(" from 0 to 4294967295")),
        ("server.max_rooms", json!(0), whole(", at least 1")),
        ("server.reconnection_window", json!(0), whole(" from 1 to 4294967295")),
        ("server.event_buffer_size", json!(65_537), whole(" from 0 to 65536")),
        ("server.default_max_spectators", json!(256), "set null or a whole number from 0 to 255".to_owned()),
        ("rate_limit.max_room_creations", json!(0), whole(" from 1 to 4294967295")),
        ("protocol.room_code_length", json!(33), whole(" from 1 to 32")),
        ("protocol.max_game_name_length", json!(0), whole(" from 1 to 1024")),
        ("protocol.min_protocol_version", json!(1), whole(" from 2 to 3")),
        ("protocol.enable_message_pack_game_data", json!("yes"), "set true or false".to_owned()),
        (
            "protocol.player_name_validation.allowed_symbols",
            json!("-"),
            "set a list, each entry one character".to_owned(),
        ),
        ("protocol.sdk_compatibility.notes", json!([]), "set an object, each value text".to_owned()),
        ("security.max_outbound_message_size", json!(67_108_865), whole(" from 1024 to 67108864")),
        ("security.allowed_apps", json!("tanks"), "set a list, each entry an object".to_owned()),
        ("websocket.auth_timeout_secs", json!(4), whole(" from 5 to 60")),
        ("websocket.auth_timeout_secs", json!(61), whole(" from 5 to 60")),
        ("websocket.server_ping_interval_secs", json!(3_601), whole(" from 0 to 3600")),
        ("websocket.slow_consumer_timeout_ms", json!(0), whole(" from 1 to 600000")),
        ("logging.level", json!("loud"), "set null or trace or debug or info or warn or error".to_owned()),
        ("logging.format", json!("xml"), "set null or json or text".to_owned()),
        ("session.default_topology", json!("star"), "set mesh or host or relay".to_owned()),
        (
            "session.game_topology_mappings",
            json!([]),
            "set an object, each value mesh or host or relay".to_owned(),
        ),
        ("turn.credential_ttl_secs", json!(86_401), whole(" from 1 to 86400")),
        ("runtime.worker_threads", json!(0), "set null or a whole number from 1 to 1024".to_owned()),
    ] {
        let expected = format!("{key}: {wanted}, not {value} (from SIGNAL_FISH_CONFIG_JSON)");
        refused(&one(key, &value), &[], &[&expected]);
    }
    refused(
        &one("protocol.player_name_validation.allowed_symbols", &json!(["-", "ab"])),
        &[],
        &["protocol.player_name_validation.allowed_symbols[1]: set one character, not \"ab\" (from \
         SIGNAL_FISH_CONFIG_JSON)"],
    );
}

#[test]
fn secrets_are_not_shown() {
    let credential = one("session.ice_servers", &json!([{"urls": ["turn:a"], "credential": 4711}]));
    refused(
        &credential,
        &[("SIGNAL_FISH__TURN", r#"{"static_auth_secret": 4711}"#)],
        &[
            "session.ice_servers[0].credential: set null or text, not what it is (from SIGNAL_FISH_CONFIG_JSON)",
            "turn.static_auth_secret: set text, not what it is (from SIGNAL_FISH__TURN)",
        ],
    );
    let ice = json!([{"urls": ["turn:a"], "username": "ada", "credential": "north wind"}]);
    let turn = json!({"enabled": true, "urls": ["turn:b"], "static_auth_secret": "north wind"});
    let settings = loaded(&json!({"session": {"ice_servers": ice}, "turn": turn}).to_string(), &[]);
    let plan = Plan::new(&settings).unwrap();
    assert!(!format!("{settings:?} {plan:?}").contains("north wind"));
}

#[test]
fn all_problems_are_told_at_once() {
    let inline = json!({"port": "a", "server": {"max_rooms": 0}, "websocket": {"turbo": true}}).to_string();
    refused(
        &inline,
        &[("SIGNAL_FISH__SERVER__PING_TIMEOUT", "soon")],
        &[
            "port: set a whole number from 0 to 65535, not \"a\" (from SIGNAL_FISH_CONFIG_JSON)",
            "server.max_rooms: set a whole number, at least 1, not 0 (from SIGNAL_FISH_CONFIG_JSON)",
            "server.ping_timeout: set a whole number from 0 to 4294967295, not \"soon\" (from \
         SIGNAL_FISH__SERVER__PING_TIMEOUT)",
            "websocket.turbo: unknown key (from SIGNAL_FISH_CONFIG_JSON)",
        ],
    );
}

#[test]
fn capabilities_that_only_the_server_can_grant_are_left_out() {
    let capabilities = r#"{"protocol": {"sdk_compatibility": {"capabilities":
        {"_default": ["chat", "room_operation_ids"], "unity": ["reconnection"]}}}}"#;
    let Loaded { settings, notices } = load(capabilities, &[]).unwrap();
    let (of_all, sdks) = settings.protocol.sdk_compatibility.table(&mut Problems::default());
    assert_eq!(of_all, ["chat"]);
    assert_eq!(sdks.platforms["unity"].capabilities, [""; 0]);
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].contains("room_operation_ids") && notices[1].contains("reconnection"), "{notices:?}");
}

#[test]
fn variables_are_found_in_any_case_and_near_misses_are_named() {
    for name in ["SIGNAL_FISH__PORT", "signal_fish__port", "Signal_Fish__Port"] {
        let Loaded { settings, notices } = load("", &[(name, "4061")]).unwrap();
        assert_eq!((settings.port, notices), (4061, Vec::new()), "{name}");
    }
    for name in ["SIGNAL_FISH_PORT", "signal_fish_server__port"] {
        let Loaded { settings, notices } = load("", &[(name, "4061")]).unwrap();
        assert_eq!(settings.port, 3536, "{name}");
        assert!(notices[0].contains(name), "{notices:?}");
    }
}
