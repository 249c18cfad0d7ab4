//! How much is enough: replies to nonsense, connections, rooms.

use std::net::SocketAddr;
use std::time::Instant;

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Peer, Response, deadline, gather, http, join_room};

use crate::server;

#[test]
fn who_keeps_talking_nonsense_is_shown_out() {
    let server = server().set("rate_limit.max_inbound_error_replies", json!(3)).start();
    let [mut ada, mut noise] =
        gather(server.addr(), "NOISE1", [("Ada", Dialect::V3), ("noise", Dialect::V2)]);
    // A ping costs as much as an error: both make the server write.
    noise.send_text("hello");
    noise.expect_error("INVALID_INPUT");
    noise.send_unit("StartGame");
    noise.expect_error("GAME_START_FORBIDDEN");
    noise.send_unit("Ping");
    noise.expect("Pong");
    ada.expect_silence();
    noise.send_text("hello");
    noise.expect_error("RATE_LIMIT_EXCEEDED");
    assert_eq!(noise.expect_close(Some(4006)), "inbound_rate_limited");
    assert_eq!(ada.expect("PlayerLeft")["player_id"], json!(noise.id));
    ada.expect_silence();
}

#[test]
fn what_is_useful_costs_nothing() {
    let server = server().set("rate_limit.max_inbound_error_replies", json!(3)).start();
    let [mut ada, mut bob] = gather(server.addr(), "USEFUL", [("Ada", Dialect::V3), ("Bob", Dialect::V2)]);
    for n in 0..20 {
        ada.say(json!(n));
        bob.expect("GameData");
        ada.send_unit("PlayerReady");
        ada.expect("LobbyStateChanged");
        bob.expect("LobbyStateChanged");
        bob.expect_alive();
    }
    bob.expect_silence();
}

/// Connects again and again until the server has noticed that there is room.
#[track_caller]
fn connect_eventually(addr: SocketAddr) -> Peer {
    let until = deadline();
    loop {
        match Peer::try_connect(addr, "/v2/ws", "patient") {
            Ok(peer) => return peer,
            Err(refused) => assert!(Instant::now() < until, "never accepted: {refused:?}"),
        }
    }
}

#[track_caller]
fn assert_refused(refused: &Response, status: u16) {
    assert_eq!(refused.status, status, "{refused:?}");
    refused.assert_says_when_to_retry();
}

#[test]
fn an_address_has_so_many_connections_and_no_more() {
    let server = server().set("security.max_connections_per_ip", json!(2)).start();
    let [mut ada, mut bob] = gather(server.addr(), "CROWD1", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]);
    for path in ["/v2/ws", "/v3/ws"] {
        let refused = Peer::try_connect(server.addr(), path, "third").expect_err("the limit is two");
        assert_refused(&refused, 429);
    }
    assert_eq!(http(server.addr(), "GET", "/health", &[]).status, 200, "probes are no players");
    bob.send_unit("LeaveRoom");
    bob.expect("RoomLeft");
    ada.expect("PlayerLeft");
    bob.close();
    connect_eventually(server.addr()).expect_silence();
    ada.expect_silence();
}

/// Only Linux lets a test have a second address without asking for one: all of 127.0.0.0/8 is its own.
#[cfg(target_os = "linux")]
#[test]
fn the_server_has_so_many_connections_and_no_more() {
    let server = server()
        .set("security.max_connections", json!(2))
        .set("security.max_connections_per_ip", json!(2))
        .start();
    let first = connect_from(2, server.addr()).expect("there is room");
    let mut second = connect_from(3, server.addr()).expect("there is room");
    let refused = connect_from(4, server.addr()).expect_err("two are all");
    assert_refused(&refused, 503);
    assert_eq!(http(server.addr(), "GET", "/readyz", &[]).status, 200, "probes are no players");
    first.close();
    connect_eventually(server.addr()).expect_silence();
    second.expect_silence();
}

/// Connects from 127.0.0.`host`. Only tokio's sockets can be bound before they connect.
#[cfg(target_os = "linux")]
fn connect_from(host: u8, addr: SocketAddr) -> Result<Peer, Response> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, host], 0)))?;
        socket.connect(addr).await?.into_std()
    });
    let stream = stream.expect("the server listens, and the address is ours");
    stream.set_nonblocking(false).expect("every socket can block");
    Peer::upgrade(stream, "/v2/ws", "one of many", &[])
}

/// Tries to make a room of this game.
fn create(peer: &mut Peer, game: &str, code: Value) {
    peer.send("JoinRoom", json!({"game_name": game, "room_code": code, "player_name": peer.name()}));
}

#[test]
fn there_are_so_many_rooms_and_no_more() {
    let server = server().set("server.max_rooms", json!(2)).start();
    let [mut ada, mut bob] = gather(server.addr(), "FIRST1", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]);
    let mut cat = Peer::authenticated(server.addr(), "Cat", Dialect::V3);
    create(&mut cat, "chess", json!("OTHER1"));
    cat.expect("RoomJoined");
    let mut dan = Peer::authenticated(server.addr(), "Dan", Dialect::V2);
    for (game, code) in [("chess", json!(null)), ("go", json!("THIRD1"))] {
        create(&mut dan, game, code);
        dan.expect_refusal("RoomJoinFailed", "MAX_ROOMS_PER_GAME_EXCEEDED");
    }
    join_room(&mut dan, "FIRST1");
    for member in [&mut ada, &mut bob] {
        member.expect("PlayerJoined");
        member.expect_silence();
    }
}

#[test]
fn a_game_has_so_many_rooms_and_no_more() {
    let server = server().set("server.max_rooms_per_game", json!(1)).start();
    let [mut ada] = gather(server.addr(), "FIRST2", [("Ada", Dialect::V2)]);
    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
    for code in [json!(null), json!("SECOND")] {
        create(&mut bob, GAME, code);
        bob.expect_refusal("RoomJoinFailed", "MAX_ROOMS_PER_GAME_EXCEEDED");
    }
    create(&mut bob, "chess", json!("SECOND"));
    bob.expect("RoomJoined");
    ada.expect_silence();
}

#[test]
fn game_data_has_a_volume_for_each_player_and_for_the_room() {
    let server = server()
        .set("rate_limit.max_relay_bytes", json!(1_000))
        .set("rate_limit.max_room_relay_bytes", json!(1_500))
        .start();
    let [mut ada, mut bob] = ["Ada", "Bob"].map(|name| {
        let mut peer = Peer::connect(server.addr(), "/v3/ws", name);
        peer.send("JoinRoom", json!({"game_name": GAME, "room_code": "VOLUME", "player_name": name}));
        peer.expect("RoomJoined");
        peer
    });
    ada.expect("LobbyStateChanged");
    ada.expect("PlayerJoined");
    let bytes = |n: usize| json!({"data": "x".repeat(n - 2)});
    ada.send("GameData", bytes(900));
    bob.expect("GameData");
    ada.send("GameData", bytes(200));
    ada.expect_refusal("Error", "RATE_LIMIT_EXCEEDED");
    bob.send("GameData", bytes(700));
    bob.expect_refusal("Error", "RATE_LIMIT_EXCEEDED");
    bob.send("GameData", bytes(100));
    assert_eq!(ada.expect("GameData")["seq"], 1, "what was refused has no number");
    bob.expect_silence();
}
