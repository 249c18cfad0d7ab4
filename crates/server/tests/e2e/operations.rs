//! Room operations with ids, and what the authority of a room may do with them.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer, ServerProcess, gather, join_room, spectate};

use crate::server;

/// Authenticated, with leave to give its operations ids.
fn operator(server: &ServerProcess, name: &str) -> Peer {
    let mut peer = Peer::connect(server.addr(), "/v3/ws", name);
    let mut request = Dialect::V3.authenticate();
    request["requested_capabilities"] = json!(["room_operation_ids"]);
    peer.send("Authenticate", request);
    peer.expect("Authenticated");
    let info = peer.expect("ProtocolInfo");
    let capabilities = info["capabilities"].as_array().expect("a list");
    assert!(capabilities.contains(&json!("room_operation_ids")), "{info}");
    peer
}

/// Ada, who may use operations and has the authority, with Bob of version 2 and Cat of version 3 in ROOM01.
fn table(server: &ServerProcess) -> (Peer, [Peer; 2]) {
    let mut ada = operator(server, "Ada");
    join_room(&mut ada, "ROOM01");
    ada.expect("LobbyStateChanged");
    let members = gather_more(&mut ada, server, [("Bob", Dialect::V2), ("Cat", Dialect::V3)]);
    (ada, members)
}

fn gather_more<const N: usize>(
    ada: &mut Peer,
    server: &ServerProcess,
    members: [(&str, Dialect); N],
) -> [Peer; N] {
    let mut seated: Vec<Peer> = Vec::new();
    for (name, dialect) in members {
        let mut peer = Peer::authenticated(server.addr(), name, dialect);
        join_room(&mut peer, "ROOM01");
        ada.expect("PlayerJoined");
        seated.iter_mut().for_each(|member| drop(member.expect("PlayerJoined")));
        seated.push(peer);
    }
    match seated.try_into() {
        Ok(members) => members,
        Err(_) => unreachable!("one peer for each name"),
    }
}

fn ask(peer: &mut Peer, operation: Value) {
    peer.send("RoomOperation", json!({"operation_id": ID, "operation": operation}));
}

#[track_caller]
fn expect_result(peer: &mut Peer, result: Value) {
    assert_eq!(peer.expect("RoomOperationResult"), json!({"operation_id": ID, "result": result}));
}

#[track_caller]
fn expect_failure(peer: &mut Peer, kind: &str, error_code: &str) {
    let reply = peer.expect("RoomOperationResult");
    assert_eq!(reply["operation_id"], ID);
    assert_eq!(
        (&reply["result"]["type"], &reply["result"]["data"]["error_code"]),
        (&json!(kind), &json!(error_code))
    );
}

fn about(kind: &str, player: &str) -> Value {
    json!({"type": kind, "data": {"player_id": player}})
}

#[test]
fn join_and_leave_as_operations_have_the_same_answers_in_an_envelope() {
    let server = server().start();
    let mut ada = operator(&server, "Ada");
    let join = json!({"game_name": GAME, "room_code": "ENVEL1", "player_name": "Ada"});
    ask(&mut ada, json!({"type": "JoinRoom", "data": join}));
    let joined = ada.expect("RoomOperationResult")["result"].take();
    assert_eq!(joined["type"], "RoomJoined");
    let herself = &joined["data"]["current_players"][0];
    assert_eq!((&herself["epoch"], herself.get("connected_at")), (&json!(1), None), "as version 3 sees it");
    ada.expect("LobbyStateChanged");
    ask(&mut ada, json!({"type": "LeaveRoom"}));
    expect_result(&mut ada, json!({"type": "RoomLeft"}));
    ask(&mut ada, json!({"type": "LeaveRoom"}));
    expect_failure(&mut ada, "OperationFailed", "NOT_IN_ROOM");
    ask(&mut ada, json!({"type": "LeaveSpectator"}));
    expect_failure(&mut ada, "OperationFailed", "NOT_A_SPECTATOR");
    ada.send_unit("LeaveRoom");
    ada.expect("RoomLeft");
    ada.expect_silence();
}

#[test]
fn a_kick_ends_the_connection_of_its_target_and_is_reported_last() {
    let server = server().start();
    let (mut ada, [mut bob, mut cat]) = table(&server);
    let (mut wim, _) = spectate(server.addr(), "ROOM01", "Wim", Dialect::V3);
    for member in [&mut ada, &mut bob, &mut cat] {
        member.expect("NewSpectatorJoined");
    }
    bob.send("GameData", json!({"data": 1}));
    for member in [&mut ada, &mut cat, &mut wim] {
        member.expect("GameData");
    }
    ask(&mut ada, about("KickPlayer", &bob.id));
    bob.expect_error("KICKED");
    assert_eq!(bob.expect_close(Some(4007)), "kicked");
    for member in [&mut ada, &mut cat, &mut wim] {
        let left = member.expect("PlayerLeft");
        assert_eq!(left, json!({"player_id": bob.id, "epoch": 1, "final_seq": 1}));
    }
    expect_result(&mut ada, about("PlayerKicked", &bob.id));
    for member in [&mut ada, &mut cat, &mut wim] {
        member.expect_silence();
    }
    let mut again = Peer::authenticated(server.addr(), "Bob", Dialect::V2);
    join_room(&mut again, "ROOM01");
}

#[test]
fn a_ban_ends_the_connection_too_and_can_be_lifted() {
    let server = server().start();
    let (mut ada, [mut bob, mut cat]) = table(&server);
    ask(&mut ada, about("BanPlayer", &cat.id));
    cat.expect_error("KICKED");
    cat.expect_close(Some(4007));
    assert_eq!(bob.expect("PlayerLeft"), json!({"player_id": cat.id}), "as version 2 sees it");
    ada.expect("PlayerLeft");
    expect_result(&mut ada, about("PlayerBanned", &cat.id));
    for _ in 0..2 {
        ask(&mut ada, about("UnbanPlayer", &cat.id));
        expect_result(&mut ada, about("PlayerUnbanned", &cat.id));
    }
    bob.expect_silence();
}

