//! Beyond the relay: who is told which ICE servers, and how many signals one connection may send.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signal_fish_auth::{Quota, TurnSecret};
use signal_fish_hub::{Hub, HubConfig, IceConfig, PeeringConfig, TurnConfig};
use signal_fish_protocol::{IceServer, PlayerId, Topology, Uuid};

use crate::support::{Client, V2, V3, hub};

/// One that can use WebRTC.
async fn capable(hub: &Hub) -> Client {
    let mut client = Client::connect(hub, V3);
    let means = json!({
        "app_id": "x", "protocol_version": 3,
        "supported_transports": ["webrtc", "webrtc"], "supported_topologies": ["host", "mesh"],
    });
    client.say("Authenticate", means).await;
    assert_eq!(client.hear_types(), ["Authenticated", "ProtocolInfo"]);
    client
}

/// Joins, and hands back the snapshot.
async fn snapshot(client: &mut Client, code: &str, name: &str) -> Value {
    client.say("JoinRoom", json!({"game_name": "tanks", "room_code": code, "player_name": name})).await;
    let mut heard = client.hear();
    assert_eq!(heard[0]["type"], "RoomJoined", "{heard:?}");
    heard[0]["data"].take()
}

async fn pair(hub: &Hub, code: &str) -> [Client; 2] {
    let mut pair = [capable(hub).await, capable(hub).await];
    for (client, name) in pair.iter_mut().zip(["Ada", "Bob"]) {
        client.join(code, name).await;
    }
    pair.iter().for_each(|client| drop(client.hear()));
    pair
}

/// What the sender hears right after it has signalled `to` at `now`: an error code, or nothing.
fn signal(sender: &mut Client, now: Instant, to: PlayerId) -> Option<String> {
    let data = json!({"to": to, "generation": to, "signal": {"Offer": "v=0"}});
    let text = json!({"type": "Signal", "data": data}).to_string();
    assert!(sender.session.on_text(now, &text).is_none());
    sender.hear().pop().map(|heard| heard["data"]["error_code"].as_str().expect("an error").to_owned())
}

fn few(n: u32) -> Quota {
    Quota { n_max: n.try_into().expect("some"), window: Duration::from_mins(1) }
}

#[tokio::test]
async fn a_signal_for_another_room_is_told_from_one_for_nobody() {
    let hub = hub(HubConfig::default()).await;
    let [mut ada, bob] = pair(&hub, "SIGNL1").await;
    let [mut zoe, _yan] = pair(&hub, "SIGNL2").await;
    let (now, to) = (Instant::now(), zoe.session.player());
    assert_eq!(signal(&mut ada, now, bob.session.player()), None);
    assert_eq!(signal(&mut ada, now, to).as_deref(), Some("CROSS_ROOM_SIGNAL"));
    zoe.say("LeaveRoom", Value::Null).await;
    assert_eq!(signal(&mut ada, now, to).as_deref(), Some("SIGNAL_TARGET_NOT_FOUND"));
    assert_eq!(zoe.hear_types(), ["RoomLeft"]);
    zoe.say("JoinAsSpectator", json!({"game_name": "tanks", "room_code": "SIGNL2", "spectator_name": "Zoe"}))
        .await;
    assert_eq!(signal(&mut ada, now, to).as_deref(), Some("SIGNAL_TARGET_NOT_FOUND"), "she only watches");
    zoe.say("LeaveSpectator", Value::Null).await;
    zoe.hear();
    zoe.join("SIGNL2", "Zoe").await;
    assert_eq!(signal(&mut ada, now, to).as_deref(), Some("CROSS_ROOM_SIGNAL"));
    drop(zoe);
    assert_eq!(signal(&mut ada, now, to).as_deref(), Some("SIGNAL_TARGET_NOT_FOUND"));
}

