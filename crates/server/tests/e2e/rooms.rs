//! One message creates and joins rooms, and every refusal of it has its own code.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer, ServerProcess, gather, join_room};

use crate::server;

/// The data of a `JoinRoom` that would be accepted, with `changes` applied; a null removes the member.
fn join_with(changes: Value) -> Value {
    let mut data = json!({"game_name": GAME, "player_name": "Ada"});
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (key, value) in changes {
        data[key] = value;
    }
    data
}

#[track_caller]
fn assert_refused(peer: &mut Peer, changes: Value, error_code: &str) {
    let data = join_with(changes);
    peer.send("JoinRoom", data.clone());
    let failed = peer.expect("RoomJoinFailed");
    assert_eq!(failed["error_code"], error_code, "for {data}: {failed}");
    assert!(failed["reason"].as_str().is_some_and(|text| !text.is_empty()), "{failed}");
}

/// A server whose budgets do not get in the way of a test that joins many times.
fn generous() -> ServerProcess {
    server()
        .set("rate_limit.max_room_creations", json!(1000))
        .set("rate_limit.max_join_attempts", json!(1000))
        .start()
}

fn names(snapshot: &Value) -> Vec<&str> {
    let players = snapshot["current_players"].as_array().expect("a roster");
    let mut names: Vec<_> = players.iter().filter_map(|player| player["name"].as_str()).collect();
    names.sort_unstable();
    names
}

#[test]
fn the_first_player_creates_the_room_and_becomes_its_authority() {
    let server = server().start();
    for dialect in [Dialect::V2, Dialect::V3] {
        let mut ada = Peer::authenticated(server.addr(), "Ada", dialect);
        ada.send("JoinRoom", join_with(json!({})));
        let snapshot = ada.expect("RoomJoined");
        assert_eq!(snapshot["game_name"], GAME);
        assert_eq!(snapshot["max_players"], 8);
        assert_eq!(snapshot["supports_authority"], true);
        assert_eq!(snapshot["is_authority"], true);
        assert_eq!(snapshot["lobby_state"], "waiting");
        assert_eq!(snapshot["ready_players"], json!([]));
        assert_eq!(snapshot["relay_type"], "matchbox");
        assert_eq!(snapshot["current_spectators"], json!([]));
        assert_eq!(names(&snapshot), ["Ada"]);
        let ada_herself = &snapshot["current_players"][0];
        assert_eq!(ada_herself["id"], snapshot["player_id"]);
        assert_eq!(ada_herself["is_authority"], true);
        assert_eq!(ada_herself["is_ready"], false);
        assert_eq!(ada_herself.get("epoch"), dialect.is_v3().then_some(&json!(1)));
        assert_eq!(ada_herself.get("seq"), dialect.is_v3().then_some(&json!(0)));
        assert_eq!(ada_herself["connected_at"].is_string(), !dialect.is_v3(), "{snapshot}");
        assert_eq!(snapshot.get("ice_servers"), None, "relay only: {snapshot}");
        assert_ne!(snapshot["room_id"], snapshot["player_id"]);
        let lobby = ada.expect("LobbyStateChanged");
        assert_eq!(lobby, json!({"lobby_state": "lobby", "ready_players": [], "all_ready": false}));
        ada.expect_silence();
    }
}

#[test]
fn options_of_the_creator_hold_for_the_room() {
    let server = server().start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V3);
    ada.send(
        "JoinRoom",
        join_with(json!({
            "room_code": "ab01io", "max_players": 100, "supports_authority": false, "relay_transport": "udp",
        })),
    );
    let snapshot = ada.expect("RoomJoined");
    assert_eq!(snapshot["room_code"], "AB01IO");
    assert_eq!(snapshot["max_players"], 100);
    assert_eq!(snapshot["supports_authority"], false);
    assert_eq!(snapshot["is_authority"], false);
    assert_eq!(snapshot["current_players"][0]["is_authority"], false);

    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
    bob.send(
        "JoinRoom",
        json!({
            "game_name": GAME, "room_code": "Ab01iO", "player_name": "Bob",
            "max_players": 2, "supports_authority": true, "password": null,
        }),
    );
    let snapshot = bob.expect("RoomJoined");
    assert_eq!(snapshot["max_players"], 100, "the options of later players are ignored");
    assert_eq!(snapshot["supports_authority"], false);
}

