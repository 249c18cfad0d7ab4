//! Authenticate is always answered, in one order and in the shape of the version that it settles.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer};

use crate::server;

const V3_KEYS: [&str; 6] = [
    "protocol_version",
    "min_protocol_version",
    "max_protocol_version",
    "transports",
    "max_outbound_message_size",
    "implementation_version",
];

/// Sends Authenticate on a new connection to `path` and returns the `ProtocolInfo`.
#[track_caller]
fn negotiate(path: &str, authenticate: Value) -> Value {
    let server = server().start();
    let mut peer = Peer::connect(server.addr(), path, "Ada");
    peer.send("Authenticate", authenticate);
    peer.expect("Authenticated");
    let info = peer.expect("ProtocolInfo");
    peer.expect_silence();
    info
}

#[track_caller]
fn assert_v2_shape(info: &Value) {
    for key in V3_KEYS {
        assert_eq!(info.get(key), None, "{key} must not be written for version 2: {info}");
    }
}

#[track_caller]
fn assert_v3_shape(info: &Value) {
    assert_eq!(info["protocol_version"], 3, "{info}");
    assert_eq!(info["min_protocol_version"], 2, "{info}");
    assert_eq!(info["max_protocol_version"], 3, "{info}");
    assert_eq!(info["transports"], json!(["websocket"]), "{info}");
    assert_eq!(info["max_outbound_message_size"], 8_388_608, "{info}");
}

fn capabilities(info: &Value) -> Vec<&str> {
    let list = info["capabilities"].as_array().expect("capabilities is a list");
    list.iter().map(|name| name.as_str().expect("capabilities are text")).collect()
}

#[test]
fn the_answer_names_the_app_its_rates_and_the_rules() {
    let server = server().start();
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "Ada");
    peer.send("Authenticate", json!({"app_id": "any label", "sdk_version": "1.2.3"}));
    let authenticated = peer.expect("Authenticated");
    assert_eq!(authenticated["app_name"], "default");
    let rates = json!({"per_minute": 1000, "per_hour": 10_000, "per_day": 100_000});
    assert_eq!(authenticated["rate_limits"], rates);

    let info = peer.expect("ProtocolInfo");
    assert_v2_shape(&info);
    assert_eq!(info["sdk_version"], "1.2.3");
    assert_eq!(info["game_data_formats"], json!(["json", "message_pack"]));
    assert!(capabilities(&info).contains(&"spectator-mode"), "{info}");
    let rules = json!({
        "max_length": 32,
        "min_length": 1,
        "allow_unicode_alphanumeric": true,
        "allow_spaces": true,
        "allow_leading_trailing_whitespace": false,
        "allowed_symbols": ["-", "_"],
    });
    assert_eq!(info["player_name_rules"], rules);
    peer.expect_silence();
}

#[test]
fn version_3_is_chosen_by_asking_for_it() {
    let info = negotiate("/v2/ws", Dialect::V3.authenticate());
    assert_v3_shape(&info);
    assert_eq!(info["game_data_formats"], json!(["json", "message_pack"]));
    assert!(capabilities(&info).contains(&"spectator_relay"), "{info}");
}

#[test]
fn version_3_is_the_default_of_its_own_path() {
    assert_v3_shape(&negotiate("/v3/ws", json!({"app_id": "demo"})));
    assert_v2_shape(&negotiate("/v3/ws", json!({"app_id": "demo", "protocol_version": 2})));
    assert_v2_shape(&negotiate("/v2/ws", json!({"app_id": "demo", "protocol_version": null})));
}

#[test]
fn a_version_of_the_future_is_lowered_to_3() {
    assert_v3_shape(&negotiate("/v2/ws", json!({"app_id": "demo", "protocol_version": 65_535})));
}

