//! Strangers at the port: proxies that may be believed, floods, and those who take their time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;
use signal_fish_testkit::{
    Dialect, Launch, PATIENCE, Peer, Response, ServerProcess, Socket, deadline, gather, http, http_bytes,
};

use crate::server;

/// The answer to an upgrade with one header more.
fn upgrade_with(addr: SocketAddr, name: &str, value: &str) -> Response {
    let headers: Vec<_> = Socket::UPGRADE.into_iter().chain([(name, value)]).collect();
    http(addr, "GET", "/v3/ws", &headers)
}

fn behind_proxies() -> Launch {
    server().set("security.trusted_proxies", json!(["127.0.0.0/8", "::1"]))
}

/// A server on which each client has two upgrades: how many do these have, one after the other?
#[track_caller]
fn check_clients(launch: Launch, header: &str, clients: &[(&str, u16)]) {
    let server = launch.set("security.max_upgrades_per_ip", json!(2)).start();
    for (client, status) in clients {
        let answer = upgrade_with(server.addr(), header, client);
        assert_eq!(answer.status, *status, "{header}: {client}: {answer:?}");
        if *status == 429 {
            answer.assert_says_when_to_retry();
            assert_eq!(answer.header("x-signal-fish-upgrade-outcome"), Some("rejected_rate_limited"));
        }
    }
}

#[test]
fn headers_of_a_trusted_proxy_tell_its_clients_apart() {
    let clients = [("192.0.2.1", 101), ("192.0.2.1", 101), ("192.0.2.1", 429), ("6.6.6.6, 192.0.2.2", 101)];
    check_clients(behind_proxies(), "X-Forwarded-For", &clients);
    let networks =
        [("2001:db8::1", 101), ("2001:db8::2", 101), ("2001:db8::3", 429), ("2001:db8:0:1::1", 101)];
    check_clients(behind_proxies(), "X-Forwarded-For", &networks);
    let standard = [("for=192.0.2.1", 101), ("for=192.0.2.1", 101), ("for=\"192.0.2.1:5\"", 429)];
    let launch = behind_proxies().set("security.forwarded_header", json!("forwarded"));
    check_clients(launch, "Forwarded", &standard);
}

#[test]
fn headers_of_others_are_not_believed() {
    let invented = [("192.0.2.1", 101), ("192.0.2.2", 101), ("192.0.2.3", 429)];
    check_clients(server(), "X-Forwarded-For", &invented);
    let elsewhere = server().set("security.trusted_proxies", json!(["10.0.0.0/8"]));
    check_clients(elsewhere, "X-Forwarded-For", &invented);
    // Nor one that the proxy does not write.
    let standard = [("for=192.0.2.1", 101), ("for=192.0.2.2", 101), ("for=192.0.2.3", 429)];
    check_clients(behind_proxies(), "Forwarded", &standard);
}

/// An announcement in version 2 of the PROXY protocol.
fn announcement(client: [u8; 4]) -> Vec<u8> {
    let [head, addresses] = [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &[10, 0, 0, 1, 0x12, 0x67, 0, 80]];
    [head, &client, addresses].concat()
}

fn announcing() -> Launch {
    behind_proxies().set("security.proxy_protocol", json!(true))
}

/// A connection that a proxy has announced for this client.
fn announced(addr: SocketAddr, client: [u8; 4]) -> TcpStream {
    let mut stream = TcpStream::connect(addr).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    stream.write_all(&announcement(client)).expect("the server reads");
    stream
}

#[test]
fn the_proxy_protocol_tells_clients_apart_and_what_is_no_such_thing_is_hung_up_on() {
    let server = announcing().set("security.max_upgrades_per_ip", json!(2)).start();
    for (client, is_admitted) in [(1, true), (1, true), (1, false), (2, true)] {
        let stream = announced(server.addr(), [192, 0, 2, client]);
        match Peer::upgrade(stream, "/v3/ws", "Ada", &[]) {
            Ok(_) => assert!(is_admitted, "{client}"),
            Err(refused) => assert_eq!((refused.status, is_admitted), (429, false), "{client}"),
        }
    }
    let text = b"PROXY TCP4 192.0.2.9 10.0.0.1 4711 80\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(http_bytes(server.addr(), text).map(|answer| answer.status), Some(200));
    for malformed in ["GET /health HTTP/1.1\r\nHost: x\r\n\r\n", "PROXY TCP9 1.1.1.1 2.2.2.2 1 2\r\nGET /"] {
        assert!(http_bytes(server.addr(), malformed.as_bytes()).is_none(), "{malformed}");
    }
}

