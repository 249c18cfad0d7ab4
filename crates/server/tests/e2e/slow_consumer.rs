//! One who does not read: it is dropped, and the others of its room neither lose nor wait.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, Event, Peer, deadline, gather};

use crate::server;

/// What a message between two players who both read may take, on a machine that is busy with other tests.
const TIMELY: Duration = Duration::from_secs(2);

/// Reads up to the game data with this number; whether this player was reported gone on the way.
#[track_caller]
fn hear(listener: &mut Peer, seq: u64, gone: &str) -> bool {
    let mut is_gone = false;
    loop {
        let event = listener.next_event("game data");
        let Event::Text(text) = &event else { panic!("awaited game data, got {event:?}") };
        let message: Value = serde_json::from_str(text).expect("messages are JSON");
        if message["type"] == "PlayerLeft" && message["data"]["player_id"] == gone {
            is_gone = true;
            continue;
        }
        assert_eq!((&message["type"], &message["data"]["seq"]), (&json!("GameData"), &json!(seq)), "{seq}");
        return is_gone;
    }
}

/// Floods a room with messages of this size until the one who does not read is dropped.
#[track_caller]
fn check_dropped(n_bytes: usize) {
    let server = server()
        .set("websocket.send_queue_capacity", json!(64))
        .set("websocket.slow_consumer_timeout_ms", json!(500))
        .set("websocket.max_sojourn_ms", json!(1_000))
        .start();
    let members = [("Ada", Dialect::V2), ("Bob", Dialect::V3), ("slow", Dialect::V3)];
    let [mut ada, mut bob, mut slow] = gather(server.addr(), "SLOW01", members);
    let payload = json!("x".repeat(n_bytes));
    let until = deadline();
    for seq in 1.. {
        let sent = Instant::now();
        ada.say(payload.clone());
        let is_gone = hear(&mut bob, seq, &slow.id);
        assert!(sent.elapsed() < TIMELY, "message {seq} took {:?}", sent.elapsed());
        if is_gone {
            break;
        }
        assert!(sent < until, "after {seq} messages of {n_bytes} bytes it is still there");
    }
    assert_eq!(ada.expect("PlayerLeft")["player_id"], json!(slow.id));
    bob.say(json!("undisturbed"));
    ada.expect("GameData");
    for member in [&mut ada, &mut bob] {
        member.expect_silence();
    }
    // Its socket may be too full for the farewell.
    let code = slow.read_to_end();
    assert!(matches!(code, Some(4002) | None), "closed with {code:?}");
}

#[test]
fn too_many_bytes_are_too_much() {
    check_dropped(60_000);
}

#[test]
fn too_many_messages_for_too_long_are_too_much() {
    check_dropped(100);
}
