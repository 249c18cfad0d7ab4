//! The end of the server: announced, with time to finish, and never against a second request.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer, ServerProcess, gather, http, join_room};

use crate::server;

/// Longer than any test is willing to wait: a server that sits it out fails.
const FAR_TOO_LONG_SECS: u64 = 120;

const PAIR: [(&str, Dialect); 2] = [("Ada", Dialect::V2), ("Bob", Dialect::V3)];

fn unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    u64::try_from(now.as_millis()).expect("not before the year 500 million")
}

fn start_with_grace(secs: u64) -> ServerProcess {
    server().set("server.drain_grace_secs", json!(secs)).start()
}

#[test]
fn draining_is_announced_and_takes_no_new_work() {
    let mut server = start_with_grace(3);
    let [mut ada, mut bob] = gather(server.addr(), "DRAIN1", PAIR);
    let mut cat = Peer::authenticated(server.addr(), "Cat", Dialect::V2);
    let before = unix_ms();
    server.terminate();
    let advice = bob.expect("GoingAway");
    let deadline_ms = advice["deadline_ms"].as_u64().expect("a moment");
    assert!((before + 2_900..unix_ms() + 3_100).contains(&deadline_ms), "{before}: {advice}");
    assert!(advice["retry_after_secs"].as_u64().is_some_and(|secs| secs > 0), "{advice}");

    for path in ["/readyz", "/v2/readyz"] {
        let readiness = http(server.addr(), "GET", path, &[]);
        assert_eq!((readiness.status, readiness.header("cache-control")), (503, Some("no-store")), "{path}");
    }
    assert_eq!(http(server.addr(), "GET", "/health", &[]).status, 200, "it lives");
    let refused = Peer::try_connect(server.addr(), "/v2/ws", "late").expect_err("no new work");
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.header("x-signal-fish-upgrade-outcome"), Some("rejected_draining"));
    refused.assert_says_when_to_retry();

    for code in [Value::Null, json!("NEW001")] {
        cat.send("JoinRoom", json!({"game_name": GAME, "room_code": code, "player_name": "Cat"}));
        cat.expect_refusal("RoomJoinFailed", "SERVER_DRAINING");
    }
    cat.send("JoinAsSpectator", json!({"game_name": GAME, "room_code": "DRAIN1", "spectator_name": "Cat"}));
    cat.expect_refusal("SpectatorJoinFailed", "SERVER_DRAINING");
    // Friends may still find each other.
    join_room(&mut cat, "DRAIN1");
    for member in [&mut ada, &mut bob] {
        member.expect("PlayerJoined");
    }
    bob.say(json!("one last round"));
    for member in [&mut ada, &mut cat] {
        member.expect("GameData");
    }

    for mut member in [ada, bob, cat] {
        assert_eq!(member.expect_close(Some(4000)), "server_shutdown");
    }
    assert_eq!(server.wait_exit(), Some(0));
}

#[test]
fn without_connections_there_is_nothing_to_wait_for() {
    let mut server = start_with_grace(FAR_TOO_LONG_SECS);
    let [player] = gather(server.addr(), "GONE01", [("Ada", Dialect::V2)]);
    player.close();
    server.terminate();
    assert_eq!(server.wait_exit(), Some(0));
}

#[test]
fn the_last_to_leave_ends_the_wait() {
    let mut server = start_with_grace(FAR_TOO_LONG_SECS);
    let [ada, mut bob] = gather(server.addr(), "LAST01", PAIR);
    server.terminate();
    bob.expect("GoingAway");
    drop((ada, bob));
    assert_eq!(server.wait_exit(), Some(0));
}

#[test]
fn without_grace_everyone_is_closed_at_once() {
    let mut server = start_with_grace(0);
    let [mut ada, mut bob] = gather(server.addr(), "NOW001", PAIR);
    server.terminate();
    assert_eq!(ada.expect_close(Some(4000)), "server_shutdown");
    bob.expect("GoingAway");
    assert_eq!(bob.expect_close(Some(4000)), "server_shutdown");
    assert_eq!(server.wait_exit(), Some(0));
}

#[test]
fn asking_twice_is_asking_for_an_end_at_once() {
    for (second, exit_code) in [("TERM", 128 + 15), ("INT", 128 + 2)] {
        let mut server = start_with_grace(FAR_TOO_LONG_SECS);
        let [mut ada, mut bob] = gather(server.addr(), "TWICE1", PAIR);
        server.terminate();
        bob.expect("GoingAway");
        ada.expect_silence();
        // One that comes right after the first may be the same wish, passed on: until the process ends it is said again.
        while !server.output_so_far().contains("second signal, ending without grace") {
            server.signal(second);
            std::thread::yield_now();
        }
        assert_eq!(server.wait_exit(), Some(exit_code));
        for member in [&mut ada, &mut bob] {
            let code = member.read_to_end();
            assert!(matches!(code, Some(4000) | None), "closed with {code:?}");
        }
    }
}

#[test]
fn an_interrupt_is_a_request_to_end_like_any_other() {
    let mut server = start_with_grace(1);
    let [mut ada, mut bob] = gather(server.addr(), "CTRLC1", PAIR);
    server.signal("INT");
    bob.expect("GoingAway");
    for member in [&mut ada, &mut bob] {
        assert_eq!(member.expect_close(Some(4000)), "server_shutdown");
    }
    assert_eq!(server.wait_exit(), Some(0));
}
