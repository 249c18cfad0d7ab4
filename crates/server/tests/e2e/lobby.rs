//! Players get ready, the authority starts, and the authority itself can be handed on.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer, gather, join_room, spectate};

use crate::server;

const PAIR: [(&str, Dialect); 2] = [("Ada", Dialect::V2), ("Bob", Dialect::V3)];

/// The sender toggles, and everyone in the room hears the same.
#[track_caller]
fn toggle<const N: usize>(room: &mut [Peer; N], who: usize, ready: &[usize], all_ready: bool) {
    room[who].send_unit("PlayerReady");
    let mut expected: Vec<_> = ready.iter().map(|&index| room[index].id.clone()).collect();
    expected.sort_unstable();
    for member in room {
        let lobby = member.expect("LobbyStateChanged");
        let mut ready: Vec<_> = lobby["ready_players"].as_array().expect("a list").clone();
        ready.sort_unstable_by_key(Value::to_string);
        assert_eq!(ready, expected, "{lobby}");
        assert_eq!((&lobby["lobby_state"], &lobby["all_ready"]), (&json!("lobby"), &json!(all_ready)));
    }
}

/// Checks a `GameStarting` and a `SessionPlan` where one belongs; the generation of the plan.
#[track_caller]
fn expect_start(member: &mut Peer, is_v3: bool, players: &[String]) -> Option<String> {
    let starting = member.expect("GameStarting");
    let peers = starting["peer_connections"].as_array().expect("a list");
    let mut ids: Vec<_> = peers.iter().filter_map(|peer| peer["player_id"].as_str()).collect();
    let mut expected: Vec<_> = players.iter().map(String::as_str).collect();
    ids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ids, expected, "everyone, the recipient too");
    for peer in peers {
        assert_eq!(peer["is_authority"], peer["player_name"] == "Ada", "{peer}");
        assert_eq!(peer["relay_type"], "matchbox");
    }
    if !is_v3 {
        return None;
    }
    let mut plan = member.expect("SessionPlan");
    let generation = plan["generation"].take();
    let rest = json!({
        "generation": null, "topology": "relay", "transport": "relay", "peers": [], "fallback": "relay",
    });
    assert_eq!(plan, rest);
    Some(generation.as_str().expect("a generation").to_owned())
}

#[test]
fn ready_is_a_toggle_that_everyone_sees() {
    let server = server().start();
    let mut room = gather(server.addr(), "READY1", PAIR);
    toggle(&mut room, 0, &[0], false);
    toggle(&mut room, 1, &[0, 1], true);
    toggle(&mut room, 0, &[1], false);

    let mut eve = Peer::authenticated(server.addr(), "Eve", Dialect::V3);
    let snapshot = join_room(&mut eve, "READY1");
    assert_eq!(snapshot["ready_players"], json!([room[1].id]));
    for player in snapshot["current_players"].as_array().expect("a roster") {
        assert_eq!(player["is_ready"], player["name"] == "Bob", "{player}");
    }
    for member in &mut room {
        member.expect("PlayerJoined");
        member.expect_silence();
    }
}

#[test]
fn leaving_takes_the_ready_flag_along_and_says_nothing_else() {
    let server = server().start();
    let mut room = gather(server.addr(), "READY2", PAIR);
    toggle(&mut room, 1, &[1], false);
    room[1].send_unit("LeaveRoom");
    room[1].expect("RoomLeft");
    room[0].expect("PlayerLeft");
    room[0].expect_silence();
    let snapshot = join_room(&mut room[1], "READY2");
    assert_eq!(snapshot["ready_players"], json!([]));
    room[0].expect("PlayerJoined");
    toggle(&mut room, 0, &[0], false);
}

#[test]
fn a_start_is_refused_to_strangers_followers_and_the_unready() {
    let server = server().start();
    let mut room = gather(server.addr(), "START1", PAIR);
    let mut stranger = Peer::authenticated(server.addr(), "stranger", Dialect::V3);
    stranger.send_unit("StartGame");
    stranger.expect_error("NOT_IN_ROOM");
    stranger.send_unit("PlayerReady");
    stranger.expect_error("NOT_IN_ROOM");

    room[1].send_unit("StartGame");
    room[1].expect_error("GAME_START_FORBIDDEN");
    room[0].send_unit("StartGame");
    room[0].expect_error("GAME_START_NOT_READY");
    toggle(&mut room, 1, &[1], false);
    room[0].send_unit("StartGame");
    room[0].expect_error("GAME_START_NOT_READY");
    for member in &mut room {
        member.expect_silence();
    }
}

