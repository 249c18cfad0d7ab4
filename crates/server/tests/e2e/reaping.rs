//! Rooms end: empty ones after a while, and those in which nobody says anything.

use std::net::SocketAddr;

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer, gather, spectate};

use crate::server;

/// Joins with this many seats asked for, and hands back the snapshot.
#[track_caller]
fn join_for(peer: &mut Peer, code: &str, max_players: u8) -> Value {
    let name = peer.name().to_owned();
    peer.send(
        "JoinRoom",
        json!({"game_name": GAME, "room_code": code, "player_name": name, "max_players": max_players}),
    );
    peer.expect("RoomJoined")
}

#[track_caller]
fn leave(peer: &mut Peer) {
    peer.send_unit("LeaveRoom");
    peer.expect("RoomLeft");
}

/// A room of this code that a player has just left to its spectator.
#[track_caller]
fn deserted_room(addr: SocketAddr, code: &str) -> Peer {
    let [mut player] = gather(addr, code, [("leaver", Dialect::V2)]);
    let (mut spectator, _) = spectate(addr, code, "watcher", Dialect::V3);
    player.expect("NewSpectatorJoined");
    leave(&mut player);
    spectator.expect("PlayerLeft");
    spectator.expect("AuthorityChanged");
    spectator
}

#[track_caller]
fn expect_closed(spectator: &mut Peer, code: &str) {
    let closed = spectator.expect("SpectatorLeft");
    assert_eq!((&closed["room_code"], &closed["reason"]), (&json!(code), &json!("room_closed")), "{closed}");
}

#[test]
fn an_empty_room_ends_and_its_code_is_free_again() {
    let server = server().set("server.empty_room_timeout", json!(1)).start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V3);
    let first = join_for(&mut ada, "EMPTY1", 2);
    ada.expect("LobbyStateChanged");
    leave(&mut ada);
    let early = join_for(&mut ada, "EMPTY1", 3);
    assert_eq!((&early["room_id"], &early["max_players"]), (&first["room_id"], &json!(2)), "not over yet");
    leave(&mut ada);

    // Empty for longer than the room of this spectator, so over when that one is.
    let mut spectator = deserted_room(server.addr(), "CLOCK1");
    expect_closed(&mut spectator, "CLOCK1");
    let late = join_for(&mut ada, "EMPTY1", 3);
    assert_ne!(late["room_id"], first["room_id"]);
    assert_eq!((&late["max_players"], &late["lobby_state"]), (&json!(3), &json!("waiting")));
}

#[test]
fn spectators_of_an_empty_room_are_sent_away_and_stay_connected() {
    let server = server().set("server.empty_room_timeout", json!(1)).start();
    let mut spectator = deserted_room(server.addr(), "WATCH7");
    expect_closed(&mut spectator, "WATCH7");
    spectator.send_unit("LeaveSpectator");
    spectator.expect_error("NOT_A_SPECTATOR");
    spectator
        .send("JoinAsSpectator", json!({"game_name": GAME, "room_code": "WATCH7", "spectator_name": "W"}));
    spectator.expect_refusal("SpectatorJoinFailed", "ROOM_NOT_FOUND");
    join_for(&mut spectator, "WATCH7", 4);
}

#[test]
fn a_room_that_is_entered_again_in_time_stays() {
    let server = server().set("server.empty_room_timeout", json!(1)).start();
    let mut kept = deserted_room(server.addr(), "KEPT01");
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    join_for(&mut ada, "KEPT01", 8);
    kept.expect("PlayerJoined");
    // Deserted later, so when it ends the first room would have ended too.
    let mut clock = deserted_room(server.addr(), "CLOCK2");
    expect_closed(&mut clock, "CLOCK2");
    ada.say(json!("still here"));
    kept.expect("GameData");
}

#[test]
fn a_room_in_which_nobody_says_anything_ends_with_its_members() {
    let server = server()
        .set("server.inactive_room_timeout", json!(3))
        .set("websocket.server_ping_interval_secs", json!(1))
        .start();
    let mut quiet = gather(server.addr(), "QUIET1", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]);
    let [mut cat, mut dan] = gather(server.addr(), "LIVELY", [("Cat", Dialect::V2), ("Dan", Dialect::V3)]);
    // One ping comes in good time, and shows that it is time for a sign of life.
    cat.answer_ping();
    cat.say(json!("in good time"));
    dan.expect("GameData");
    for member in &mut quiet {
        member.expect_error("ROOM_NOT_FOUND");
        assert_eq!(member.expect_close(Some(4005)), "room_inactive");
    }
    cat.say(json!("still here"));
    dan.expect("GameData");

    let mut eve = Peer::authenticated(server.addr(), "Eve", Dialect::V3);
    let snapshot = join_for(&mut eve, "QUIET1", 3);
    assert_eq!(snapshot["max_players"], 3, "the code is free again: {snapshot}");
}