#[test]
fn generated_codes_avoid_letters_that_look_like_digits() {
    let server = generous();
    let mut codes = std::collections::HashSet::new();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    for _ in 0..40 {
        ada.send("JoinRoom", join_with(json!({"room_code": null})));
        let snapshot = ada.expect("RoomJoined");
        ada.expect("LobbyStateChanged");
        let code = snapshot["room_code"].as_str().expect("a code").to_owned();
        assert_eq!(code.len(), 6, "{code}");
        assert!(code.chars().all(|c| "23456789ABCDEFGHJKLMNPQRSTUVWXYZ".contains(c)), "{code}");
        assert!(codes.insert(code), "40 of a thousand million codes are all different");
        ada.send_unit("LeaveRoom");
        ada.expect("RoomLeft");
    }
}

#[test]
fn everyone_learns_of_everyone() {
    let server = server().start();
    let [mut ada, mut bob] = gather(server.addr(), "ROSTER", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]);
    let mut eve = Peer::authenticated(server.addr(), "Eve", Dialect::V3);
    let snapshot = join_room(&mut eve, "roster");
    assert_eq!(snapshot["room_code"], "ROSTER");
    assert_eq!(snapshot["lobby_state"], "lobby");
    assert_eq!(snapshot["is_authority"], false);
    assert_eq!(names(&snapshot), ["Ada", "Bob", "Eve"]);
    for player in snapshot["current_players"].as_array().expect("a roster") {
        assert_eq!(player["is_authority"], player["id"] == json!(ada.id), "{player}");
        assert_eq!((&player["epoch"], &player["seq"]), (&json!(1), &json!(0)), "{player}");
        assert_eq!(player.get("connected_at"), None, "{player}");
    }
    eve.expect_silence();

    let seen_by_ada = ada.expect("PlayerJoined")["player"].clone();
    assert!(seen_by_ada["connected_at"].is_string(), "{seen_by_ada}");
    assert_eq!((seen_by_ada.get("epoch"), seen_by_ada.get("seq")), (None, None), "{seen_by_ada}");
    assert_eq!(seen_by_ada["name"], "Eve");
    let seen_by_bob = bob.expect("PlayerJoined");
    let expected = json!({
        "id": eve.id, "name": "Eve", "is_authority": false, "is_ready": false, "epoch": 1, "seq": 0,
    });
    assert_eq!(seen_by_bob, json!({"player": expected}));

    eve.send_unit("LeaveRoom");
    assert_eq!(eve.expect("RoomLeft"), Value::Null);
    assert_eq!(ada.expect("PlayerLeft"), json!({"player_id": eve.id}));
    assert_eq!(bob.expect("PlayerLeft"), json!({"player_id": eve.id, "epoch": 1, "final_seq": 0}));
    drop(eve);
    let bob_id = bob.id.clone();
    bob.close();
    assert_eq!(ada.expect("PlayerLeft"), json!({"player_id": bob_id}));
    ada.expect_silence();
}

#[test]
fn a_lost_connection_leaves_at_once() {
    let server = server().start();
    let [mut ada, bob] = gather(server.addr(), "LOST01", [("Ada", Dialect::V3), ("Bob", Dialect::V3)]);
    let bob_id = bob.id.clone();
    drop(bob);
    assert_eq!(ada.expect("PlayerLeft"), json!({"player_id": bob_id, "epoch": 1, "final_seq": 0}));
    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
    let snapshot = join_room(&mut bob, "LOST01");
    assert_eq!(names(&snapshot), ["Ada", "Bob"], "his name is free again");
    assert_ne!(bob.id, bob_id, "a connection is a player");
}

#[test]
fn join_only_never_creates() {
    let server = server().start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    assert_refused(&mut ada, json!({"join_only": true, "room_code": "NOROOM"}), "ROOM_NOT_FOUND");
    assert_refused(&mut ada, json!({"join_only": true}), "INVALID_INPUT");
    join_room(&mut ada, "NOROOM");
    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V2);
    let changes = json!({"join_only": true, "room_code": "NOROOM", "player_name": "Bob"});
    bob.send("JoinRoom", join_with(changes));
    bob.expect("RoomJoined");
}

#[test]
fn codes_belong_to_a_game_and_games_are_spelled_exactly() {
    let server = server().start();
    let mut rooms = std::collections::HashSet::new();
    for game in ["tanks", "Tanks", "tanks 2", "Töpfe-und_Pfannen"] {
        let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
        ada.send("JoinRoom", join_with(json!({"game_name": game, "room_code": "SAME01"})));
        let snapshot = ada.expect("RoomJoined");
        assert_eq!(snapshot["game_name"], game);
        assert_eq!(names(&snapshot), ["Ada"]);
        assert!(rooms.insert(snapshot["room_id"].to_string()), "a room of its own");
    }
}