#[test]
fn the_authority_starts_once_and_for_all() {
    let server = server().start();
    let mut room = gather(server.addr(), "START2", PAIR);
    let (mut watcher, _) = spectate(server.addr(), "START2", "Wim", Dialect::V3);
    for member in &mut room {
        member.expect("NewSpectatorJoined");
    }
    toggle(&mut room, 0, &[0], false);
    toggle(&mut room, 1, &[0, 1], true);
    watcher.expect("LobbyStateChanged");
    watcher.expect("LobbyStateChanged");
    room[0].send_unit("StartGame");
    let players = room.each_ref().map(|member| member.id.clone());
    assert_eq!(expect_start(&mut room[0], false, &players), None);
    expect_start(&mut room[1], true, &players).expect("version 3 gets a plan");
    assert_eq!(expect_start(&mut watcher, false, &players), None, "spectators get no plan");

    for member in &mut room {
        for message in ["StartGame", "PlayerReady"] {
            member.send_unit(message);
            member.expect_error("INVALID_ROOM_STATE");
        }
        member.expect_silence();
    }
    room[0].say(json!("go"));
    assert_eq!(room[1].expect("GameData")["data"], "go");
    watcher.expect("GameData");
    watcher.expect_silence();
}

#[test]
fn one_plan_has_one_generation_and_a_late_player_makes_a_new_one() {
    let server = server().start();
    let v3 = [("Ada", Dialect::V3), ("Bob", Dialect::V3)];
    let mut room = gather(server.addr(), "START3", v3);
    toggle(&mut room, 0, &[0], false);
    toggle(&mut room, 1, &[0, 1], true);
    room[0].send_unit("StartGame");
    let players = room.each_ref().map(|member| member.id.clone());
    let first = room.each_mut().map(|member| expect_start(member, true, &players));
    assert_eq!(first[0], first[1]);

    let mut eve = Peer::authenticated(server.addr(), "Eve", Dialect::V3);
    let snapshot = join_room(&mut eve, "START3");
    assert_eq!(snapshot["lobby_state"], "finalized");
    assert_eq!(snapshot["ready_players"].as_array().map(Vec::len), Some(2), "the members at the start");
    let plan = eve.expect("SessionPlan");
    assert_ne!(plan["generation"].as_str(), first[0].as_deref());
    for member in &mut room {
        member.expect("PlayerJoined");
        assert_eq!(member.expect("SessionPlan"), plan);
    }
    room[0].send_unit("LeaveRoom");
    room[0].expect("RoomLeft");
    for member in [&mut room[1], &mut eve] {
        member.expect("PlayerLeft");
        member.expect("AuthorityChanged");
        member.expect_silence();
    }
}

#[test]
fn without_an_authority_anyone_may_start_even_alone() {
    let server = server().start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V3);
    ada.send("JoinRoom", json!({"game_name": GAME, "player_name": "Solo", "supports_authority": false}));
    let snapshot = ada.expect("RoomJoined");
    ada.expect("LobbyStateChanged");
    ada.send_unit("StartGame");
    ada.expect_error("GAME_START_NOT_READY");
    ada.send_unit("PlayerReady");
    assert_eq!(ada.expect("LobbyStateChanged")["all_ready"], true);
    ada.send_unit("StartGame");
    expect_start(&mut ada, true, &[snapshot["player_id"].as_str().expect("an id").to_owned()]);
    ada.expect_silence();
}

#[test]
fn connection_info_travels_in_the_start_and_in_version_2_rosters() {
    let server = server().start();
    let mut room = gather(server.addr(), "INFO01", PAIR);
    let infos = [
        json!({"type": "direct", "host": "203.0.113.9", "port": 7777}),
        json!({"type": "custom", "data": {"b": 1, "a": [null]}}),
    ];
    room[0].send("ProvideConnectionInfo", json!({"connection_info": infos[1]}));
    for (member, info) in room.iter_mut().zip(&infos) {
        member.send("ProvideConnectionInfo", json!({"connection_info": info}));
        member.expect_silence();
    }
    for (dialect, shown) in [(Dialect::V2, true), (Dialect::V3, false)] {
        let mut eve = Peer::authenticated(server.addr(), "Eve", dialect);
        let snapshot = join_room(&mut eve, "INFO01");
        for player in snapshot["current_players"].as_array().expect("a roster") {
            let info = room.iter().position(|member| player["id"] == json!(member.id));
            assert_eq!(player.get("connection_info"), info.filter(|_| shown).map(|index| &infos[index]));
        }
        eve.send_unit("LeaveRoom");
        eve.expect("RoomLeft");
        for member in &mut room {
            member.expect("PlayerJoined");
            member.expect("PlayerLeft");
        }
    }
    toggle(&mut room, 0, &[0], false);
    toggle(&mut room, 1, &[0, 1], true);
    room[0].send_unit("StartGame");
    for member in &mut room {
        let starting = member.expect("GameStarting");
        for peer in starting["peer_connections"].as_array().expect("a list") {
            let owner = usize::from(peer["player_name"] == "Bob");
            assert_eq!(peer["connection_info"], infos[owner], "{peer}");
        }
    }
}

