//! What a server goes by changes while others play: files that are replaced, and SIGHUP.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer, ServerProcess, http, join_room};

use crate::minting::{APP, Minter, file};
use crate::server;

#[track_caller]
fn authenticate(server: &ServerProcess, app_id: &str, token: Option<&str>) -> Peer {
    let mut peer = Peer::connect(server.addr(), "/v2/ws", app_id);
    peer.send("Authenticate", json!({"app_id": app_id, "protocol_version": 3, "connect_token": token}));
    peer
}

#[track_caller]
fn wait_for_line(server: &mut ServerProcess, text: &str) {
    server.wait_for_line(text, |line| line.contains(text).then_some(()));
}

fn registry(apps: &[&str]) -> String {
    let apps: Vec<_> = apps.iter().map(|id| json!({"app_id": id, "app_name": id})).collect();
    json!({"apps": apps}).to_string()
}

fn jwks(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

const CHANGED: &str = "files have changed";

#[test]
fn the_registry_of_apps_is_read_again_when_it_changes() {
    let path = file("registry.json", &registry(&["old", "both"]));
    let mut server = server()
        .set("security.enforce_app_id_allowlist", json!(true))
        .set("security.allowed_apps", json!([{"app_id": "listed", "app_name": "Listed"}]))
        .set("security.app_auth_path", json!(path))
        .start();
    let mut old = authenticate(&server, "old", None);
    old.expect("Authenticated");
    old.expect("ProtocolInfo");
    join_room(&mut old, "RELOAD");
    old.expect("LobbyStateChanged");
    authenticate(&server, "new", None).expect_refusal("AuthenticationError", "INVALID_APP_ID");

    file("registry.json", &registry(&["new", "both"]));
    wait_for_line(&mut server, CHANGED);
    for app_id in ["new", "both", "listed"] {
        authenticate(&server, app_id, None).expect("Authenticated");
    }
    authenticate(&server, "old", None).expect_refusal("AuthenticationError", "INVALID_APP_ID");
    // Who plays, plays on.
    old.expect_alive();
}

#[test]
fn a_bad_file_changes_nothing_and_is_said_to_be_bad() {
    let path = file("bad-registry.json", &registry(&["old"]));
    let mut server = server()
        .set("security.enforce_app_id_allowlist", json!(true))
        .set("security.app_auth_path", json!(path))
        .start();
    let twice = registry(&["twice", "twice"]);
    let unknown = json!({"apps": [{"app_id": "a", "app_name": "A", "app_nam": 1}]}).to_string();
    for (content, said) in [
        (r#"{"apps": ["#, "EOF while parsing"),
        (r#"{"apps": []} trailing"#, "trailing characters"),
        (&unknown, "unknown field `app_nam`"),
        (&twice, "is listed twice"),
    ] {
        file("bad-registry.json", content);
        wait_for_line(&mut server, said);
        authenticate(&server, "old", None).expect("Authenticated");
    }
    std::fs::remove_file(&path).expect("it is there");
    wait_for_line(&mut server, "cannot be read");
    authenticate(&server, "old", None).expect("Authenticated");
    file("bad-registry.json", &registry(&["new"]));
    wait_for_line(&mut server, CHANGED);
    authenticate(&server, "new", None).expect("Authenticated");
}

/// A server whose settings are in a file, and the file. `rewrite` writes it anew and sends SIGHUP.
fn started_from(name: &str, settings: &Value) -> ServerProcess {
    let path = file(name, &settings.to_string());
    server().arg("--config").arg(path.to_str().expect("a path in ASCII")).start()
}

fn rewrite(server: &ServerProcess, name: &str, settings: &Value) {
    file(name, &settings.to_string());
    server.signal("HUP");
}

const READ_AGAIN: &str = "the settings were read again\"";

#[test]
fn sighup_reads_all_settings_and_applies_who_may_play() {
    let settings = |id: &str| {
        let apps = json!([{"app_id": id, "app_name": id}]);
        json!({"security": {"enforce_app_id_allowlist": true, "allowed_apps": apps}})
    };
    let mut server = started_from("hangup.json", &settings("old"));
    authenticate(&server, "old", None).expect("Authenticated");

    rewrite(&server, "hangup.json", &settings("new"));
    wait_for_line(&mut server, READ_AGAIN);
    authenticate(&server, "new", None).expect("Authenticated");
    authenticate(&server, "old", None).expect_refusal("AuthenticationError", "INVALID_APP_ID");

    rewrite(&server, "hangup.json", &json!({"security": {"allowed_app": []}}));
    wait_for_line(&mut server, "not sound, nothing has changed");
    authenticate(&server, "new", None).expect("Authenticated");
}

#[test]
fn sighup_applies_what_can_change_and_names_what_needs_a_restart() {
    let before = json!({"server": {"default_max_players": 3, "bind": "127.0.0.1"}});
    let mut server = started_from("live.json", &before);
    let join = |peer: &mut Peer| {
        peer.send("JoinRoom", json!({"game_name": GAME, "player_name": "Ada"}));
        let max_players = peer.expect("RoomJoined")["max_players"].take();
        peer.expect("LobbyStateChanged");
        max_players
    };
    let mut old = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    assert_eq!(join(&mut old), 3);

    let after = json!({
        "server": {"default_max_players": 4, "bind": "::1", "max_rooms": 2, "drain_grace_secs": 0},
        "security": {"cors_origins": "https://play.example", "max_connections_per_ip": 2},
        "websocket": {"server_ping_interval_secs": 1},
        "logging": {"level": "debug"},
        "runtime": {"worker_threads": 1},
    });
    rewrite(&server, "live.json", &after);
    let said =
        server.wait_for_line("what was applied", |line| line.contains(READ_AGAIN).then(|| line.to_owned()));
    for key in
        ["server.default_max_players", "logging.level", "security.cors_origins", "server.drain_grace_secs"]
    {
        assert!(said.contains(key), "{key} is not in {said}");
    }
    let said = server.wait_for_line("what was not", |line| {
        line.contains("come into force at the next start").then(|| line.to_owned())
    });
    assert!(said.contains("server.bind") && said.contains("runtime.worker_threads"), "{said}");
    assert!(!said.contains("max_players"), "{said}");

    // Said only where debug lines are logged.
    let mut new = Peer::authenticated(server.addr(), "Bob", Dialect::V2);
    wait_for_line(&mut server, "websocket connected");
    assert_eq!(join(&mut new), 4);
    let foreign = [("origin", "https://elsewhere.example")];
    assert_eq!(
        http(server.addr(), "GET", "/v2/health", &foreign).header("access-control-allow-origin"),
        None
    );
    let ours = [("origin", "https://play.example")];
    let allowed = http(server.addr(), "GET", "/v2/health", &ours);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://play.example"));
    let refused = Peer::try_connect(server.addr(), "/v2/ws", "third").expect_err("two from one address");
    assert_eq!(refused.status, 429, "{refused:?}");
    old.expect_alive();
    // The grace is over before it began.
    server.terminate();
    old.expect_close(Some(4000));
    assert_eq!(server.wait_exit(), Some(0));
}

#[test]
fn settings_that_do_not_go_with_those_of_the_start_change_nothing() {
    let mut server = started_from("mixed.json", &json!({}));
    let larger = json!({"security": {"max_message_size": 131_072, "max_signal_bytes": 100_000}});
    rewrite(&server, "mixed.json", &larger);
    wait_for_line(&mut server, "security.max_signal_bytes: set at most the 65536");
    wait_for_line(&mut server, "restart the server");
}

#[test]
fn a_single_key_in_a_file_can_be_replaced() {
    let (old, new) = (Minter::new(1), Minter::new(2));
    let path = file("single-key", &old.public_key());
    let mut server = server()
        .set("security.connect_token.public_key_path", json!(path))
        .set("security.connect_token.single_use", json!(true))
        .start();
    let used = old.token(&json!({}));
    authenticate(&server, APP, Some(&used)).expect("Authenticated");
    file("single-key", &format!("{}\n", new.public_key()));
    wait_for_line(&mut server, CHANGED);
    authenticate(&server, APP, Some(&new.token(&json!({})))).expect("Authenticated");
    let mut late = authenticate(&server, APP, Some(&old.token(&json!({}))));
    late.expect_refusal("AuthenticationError", "CONNECT_TOKEN_INVALID");

    file("single-key", &old.public_key());
    wait_for_line(&mut server, CHANGED);
    authenticate(&server, APP, Some(&old.token(&json!({})))).expect("Authenticated");
    // What was used before the keys changed is used still.
    authenticate(&server, APP, Some(&used)).expect_refusal("AuthenticationError", "CONNECT_TOKEN_INVALID");
}

/// From one key to the next while clients come in all the time: good tokens are never refused, bad ones never taken.
#[test]
fn keys_are_rotated_under_load() {
    let (old, new, stranger) = (Minter::new(1), Minter::new(2), Minter::new(3));
    let path = file("rotation.json", &jwks(&[old.jwk("old")]));
    let mut server = server()
        .set("security.connect_token.keys_path", json!(path))
        .set("security.connect_token.required", json!(true))
        // All of them come from one address, as fast as they can.
        .set("security.max_http_requests_per_ip", json!(1_000_000))
        .set("security.max_upgrades_per_ip", json!(1_000_000))
        .start();
    // Whoever mints a token holds this until it was used.
    let signer = RwLock::new((&old, "old"));
    let (is_over, n_admitted, n_refused) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let addr = server.addr();
    let knock = |token: &str| {
        let mut peer = Peer::connect(addr, "/v2/ws", "knocking");
        peer.send("Authenticate", json!({"app_id": APP, "connect_token": token}));
        peer
    };
    thread::scope(|scope| {
        for names_key in [true, false] {
            let (signer, is_over, n_admitted) = (&signer, &is_over, &n_admitted);
            scope.spawn(move || {
                while !is_over.load(Ordering::Acquire) {
                    let signer = signer.read().expect("nobody panics with it");
                    let kid = if names_key { json!({"kid": signer.1}) } else { json!({}) };
                    knock(&signer.0.token(&kid)).expect("Authenticated");
                    n_admitted.fetch_add(1, Ordering::AcqRel);
                }
            });
        }
        scope.spawn(|| {
            while !is_over.load(Ordering::Acquire) {
                for kid in [json!({}), json!({"kid": "old"}), json!({"kid": "new"})] {
                    knock(&stranger.token(&kid))
                        .expect_refusal("AuthenticationError", "CONNECT_TOKEN_INVALID");
                    n_refused.fetch_add(1, Ordering::AcqRel);
                }
            }
        });
        file("rotation.json", &jwks(&[old.jwk("old"), new.jwk("new")]));
        wait_for_line(&mut server, CHANGED);
        *signer.write().expect("nobody panics with it") = (&new, "new");
        file("rotation.json", &jwks(&[new.jwk("new")]));
        wait_for_line(&mut server, CHANGED);
        knock(&old.token(&json!({}))).expect_refusal("AuthenticationError", "CONNECT_TOKEN_INVALID");
        is_over.store(true, Ordering::Release);
    });
    assert!(n_admitted.into_inner() > 20 && n_refused.into_inner() > 20);
}
