//! Secrets are planted wherever there are any; what the server writes, however much it is asked to say, has none.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use signal_fish_testkit::{Authority, GAME, Launch, Peer, Socket, http};

use crate::server;

/// Fails if any of these texts is in what the server wrote.
#[track_caller]
fn assert_silent_about(output: &str, secrets: &[&str]) {
    for secret in secrets {
        let line = output.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret:?} was written: {line:?}");
    }
}

/// A connect token of a studio whose key is known here alone.
fn token() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
    let payload =
        json!({"app_id": "demo", "exp": now + 60, "nonce": "marked-nonce", "sub": SUBJECT}).to_string();
    let signed = format!("sfct_v1.{}", URL_SAFE_NO_PAD.encode(payload));
    let signature = studio().sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A name that is meant to look like another field of the log. With line breaks in it, the token would be none.
const SUBJECT: &str = "eve\" forged=\"line";

fn studio() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn talkative(level: &str, format: &str) -> Launch {
    server()
        .set("logging.level", json!(level))
        .set("logging.format", json!(format))
        .set("server.drain_grace_secs", json!(0))
        .set("security.connect_token.public_key", json!(STANDARD.encode(studio().verifying_key())))
        .set("security.connect_token.required", json!(true))
        .set("turn.enabled", json!(true))
        .set("turn.static_auth_secret", json!("marked-turn-secret"))
        .set("turn.urls", json!(["turn:turn.example.com:3478"]))
        .set(
            "session.ice_servers",
            json!([{"urls": ["turn:a"], "username": "all", "credential": "marked-ice"}]),
        )
}

/// Comes in with this token.
#[track_caller]
fn admitted(peer: &mut Peer, token: &str) {
    let data = json!({
        "app_id": "demo", "protocol_version": 3, "connect_token": token,
        "supported_transports": ["webrtc", "relay"], "supported_topologies": ["mesh", "relay"],
    });
    peer.send("Authenticate", data);
    peer.expect("Authenticated");
    peer.expect("ProtocolInfo");
}

fn join(name: &str, password: Value) -> Value {
    json!({"game_name": GAME, "room_code": "SECRET", "player_name": name, "password": password})
}

/// Everything that has a secret in it is said, right, wrong and broken; what the server wrote, and the secrets that
/// it made itself.
#[track_caller]
fn talk(level: &str, format: &str) -> (String, Vec<String>) {
    let mut server = talkative(level, format).start();
    let token = token();
    let mut eve = Peer::connect(server.addr(), "/v3/ws?connect_token=marked-query", "Eve");
    let forged = format!("{}marked-forged", &token[..token.len() - 13]);
    eve.send("Authenticate", json!({"app_id": "demo", "connect_token": forged}));
    eve.expect_refusal("AuthenticationError", "CONNECT_TOKEN_INVALID");
    let headers: Vec<_> = Socket::UPGRADE
        .into_iter()
        .chain([("Authorization", "Bearer marked-bearer"), ("Cookie", "session=marked-cookie")])
        .collect();
    assert_eq!(http(server.addr(), "GET", "/v3/ws", &headers).status, 101);
    http(server.addr(), "GET", "/health?token=marked-query", &[]);

    let [mut ada, mut bob] = ["Ada", "Bob"].map(|name| Peer::connect(server.addr(), "/v3/ws", name));
    admitted(&mut ada, &token);
    admitted(&mut bob, &token);
    ada.send("JoinRoom", join("Ada", json!("marked-password")));
    let seat = ada.expect("RoomJoined");
    ada.expect("LobbyStateChanged");
    bob.send("JoinRoom", join("Bob", json!("marked-guess")));
    bob.expect_refusal("RoomJoinFailed", "PASSWORD_REQUIRED");
    for broken in [
        r#"{"type":"JoinRoom","data":{"password":"marked-broken"#,
        r#"{"type":"JoinRoom","data":{"password":["marked-broken"]}}"#,
        r#"{"type":"JoinRoom","password":"marked-broken"}"#,
        r#"{"type":"Reconnect","data":{"player_id":"marked-broken","auth_token":"marked-broken"}}"#,
    ] {
        bob.send_text(broken);
        bob.expect_error("INVALID_INPUT");
    }
    drop(ada);
    let mut claim =
        json!({"player_id": seat["player_id"], "room_id": seat["room_id"], "auth_token": "marked-claim"});
    // Until the server has noticed that she is gone, another reason comes first.
    while {
        bob.send("Reconnect", claim.clone());
        bob.expect("ReconnectionFailed")["error_code"] == "PLAYER_ALREADY_CONNECTED"
    } {}
    claim["auth_token"] = seat["reconnection_token"].clone();
    bob.send("Reconnect", claim);
    let back = bob.expect("Reconnected");

    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("a text in {seat}")).to_owned();
    let credential = seat["ice_servers"].as_array().and_then(|servers| servers.last()).expect("TURN servers");
    let own = vec![
        token.rsplit_once('.').expect("it is signed").1.to_owned(),
        text(&seat["reconnection_token"]),
        text(&back["reconnection_token"]),
        text(&credential["credential"]),
    ];
    server.terminate();
    assert_eq!(server.wait_exit(), Some(0));
    (server.output_so_far(), own)
}

