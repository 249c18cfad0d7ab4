//! A server that knows its apps: who must authenticate, as what, and that apps do not meet.

use serde_json::json;
use signal_fish_testkit::{Dialect, GAME, Launch, Peer, ServerProcess, join_room};

use crate::server;

fn two_apps() -> Launch {
    server().set("security.enforce_app_id_allowlist", json!(true)).set(
        "security.allowed_apps",
        json!([{"app_id": "tanks-live", "app_name": "Tanks"}, {"app_id": "tanks-beta", "app_name": "Tanks (beta)"}]),
    )
}

/// A connection that has authenticated for this app.
#[track_caller]
fn player_of(server: &ServerProcess, app_id: &str, name: &str) -> Peer {
    let mut peer = Peer::connect(server.addr(), "/v2/ws", name);
    peer.send("Authenticate", json!({"app_id": app_id, "protocol_version": 3}));
    peer.expect("Authenticated");
    peer.expect("ProtocolInfo");
    peer
}

#[test]
fn a_known_app_is_called_by_its_name() {
    let server = two_apps().start();
    for (app_id, name) in [("tanks-live", "Tanks"), ("tanks-beta", "Tanks (beta)")] {
        for dialect in [Dialect::V2, Dialect::V3] {
            let mut peer = Peer::connect(server.addr(), "/v2/ws", app_id);
            let mut authenticate = dialect.authenticate();
            authenticate["app_id"] = json!(app_id);
            peer.send("Authenticate", authenticate);
            assert_eq!(peer.expect("Authenticated")["app_name"], name);
            peer.expect("ProtocolInfo");
            peer.expect_silence();
        }
    }
}

#[test]
fn an_unknown_app_is_refused() {
    let server = two_apps().start();
    for app_id in ["tanks", "Tanks-Live", "tanks-live ", "demo", ""] {
        let mut peer = Peer::connect(server.addr(), "/v2/ws", app_id);
        peer.send("Authenticate", json!({"app_id": app_id}));
        peer.expect_refusal("AuthenticationError", "INVALID_APP_ID");
        peer.expect_close(Some(1000));
    }
}

#[test]
fn nothing_goes_before_the_handshake() {
    let server = two_apps().start();
    let messages = [
        json!({"type": "Ping"}),
        json!({"type": "JoinRoom", "data": {"game_name": GAME, "player_name": "Ada"}}),
        json!({"type": "GameData", "data": {"data": 1}}),
        json!({"type": "LeaveRoom"}),
    ];
    for (index, message) in messages.iter().enumerate() {
        let path = ["/v2/ws", "/v3/ws"][index % 2];
        let mut peer = Peer::connect(server.addr(), path, "hasty");
        peer.send_text(&message.to_string());
        peer.expect_error("MISSING_APP_ID");
        peer.expect_close(Some(1000));
    }
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "binary");
    peer.send_binary(&[0xC0]);
    peer.expect_error("MISSING_APP_ID");
    peer.expect_close(Some(1000));
}

#[test]
fn what_means_nothing_does_not_count_as_a_message() {
    let server = two_apps().start();
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "clumsy");
    for text in ["hello", r#"{"type":"Hello"}"#, r#"{"type":"Authenticate","data":{}}"#] {
        peer.send_text(text);
        peer.expect_error("INVALID_INPUT");
    }
    peer.send("Authenticate", json!({"app_id": "tanks-live", "protocol_version": 1}));
    peer.expect_refusal("AuthenticationError", "UNSUPPORTED_PROTOCOL_VERSION");
    peer.send("Authenticate", json!({"app_id": "tanks-live"}));
    assert_eq!(peer.expect("Authenticated")["app_name"], "Tanks");
}

#[test]
fn rooms_of_two_apps_are_two_rooms() {
    let server = two_apps().start();
    let mut live = player_of(&server, "tanks-live", "Ada");
    let mut beta = player_of(&server, "tanks-beta", "Ada");
    let rooms = [&mut live, &mut beta].map(|player| {
        let snapshot = join_room(player, "SAME01");
        player.expect("LobbyStateChanged");
        assert_eq!(snapshot["current_players"].as_array().map(Vec::len), Some(1), "{snapshot}");
        snapshot["room_id"].clone()
    });
    assert_ne!(rooms[0], rooms[1]);

    let mut guest = player_of(&server, "tanks-live", "Bob");
    assert_eq!(join_room(&mut guest, "SAME01")["room_id"], rooms[0]);
    live.expect("PlayerJoined");
    guest.say(json!("hello"));
    live.expect("GameData");
    beta.expect_silence();
}