#[tokio::test]
async fn signals_that_arrive_and_signals_that_fail_have_budgets_of_their_own() {
    let hub = hub(HubConfig { signals: few(3), signal_errors: few(2), ..HubConfig::default() }).await;
    let [mut ada, bob] = pair(&hub, "BUDGET").await;
    let (now, nobody) = (Instant::now(), ada.session.player());
    let bob_id = bob.session.player();
    let spent = Some("SIGNAL_RATE_LIMITED");
    // What fails does not count among what arrives.
    assert_eq!(signal(&mut ada, now, nobody).as_deref(), Some("SIGNAL_TARGET_NOT_FOUND"));
    (0..3).for_each(|_| assert_eq!(signal(&mut ada, now, bob_id), None));
    assert_eq!(signal(&mut ada, now, bob_id).as_deref(), spent);
    // The second one that failed was the last to be explained, and that was that.
    assert_eq!(signal(&mut ada, now, nobody).as_deref(), spent);
    assert_eq!(bob.hear_types(), ["Signal"; 3]);
    let later = now + Duration::from_secs(31);
    assert_eq!(signal(&mut ada, later, nobody).as_deref(), Some("SIGNAL_TARGET_NOT_FOUND"));
    assert_eq!(signal(&mut ada, later, bob_id), None);
}

#[tokio::test]
async fn reports_count_as_signals_and_are_dropped_without_a_word() {
    let hub = hub(HubConfig { signals: few(3), ..HubConfig::default() }).await;
    let [mut ada, bob] = pair(&hub, "REPORT").await;
    for connected in [true, false, true, false, true] {
        ada.say("TransportStatus", json!({"transport": "webrtc", "connected": connected})).await;
    }
    assert_eq!(bob.hear_types(), ["PeerTransportStatus"; 3]);
    assert_eq!(ada.hear_types(), [""; 0]);
}

#[tokio::test]
async fn everyone_who_uses_webrtc_is_told_ice_servers_with_a_password_of_its_own() {
    let fixed = IceServer { urls: vec!["stun:a".to_owned()], username: None, credential: None };
    let turn = TurnConfig {
        urls: vec!["turn:b".to_owned()],
        secret: TurnSecret::new("north wind"),
        ttl: Duration::from_mins(1),
    };
    let ice = IceConfig { servers: vec![fixed], turn: Some(turn), gathers_early: true };
    let peering = PeeringConfig { ice, ..PeeringConfig::default() };
    let hub = hub(HubConfig { peering, ..HubConfig::default() }).await;
    let mut pair = [capable(&hub).await, capable(&hub).await];
    let mut usernames = BTreeSet::new();
    let mut check = |client: &Client, servers: &Value| {
        let username = servers[1]["username"].as_str().expect("a user name").to_owned();
        assert_eq!(servers[0], json!({"urls": ["stun:a"]}));
        assert_eq!(servers[1]["urls"], json!(["turn:b"]));
        assert!(username.ends_with(&format!(":{}", client.session.player())));
        usernames.insert(username);
    };
    for (client, name) in pair.iter_mut().zip(["Ada", "Bob"]) {
        let snapshot = snapshot(client, "PEERS1", name).await;
        check(client, &snapshot["ice_servers"]);
    }
    for client in &mut pair {
        client.say("PlayerReady", Value::Null).await;
    }
    pair[0].say("StartGame", Value::Null).await;
    for client in &pair {
        let plan = client.hear().pop().expect("a plan");
        assert_eq!((&plan["type"], &plan["data"]["topology"]), (&json!("SessionPlan"), &json!("mesh")));
        check(client, &plan["data"]["ice_servers"]);
    }
    assert!(usernames.len() >= 2);

    // The game has started: the plan that follows says it. Who does not use WebRTC is never told.
    let mut late = capable(&hub).await;
    assert_eq!(snapshot(&mut late, "PEERS1", "Cat").await.get("ice_servers"), None);
    for version in [V2, V3] {
        let mut other = Client::connect(&hub, version);
        assert_eq!(
            snapshot(&mut other, &format!("OTHER{}", version.number()), "Dan").await.get("ice_servers"),
            None
        );
    }
}