/// Reads until the server hangs up; fails if it does not.
#[track_caller]
fn assert_hangs_up(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
}

#[test]
fn a_flood_from_one_address_does_not_keep_others_out() {
    let server = announcing().set("security.max_connections_per_ip", json!(8)).start();
    let connect = |client| Peer::upgrade(announced(server.addr(), [192, 0, 2, client]), "/v3/ws", "Ada", &[]);
    let mut peers: Vec<_> = (0..8).map(|_| connect(1).expect("there is room")).collect();
    let refused = connect(1).expect_err("eight are all");
    assert_eq!(refused.status, 429, "{refused:?}");
    let flood: Vec<_> = (0..400).map(|_| announced(server.addr(), [192, 0, 2, 1])).collect();
    connect(2).expect("there is room for others").expect_alive();
    peers.iter_mut().for_each(Peer::expect_alive);
    drop(flood);
}

#[test]
fn headers_that_come_too_slowly_are_not_waited_for() {
    let server = server().set("websocket.http_header_read_timeout_secs", json!(1)).start();
    let [mut ada, mut bob] = gather(server.addr(), "SLOW02", [("Ada", Dialect::V3), ("Bob", Dialect::V3)]);
    let mut slow: Vec<_> =
        (0..40).map(|_| TcpStream::connect(server.addr()).expect("a connection")).collect();
    let start = Instant::now();
    // A byte now and then is no progress.
    for byte in b"GET /v3/ws HTTP/1.1\r\nX:" {
        for stream in &mut slow {
            // It fails once the server has hung up.
            let _ = stream.write_all(&[*byte]);
        }
        ada.say(json!("undisturbed"));
        bob.expect("GameData");
    }
    slow.iter_mut().for_each(assert_hangs_up);
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

/// The answer to an upgrade, once it has this status.
#[track_caller]
fn upgrade_until(server: &ServerProcess, status: u16) -> Response {
    let until = deadline();
    loop {
        let answer = http(server.addr(), "GET", "/v3/ws", &Socket::UPGRADE);
        if answer.status == status {
            return answer;
        }
        assert!(Instant::now() < until, "awaited {status}, but got {answer:?}");
    }
}

#[test]
fn where_too_much_waits_for_all_the_slowest_end_and_their_room_plays_on() {
    let server = server()
        .set("websocket.send_queue_bytes_of_all", json!(2_000_000))
        .set("websocket.slow_consumer_timeout_ms", json!(25_000))
        .set("websocket.max_sojourn_ms", json!(25_000))
        .start();
    let members = [("Ada", Dialect::V3), ("Bob", Dialect::V3), ("slow", Dialect::V3)];
    let [mut ada, mut bob, slow] = gather(server.addr(), "QUEUE1", members);
    // Far less than would be too much for one reader alone.
    let left = (0..1_000).find_map(|_| {
        ada.say(json!("x".repeat(30_000)));
        Some(bob.expect_text()).filter(|heard| heard.starts_with(r#"{"type":"PlayerLeft""#))
    });
    assert!(left.is_some_and(|left| left.contains(&slow.id)), "the slow one ends, and nobody else");
    ada.expect("PlayerLeft");
    ada.say(json!("undisturbed"));
    while !bob.expect_text().contains("undisturbed") {}
    upgrade_until(&server, 101);
}

#[cfg(target_os = "linux")]
#[test]
fn without_file_descriptors_the_server_waits_for_some() {
    use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

    let mut server = server().start();
    let [mut ada, mut bob] = gather(server.addr(), "FILES1", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]);
    let pid = i32::try_from(server.pid()).ok().and_then(Pid::from_raw).expect("a process id");
    let n_open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("it is ours").count() as u64;
    // It has inherited ours.
    let tight = Rlimit { current: Some(n_open + 2), ..getrlimit(Resource::Nofile) };
    prlimit(Some(pid), Resource::Nofile, tight).expect("it is ours");
    let more: Vec<_> =
        (0..8).map(|_| TcpStream::connect(server.addr()).expect("the system accepts")).collect();
    server.wait_for_line("the complaint", |line| line.contains("cannot accept connections").then_some(()));
    ada.say(json!("undisturbed"));
    bob.expect("GameData");
    drop(more);
    assert_eq!(http(server.addr(), "GET", "/health", &[]).status, 200);
}
