//! Who may play changes while others play: files that are replaced, and SIGHUP.

use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};
use signal_fish_testkit::{Peer, ServerProcess, join_room};

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

#[test]
fn sighup_reads_all_settings_and_applies_who_may_play() {
    let app = |id: &str| json!([{"app_id": id, "app_name": id}]);
    let settings = |id: &str, max_rooms: u32| {
        let security = json!({"enforce_app_id_allowlist": true, "allowed_apps": app(id)});
        json!({"security": security, "server": {"max_rooms": max_rooms}}).to_string()
    };
    let path = file("hangup.json", &settings("old", 10));
    let mut server = server().arg("--config").arg(path.to_str().expect("a path in ASCII")).start();
    authenticate(&server, "old", None).expect("Authenticated");

    file("hangup.json", &settings("new", 10));
    server.signal("HUP");
    wait_for_line(&mut server, "settings were read again, who may play is up to date");
    authenticate(&server, "new", None).expect("Authenticated");
    authenticate(&server, "old", None).expect_refusal("AuthenticationError", "INVALID_APP_ID");

    file("hangup.json", r#"{"security": {"allowed_app": []}}"#);
    server.signal("HUP");
    wait_for_line(&mut server, "not sound, nothing has changed");
    authenticate(&server, "new", None).expect("Authenticated");

    file("hangup.json", &settings("new", 11));
    server.signal("HUP");
    wait_for_line(&mut server, "needs a restart");
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