#[test]
fn rooms_of_another_app_cannot_be_found() {
    let server = two_apps().start();
    let mut live = player_of(&server, "tanks-live", "Ada");
    join_room(&mut live, "LIVE01");
    live.expect("LobbyStateChanged");
    let mut beta = player_of(&server, "tanks-beta", "Bob");
    let entry = json!({"game_name": GAME, "room_code": "LIVE01", "player_name": "Bob", "join_only": true});
    beta.send("JoinRoom", entry);
    beta.expect_refusal("RoomJoinFailed", "ROOM_NOT_FOUND");
    beta.send("JoinAsSpectator", json!({"game_name": GAME, "room_code": "LIVE01", "spectator_name": "Bob"}));
    beta.expect_refusal("SpectatorJoinFailed", "ROOM_NOT_FOUND");
    live.expect_silence();
}

#[test]
fn a_seat_is_not_given_back_to_another_app() {
    let server = two_apps().start();
    let mut live = player_of(&server, "tanks-live", "Ada");
    let snapshot = join_room(&mut live, "LIVE02");
    let reconnect = json!({
        "player_id": live.id, "room_id": snapshot["room_id"], "auth_token": snapshot["reconnection_token"],
    });
    let mut bob = player_of(&server, "tanks-live", "Bob");
    join_room(&mut bob, "LIVE02");
    drop(live);
    bob.expect("PlayerLeft");
    let mut beta = player_of(&server, "tanks-beta", "Ada");
    beta.send("Reconnect", reconnect.clone());
    beta.expect_refusal("ReconnectionFailed", "RECONNECTION_FAILED");
    let mut back = player_of(&server, "tanks-live", "Ada");
    back.send("Reconnect", reconnect);
    back.expect("Reconnected");
}

#[test]
fn an_app_has_limits_of_its_own() {
    let apps = json!([
        {"app_id": "small", "app_name": "Small", "max_rooms": 1, "max_players_per_room": 2, "rate_limit_per_minute": 3},
        {"app_id": "large", "app_name": "Large"},
    ]);
    let server = server()
        .set("security.enforce_app_id_allowlist", json!(true))
        .set("security.allowed_apps", apps)
        .start();
    let mut ada = Peer::connect(server.addr(), "/v3/ws", "Ada");
    ada.send("Authenticate", json!({"app_id": "small"}));
    let rates = json!({"per_minute": 3, "per_hour": 180, "per_day": 4_320});
    assert_eq!(ada.expect("Authenticated")["rate_limits"], rates);
    ada.expect("ProtocolInfo");

    ada.send("JoinRoom", json!({"game_name": GAME, "player_name": "Ada", "max_players": 3}));
    ada.expect_refusal("RoomJoinFailed", "INVALID_MAX_PLAYERS");
    ada.send("JoinRoom", json!({"game_name": GAME, "player_name": "Ada"}));
    assert_eq!(ada.expect("RoomJoined")["max_players"], 2);
    ada.expect("LobbyStateChanged");

    let mut bob = player_of(&server, "small", "Bob");
    bob.send("JoinRoom", json!({"game_name": "another", "player_name": "Bob"}));
    bob.expect_refusal("RoomJoinFailed", "MAX_ROOMS_PER_GAME_EXCEEDED");
    let mut zoe = player_of(&server, "large", "Zoe");
    zoe.send("JoinRoom", json!({"game_name": "another", "player_name": "Zoe", "max_players": 50}));
    zoe.expect("RoomJoined");

    player_of(&server, "small", "Cat");
    let mut dan = Peer::connect(server.addr(), "/v3/ws", "Dan");
    dan.send("Authenticate", json!({"app_id": "small"}));
    dan.expect_refusal("AuthenticationError", "RATE_LIMIT_EXCEEDED");
    dan.expect_close(Some(1000));
}

