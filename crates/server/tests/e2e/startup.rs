//! What a server is told at its start, from where, and when it refuses to start.

use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Launch, Peer, ServerProcess, gather};

use crate::server;

/// It must end with code 1 and say each of these.
#[track_caller]
fn assert_refuses(launch: Launch, said: &[&str]) {
    let refusal = launch.start_refused();
    assert_eq!(refusal.exit_code, Some(1), "{}", refusal.output);
    for said in said {
        assert!(refusal.output.contains(said), "{said:?} is not in:\n{}", refusal.output);
    }
}

/// How many seats a room of this server gets if nobody asks.
#[track_caller]
fn default_max_players(server: &ServerProcess) -> Value {
    let mut peer = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    peer.send("JoinRoom", json!({"game_name": GAME, "player_name": "Ada"}));
    peer.expect("RoomJoined")["max_players"].take()
}

/// A file of this content that is this test's alone.
fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).expect("the directory is for tests");
    path
}

#[test]
fn a_port_that_is_taken_is_said_to_be() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = holder.local_addr().expect("it is bound").port().to_string();
    assert_refuses(server().arg("--port").arg(&port), &[&port, "in use"]);
}

#[test]
fn the_world_is_not_let_in_by_accident() {
    let exposed = || server().arg("--bind").arg("0.0.0.0");
    assert_refuses(exposed(), &["security.allow_open", "security.enforce_app_id_allowlist"]);
    let open = exposed().set("security.allow_open", json!(true)).start();
    gather(open.addr(), "WORLD1", [("Ada", Dialect::V2)]);
    let listed = exposed()
        .set("security.enforce_app_id_allowlist", json!(true))
        .set("security.allowed_apps", json!([{"app_id": "demo", "app_name": "Demo"}]))
        .start();
    gather(listed.addr(), "WORLD2", [("Ada", Dialect::V3)]);
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    for (path, unknown, meant) in [
        ("server.max_romms", "max_romms", "max_rooms"),
        ("websocket.idle_timeout_sec", "idle_timeout_sec", "idle_timeout_secs"),
        ("security.max_conections", "max_conections", "max_connections"),
        ("sevrer.max_rooms", "sevrer", "server"),
        ("prot", "prot", "port"),
    ] {
        assert_refuses(server().set(path, json!(1)), &[unknown, meant]);
    }
    let launch = server().env("SIGNAL_FISH__SERVER__MAX_ROMMS", "1");
    assert_refuses(launch, &["max_romms", "max_rooms"]);
}

#[test]
fn values_of_the_wrong_type_are_refused_by_key() {
    for (key, value) in [
        ("server.max_rooms", json!("many")),
        ("server.default_max_players", json!(256)),
        ("server.empty_room_timeout", json!(-1)),
        ("server.max_rooms_per_game", json!(1.5)),
        ("security.enforce_app_id_allowlist", json!("perhaps")),
        ("security.allowed_apps", json!("demo")),
        ("websocket.idle_timeout_secs", json!([1])),
    ] {
        assert_refuses(server().set(key, value), &[key]);
    }
}

#[test]
fn values_out_of_range_are_refused_by_key() {
    for (key, value) in [
        ("server.default_max_players", 0),
        ("server.default_max_players", 101),
        ("server.max_rooms", 0),
        ("server.max_rooms_per_game", 0),
        ("server.inactive_room_timeout", 0),
        ("rate_limit.max_room_creations", 0),
        ("rate_limit.max_join_attempts", 0),
        ("rate_limit.max_inbound_error_replies", 0),
        ("rate_limit.time_window", 0),
        ("security.max_message_size", 0),
        ("security.max_outbound_message_size", 67_108_865),
        ("security.max_connections", 0),
        ("security.max_connections_per_ip", 0),
        ("websocket.auth_timeout_secs", 4),
        ("websocket.auth_timeout_secs", 61),
        ("websocket.http_header_read_timeout_secs", 0),
        ("websocket.pong_timeout_secs", 0),
        ("websocket.server_ping_interval_secs", 3_601),
        ("websocket.slow_consumer_timeout_ms", 0),
    ] {
        assert_refuses(server().set(key, json!(value)), &[key]);
    }
}

#[test]
fn settings_come_from_a_file() {
    let path = file("players.json", r#"{"server": {"default_max_players": 3}}"#);
    let server = server().env("SIGNAL_FISH_CONFIG_PATH", path.to_str().expect("a UTF-8 path")).start();
    assert_eq!(default_max_players(&server), 3);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let broken = file("broken.json", r#"{"server": {"#);
    let list = file("list.json", "[]");
    let typo = file("typo.json", r#"{"server": {"max_romms": 3}}"#);
    for (path, said) in [(&broken, "broken.json"), (&list, "list.json"), (&typo, "max_romms")] {
        let path = path.to_str().expect("a UTF-8 path");
        assert_refuses(server().env("SIGNAL_FISH_CONFIG_PATH", path), &[said]);
    }
}

#[test]
fn settings_come_from_the_environment() {
    let server = server().env("SIGNAL_FISH__SERVER__DEFAULT_MAX_PLAYERS", "4").start();
    assert_eq!(default_max_players(&server), 4);
}

#[test]
fn the_nearer_source_wins() {
    let path = file("nearer.json", r#"{"server": {"default_max_players": 3, "max_rooms_per_game": 1}}"#);
    let in_file =
        |launch: Launch| launch.env("SIGNAL_FISH_CONFIG_PATH", path.to_str().expect("a UTF-8 path"));
    let inline = |launch: Launch| launch.set("server.default_max_players", json!(5));
    let in_env = |launch: Launch| launch.env("SIGNAL_FISH__SERVER__DEFAULT_MAX_PLAYERS", "6");
    let server_of_file_and_inline = inline(in_file(server())).start();
    assert_eq!(default_max_players(&server_of_file_and_inline), 5);
    let server_of_all = in_env(inline(in_file(server()))).start();
    assert_eq!(default_max_players(&server_of_all), 6);

    // What the others leave alone is still what the file says: one room for each game.
    let mut bob = Peer::authenticated(server_of_all.addr(), "Bob", Dialect::V2);
    bob.send("JoinRoom", json!({"game_name": GAME, "player_name": "Bob"}));
    bob.expect_refusal("RoomJoinFailed", "MAX_ROOMS_PER_GAME_EXCEEDED");
}

#[test]
fn a_flag_beats_the_environment() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = holder.local_addr().expect("it is bound").port();
    // The flag is `--port 0`; had the environment won, there would be no start.
    let server = server().env("SIGNAL_FISH__PORT", &taken.to_string()).arg("--port").arg("0").start();
    assert_ne!(server.addr().port(), taken);
    gather(server.addr(), "FLAGS1", [("Ada", Dialect::V3)]);
}
