//! What happens to connections that are quiet for too long, and what counts as a sign of life.

use serde_json::json;
use signal_fish_testkit::{Dialect, Peer, gather, http};

use crate::server;

/// The farewell and the close that end a connection.
#[track_caller]
fn expect_end(peer: &mut Peer, error_code: &str, close_code: u16, reason: &str) {
    peer.expect_error(error_code);
    assert_eq!(peer.expect_close(Some(close_code)), reason, "{}", peer.name());
}

#[test]
fn who_does_not_answer_a_ping_is_gone() {
    let server = server()
        .set("websocket.server_ping_interval_secs", json!(2))
        .set("websocket.pong_timeout_secs", json!(1))
        .start();
    let [mut ada, mut mute] = gather(server.addr(), "PING01", [("Ada", Dialect::V2), ("mute", Dialect::V3)]);
    mute.ignore_pings();
    // Ada answers hers while she waits.
    assert_eq!(ada.expect("PlayerLeft")["player_id"], json!(mute.id));
    assert_eq!(mute.expect_ping().len(), 8);
    expect_end(&mut mute, "ACTIVITY_TIMEOUT", 4003, "activity_timeout");
    ada.expect_silence();
}

#[test]
fn without_pings_silence_is_enough_to_be_gone() {
    let server = server()
        .set("websocket.server_ping_interval_secs", json!(0))
        .set("server.ping_timeout", json!(1))
        .set("websocket.slow_consumer_timeout_ms", json!(500))
        .start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    let mut mute = Peer::connect(server.addr(), "/v3/ws", "mute from the start");
    expect_end(&mut ada, "ACTIVITY_TIMEOUT", 4003, "activity_timeout");
    expect_end(&mut mute, "ACTIVITY_TIMEOUT", 4003, "activity_timeout");
    assert_eq!(http(server.addr(), "GET", "/health", &[]).status, 200);
}

#[test]
fn answering_pings_is_not_saying_anything() {
    let server = server()
        .set("websocket.server_ping_interval_secs", json!(1))
        .set("websocket.idle_timeout_secs", json!(3))
        .start();
    let [mut busy, mut idle] =
        gather(server.addr(), "IDLE01", [("busy", Dialect::V2), ("idle", Dialect::V3)]);
    // One ping comes in good time, and shows that it is time to say something.
    busy.answer_ping();
    busy.say(json!("in good time"));
    idle.expect("GameData");
    expect_end(&mut idle, "CONNECTION_IDLE_TIMEOUT", 4004, "idle_timeout");
    assert_eq!(busy.expect("PlayerLeft")["player_id"], json!(idle.id));
    busy.expect_silence();
}

#[test]
fn who_must_authenticate_has_to_do_it_in_time() {
    let server = server()
        .set("security.enforce_app_id_allowlist", json!(true))
        .set("security.allowed_apps", json!([{"app_id": "demo", "app_name": "Demo"}]))
        .set("websocket.auth_timeout_secs", json!(5))
        .start();
    let mut silent = Peer::connect(server.addr(), "/v2/ws", "silent");
    let mut clumsy = Peer::connect(server.addr(), "/v3/ws", "clumsy");
    let mut known = Peer::authenticated(server.addr(), "known", Dialect::V3);
    clumsy.send_text("hello");
    clumsy.expect_error("INVALID_INPUT");
    clumsy.send("Authenticate", json!({"app_id": "demo", "protocol_version": 1}));
    clumsy.expect_refusal("AuthenticationError", "UNSUPPORTED_PROTOCOL_VERSION");
    for peer in [&mut silent, &mut clumsy] {
        expect_end(peer, "AUTHENTICATION_TIMEOUT", 4001, "auth_timeout");
    }
    known.expect_silence();
}
