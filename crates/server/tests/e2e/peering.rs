//! Beyond the relay: what players are told to connect to each other, and the signals they pass meanwhile.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;
use signal_fish_testkit::{Dialect, Peer, gather, join_room, spectate};

use crate::server;

/// Has these transports and topologies in protocol 3.
#[track_caller]
fn able(addr: SocketAddr, name: &str, transports: &[&str], topologies: &[&str]) -> Peer {
    let mut peer = Peer::connect(addr, "/v2/ws", name);
    let mut data = Dialect::V3.authenticate();
    (data["supported_transports"], data["supported_topologies"]) = (json!(transports), json!(topologies));
    peer.send("Authenticate", data);
    peer.expect("Authenticated");
    peer.expect("ProtocolInfo");
    peer
}

/// Can be part of a mesh.
#[track_caller]
fn meshed(addr: SocketAddr, name: &str) -> Peer {
    able(addr, name, &["webrtc", "relay"], &["mesh", "host", "relay"])
}

/// Makes a room, alone, and starts its game; the snapshot and the plan.
#[track_caller]
fn play_alone(peer: &mut Peer, code: &str) -> [Value; 2] {
    let snapshot = join_room(peer, code);
    peer.expect("LobbyStateChanged");
    peer.send_unit("PlayerReady");
    peer.expect("LobbyStateChanged");
    peer.send_unit("StartGame");
    peer.expect("GameStarting");
    [snapshot, peer.expect("SessionPlan")]
}

#[track_caller]
fn pair(plan: &Value) -> [&str; 2] {
    ["topology", "transport"].map(|member| plan[member].as_str().expect("text"))
}

fn signal(to: &str) -> Value {
    json!({"to": to, "generation": NOBODY, "signal": {"Offer": "v=0"}})
}

const NOBODY: &str = "0c0ffee0-1111-4222-8333-444455556666";

#[test]
fn a_turn_server_can_check_the_password_that_a_player_gets() {
    const TTL: u64 = 600;
    let server = server()
        .set("turn.enabled", json!(true))
        .set("turn.static_auth_secret", json!("north wind"))
        .set("turn.urls", json!(["turn:turn.example.com:3478"]))
        .set("turn.stun_urls", json!(["stun:stun.example.com"]))
        .set("turn.credential_ttl_secs", json!(TTL))
        .set("session.ice_servers", json!([{"urls": ["turn:a"], "username": "all", "credential": "same"}]))
        .start();
    let mut ada = meshed(server.addr(), "Ada");
    for told in play_alone(&mut ada, "TURN01") {
        let servers = &told["ice_servers"];
        assert_eq!(servers[0], json!({"urls": ["turn:a"], "username": "all", "credential": "same"}));
        assert_eq!(servers[1], json!({"urls": ["stun:stun.example.com"]}));
        assert_eq!(servers[2]["urls"], json!(["turn:turn.example.com:3478"]));
        let [username, password] =
            ["username", "credential"].map(|member| servers[2][member].as_str().expect("text"));
        let (expires_at, player) = username.split_once(':').expect("expiry and player");
        assert_eq!(player, ada.id);
        let expires_at = Duration::from_secs(expires_at.parse().expect("seconds"));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        assert!(expires_at > now && expires_at <= now + Duration::from_secs(TTL));
        let mut proof = Hmac::<Sha1>::new_from_slice(b"north wind").expect("any key will do");
        proof.update(username.as_bytes());
        proof.verify_slice(&STANDARD.decode(password).expect("base64")).expect("the same secret");
    }
}

