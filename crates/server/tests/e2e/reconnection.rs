//! Sockets are cut, and their players take their seats again over new ones.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, Peer, Proxy, ServerProcess, gather, join_room, spectate};

use crate::server;

/// Connects with these capabilities asked for.
#[track_caller]
fn asking(server: &ServerProcess, name: &str, dialect: Dialect, capabilities: &[&str]) -> Peer {
    let mut peer = Peer::connect(server.addr(), "/v2/ws", name);
    let mut authenticate = dialect.authenticate();
    authenticate["requested_capabilities"] = json!(capabilities);
    peer.send("Authenticate", authenticate);
    peer.expect("Authenticated");
    peer.expect("ProtocolInfo");
    peer
}

/// What the seat of this snapshot is taken again with.
fn reconnect(snapshot: &Value) -> Value {
    json!({
        "player_id": snapshot["player_id"], "room_id": snapshot["room_id"],
        "auth_token": snapshot["reconnection_token"],
    })
}

#[test]
fn a_lost_player_of_version_3_comes_back_as_the_contract_shows() {
    let server = server().start();
    let [mut ada] = gather(server.addr(), "FLOW10", [("Ada", Dialect::V3)]);
    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
    let snapshot = join_room(&mut bob, "FLOW10");
    ada.expect("PlayerJoined");
    let (mut wim, _) = spectate(server.addr(), "FLOW10", "Wim", Dialect::V2);
    ada.expect("NewSpectatorJoined");
    bob.expect("NewSpectatorJoined");
    ada.say(json!(1));
    bob.expect("GameData");
    wim.expect("GameData");
    let bob_id = bob.id.clone();
    drop(bob);
    assert_eq!(ada.expect("PlayerLeft"), json!({"player_id": bob_id, "epoch": 1, "final_seq": 0}));
    wim.expect("PlayerLeft");
    ada.send_unit("PlayerReady");
    ada.expect("LobbyStateChanged");
    wim.expect("LobbyStateChanged");

    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
    bob.send("Reconnect", reconnect(&snapshot));
    let back = bob.expect("Reconnected");
    assert_eq!((&back["player_id"], &back["replay"]), (&json!(bob_id), &json!("complete")));
    assert_ne!(back["reconnection_token"], snapshot["reconnection_token"]);
    let marks = json!([
        {"player_id": ada.id, "epoch": 1, "seq": 1},
        {"player_id": bob_id, "epoch": 2, "seq": 0},
    ]);
    assert_eq!(back["sender_watermarks"], marks);
    let missed = back["missed_events"].as_array().expect("a list");
    assert_eq!(missed.iter().map(|event| &event["type"]).collect::<Vec<_>>(), ["LobbyStateChanged"]);
    let player = json!({
        "id": bob_id, "name": "Bob", "is_authority": false, "is_ready": false, "epoch": 2, "seq": 0,
    });
    assert_eq!(ada.expect("PlayerJoined"), json!({"player": player}));
    let reconnected = json!({"player_id": bob_id, "epoch": 2, "player": player});
    assert_eq!(ada.expect("PlayerReconnected"), reconnected);
    assert_eq!(wim.expect("PlayerJoined")["player"].get("epoch"), None);
    let shown = wim.expect("PlayerReconnected");
    assert_eq!((&shown["player_id"], shown.get("epoch")), (&json!(bob_id), None));
    bob.say(json!(2));
    let heard = ada.expect("GameData");
    assert_eq!(
        (&heard["from_player"], &heard["epoch"], &heard["seq"]),
        (&json!(bob_id), &json!(2), &json!(1))
    );
    wim.expect("GameData");
    for peer in [&mut ada, &mut bob, &mut wim] {
        peer.expect_silence();
    }
}

#[test]
fn the_authority_comes_back_with_its_holder_unless_somebody_took_it() {
    let server = server().start();
    for (code, is_taken) in [("HOLD01", false), ("HOLD02", true)] {
        let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V3);
        let snapshot = join_room(&mut ada, code);
        let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V2);
        join_room(&mut bob, code);
        drop(ada);
        bob.expect("PlayerLeft");
        bob.expect("AuthorityChanged");
        if is_taken {
            bob.send("AuthorityRequest", json!({"become_authority": true}));
            bob.expect("AuthorityResponse");
            bob.expect("AuthorityChanged");
        }
        let mut ada = Peer::authenticated(server.addr(), "Ada", Dialect::V3);
        ada.send("Reconnect", reconnect(&snapshot));
        let back = ada.expect("Reconnected");
        assert_eq!(back["is_authority"], !is_taken);
        assert_eq!(back["missed_events"].as_array().map(Vec::len), Some(usize::from(is_taken)));
        bob.expect("PlayerJoined");
        bob.expect("PlayerReconnected");
        if !is_taken {
            let holder = json!(snapshot["player_id"]);
            let mine = json!({"authority_player": holder, "you_are_authority": true});
            assert_eq!(ada.expect("AuthorityChanged"), mine);
            let hers = json!({"authority_player": holder, "you_are_authority": false});
            assert_eq!(bob.expect("AuthorityChanged"), hers);
        }
        ada.expect_silence();
        bob.expect_silence();
    }
}