#[test]
fn a_game_may_have_its_own_relay_label() {
    for (game, label) in [(GAME, "mirror"), ("chess", "fishnet")] {
        let server = server()
            .set("relay_types.default_relay_type", json!("fishnet"))
            .set("relay_types.game_relay_mappings", json!({GAME: "mirror"}))
            .start();
        let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V2);
        ada.send("JoinRoom", json!({"game_name": game, "player_name": "Ada", "relay_transport": "tcp"}));
        assert_eq!(ada.expect("RoomJoined")["relay_type"], label);
        ada.expect("LobbyStateChanged");
        ada.send_unit("PlayerReady");
        ada.expect("LobbyStateChanged");
        ada.send_unit("StartGame");
        assert_eq!(ada.expect("GameStarting")["peer_connections"][0]["relay_type"], label);
    }
}

#[test]
fn authority_is_released_and_taken() {
    let server = server().start();
    let [mut ada, mut bob] = gather(server.addr(), "AUTH01", PAIR);
    bob.send("AuthorityRequest", json!({"become_authority": true}));
    bob.expect_refusal("AuthorityResponse", "AUTHORITY_CONFLICT");
    bob.send("AuthorityRequest", json!({"become_authority": false}));
    let denied = bob.expect_refusal("AuthorityResponse", "AUTHORITY_DENIED");
    assert_eq!(denied["granted"], false);
    ada.send("AuthorityRequest", json!({"become_authority": true}));
    ada.expect_refusal("AuthorityResponse", "AUTHORITY_CONFLICT");

    let granted = json!({"granted": true, "reason": null});
    ada.send("AuthorityRequest", json!({"become_authority": false}));
    assert_eq!(ada.expect("AuthorityResponse"), granted);
    let vacant = json!({"authority_player": null, "you_are_authority": false});
    assert_eq!(ada.expect("AuthorityChanged"), vacant);
    assert_eq!(bob.expect("AuthorityChanged"), vacant);

    bob.send("AuthorityRequest", json!({"become_authority": true}));
    assert_eq!(bob.expect("AuthorityResponse"), granted);
    let theirs = json!({"authority_player": bob.id, "you_are_authority": false});
    assert_eq!(ada.expect("AuthorityChanged"), theirs);
    let mine = json!({"authority_player": bob.id, "you_are_authority": true});
    assert_eq!(bob.expect("AuthorityChanged"), mine);
    ada.expect_silence();
    bob.expect_silence();
}

#[test]
fn authority_falls_vacant_when_its_holder_goes() {
    let server = server().start();
    for code in ["AUTH02", "AUTH03"] {
        let [mut ada, mut bob] = gather(server.addr(), code, PAIR);
        let (ada_id, vacant) =
            (ada.id.clone(), json!({"authority_player": null, "you_are_authority": false}));
        if code == "AUTH02" {
            ada.send_unit("LeaveRoom");
            ada.expect("RoomLeft");
            ada.expect_silence();
        } else {
            drop(ada);
        }
        assert_eq!(bob.expect("PlayerLeft")["player_id"], ada_id);
        assert_eq!(bob.expect("AuthorityChanged"), vacant);
        bob.expect_silence();
        let mut eve = Peer::authenticated(server.addr(), "Eve", Dialect::V2);
        assert_eq!(join_room(&mut eve, code)["is_authority"], false, "nobody inherits it");
    }
}

#[test]
fn authority_needs_a_room_that_has_one() {
    let server = server().start();
    let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V3);
    for become_authority in [true, false] {
        ada.send("AuthorityRequest", json!({"become_authority": become_authority}));
        ada.expect_refusal("AuthorityResponse", "NOT_IN_ROOM");
    }
    ada.send("JoinRoom", json!({"game_name": GAME, "player_name": "Ada", "supports_authority": false}));
    ada.expect("RoomJoined");
    ada.expect("LobbyStateChanged");
    ada.send("AuthorityRequest", json!({"become_authority": true}));
    ada.expect_refusal("AuthorityResponse", "AUTHORITY_NOT_SUPPORTED");
    ada.expect_silence();
}
