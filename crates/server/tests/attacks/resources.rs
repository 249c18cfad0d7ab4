//! Taking more than one's share: never reading, endless nonsense, rooms by the hundred, returning all at once.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, Frame, GAME, Peer, gather, join_room};

use crate::server;
use crate::siege::{Siege, without_address_limits};

#[test]
fn whoever_never_reads_is_closed_and_leaves_no_memory_behind() {
    let siege = Siege::of(
        without_address_limits(server())
            .set("websocket.slow_consumer_timeout_ms", json!(500))
            .set("websocket.max_sojourn_ms", json!(1_000)),
    );
    let members = [
        ("noise", Dialect::V3),
        ("slow 1", Dialect::V2),
        ("slow 2", Dialect::V2),
        ("slow 3", Dialect::V3),
        ("slow 4", Dialect::V3),
    ];
    let [mut noise, slow @ ..] = gather(siege.addr(), "SLOW22", members);
    let mut n_left = 0;
    for _ in 0..2_000 {
        noise.say(json!("x".repeat(60_000)));
        noise.send_unit("Ping");
        while noise.expect_text() != r#"{"type":"Pong"}"# {
            n_left += 1;
        }
        if n_left == slow.len() {
            break;
        }
    }
    assert_eq!(n_left, slow.len(), "all who do not read are gone");
    siege.lift();
}

#[test]
fn keys_without_number_and_nobody_to_read_them_take_no_memory() {
    let siege = Siege::of(without_address_limits(server()));
    let [mut noise, _slow] = gather(siege.addr(), "KEYS22", [("noise", Dialect::V3), ("slow", Dialect::V3)]);
    for key in 0..20_000 {
        noise.send("GameData", json!({"data": "x".repeat(2_000), "class": "latest", "key": key}));
    }
    siege.lift();
}

#[test]
fn endless_nonsense_ends_the_connection() {
    let siege =
        Siege::of(without_address_limits(server()).set("rate_limit.max_inbound_error_replies", json!(500)));
    let flood: Vec<_> = (0..600).map(|_| Frame::text("nonsense")).collect();
    for _ in 0..10 {
        let mut attackers: Vec<_> = (0..4).map(|_| siege.attacker()).collect();
        for attacker in &mut attackers {
            attacker.try_send_frames(&flood);
        }
        for attacker in &mut attackers {
            assert_eq!(attacker.read_to_end(), Some(4006));
        }
    }
    siege.lift();
}

#[test]
fn a_sender_pays_for_all_who_hear_it() {
    let siege =
        Siege::of(without_address_limits(server()).set("rate_limit.max_relay_bytes", json!(1_000_000)));
    let [mut noise, mut bob] = gather(siege.addr(), "LOUD22", [("noise", Dialect::V3), ("Bob", Dialect::V3)]);
    let mut n_refused = 0;
    for _ in 0..100 {
        noise.say(json!("x".repeat(60_000)));
        noise.send_unit("Ping");
        while noise.expect_text() != r#"{"type":"Pong"}"# {
            n_refused += 1;
        }
    }
    bob.send_unit("Ping");
    let mut n_heard = 0;
    while bob.expect_text() != r#"{"type":"Pong"}"# {
        n_heard += 1;
    }
    assert!((16..=20).contains(&n_heard) && n_heard + n_refused == 100, "{n_heard} and {n_refused}");
    siege.lift();
}

#[test]
fn rooms_that_come_and_go_leave_nothing_behind() {
    let siege = Siege::of(
        without_address_limits(server())
            .set("rate_limit.max_join_attempts", json!(1_000_000))
            .set("rate_limit.max_room_creations", json!(1_000_000))
            .set("server.max_rooms", json!(100))
            .set("server.empty_room_timeout", json!(0)),
    );
    let mut eves: Vec<_> = (0..8).map(|_| Peer::authenticated(siege.addr(), "Eve", Dialect::V3)).collect();
    for _ in 0..100 {
        for eve in &mut eves {
            eve.send("JoinRoom", json!({"game_name": GAME, "player_name": "Eve"}));
            eve.send_unit("LeaveRoom");
        }
        for eve in &mut eves {
            eve.expect("RoomJoined");
            eve.expect("LobbyStateChanged");
            eve.expect("RoomLeft");
        }
    }
    siege.lift();
}

#[test]
fn all_may_come_back_at_once() {
    let siege = Siege::of(without_address_limits(server()));
    let mut seats: Vec<(Peer, Value)> = Vec::new();
    for n in 0..96 {
        let mut peer = Peer::authenticated(siege.addr(), &format!("storm {n}"), Dialect::V3);
        let seat = join_room(&mut peer, &format!("STRM{}", 22 + n / 8));
        seats.push((peer, seat));
    }
    let seats: Vec<Value> = seats.into_iter().map(|(_, seat)| seat).collect();
    let mut returning: Vec<_> = seats
        .iter()
        .map(|seat| {
            let mut peer = Peer::connect(siege.addr(), "/v3/ws", "returning");
            peer.send("Authenticate", Dialect::V3.authenticate());
            peer.send(
                "Reconnect",
                json!({
                    "player_id": seat["player_id"], "room_id": seat["room_id"],
                    "auth_token": seat["reconnection_token"],
                }),
            );
            peer
        })
        .collect();
    for peer in &mut returning {
        peer.expect("Authenticated");
        peer.expect("ProtocolInfo");
        peer.expect("Reconnected");
    }
    siege.lift();
}