#[test]
fn who_hands_the_authority_over_has_it_no_longer() {
    let server = server().start();
    let (mut ada, [mut bob, mut cat]) = table(&server);
    ask(&mut ada, about("TransferAuthority", &bob.id));
    let changed = |yours: bool| json!({"authority_player": bob.id, "you_are_authority": yours});
    assert_eq!(ada.expect("AuthorityChanged"), changed(false));
    assert_eq!(cat.expect("AuthorityChanged"), changed(false));
    expect_result(&mut ada, about("AuthorityTransferred", &bob.id));
    let expected = changed(true);
    assert_eq!(bob.expect("AuthorityChanged"), expected);
    for (operation, code) in [
        (about("KickPlayer", &cat.id), "NOT_ROOM_AUTHORITY"),
        (about("TransferAuthority", &ada.id.clone()), "INVALID_INPUT"),
        (json!({"type": "RegenerateRoomCode"}), "NOT_ROOM_AUTHORITY"),
        (json!({"type": "SetRoomAccess", "data": {"password": "sesame"}}), "NOT_ROOM_AUTHORITY"),
    ] {
        ask(&mut ada, operation);
        expect_failure(&mut ada, "OperationFailed", code);
    }
}

#[test]
fn a_new_code_replaces_the_old_one_for_those_outside() {
    let server = server().start();
    let (mut ada, [mut bob, mut cat]) = table(&server);
    ask(&mut ada, json!({"type": "RegenerateRoomCode"}));
    let result = ada.expect("RoomOperationResult")["result"].take();
    let code = result["data"]["room_code"].as_str().expect("a code").to_owned();
    assert_eq!(result, json!({"type": "RoomCodeRegenerated", "data": {"room_code": code}}));
    assert!(code != "ROOM01" && code.len() == 6, "{code}");
    for member in [&mut bob, &mut cat] {
        member.expect_silence();
    }
    let mut dan = Peer::authenticated(server.addr(), "Dan", Dialect::V3);
    let by =
        |code: &str| json!({"game_name": GAME, "room_code": code, "player_name": "Dan", "join_only": true});
    dan.send("JoinRoom", by("ROOM01"));
    dan.expect_refusal("RoomJoinFailed", "ROOM_NOT_FOUND");
    dan.send("JoinRoom", by(&code.to_lowercase()));
    assert_eq!(dan.expect("RoomJoined")["room_code"], code);
    for member in [&mut ada, &mut bob, &mut cat] {
        member.expect("PlayerJoined");
    }
    let [_eve] = gather(server.addr(), "ROOM01", [("Eve", Dialect::V2)]);
}

#[test]
fn a_password_can_be_set_changed_and_removed() {
    let server = server().start();
    let (mut ada, [mut bob, _cat]) = table(&server);
    for (password, protected) in [(json!("sesame"), true), (json!("mellon"), true), (json!(null), false)] {
        ask(&mut ada, json!({"type": "SetRoomAccess", "data": {"password": password}}));
        let updated = json!({"requires_password": protected});
        expect_result(&mut ada, json!({"type": "RoomAccessUpdated", "data": updated}));
        let mut wim = Peer::authenticated(server.addr(), "Wim", Dialect::V3);
        let mut watch = json!({"game_name": GAME, "room_code": "ROOM01", "spectator_name": "Wim"});
        for wrong in [json!(null), json!("sesame"), json!("mellon")] {
            if wrong != password {
                watch["password"] = wrong;
                wim.send("JoinAsSpectator", watch.clone());
                wim.expect_refusal("SpectatorJoinFailed", "PASSWORD_REQUIRED");
            }
        }
        watch["password"] = password;
        wim.send("JoinAsSpectator", watch);
        wim.expect("SpectatorJoined");
        for member in [&mut ada, &mut bob] {
            member.expect("NewSpectatorJoined");
        }
        wim.close();
        for member in [&mut ada, &mut bob] {
            member.expect("SpectatorDisconnected");
        }
    }
    for bad in [json!(""), json!("p".repeat(257))] {
        ask(&mut ada, json!({"type": "SetRoomAccess", "data": {"password": bad}}));
        expect_failure(&mut ada, "OperationFailed", "INVALID_INPUT");
    }
    // A slip of the pen must not open a room.
    ask(&mut ada, json!({"type": "SetRoomAccess", "data": {}}));
    expect_failure(&mut ada, "OperationFailed", "INVALID_INPUT");
}

#[test]
fn whoever_guesses_passwords_is_slowed_down_also_on_new_connections() {
    let server = server().start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
    let locked =
        json!({"game_name": GAME, "room_code": "LOCKED", "player_name": "Ada", "password": "sesame"});
    ada.send("JoinRoom", locked.clone());
    ada.expect("RoomJoined");
    // They come back while this goes on, slower than they are spent.
    let refused = (0..1_000).any(|_| {
        let mut eve = Peer::authenticated(server.addr(), "Eve", Dialect::V2);
        let mut guess = locked.clone();
        guess["password"] = json!("guess");
        eve.send("JoinRoom", guess);
        let failed = eve.expect("RoomJoinFailed");
        eve.close();
        failed["error_code"] == "RATE_LIMIT_EXCEEDED"
    });
    assert!(refused);
}

const ID: &str = "6b1c8d3e-95f7-4a20-9e8b-c4d5e6f7a806";
