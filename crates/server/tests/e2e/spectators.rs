//! Those who watch: they see the room live, are seen, and change nothing.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer, ServerProcess, gather, join_room, spectate};

use crate::server;

const PAIR: [(&str, Dialect); 2] = [("Ada", Dialect::V2), ("Bob", Dialect::V3)];

/// A room of two with a spectator of version 3 that everyone knows of.
fn watched_room(server: &ServerProcess, code: &str) -> ([Peer; 2], Peer) {
    let mut room = gather(server.addr(), code, PAIR);
    let (watcher, _) = spectate(server.addr(), code, "Wim", Dialect::V3);
    for member in &mut room {
        member.expect("NewSpectatorJoined");
    }
    (room, watcher)
}

#[track_caller]
fn assert_refused(peer: &mut Peer, changes: Value, error_code: &str) {
    let mut data = json!({"game_name": GAME, "room_code": "WATCH1", "spectator_name": "Wim"});
    for (key, value) in changes.as_object().expect("changes are an object") {
        data[key] = value.clone();
    }
    peer.send("JoinAsSpectator", data.clone());
    let failed = peer.expect("SpectatorJoinFailed");
    assert_eq!(failed["error_code"], error_code, "for {data}: {failed}");
}

fn ids(spectators: &Value) -> Vec<&str> {
    let list = spectators.as_array().expect("a list of spectators");
    list.iter().filter_map(|spectator| spectator["id"].as_str()).collect()
}

#[test]
fn a_spectator_gets_the_snapshot_and_is_announced() {
    let server = server().start();
    let [mut ada, mut bob] = gather(server.addr(), "WATCH1", PAIR);
    let (mut wim, snapshot) = spectate(server.addr(), "watch1", "Wim", Dialect::V2);
    assert_eq!(snapshot["room_code"], "WATCH1");
    assert_eq!(snapshot["game_name"], GAME);
    assert_eq!(snapshot["lobby_state"], "lobby");
    assert_eq!(snapshot["reason"], "joined");
    assert_eq!(ids(&snapshot["current_spectators"]), [wim.id.as_str()]);
    let players = snapshot["current_players"].as_array().expect("a roster");
    assert_eq!(players.len(), 2);
    for player in players {
        assert!(player["connected_at"].is_string() && player.get("epoch").is_none(), "{player}");
        assert_eq!(player["is_authority"], player["name"] == "Ada");
    }
    assert!(snapshot["current_spectators"][0]["connected_at"].is_string(), "{snapshot}");

    let announced = ada.expect("NewSpectatorJoined");
    assert_eq!(announced["spectator"]["name"], "Wim");
    assert_eq!(announced["current_spectators"], snapshot["current_spectators"]);
    assert_eq!((&announced["reason"], announced.get("spectator_count")), (&json!("joined"), None));
    let announced = bob.expect("NewSpectatorJoined");
    let expected = json!({
        "spectator": {"id": wim.id, "name": "Wim"}, "current_spectators": [], "spectator_count": 1,
        "reason": "joined",
    });
    assert_eq!(announced, expected);

    let (wes, snapshot) = spectate(server.addr(), "WATCH1", "Wim", Dialect::V3);
    assert_eq!(snapshot["current_spectators"].as_array().map(Vec::len), Some(2), "names may repeat");
    for player in snapshot["current_players"].as_array().expect("a roster") {
        assert_eq!((&player["epoch"], &player["seq"]), (&json!(1), &json!(0)), "{player}");
        assert_eq!(player.get("connected_at"), None);
    }
    for spectator in snapshot["current_spectators"].as_array().expect("a list") {
        assert_eq!(spectator.get("connected_at"), None, "{spectator}");
    }
    assert_eq!(wim.expect("NewSpectatorJoined")["spectator"]["id"], json!(wes.id));
    assert_eq!(ids(&ada.expect("NewSpectatorJoined")["current_spectators"]).len(), 2);
    assert_eq!(bob.expect("NewSpectatorJoined")["spectator_count"], 2);
}

