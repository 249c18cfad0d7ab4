//! Text that is no message: refused with one code, and nothing else happens.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer, gather};

use crate::bystanders::Bystanders;
use crate::server;

/// Each text is refused to a player of either version, who stays, and no one else hears of it.
#[track_caller]
fn assert_malformed<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) {
    let mut bystanders = Bystanders::gather();
    let mut offenders =
        [Dialect::V2, Dialect::V3].map(|dialect| Peer::authenticated(bystanders.addr(), "roomless", dialect));
    let mut seated = bystanders.offender(Dialect::V3);
    for text in texts {
        for offender in offenders.iter_mut().chain([&mut seated]) {
            offender.send_text(text.as_ref());
            offender.expect_error("INVALID_INPUT");
        }
    }
    for offender in offenders.iter_mut().chain([&mut seated]) {
        offender.expect_silence();
    }
    bystanders.finish();
}

/// As [`assert_malformed`], for data that does not fit the type of the message.
#[track_caller]
fn assert_ill_fitting<const N: usize>(messages: [(&str, Value); N]) {
    assert_malformed(messages.map(|(message, data)| json!({"type": message, "data": data}).to_string()));
}

#[test]
fn what_is_not_json_is_refused() {
    assert_malformed([
        "",
        " ",
        "\0",
        "hello",
        "{",
        "{'type':'Ping'}",
        "{type:\"Ping\"}",
        r#"{"type":"Ping",}"#,
        r#"{"type":"Ping"}}"#,
        r#"{"type":"Ping"} {"type":"Ping"}"#,
        "\u{FEFF}{\"type\":\"Ping\"}",
        r#"{"type":"Ping""#,
        r#"{"type":"Pi\ng"#,
    ]);
}

#[test]
fn json_that_is_no_message_is_refused() {
    assert_malformed([
        "null",
        "true",
        "7",
        r#""Ping""#,
        "[]",
        r#"["Ping"]"#,
        r#"["Ping",null]"#,
        r#"["GameData",{"data":1}]"#,
        "{}",
        r#"{"data":{}}"#,
        r#"{"Type":"Ping"}"#,
        r#"{"Ping":null}"#,
        r#"{"type":null}"#,
        r#"{"type":7}"#,
        r#"{"type":["Ping"]}"#,
        r#"{"type":{"Ping":{}}}"#,
        r#"{"type":"Ping","type":"Ping"}"#,
    ]);
}