#[test]
fn version_2_is_shown_its_token_if_it_asks() {
    let server = server().start();
    let [mut ada] = gather(server.addr(), "TOKEN2", [("Ada", Dialect::V3)]);
    let mut frozen = Peer::authenticated(server.addr(), "frozen", Dialect::V2);
    assert_eq!(join_room(&mut frozen, "TOKEN2").get("reconnection_token"), None);
    let mut bob = asking(&server, "Bob", Dialect::V2, &["reconnection_token"]);
    let mut snapshot = join_room(&mut bob, "TOKEN2");
    for _ in 0..2 {
        ada.expect("PlayerJoined");
    }
    for epoch in 2..4 {
        drop(bob);
        ada.expect("PlayerLeft");
        bob = asking(&server, "Bob", Dialect::V2, &["reconnection_token"]);
        bob.send("Reconnect", reconnect(&snapshot));
        let back = bob.expect("Reconnected");
        assert_ne!(back["reconnection_token"], snapshot["reconnection_token"]);
        assert_eq!([back.get("replay"), back.get("sender_watermarks")], [None; 2]);
        assert!(back["current_players"].as_array().is_some_and(|players| players.len() == 3), "{back}");
        assert_eq!(ada.expect("PlayerJoined")["player"]["epoch"], epoch);
        ada.expect("PlayerReconnected");
        snapshot = back;
    }
    ada.expect_silence();
}

#[test]
fn a_goodbye_is_a_loss_as_well_and_leaving_is_not() {
    let server = server().start();
    let [mut ada] = gather(server.addr(), "LOSS01", [("Ada", Dialect::V3)]);
    for (leaves, code) in [(false, None), (true, Some("RECONNECTION_FAILED"))] {
        let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
        let snapshot = join_room(&mut bob, "LOSS01");
        ada.expect("PlayerJoined");
        if leaves {
            bob.send_unit("LeaveRoom");
            bob.expect("RoomLeft");
        }
        bob.close();
        ada.expect("PlayerLeft");
        let mut back = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
        back.send("Reconnect", reconnect(&snapshot));
        match code {
            Some(code) => drop(back.expect_refusal("ReconnectionFailed", code)),
            None => {
                back.expect("Reconnected");
                back.send_unit("LeaveRoom");
                back.expect("RoomLeft");
                ada.expect("PlayerJoined");
                ada.expect("PlayerReconnected");
                ada.expect("PlayerLeft");
            }
        }
    }
}

#[test]
fn a_room_is_kept_for_one_who_may_come_back_and_who_is_late_is_told_so() {
    let server = server()
        .set("server.reconnection_window", json!(1))
        .set("server.empty_room_timeout", json!(0))
        .start();
    let [mut ada] = gather(server.addr(), "LATE01", [("Ada", Dialect::V3)]);
    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
    let snapshot = join_room(&mut bob, "LATE01");
    ada.expect("PlayerJoined");
    drop(bob);
    ada.expect("PlayerLeft");
    // Another room ends with the last one who may come back to it, which is after Bob's time.
    let [eve] = gather(server.addr(), "CLOCK1", [("Eve", Dialect::V3)]);
    let (mut wim, _) = spectate(server.addr(), "CLOCK1", "Wim", Dialect::V3);
    drop(eve);
    wim.expect("PlayerLeft");
    wim.expect("AuthorityChanged");
    wim.expect_silence();
    assert_eq!(wim.expect("SpectatorLeft")["reason"], "room_closed");
    wim.send("Reconnect", reconnect(&snapshot));
    wim.expect_refusal("ReconnectionFailed", "RECONNECTION_EXPIRED");
    ada.expect_silence();
}

#[test]
fn game_data_that_a_cut_line_swallowed_is_sent_again() {
    let server = server().start();
    let proxy = Proxy::before(server.addr());
    let [mut ada] = gather(server.addr(), "AGAIN1", [("Ada", Dialect::V3)]);
    let wanted = ["game_data_replay"];
    let mut bob = Peer::connect(proxy.addr(), "/v3/ws", "Bob");
    bob.send("Authenticate", json!({"app_id": "demo", "requested_capabilities": wanted}));
    bob.expect("Authenticated");
    bob.expect("ProtocolInfo");
    let snapshot = join_room(&mut bob, "AGAIN1");
    ada.expect("PlayerJoined");
    ada.say(json!(1));
    bob.expect("GameData");
    proxy.cut();
    ada.expect("PlayerLeft");
    ada.say(json!(2));
    ada.send("GameData", json!({"data": 3, "class": "volatile"}));
    ada.say(json!(4));

    let mut bob = asking(&server, "Bob", Dialect::V3, &wanted);
    let mut request = reconnect(&snapshot);
    request["last_seen"] = json!([{"player_id": ada.id, "epoch": 1, "seq": 1}]);
    bob.send("Reconnect", request);
    bob.expect("Reconnected");
    let gap = json!({
        "from_player": ada.id, "epoch": 1, "from_seq": 3, "to_seq": 3, "reason": "not_retained",
    });
    for seq in [2, 4] {
        if seq == 4 {
            assert_eq!(bob.expect("DeliveryReport")["gaps"], json!([gap]));
        }
        let heard = bob.expect("GameData");
        assert_eq!((&heard["seq"], &heard["data"]), (&json!(seq), &json!(seq)));
    }
    ada.say(json!(5));
    assert_eq!(bob.expect("GameData")["seq"], 5);
    bob.expect_silence();
}