#[test]
fn an_app_has_so_many_connections_and_no_more() {
    let apps = json!([
        {"app_id": "small", "app_name": "Small", "max_connections": 2},
        {"app_id": "large", "app_name": "Large"},
    ]);
    let server = server()
        .set("security.enforce_app_id_allowlist", json!(true))
        .set("security.allowed_apps", apps)
        .start();
    let ada = player_of(&server, "small", "Ada");
    let mut bob = player_of(&server, "small", "Bob");
    let mut late = Peer::connect(server.addr(), "/v3/ws", "late");
    late.send("Authenticate", json!({"app_id": "small"}));
    late.expect_refusal("AuthenticationError", "TOO_MANY_CONNECTIONS");
    late.expect_close(Some(1000));
    for name in ["Cat", "Dan", "Eve"] {
        player_of(&server, "large", name);
    }
    bob.expect_alive();
    // Who leaves makes place: a goodbye is answered when the session has ended.
    ada.close();
    player_of(&server, "small", "Fay");
}

#[test]
fn an_app_has_so_many_messages_of_each_player_and_no_more() {
    let apps = json!([{"app_id": "calm", "app_name": "Calm", "max_messages": 3}]);
    let server = server()
        .set("security.enforce_app_id_allowlist", json!(true))
        .set("security.allowed_apps", apps)
        .start();
    let mut ada = player_of(&server, "calm", "Ada");
    join_room(&mut ada, "CALM01");
    ada.expect("LobbyStateChanged");
    let mut bob = player_of(&server, "calm", "Bob");
    join_room(&mut bob, "CALM01");
    ada.expect("PlayerJoined");
    for n in 0..2 {
        ada.say(json!(n));
        assert_eq!(bob.expect("GameData")["data"], n);
    }
    ada.send_unit("PlayerReady");
    for player in [&mut ada, &mut bob] {
        player.expect("LobbyStateChanged");
    }
    ada.say(json!("too much"));
    ada.expect_error("RATE_LIMIT_EXCEEDED");
    ada.send_unit("PlayerReady");
    ada.expect_error("RATE_LIMIT_EXCEEDED");
    bob.say(json!("still there"));
    ada.expect("GameData");
    bob.expect_silence();
    ada.send_unit("LeaveRoom");
    ada.expect("RoomLeft");
}

#[test]
fn all_players_of_an_app_share_its_messages_and_bytes() {
    for (limits, refused) in [
        (json!({"app_id": "busy", "app_name": "Busy", "max_messages_of_all": 3}), json!("small")),
        (
            json!({"app_id": "busy", "app_name": "Busy", "max_relay_bytes_of_all": 100}),
            json!("x".repeat(100)),
        ),
    ] {
        let apps = json!([limits, {"app_id": "other", "app_name": "Other"}]);
        let server = server()
            .set("security.enforce_app_id_allowlist", json!(true))
            .set("security.allowed_apps", apps)
            .start();
        let mut ada = player_of(&server, "busy", "Ada");
        join_room(&mut ada, "BUSY01");
        ada.expect("LobbyStateChanged");
        let mut bob = player_of(&server, "busy", "Bob");
        join_room(&mut bob, "BUSY01");
        ada.expect("PlayerJoined");
        ada.say(json!(1));
        ada.say(json!(2));
        bob.expect("GameData");
        bob.expect("GameData");
        bob.say(json!(3));
        ada.expect("GameData");
        // A new connection has no budget of its own.
        let mut cat = player_of(&server, "busy", "Cat");
        join_room(&mut cat, "BUSY01");
        for member in [&mut ada, &mut bob] {
            member.expect("PlayerJoined");
        }
        for sender in [&mut cat, &mut bob] {
            sender.say(refused.clone());
            sender.expect_error("RATE_LIMIT_EXCEEDED");
        }
        ada.expect_silence();

        let mut zoe = player_of(&server, "other", "Zoe");
        join_room(&mut zoe, "BUSY01");
        zoe.expect("LobbyStateChanged");
        zoe.say(refused);
        zoe.expect_alive();
    }
}