#[test]
fn capabilities_name_only_what_works() {
    let names = ["room_operation_ids", "game_data_replay", "reconnection_token", "unheard-of"];
    let granted = |version: u16, wanted: &[&str]| {
        let asked = json!({"app_id": "demo", "protocol_version": version, "requested_capabilities": wanted});
        let info = negotiate("/v2/ws", asked);
        assert!(capabilities(&info).contains(&"reconnection"), "{info}");
        names.map(|name| capabilities(&info).contains(&name))
    };
    assert_eq!(granted(3, &[]), [false; 4]);
    assert_eq!(granted(3, &names), [true, true, true, false]);
    assert_eq!(granted(2, &names), [false, false, true, false], "protocol 2 has no other");
}

#[test]
fn a_version_of_the_past_is_refused_and_may_be_corrected() {
    let server = server().start();
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "Ada");
    peer.send("Authenticate", json!({"app_id": "demo", "protocol_version": 1}));
    peer.expect_refusal("AuthenticationError", "UNSUPPORTED_PROTOCOL_VERSION");
    peer.send("Authenticate", json!({"app_id": "demo", "protocol_version": 3}));
    peer.expect("Authenticated");
    assert_v3_shape(&peer.expect("ProtocolInfo"));
}

#[test]
fn a_format_that_is_not_offered_is_reported_first_and_replaced_by_json() {
    let server = server().start();
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "Ada");
    let authenticate = json!({"app_id": "demo", "protocol_version": 3, "game_data_format": "rkyv"});
    peer.send("Authenticate", authenticate);
    peer.expect_error("UNSUPPORTED_GAME_DATA_FORMAT");
    peer.expect("Authenticated");
    let info = peer.expect("ProtocolInfo");
    assert_eq!(info["game_data_formats"], json!(["json", "message_pack"]));
    peer.send_binary(&[0xC0]);
    peer.expect_error("INVALID_INPUT");
    peer.expect_silence();
}

#[test]
fn frames_that_mean_nothing_do_not_use_up_the_handshake() {
    let server = server().start();
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "Ada");
    for frame in [
        r#"{"type":"Authenticate","data":{"app_id":"demo","game_data_format":"xml"}}"#,
        r#"{"type":"Authenticate","data":{"app_id":"demo","protocol_version":65536}}"#,
        r#"{"type":"Authenticate","data":{"app_id":"demo","supported_transports":["pigeon"]}}"#,
        r#"{"type":"Authenticate","data":{"sdk_version":"0.14.0"}}"#,
        "hello",
    ] {
        peer.send_text(frame);
        peer.expect_error("INVALID_INPUT");
    }
    peer.send("Authenticate", Dialect::V3.authenticate());
    peer.expect("Authenticated");
    assert_v3_shape(&peer.expect("ProtocolInfo"));
}

#[test]
fn a_second_handshake_is_refused_and_changes_nothing() {
    let server = server().start();
    let mut peer = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    peer.send("Authenticate", Dialect::V3.authenticate());
    peer.expect_error("INVALID_INPUT");
    peer.send("JoinRoom", json!({"game_name": GAME, "player_name": "Ada"}));
    let snapshot = peer.expect("RoomJoined");
    assert_eq!(snapshot["current_players"][0].get("epoch"), None, "still version 2: {snapshot}");
}

#[test]
fn a_handshake_after_another_message_is_too_late() {
    let server = server().start();
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "Ada");
    peer.expect_silence();
    peer.send("Authenticate", Dialect::V2.authenticate());
    peer.expect_error("INVALID_INPUT");
    peer.expect_silence();
}

#[test]
fn without_a_handshake_the_path_decides() {
    let server = server().start();
    for (path, epoch) in [("/v2/ws", None), ("/v3/ws", Some(&json!(1)))] {
        let mut peer = Peer::connect(server.addr(), path, "Ada");
        peer.send("JoinRoom", json!({"game_name": GAME, "player_name": "Ada"}));
        let snapshot = peer.expect("RoomJoined");
        assert_eq!(snapshot["current_players"][0].get("epoch"), epoch, "{path}: {snapshot}");
        peer.expect("LobbyStateChanged");
    }
}