#[test]
fn a_full_room_refuses_until_a_seat_is_free() {
    let server = server().start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    ada.send("JoinRoom", join_with(json!({"room_code": "FULL01", "max_players": 1})));
    ada.expect("RoomJoined");
    ada.expect("LobbyStateChanged");
    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V2);
    assert_refused(&mut bob, json!({"room_code": "FULL01", "player_name": "Bob"}), "ROOM_FULL");
    assert_refused(&mut bob, json!({"room_code": "FULL01"}), "ROOM_CREATION_FAILED");
    ada.expect_silence();
    ada.send_unit("LeaveRoom");
    ada.expect("RoomLeft");
    let snapshot = join_room(&mut bob, "FULL01");
    assert_eq!(names(&snapshot), ["Bob"]);
    assert_eq!(snapshot["max_players"], 1, "it is still the same room");
}

#[test]
fn a_name_is_taken_in_any_spelling_of_its_case() {
    let server = server().start();
    for (code, first, second) in
        [("NAME01", "Ada", "aDA"), ("NAME02", "Straße", "STRASSE"), ("NAME03", "Zoë", "ZOË")]
    {
        let mut ada = Peer::authenticated(server.addr(), first, Dialect::V2);
        join_room(&mut ada, code);
        ada.expect("LobbyStateChanged");
        let mut bob = Peer::authenticated(server.addr(), second, Dialect::V2);
        assert_refused(&mut bob, json!({"room_code": code, "player_name": second}), "ROOM_CREATION_FAILED");
        ada.expect_silence();
    }
}

#[test]
fn leaving_and_coming_back_starts_a_new_epoch() {
    let server = server().start();
    let [mut ada, mut bob] = gather(server.addr(), "AGAIN1", [("Ada", Dialect::V3), ("Bob", Dialect::V3)]);
    for epoch in 1..4 {
        bob.say(json!(epoch));
        let heard = ada.expect("GameData");
        assert_eq!((&heard["epoch"], &heard["seq"]), (&json!(epoch), &json!(1)));
        bob.send_unit("LeaveRoom");
        bob.expect("RoomLeft");
        let left = json!({"player_id": bob.id, "epoch": epoch, "final_seq": 1});
        assert_eq!(ada.expect("PlayerLeft"), left);
        let snapshot = join_room(&mut bob, "AGAIN1");
        let players = snapshot["current_players"].as_array().expect("a roster");
        let himself = players.iter().find(|player| player["name"] == "Bob").expect("Bob is in his room");
        assert_eq!((&himself["epoch"], &himself["seq"]), (&json!(epoch + 1), &json!(0)));
        let joined = ada.expect("PlayerJoined");
        assert_eq!(joined["player"]["id"], json!(bob.id), "the connection keeps its identity");
        assert_eq!(joined["player"]["epoch"], epoch + 1);
    }
}

#[test]
fn leaving_without_a_seat_is_answered() {
    let server = server().start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    ada.send_unit("LeaveRoom");
    ada.expect("RoomLeft");
    join_room(&mut ada, "SEAT01");
    ada.expect("LobbyStateChanged");
    for _ in 0..2 {
        ada.send_unit("LeaveRoom");
        ada.expect("RoomLeft");
    }
    ada.expect_silence();
}

#[test]
fn names_and_numbers_outside_the_rules_are_refused() {
    let server = generous();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    for game in ["", "a/b", "tanks!", "tab\t", "\u{1F41F}", &"g".repeat(65), &"é".repeat(33)] {
        assert_refused(&mut ada, json!({"game_name": game}), "INVALID_GAME_NAME");
    }
    for name in ["", "   ", " Ada", "Ada ", "A.da", "A\nda", "\u{1F41F}", &"n".repeat(33), &"é".repeat(17)] {
        assert_refused(&mut ada, json!({"player_name": name}), "INVALID_PLAYER_NAME");
    }
    for max_players in [0, 101, 255] {
        assert_refused(&mut ada, json!({"max_players": max_players}), "INVALID_MAX_PLAYERS");
    }
    for code in ["", "ABCDE", "ABCDEFG", "ABC DE", "ABC-DE", "ÄBCDE", "ABCDÉ", "ABCDE\u{0661}"] {
        assert_refused(&mut ada, json!({"room_code": code}), "INVALID_ROOM_CODE");
    }
    for password in ["", &"p".repeat(257)] {
        assert_refused(&mut ada, json!({"password": password}), "INVALID_INPUT");
    }
    for max_players in [json!(256), json!(-1), json!(1.5), json!("8")] {
        ada.send("JoinRoom", join_with(json!({"max_players": max_players})));
        ada.expect_error("INVALID_INPUT");
    }
    let (game, name) = ("g".repeat(64), "é".repeat(16));
    ada.send("JoinRoom", join_with(json!({"game_name": game, "player_name": name, "max_players": 1})));
    ada.expect("RoomJoined");
}