#[test]
fn a_newcomer_sees_who_watches() {
    let server = server().start();
    let (mut room, mut watcher) = watched_room(&server, "WATCH2");
    let mut eve = Peer::authenticated(server.addr(), "Eve", Dialect::V3);
    let snapshot = join_room(&mut eve, "WATCH2");
    assert_eq!(snapshot["current_spectators"], json!([{"id": watcher.id, "name": "Wim"}]));
    assert_eq!(watcher.expect("PlayerJoined")["player"]["id"], json!(eve.id));
    eve.send_unit("LeaveRoom");
    eve.expect("RoomLeft");
    assert_eq!(watcher.expect("PlayerLeft"), json!({"player_id": eve.id, "epoch": 1, "final_seq": 0}));
    for member in &mut room {
        member.expect("PlayerJoined");
        member.expect("PlayerLeft");
    }
    room[0].send_unit("LeaveRoom");
    room[0].expect("RoomLeft");
    watcher.expect("PlayerLeft");
    let vacant = json!({"authority_player": null, "you_are_authority": false});
    assert_eq!(watcher.expect("AuthorityChanged"), vacant);
}

#[test]
fn spectators_hear_the_game_live() {
    let server = server().start();
    let ([mut ada, mut bob], mut wim) = watched_room(&server, "WATCH3");
    let (mut wes, _) = spectate(server.addr(), "WATCH3", "Wes", Dialect::V2Packed);
    for member in [&mut ada, &mut bob, &mut wim] {
        member.expect("NewSpectatorJoined");
    }
    bob.say(json!({"x": 1}));
    let stamped = json!({"from_player": bob.id, "data": {"x": 1}, "seq": 1, "epoch": 1});
    assert_eq!(wim.expect("GameData"), stamped);
    assert_eq!(wes.expect("GameData"), json!({"from_player": bob.id, "data": {"x": 1}}));
    ada.expect("GameData");

    let mut cat = Peer::authenticated(server.addr(), "Cat", Dialect::V3Packed);
    join_room(&mut cat, "WATCH3");
    for member in [&mut ada, &mut bob, &mut wim, &mut wes] {
        member.expect("PlayerJoined");
    }
    cat.send_binary(&[0x91, 7]);
    assert_eq!(wim.expect("GameData")["data"], json!([7]));
    assert_eq!(wes.expect_binary()[..13], *b"\x83\xabfrom_player");
}

#[test]
fn spectators_cannot_take_part() {
    let server = server().start();
    let (mut room, mut wim) = watched_room(&server, "WATCH4");
    wim.say(json!("boo"));
    wim.expect_error("NOT_IN_ROOM");
    for message in ["PlayerReady", "StartGame"] {
        wim.send_unit(message);
        wim.expect_error("NOT_IN_ROOM");
    }
    wim.send("ProvideConnectionInfo", json!({"connection_info": {"type": "custom", "data": 1}}));
    wim.expect_error("NOT_IN_ROOM");
    wim.send("AuthorityRequest", json!({"become_authority": true}));
    let denied = wim.expect("AuthorityResponse");
    assert_eq!(denied["granted"], false, "{denied}");
    wim.send("JoinRoom", json!({"game_name": GAME, "room_code": "WATCH4", "player_name": "Wim"}));
    wim.expect_refusal("RoomJoinFailed", "ALREADY_IN_ROOM");
    wim.send("JoinAsSpectator", json!({"game_name": GAME, "room_code": "WATCH4", "spectator_name": "W"}));
    wim.expect_refusal("SpectatorJoinFailed", "SPECTATOR_JOIN_FAILED");
    for member in &mut room {
        member.expect_silence();
    }
    room[0].say(json!("still there"));
    wim.expect("GameData");
}