#[test]
fn ice_servers_are_for_those_who_can_go_as_far_as_the_room_may() {
    let server = server().start();
    for (index, (transports, topologies, is_told)) in [
        (&["webrtc"][..], &["mesh"][..], true),
        (&["webrtc", "relay", "webrtc"], &["relay", "mesh", "mesh"], true),
        (&["webrtc"], &["host"], false),
        (&["webrtc"], &[], false),
        (&["direct"], &["mesh", "host"], false),
        (&[], &["mesh"], false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut ada = able(server.addr(), "Ada", transports, topologies);
        let servers = join_room(&mut ada, &format!("ICE00{index}")).get("ice_servers").cloned();
        let expected = is_told.then(|| json!([{"urls": ["stun:stun.l.google.com:19302"]}]));
        assert_eq!(servers, expected, "{transports:?} {topologies:?}");
    }
}

#[test]
fn settings_say_how_close_players_may_come() {
    for (settings, expected, gathers) in [
        (json!({}), ["mesh", "webrtc"], true),
        (json!({"default_topology": "host"}), ["host", "webrtc"], true),
        (json!({"default_topology": "relay"}), ["relay", "relay"], false),
        (json!({"game_topology_mappings": {"tanks": "host", "boats": "relay"}}), ["host", "webrtc"], true),
        (json!({"enable_webrtc": false}), ["host", "direct"], false),
        (json!({"enable_webrtc": false, "enable_direct": false}), ["relay", "relay"], false),
        (json!({"enable_ice_pregather": false}), ["mesh", "webrtc"], false),
    ] {
        let server = server().set("session", settings.clone()).start();
        let mut ada = able(server.addr(), "Ada", &["webrtc", "direct"], &["mesh", "host"]);
        let snapshot = join_room(&mut ada, "CLOSE1");
        assert_eq!(snapshot.get("ice_servers").is_some(), gathers, "{settings}");
        ada.expect("LobbyStateChanged");
        let info = json!({"type": "direct", "host": "203.0.113.9", "port": 7777});
        ada.send("ProvideConnectionInfo", json!({"connection_info": info}));
        ada.send_unit("PlayerReady");
        ada.expect("LobbyStateChanged");
        ada.send_unit("StartGame");
        ada.expect("GameStarting");
        let plan = ada.expect("SessionPlan");
        assert_eq!(pair(&plan), expected, "{settings}");
        assert_eq!(plan.get("ice_servers").is_some(), expected[1] == "webrtc");
    }
}

#[test]
fn a_mesh_is_told_who_calls_whom_and_turns_away_who_cannot_join_in() {
    let server = server().start();
    let mut ada = meshed(server.addr(), "Ada");
    let [_, first] = play_alone(&mut ada, "MESH01");
    assert_eq!((&first["peers"], &first["fallback"]), (&json!([]), &json!("relay")));

    let mut bob = meshed(server.addr(), "Bob");
    join_room(&mut bob, "MESH01");
    ada.expect("PlayerJoined");
    let plans = [ada.expect("SessionPlan"), bob.expect("SessionPlan")];
    assert_eq!(plans[0]["generation"], plans[1]["generation"]);
    assert_ne!(plans[0]["generation"], first["generation"]);
    for (plan, me, peer) in [(&plans[0], &ada, &bob), (&plans[1], &bob, &ada)] {
        let expected = json!([{
            "player_id": peer.id, "player_name": peer.name(), "is_authority": peer.name() == "Ada",
            "initiate": me.id < peer.id,
        }]);
        assert_eq!(plan["peers"], expected);
        assert_eq!((plan.get("host"), plan.get("direct_endpoint")), (None, None));
    }

    for mut other in [
        Peer::authenticated(server.addr(), "Cat", Dialect::V2),
        Peer::authenticated(server.addr(), "Cat", Dialect::V3),
        able(server.addr(), "Cat", &["webrtc"], &["host"]),
    ] {
        other.send("JoinRoom", json!({"game_name": "tanks", "room_code": "MESH01", "player_name": "Cat"}));
        other.expect_refusal("RoomJoinFailed", "ROOM_SESSION_INCOMPATIBLE");
        other.expect_silence();
    }
    for peer in [&mut ada, &mut bob] {
        peer.expect_silence();
    }
}

#[test]
fn a_signal_goes_to_one_player_at_any_time() {
    let server = server().start();
    let [mut ada, mut bob, mut cat] = ["Ada", "Bob", "Cat"].map(|name| meshed(server.addr(), name));
    join_room(&mut ada, "SIGNL1");
    ada.expect("LobbyStateChanged");
    join_room(&mut bob, "SIGNL1");
    join_room(&mut cat, "SIGNL1");
    // The payload has no spaces, so that a server that writes it anew would send the same.
    let payload = r#"{"Offer":"v=0\r\no=- é","more":[1,null,{"x":1.5}]}"#;
    let head = format!(r#""generation":"{NOBODY}","signal":"#);
    ada.expect("PlayerJoined");
    ada.expect("PlayerJoined");
    bob.expect("PlayerJoined");
    ada.send_text(&format!(r#"{{"type":"Signal","data":{{"to":"{}",{head}{payload}}}}}"#, bob.id));
    let expected = format!(r#"{{"type":"Signal","data":{{"from":"{}",{head}{payload}}}}}"#, ada.id);
    assert_eq!(bob.expect_text(), expected);
    for peer in [&mut ada, &mut bob, &mut cat] {
        peer.expect_silence();
    }
}

#[test]
fn a_signal_that_goes_nowhere_is_answered_with_the_first_reason() {
    let server = server().start();
    let mut ada = meshed(server.addr(), "Ada");
    let mut zoe = meshed(server.addr(), "Zoe");
    ada.send("Signal", json!({"to": NOBODY, "generation": NOBODY, "signal": "x".repeat(16_383)}));
    ada.expect_error("SIGNAL_TOO_LARGE");
    ada.send("Signal", signal(NOBODY));
    ada.expect_error("NOT_IN_ROOM");

    join_room(&mut ada, "LOST01");
    ada.expect("LobbyStateChanged");
    let (mut wim, _) = spectate(server.addr(), "LOST01", "Wim", Dialect::V3);
    ada.expect("NewSpectatorJoined");
    wim.send("Signal", signal(&ada.id));
    wim.expect_error("NOT_IN_ROOM");
    let mut refused = |to: &str, code: &str| {
        ada.send("Signal", signal(to));
        ada.expect_error(code);
    };
    refused(&wim.id, "SIGNAL_TARGET_NOT_FOUND");
    refused(NOBODY, "SIGNAL_TARGET_NOT_FOUND");
    join_room(&mut zoe, "LOST02");
    refused(&zoe.id, "CROSS_ROOM_SIGNAL");
    zoe.expect("LobbyStateChanged");
    zoe.send_unit("LeaveRoom");
    zoe.expect("RoomLeft");
    refused(&zoe.id, "SIGNAL_TARGET_NOT_FOUND");

    let own = ada.id.clone();
    ada.send("Signal", signal(&own));
    ada.expect_error("SIGNAL_TARGET_NOT_FOUND");
    for mut other in [
        Peer::authenticated(server.addr(), "v2", Dialect::V2),
        Peer::authenticated(server.addr(), "relayed", Dialect::V3),
        able(server.addr(), "direct", &["direct"], &["mesh"]),
    ] {
        join_room(&mut other, "LOST01");
        ada.expect("PlayerJoined");
        ada.send("Signal", signal(&other.id));
        ada.expect_error("SIGNAL_TARGET_NOT_FOUND");
        for (to, code) in [(NOBODY, "SIGNAL_TARGET_NOT_FOUND"), (&ada.id, "UNSUPPORTED_TRANSPORT")] {
            other.send("Signal", signal(to));
            other.expect_error(code);
        }
        other.send_unit("LeaveRoom");
        other.expect("RoomLeft");
        ada.expect("PlayerLeft");
    }
}

#[test]
fn signals_are_counted() {
    let server = server()
        .set("rate_limit.max_signals", json!(5))
        .set("rate_limit.max_signal_errors", json!(3))
        .start();
    let [mut ada, mut bob] = ["Ada", "Bob"].map(|name| meshed(server.addr(), name));
    join_room(&mut ada, "COUNT1");
    ada.expect("LobbyStateChanged");
    join_room(&mut bob, "COUNT1");
    ada.expect("PlayerJoined");
    for _ in 0..3 {
        ada.send("Signal", signal(NOBODY));
        ada.expect_error("SIGNAL_TARGET_NOT_FOUND");
    }
    ada.send("Signal", signal(NOBODY));
    ada.expect_error("SIGNAL_RATE_LIMITED");
    for _ in 0..5 {
        ada.send("Signal", signal(&bob.id));
        bob.expect("Signal");
    }
    ada.send("Signal", signal(&bob.id));
    ada.expect_error("SIGNAL_RATE_LIMITED");
    ada.send("TransportStatus", json!({"transport": "webrtc", "connected": true}));
    ada.expect_silence();
    bob.expect_silence();
}

#[test]
fn players_of_protocol_3_hear_how_a_transport_does() {
    let server = server().start();
    let [mut v2, mut v3] = gather(server.addr(), "STATUS", [("v2", Dialect::V2), ("v3", Dialect::V3)]);
    let (mut wim, _) = spectate(server.addr(), "STATUS", "Wim", Dialect::V3);
    let mut ada = meshed(server.addr(), "Ada");
    join_room(&mut ada, "STATUS");
    for peer in [&mut v2, &mut v3] {
        peer.expect("NewSpectatorJoined");
        peer.expect("PlayerJoined");
    }
    wim.expect("PlayerJoined");
    for (transport, connected) in
        [("webrtc", true), ("webrtc", true), ("webrtc", false), ("direct", true), ("relay", true)]
    {
        ada.send("TransportStatus", json!({"transport": transport, "connected": connected}));
    }
    for (transport, connected) in [("webrtc", true), ("webrtc", false), ("relay", true)] {
        let expected = json!({"peer_id": ada.id, "transport": transport, "connected": connected});
        assert_eq!(v3.expect("PeerTransportStatus"), expected);
    }
    // Of what makes no sense nobody hears, not even who said it.
    for peer in [&mut v2, &mut v3, &mut wim] {
        peer.send("TransportStatus", json!({"transport": "webrtc", "connected": true}));
    }
    for peer in [&mut v2, &mut v3, &mut wim, &mut ada] {
        peer.expect_silence();
    }
}