#[test]
fn the_first_broken_rule_is_the_one_reported() {
    let server = generous();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    join_room(&mut ada, "ORDER1");
    ada.expect("LobbyStateChanged");
    // Each row breaks one rule less than the row above.
    for (changes, code) in [
        (
            json!({"game_name": "", "player_name": "", "max_players": 0, "join_only": true, "password": ""}),
            "INVALID_GAME_NAME",
        ),
        (
            json!({"player_name": "", "max_players": 0, "join_only": true, "password": ""}),
            "INVALID_PLAYER_NAME",
        ),
        (json!({"max_players": 0, "join_only": true, "password": ""}), "INVALID_MAX_PLAYERS"),
        (json!({"join_only": true, "password": "", "room_code": "ORDER1"}), "INVALID_INPUT"),
        (json!({"room_code": "?"}), "ALREADY_IN_ROOM"),
        (json!({"room_code": "ORDER1"}), "ALREADY_IN_ROOM"),
    ] {
        assert_refused(&mut ada, changes, code);
    }
    ada.expect_silence();
}

#[test]
fn a_password_protects_the_room_from_its_beginning() {
    let server = server().start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    ada.send("JoinRoom", join_with(json!({"room_code": "LOCKED", "password": "sesame"})));
    ada.expect("RoomJoined");
    ada.expect("LobbyStateChanged");
    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
    let refusal = |bob: &mut Peer, changes: Value| {
        let mut data = join_with(json!({"room_code": "LOCKED", "player_name": "Bob"}));
        let Value::Object(changes) = changes else { panic!("changes are an object") };
        data.as_object_mut().expect("an object").extend(changes);
        bob.send("JoinRoom", data);
        bob.expect_refusal("RoomJoinFailed", "PASSWORD_REQUIRED")
    };
    let missing = refusal(&mut bob, json!({}));
    assert_eq!(refusal(&mut bob, json!({"password": "Sesame"})), missing);
    // A name that is taken comes later: without the password nobody learns who is inside.
    assert_eq!(refusal(&mut bob, json!({"password": "guess", "player_name": "Ada"})), missing);
    ada.expect_silence();
    bob.send(
        "JoinRoom",
        join_with(json!({"room_code": "LOCKED", "player_name": "Bob", "password": "sesame"})),
    );
    bob.expect("RoomJoined");
    ada.expect("PlayerJoined");

    let mut cat = Peer::authenticated(server.addr(), "Cat", Dialect::V2);
    join_room(&mut cat, "OPEN02");
    let mut dan = Peer::authenticated(server.addr(), "Dan", Dialect::V2);
    assert_eq!(refusal(&mut dan, json!({"room_code": "OPEN02", "password": "sesame"})), missing);
}

#[test]
fn every_creation_is_charged_even_with_a_chosen_code() {
    let server = server().set("rate_limit.max_room_creations", json!(2)).start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    for code in ["CHARG1", "CHARG2"] {
        join_room(&mut ada, code);
        ada.expect("LobbyStateChanged");
        ada.send_unit("LeaveRoom");
        ada.expect("RoomLeft");
    }
    assert_refused(&mut ada, json!({"room_code": "CHARG3"}), "RATE_LIMIT_EXCEEDED");
    assert_refused(&mut ada, json!({}), "RATE_LIMIT_EXCEEDED");
    join_room(&mut ada, "CHARG1");
}

#[test]
fn a_refused_creation_is_no_attempt_to_join() {
    let server = server()
        .set("rate_limit.max_room_creations", json!(1))
        .set("rate_limit.max_join_attempts", json!(2))
        .start();
    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V2);
    join_room(&mut bob, "BOBS01");
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    assert_refused(&mut ada, json!({"game_name": ""}), "INVALID_GAME_NAME");
    for _ in 0..3 {
        assert_refused(&mut ada, json!({}), "RATE_LIMIT_EXCEEDED");
    }
    join_room(&mut ada, "BOBS01");
}

#[test]
fn join_attempts_are_limited() {
    let server = server().set("rate_limit.max_join_attempts", json!(3)).start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    for _ in 0..3 {
        assert_refused(&mut ada, json!({"game_name": ""}), "INVALID_GAME_NAME");
    }
    assert_refused(&mut ada, json!({"game_name": ""}), "RATE_LIMIT_EXCEEDED");
    ada.expect_silence();
}