#[test]
fn leaving_is_answered_and_announced() {
    let server = server().start();
    let ([mut ada, mut bob], mut wim) = watched_room(&server, "WATCH5");
    let (mut wes, snapshot) = spectate(server.addr(), "WATCH5", "Wes", Dialect::V2);
    for member in [&mut ada, &mut bob, &mut wim] {
        member.expect("NewSpectatorJoined");
    }
    wim.send_unit("LeaveSpectator");
    let left = wim.expect("SpectatorLeft");
    assert_eq!(left["room_id"], snapshot["room_id"]);
    assert_eq!((&left["room_code"], &left["reason"]), (&json!("WATCH5"), &json!("voluntary_leave")));
    assert!(left["current_spectators"].is_array(), "{left}");
    let (wim_id, wes_id) = (wim.id.clone(), wes.id.clone());
    for member in [&mut ada, &mut wes] {
        let gone = member.expect("SpectatorDisconnected");
        assert_eq!((&gone["spectator_id"], &gone["reason"]), (&json!(wim_id), &json!("voluntary_leave")));
        assert_eq!(ids(&gone["current_spectators"]), [wes_id.as_str()]);
    }
    let expected = json!({
        "spectator_id": wim.id, "reason": "voluntary_leave", "current_spectators": [], "spectator_count": 1,
    });
    assert_eq!(bob.expect("SpectatorDisconnected"), expected);

    wim.send_unit("LeaveSpectator");
    wim.expect_error("NOT_A_SPECTATOR");
    ada.say(json!("in private"));
    wes.expect("GameData");
    wim.expect_silence();
    join_room(&mut wim, "WATCH5");
}

#[test]
fn a_lost_spectator_is_announced() {
    let server = server().start();
    let ([mut ada, mut bob], wim) = watched_room(&server, "WATCH6");
    let wim_id = wim.id.clone();
    drop(wim);
    let gone = ada.expect("SpectatorDisconnected");
    assert_eq!(gone, json!({"spectator_id": wim_id, "reason": "disconnected", "current_spectators": []}));
    let gone = bob.expect("SpectatorDisconnected");
    assert_eq!((&gone["spectator_count"], &gone["reason"]), (&json!(0), &json!("disconnected")));
}

#[test]
fn refusals_come_in_the_order_of_the_contract() {
    let server = server().start();
    let mut wim = Peer::authenticated(server.addr(), "Wim", Dialect::V3);
    let everything = json!({"spectator_name": "", "game_name": "", "room_code": "?", "password": ""});
    assert_refused(&mut wim, everything, "INVALID_PLAYER_NAME");
    assert_refused(&mut wim, json!({"game_name": "", "room_code": "?"}), "INVALID_GAME_NAME");
    assert_refused(&mut wim, json!({"room_code": "?", "password": ""}), "INVALID_ROOM_CODE");
    assert_refused(&mut wim, json!({"password": ""}), "INVALID_INPUT");
    assert_refused(&mut wim, json!({}), "ROOM_NOT_FOUND");
    let mut players = gather(server.addr(), "WATCH1", PAIR);
    assert_refused(&mut wim, json!({"game_name": "Tanks"}), "ROOM_NOT_FOUND");
    assert_refused(&mut wim, json!({"password": "sesame"}), "PASSWORD_REQUIRED");
    assert_refused(&mut players[1], json!({"spectator_name": ""}), "SPECTATOR_NOT_ALLOWED");
    wim.send("JoinAsSpectator", json!({"game_name": GAME, "spectator_name": "Wim"}));
    wim.expect_error("INVALID_INPUT");
    for member in &mut players {
        member.expect_silence();
    }
}

#[test]
fn a_room_has_two_watchers_for_each_seat() {
    let server = server().start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    ada.send(
        "JoinRoom",
        json!({"game_name": GAME, "room_code": "WATCH1", "player_name": "Ada", "max_players": 1}),
    );
    ada.expect("RoomJoined");
    ada.expect("LobbyStateChanged");
    let mut watchers = ["Wim", "Wes"].map(|name| {
        let (watcher, _) = spectate(server.addr(), "WATCH1", name, Dialect::V3);
        ada.expect("NewSpectatorJoined");
        watcher
    });
    watchers[0].expect("NewSpectatorJoined");
    let mut third = Peer::authenticated(server.addr(), "third", Dialect::V3);
    assert_refused(&mut third, json!({}), "TOO_MANY_SPECTATORS");
    watchers[1].send_unit("LeaveSpectator");
    watchers[1].expect("SpectatorLeft");
    third.send("JoinAsSpectator", json!({"game_name": GAME, "room_code": "WATCH1", "spectator_name": "W"}));
    third.expect("SpectatorJoined");
}