#[test]
fn unknown_types_are_refused() {
    let long = format!(r#"{{"type":"{}"}}"#, "Ping".repeat(10_000));
    assert_malformed([
        r#"{"type":""}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"Ping "}"#,
        r#"{"type":"Kick","data":{"player_id":"00000000-0000-4000-8000-000000000000"}}"#,
        // What only a server says.
        r#"{"type":"Pong"}"#,
        r#"{"type":"RoomLeft"}"#,
        r#"{"type":"PlayerJoined","data":{"player":{}}}"#,
        &long,
    ]);
}

#[test]
fn data_must_be_there_exactly_if_the_message_has_some() {
    assert_malformed([
        r#"{"type":"GameData"}"#,
        r#"{"type":"GameData","data":null}"#,
        r#"{"type":"GameData","data":{}}"#,
        r#"{"type":"JoinRoom"}"#,
        r#"{"type":"AuthorityRequest","data":{}}"#,
        r#"{"type":"ProvideConnectionInfo","data":{}}"#,
        r#"{"type":"LeaveRoom","data":{}}"#,
        r#"{"type":"PlayerReady","data":true}"#,
        r#"{"type":"StartGame","data":[]}"#,
        r#"{"type":"Ping","data":"Ping"}"#,
    ]);
    let server = server().start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    ada.send_text(r#"{"type":"Ping","data":null}"#);
    ada.expect("Pong");
}

#[test]
fn members_must_be_there_and_have_their_types() {
    assert_ill_fitting([
        ("JoinRoom", json!("tanks")),
        ("JoinRoom", json!([GAME, null, "Ada"])),
        ("GameData", json!([1])),
        ("AuthorityRequest", json!([true])),
        ("JoinRoom", json!({"player_name": "Ada"})),
        ("JoinRoom", json!({"game_name": GAME})),
        ("JoinRoom", json!({"game_name": null, "player_name": "Ada"})),
        ("JoinRoom", json!({"game_name": GAME, "player_name": 7})),
        ("JoinRoom", json!({"game_name": GAME, "player_name": "Ada", "room_code": 123_456})),
        ("JoinRoom", json!({"game_name": GAME, "player_name": "Ada", "supports_authority": "yes"})),
        ("JoinRoom", json!({"game_name": GAME, "player_name": "Ada", "join_only": 1})),
        ("JoinRoom", json!({"game_name": GAME, "player_name": "Ada", "password": 1234})),
        ("JoinAsSpectator", json!({"game_name": GAME, "spectator_name": "Wim"})),
        ("JoinAsSpectator", json!({"game_name": GAME, "room_code": null, "spectator_name": "Wim"})),
        ("AuthorityRequest", json!({"become_authority": "true"})),
        ("AuthorityRequest", json!({"become_authority": null})),
        ("Reconnect", json!({"player_id": "Ada", "room_id": "NEARBY", "auth_token": "x"})),
        ("Signal", json!({"to": "everyone", "generation": UUID, "signal": {}})),
        ("Signal", json!({"to": UUID, "signal": {}})),
        ("Signal", json!({"to": UUID, "generation": UUID})),
        ("TransportStatus", json!({"transport": "relay"})),
        ("TransportStatus", json!({"transport": "relay", "connected": "yes"})),
    ]);
}

#[test]
fn unknown_names_in_enumerations_are_refused() {
    let operation = |id: &str, operation: Value| json!({"operation_id": id, "operation": operation});
    assert_ill_fitting([
        ("Authenticate", json!({"app_id": "demo", "game_data_format": "xml"})),
        ("JoinRoom", json!({"game_name": GAME, "player_name": "Ada", "relay_transport": "smoke"})),
        ("GameData", json!({"data": 1, "class": "urgent"})),
        ("GameData", json!({"data": 1, "class": "Reliable"})),
        ("TransportStatus", json!({"transport": "pigeon", "connected": true})),
        ("RoomOperation", operation(UUID, json!({"type": "MutePlayer", "data": {}}))),
        // An operation id must be spelled in the one canonical way.
        ("RoomOperation", operation(&UUID.to_uppercase(), json!({"type": "LeaveRoom"}))),
        ("RoomOperation", operation(&UUID.replace('-', ""), json!({"type": "LeaveRoom"}))),
    ]);
}

#[test]
fn connection_info_must_be_of_a_known_kind() {
    let info = |info: Value| ("ProvideConnectionInfo", json!({"connection_info": info}));
    let mut relay = json!({"type": "relay", "host": "h", "port": 1, "allocation_id": "a", "token": "t"});
    relay["transport"] = json!("smoke");
    assert_ill_fitting([
        info(json!(null)),
        info(json!("203.0.113.9:7777")),
        info(json!({"type": "pigeon"})),
        info(json!({"host": "203.0.113.9", "port": 7777})),
        info(json!({"type": "direct", "host": "203.0.113.9"})),
        info(json!({"type": "direct", "host": "203.0.113.9", "port": 65_536})),
        info(json!({"type": "direct", "host": "203.0.113.9", "port": "7777"})),
        info(relay),
        info(json!({"type": "webrtc", "sdp": 7, "ice_candidates": []})),
        info(json!({"type": "custom"})),
    ]);
}

#[test]
fn class_and_key_are_absent_rather_than_null_and_in_range() {
    assert_ill_fitting([
        ("GameData", json!({"data": 1, "class": null})),
        ("GameData", json!({"data": 1, "key": null})),
        ("GameData", json!({"data": 1, "class": "latest", "key": null})),
        ("GameData", json!({"data": 1, "class": "latest", "key": -1})),
        ("GameData", json!({"data": 1, "class": "latest", "key": 4_294_967_296_u64})),
        ("GameData", json!({"data": 1, "class": "latest", "key": "1"})),
        ("GameData", json!({"data": 1, "class": 1})),
    ]);
}

#[test]
fn a_broken_payload_is_not_passed_on() {
    assert_malformed(
        [
            "",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "1e999",
            "0x10",
            "NaN",
            "nul",
            "True",
            "'a'",
            "[1,]",
            "[1 2]",
            "[",
            "{\"a\"}",
            "{\"a\":1,}",
            "{a:1}",
            "\"",
            r#""\x""#,
            r#""\u12""#,
            // Half a surrogate pair: no reader can make a string of it.
            r#""\ud83d""#,
            "\"a\tb\"",
            "1,\"data\":2",
            "1 2",
        ]
        .map(|payload| format!(r#"{{"type":"GameData","data":{{"data":{payload}}}}}"#)),
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |open: &str, close: &str, depth: usize| {
        let payload = open.repeat(depth) + "1" + &close.repeat(depth);
        format!(r#"{{"type":"GameData","data":{{"data":{payload}}}}}"#)
    };
    // The message itself is two levels deep, and readers give up at 128.
    let too_deep = [126, 127, 128, 129, 1_000, 30_000];
    assert_malformed(too_deep.map(|depth| nested("[", "]", depth)));
    assert_malformed([126, 10_000].map(|depth| nested(r#"{"a":"#, "}", depth)));
    assert_malformed([r#"{"x":"#.to_owned() + &"[".repeat(60_000), "[".repeat(65_536)]);

    let server = server().start();
    let [mut ada, mut bob] = gather(server.addr(), "DEPTH1", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]);
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        ada.send_text(&nested(open, close, 125));
        assert_eq!(bob.expect_text().matches(open).count(), 125);
    }
}

const UUID: &str = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