#[tokio::test]
async fn games_have_their_own_ceilings() {
    let by_game = [("tanks".to_owned(), Topology::Relay)];
    let topology_max_by_game = by_game.into_iter().collect();
    let peering = PeeringConfig { topology_max_by_game, ..PeeringConfig::default() };
    let hub = hub(HubConfig { peering, ..HubConfig::default() }).await;
    for (game, topology, n_ice_servers) in [("tanks", "relay", 0), ("boats", "mesh", 1)] {
        let mut ada = capable(&hub).await;
        ada.say("JoinRoom", json!({"game_name": game, "player_name": "Ada"})).await;
        let servers = ada.hear()[0]["data"]["ice_servers"].as_array().map_or(0, Vec::len);
        assert_eq!(servers, n_ice_servers, "{game}");
        ada.say("PlayerReady", Value::Null).await;
        ada.say("StartGame", Value::Null).await;
        assert_eq!(ada.hear().pop().expect("a plan")["data"]["topology"], topology);
    }
}

#[tokio::test]
async fn version_2_has_no_plans_whatever_it_says() {
    let hub = hub(HubConfig::default()).await;
    let mut bob = Client::connect(&hub, V2);
    let means = json!({"app_id": "x", "supported_transports": ["webrtc"], "supported_topologies": ["mesh"]});
    bob.say("Authenticate", means).await;
    assert_eq!(bob.hear_types(), ["Authenticated", "ProtocolInfo"]);
    bob.join("VERSN2", "Bob").await;
    bob.say("PlayerReady", Value::Null).await;
    bob.say("StartGame", Value::Null).await;
    assert_eq!(bob.hear().pop().expect("the start")["type"], "GameStarting");
    let mut cat = Client::connect(&hub, V3);
    cat.say("JoinRoom", json!({"game_name": "tanks", "room_code": "VERSN2", "player_name": "Cat"})).await;
    assert_eq!(cat.hear_types(), ["RoomJoined", "SessionPlan"], "the room is relayed and takes everyone");
    assert_eq!(bob.hear_types(), ["PlayerJoined"]);
}

#[tokio::test]
async fn protocol_2_is_refused_what_only_protocol_3_has() {
    let hub = hub(HubConfig::default()).await;
    let [ada, _bob] = pair(&hub, "OLDER1").await;
    let mut old = Client::seated(&hub, V2, "OLDER1", "Old").await;
    let status = json!({"transport": "webrtc", "connected": true});
    let operation = json!({"operation_id": Uuid::nil(), "operation": {"type": "LeaveRoom"}});
    let signal = |to: Uuid| json!({"to": to, "generation": Uuid::nil(), "signal": {}});
    ada.take();
    for (message, data, code) in [
        ("RoomOperation", operation, Some("UNSUPPORTED_PROTOCOL_VERSION")),
        ("Signal", signal(ada.session.player().uuid()), Some("UNSUPPORTED_TRANSPORT")),
        // What is wrong with the target comes first.
        ("Signal", signal(Uuid::from_u128(7)), Some("SIGNAL_TARGET_NOT_FOUND")),
        ("TransportStatus", status, None),
    ] {
        old.say(message, data).await;
        let heard =
            old.hear().iter().map(|message| message["data"]["error_code"].clone()).collect::<Vec<_>>();
        assert_eq!(heard, code.into_iter().map(Value::from).collect::<Vec<_>>(), "{message}");
    }
    assert_eq!(ada.hear(), [] as [Value; 0]);
}

#[tokio::test]
async fn players_of_rooms_that_are_there_are_told_the_servers_of_now() {
    let hub = hub(HubConfig::default()).await;
    let [mut ada, mut bob] = pair(&hub, "PEERS2").await;
    let mut config = HubConfig::default();
    let servers = vec![IceServer { urls: vec!["stun:new".to_owned()], username: None, credential: None }];
    config.peering.ice.servers = servers;
    hub.reconfigure(config);
    let mut cat = capable(&hub).await;
    assert_eq!(snapshot(&mut cat, "PEERS2", "Cat").await["ice_servers"], json!([{"urls": ["stun:new"]}]));
    for client in [&mut bob, &mut cat, &mut ada] {
        client.say("PlayerReady", Value::Null).await;
    }
    ada.say("StartGame", Value::Null).await;
    let plan = ada.hear().pop().expect("a plan");
    assert_eq!(plan["data"]["ice_servers"], json!([{"urls": ["stun:new"]}]), "{plan}");
}