#[test]
fn the_log_has_no_secrets_and_no_forged_lines_however_much_it_says() {
    for (level, format) in [("trace", "text"), ("debug", "json")] {
        let (output, own) = talk(level, format);
        assert!(output.contains("websocket connected"), "it does say much:\n{output}");
        assert!(output.contains("forged="), "it says who came in:\n{output}");
        assert!(!output.contains(SUBJECT) && !output.contains('\u{1B}'), "{output}");
        let own: Vec<_> = own.iter().map(String::as_str).collect();
        assert_silent_about(&output, &own);
        assert_silent_about(&output, &["marked", "bWFya2Vk"]);
    }
}

/// A file of this test alone.
fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).expect("the directory is for tests");
    path
}

#[test]
fn complaints_about_settings_show_no_secrets() {
    let marked_jwk =
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "!", "d": "marked-d"}]});
    let jwks = file("attacks-marked.jwks", &marked_jwk.to_string());
    let broken = file("attacks-marked.json", r#"{"turn": {"static_auth_secret": "marked-file" "oops"}}"#);
    let certificate = Authority::new("attacks-secrets").issue(&["play.test"]);
    let key = file(
        "attacks-marked.key",
        "-----BEGIN PRIVATE KEY-----\nmarkedmarkedmarked\n-----END PRIVATE KEY-----\n",
    );
    let launches = [
        server().set("turn.enabled", json!(true)).set("turn.static_auth_secret", json!("marked-turn")),
        server().set("turn.static_auth_secret", json!(["marked-turn"])),
        server().set("turn.static_auth_secret", json!({"marked": "marked-turn"})),
        server().set("session.ice_servers", json!([{"urls": ["none:a"], "credential": "marked-ice"}])),
        server().set(
            "session.ice_servers",
            json!([{"urls": ["turn:a"], "username": 1, "credential": {"marked": 1}}]),
        ),
        server().set("security.connect_token.public_key", json!("marked-key")),
        server().set("security.connect_token.keys_path", json!(jwks)),
        server()
            .set("security.transport.tls.enabled", json!(true))
            .set("security.transport.tls.certificate_path", json!(certificate.chain))
            .set("security.transport.tls.private_key_path", json!(key)),
        server().arg("--config").arg(broken.to_str().expect("a name in UTF-8")),
        server().env("SIGNAL_FISH__TURN__STATIC_AUTH_SECRET", "[\"marked-variable\"]"),
        server().env("SIGNAL_FISH_CONFIG_JSON", r#"{"turn":{"static_auth_secret":"marked-inline"#),
    ];
    for launch in launches {
        let shown = format!("{launch:?}");
        let refusal = launch.set("logging.level", json!("trace")).start_refused();
        assert_eq!(refusal.exit_code, Some(1), "{shown}: {}", refusal.output);
        // Files and keys of settings are named, values are not.
        let output = refusal.output.replace("attacks-marked", "").replace(".marked", "");
        assert_silent_about(&output, &["marked"]);
    }
}
