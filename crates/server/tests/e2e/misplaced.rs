//! Messages at the wrong time: each refused in its own form, and the connection goes on as before.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer};

use crate::bystanders::Bystanders;

/// What needs a seat, with the reply to one who has none.
fn for_members_only() -> Vec<(&'static str, Option<Value>, &'static str, &'static str)> {
    let info = json!({"connection_info": {"type": "custom", "data": 1}});
    vec![
        ("GameData", Some(json!({"data": {"x": 1}})), "Error", "NOT_IN_ROOM"),
        ("PlayerReady", None, "Error", "NOT_IN_ROOM"),
        ("StartGame", None, "Error", "NOT_IN_ROOM"),
        ("ProvideConnectionInfo", Some(info), "Error", "NOT_IN_ROOM"),
        ("AuthorityRequest", Some(json!({"become_authority": true})), "AuthorityResponse", "NOT_IN_ROOM"),
        ("AuthorityRequest", Some(json!({"become_authority": false})), "AuthorityResponse", "NOT_IN_ROOM"),
        ("LeaveSpectator", None, "Error", "NOT_A_SPECTATOR"),
    ]
}

fn say(peer: &mut Peer, message: &str, data: Option<Value>) {
    match data {
        Some(data) => peer.send(message, data),
        None => peer.send_unit(message),
    }
}

#[test]
fn without_a_seat_a_player_can_do_nothing() {
    let bystanders = Bystanders::gather();
    let addr = bystanders.addr();
    for mut peer in [
        Peer::connect(addr, "/v2/ws", "v2 without handshake"),
        Peer::connect(addr, "/v3/ws", "v3 without handshake"),
        Peer::authenticated(addr, "v2", Dialect::V2),
        Peer::authenticated(addr, "v3", Dialect::V3Packed),
    ] {
        for (message, data, reply, error_code) in for_members_only() {
            say(&mut peer, message, data);
            peer.expect_refusal(reply, error_code);
        }
        peer.expect_silence();
        peer.send("JoinRoom", json!({"game_name": GAME, "player_name": "late"}));
        peer.expect("RoomJoined");
    }
    bystanders.finish();
}

#[test]
fn a_seat_that_was_left_is_none() {
    let mut bystanders = Bystanders::gather();
    let mut offender = bystanders.offender(Dialect::V3);
    offender.send_unit("LeaveRoom");
    offender.expect("RoomLeft");
    bystanders.lose(&offender);
    for (message, data, reply, error_code) in for_members_only() {
        say(&mut offender, message, data);
        offender.expect_refusal(reply, error_code);
    }
    offender.expect_silence();
    bystanders.finish();
}

#[test]
fn there_is_nothing_to_reconnect_to() {
    let mut bystanders = Bystanders::gather();
    let mut offender = bystanders.offender(Dialect::V3);
    let mut roomless = Peer::authenticated(bystanders.addr(), "roomless", Dialect::V2);
    let anyone = json!({"player_id": UUID, "room_id": UUID, "auth_token": "token"});
    for peer in [&mut offender, &mut roomless] {
        peer.send("Reconnect", anyone.clone());
        peer.expect_refusal("ReconnectionFailed", "RECONNECTION_FAILED");
        peer.expect_silence();
    }
    bystanders.finish();
}

#[test]
fn a_handshake_in_a_room_is_too_late() {
    let mut bystanders = Bystanders::gather();
    let mut offender = bystanders.offender(Dialect::V2);
    for _ in 0..2 {
        offender.send("Authenticate", Dialect::V3.authenticate());
        offender.expect_error("INVALID_INPUT");
    }
    offender.expect_silence();
    bystanders.finish();
}

#[test]
fn binary_before_it_was_negotiated_is_refused() {
    let mut bystanders = Bystanders::gather();
    let mut peers = [
        Peer::connect(bystanders.addr(), "/v2/ws", "without handshake"),
        Peer::connect(bystanders.addr(), "/v3/ws", "v3 without handshake"),
        bystanders.offender(Dialect::V3),
    ];
    for peer in &mut peers {
        for payload in [&[][..], &[0xC0], b"{\"type\":\"Ping\"}"] {
            peer.send_binary(payload);
            peer.expect_error("INVALID_INPUT");
        }
        peer.expect_silence();
    }
    bystanders.finish();
}

#[test]
fn signals_need_a_negotiated_transport() {
    let mut bystanders = Bystanders::gather();
    for dialect in [Dialect::V2, Dialect::V3] {
        let mut offender = bystanders.offender(dialect);
        for target in bystanders.room() {
            let signal = json!({"to": target.id, "generation": UUID, "signal": {"Offer": "v=0"}});
            offender.send("Signal", signal);
            offender.expect_error("UNSUPPORTED_TRANSPORT");
        }
        offender.expect_silence();
        offender.send_unit("LeaveRoom");
        offender.expect("RoomLeft");
        bystanders.lose(&offender);
    }
    bystanders.finish();
}

#[test]
fn reports_about_a_transport_that_was_not_negotiated_are_dropped() {
    let mut bystanders = Bystanders::gather();
    let mut peers = [
        Peer::authenticated(bystanders.addr(), "v2", Dialect::V2),
        Peer::authenticated(bystanders.addr(), "v3", Dialect::V3),
        bystanders.offender(Dialect::V3),
    ];
    for peer in &mut peers {
        for connected in [true, false] {
            peer.send("TransportStatus", json!({"transport": "webrtc", "connected": connected}));
            peer.expect_silence();
        }
    }
    bystanders.finish();
}

#[test]
fn operations_need_version_3_and_the_capability() {
    let mut bystanders = Bystanders::gather();
    let mut peers = [
        (Peer::authenticated(bystanders.addr(), "v2", Dialect::V2), "UNSUPPORTED_PROTOCOL_VERSION"),
        (Peer::authenticated(bystanders.addr(), "v3", Dialect::V3), "INVALID_INPUT"),
        (bystanders.offender(Dialect::V3), "INVALID_INPUT"),
    ];
    for (peer, error_code) in &mut peers {
        for operation in [
            json!({"type": "LeaveRoom"}),
            json!({"type": "JoinRoom", "data": {"game_name": GAME, "player_name": "Ada"}}),
            json!({"type": "KickPlayer", "data": {"player_id": UUID}}),
        ] {
            peer.send("RoomOperation", json!({"operation_id": UUID, "operation": operation}));
            peer.expect_error(error_code);
        }
        peer.expect_silence();
    }
    bystanders.finish();
}

const UUID: &str = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