#[test]
fn without_an_allowlist_all_apps_meet() {
    let server = server().start();
    let mut silent = Peer::connect(server.addr(), "/v2/ws", "no handshake");
    silent.send("JoinRoom", json!({"game_name": GAME, "room_code": "OPEN01", "player_name": "Ada"}));
    silent.expect("RoomJoined");
    silent.expect("LobbyStateChanged");
    for (n_before, app) in ["demo", "another app"].into_iter().enumerate() {
        let mut peer = Peer::connect(server.addr(), "/v2/ws", app);
        peer.send("Authenticate", json!({"app_id": app}));
        peer.expect("Authenticated");
        peer.expect("ProtocolInfo");
        peer.send("JoinRoom", json!({"game_name": GAME, "room_code": "OPEN01", "player_name": app}));
        let snapshot = peer.expect("RoomJoined");
        let roster = snapshot["current_players"].as_array().expect("a roster");
        assert_eq!(roster.len(), 2, "{n_before} came and went: {snapshot}");
        silent.expect("PlayerJoined");
        peer.close();
        silent.expect("PlayerLeft");
    }
}

#[test]
fn an_sdk_that_is_too_old_for_its_platform_is_refused_and_may_be_corrected() {
    let server = server().start();
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "Ada");
    for version in [json!("1.9.9"), json!("soon"), json!(null)] {
        peer.send("Authenticate", json!({"app_id": "demo", "platform": "unity", "sdk_version": version}));
        peer.expect_refusal("AuthenticationError", "SDK_VERSION_UNSUPPORTED");
    }
    peer.send("Authenticate", json!({"app_id": "demo", "platform": "unity", "sdk_version": "1.10.0"}));
    peer.expect("Authenticated");
    assert_eq!(peer.expect("ProtocolInfo")["platform"], "unity");
}

#[test]
fn an_sdk_is_told_what_its_platform_should_have() {
    for (platform, minimum, recommended) in [
        ("unity", "1.10.0", Some("1.12.0")),
        ("godot", "0.9.0", None),
        ("godot-rust", "0.9.0", Some("0.9.2")),
    ] {
        let info = negotiate("/v2/ws", json!({"app_id": "x", "platform": platform, "sdk_version": "2.0.0"}));
        assert_eq!(info["minimum_version"], minimum, "{info}");
        assert_eq!(info.get("recommended_version"), recommended.map(Value::from).as_ref(), "{info}");
        for relay in ["relay-matchbox", "relay-mirror", "relay-fishnet"] {
            assert_eq!(capabilities(&info).contains(&relay), platform == "unity", "{info}");
        }
    }
    let info = negotiate("/v2/ws", json!({"app_id": "x", "platform": "toaster"}));
    assert_eq!((&info["platform"], info.get("minimum_version")), (&json!("toaster"), None));
}

#[test]
fn a_server_may_have_left_version_2_behind() {
    let server = server().set("protocol.min_protocol_version", json!(3)).start();
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "Ada");
    peer.send("Authenticate", json!({"app_id": "demo"}));
    peer.expect_refusal("AuthenticationError", "UNSUPPORTED_PROTOCOL_VERSION");
    peer.send("Authenticate", Dialect::V3.authenticate());
    peer.expect("Authenticated");
    assert_eq!(peer.expect("ProtocolInfo")["min_protocol_version"], 3);

    let mut silent = Peer::connect(server.addr(), "/v2/ws", "Bob");
    silent.send_unit("Ping");
    silent.expect_error("UNSUPPORTED_PROTOCOL_VERSION");
    silent.expect_close(Some(1000));
}

#[test]
fn an_app_id_that_cannot_be_one_ends_the_connection() {
    let server = server().start();
    for app_id in ["x".repeat(257), "tab\tbed".to_owned()] {
        let mut peer = Peer::connect(server.addr(), "/v2/ws", "Ada");
        peer.send("Authenticate", json!({"app_id": app_id}));
        let refusal = peer.expect_refusal("AuthenticationError", "INVALID_APP_ID");
        assert!(refusal["error"].as_str().is_some_and(|text| text.contains("malformed")), "{refusal}");
        peer.expect_close(Some(1000));
    }
}
