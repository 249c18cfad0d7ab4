//! Plain HTTP on the game's port: probes, refused upgrades, and requests that are none.

use std::net::{SocketAddr, TcpStream};
use std::thread;

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, Frame, Peer, Response, Socket, gather, http, http_bytes};

use crate::server;

/// The paths that answer to GET, one of each kind.
const PATHS: [&str; 7] =
    ["/", "/health", "/v2/health", "/readyz", "/v2/readyz", "/v2/client-config", "/v3/client-config"];

fn get(addr: SocketAddr, path: &str) -> Response {
    http(addr, "GET", path, &[])
}

/// Whether this is a UUID as the server spells them.
fn is_uuid(text: &str) -> bool {
    let groups = text.split('-').map(str::len).collect::<Vec<_>>();
    groups == [8, 4, 4, 4, 12] && text.bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9' | b'a'..=b'f'))
}

#[test]
fn health_and_readiness_are_told() {
    let server = server().start();
    for path in ["/health", "/v2/health"] {
        let health = get(server.addr(), path);
        assert_eq!((health.status, health.body.as_str()), (200, "OK"), "{path}: {health:?}");
    }
    for path in ["/readyz", "/v2/readyz"] {
        let readiness = get(server.addr(), path);
        assert_eq!(readiness.status, 200, "{path}: {readiness:?}");
        assert_eq!(readiness.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[test]
fn clients_learn_the_largest_message() {
    let server = server().start();
    for path in ["/v2/client-config", "/v3/client-config"] {
        let config = get(server.addr(), path);
        assert_eq!(config.status, 200, "{path}: {config:?}");
        assert_eq!(config.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(config.header("cache-control"), Some("no-store"), "{path}");
        let body: Value = serde_json::from_str(&config.body).expect("the body is JSON");
        assert_eq!(body, json!({"max_outbound_message_size": 8_388_608}), "{path}");
    }
}

#[test]
fn the_root_greets_and_what_does_not_exist_is_not_found() {
    let server = server().start();
    let banner = get(server.addr(), "/");
    assert_eq!(banner.status, 200, "{banner:?}");
    assert!(banner.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{banner:?}");
    assert!(!banner.body.is_empty());
    for path in ["/healthz", "/v2", "/v2/", "/v2/nope", "/v1/ws", "/health/", "//health", "/v2/WS"] {
        assert_eq!(get(server.addr(), path).status, 404, "{path}");
    }
    for method in ["POST", "DELETE"] {
        assert_eq!(http(server.addr(), method, "/nope", &[]).status, 404, "{method}");
    }
}

#[test]
fn other_methods_are_refused_by_name() {
    let server = server().start();
    for path in PATHS.into_iter().chain(["/v2/ws", "/v3/ws"]) {
        for method in ["POST", "PUT", "DELETE", "BREW"] {
            let refused = http(server.addr(), method, path, &[]);
            assert_eq!(refused.status, 405, "{method} {path}: {refused:?}");
            let allowed = refused.header("allow").unwrap_or_default();
            assert!(allowed.split(',').any(|method| method.trim() == "GET"), "{method} {path}: {refused:?}");
        }
    }
}

#[test]
fn head_is_get_without_a_body() {
    let server = server().start();
    for path in PATHS {
        let (got, head) = (get(server.addr(), path), http(server.addr(), "HEAD", path, &[]));
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}: {head:?}");
        assert_eq!(head.header("content-type"), got.header("content-type"), "{path}");
    }
}

#[test]
fn a_query_does_not_change_the_path() {
    let server = server().start();
    assert_eq!(get(server.addr(), "/health?from=probe&at=12:00").status, 200);
    assert_eq!(get(server.addr(), "/nope?/health").status, 404);
    for (path, dialect) in [("/v2/ws?token=x", Dialect::V2), ("/v3/ws?", Dialect::V3)] {
        let mut peer = Peer::connect(server.addr(), path, "Ada");
        peer.send("Authenticate", dialect.authenticate());
        peer.expect("Authenticated");
        let info = peer.expect("ProtocolInfo");
        assert_eq!(info.get("protocol_version").is_some(), dialect.is_v3(), "{path}: {info}");
    }
}

#[test]
fn an_accepted_upgrade_says_what_was_accepted() {
    let server = server().start();
    let mut ids = std::collections::HashSet::new();
    for path in ["/v2/ws", "/v3/ws"] {
        let accepted = http(server.addr(), "GET", path, &Socket::UPGRADE);
        assert_eq!(accepted.status, 101, "{path}: {accepted:?}");
        assert_eq!(accepted.header("x-signal-fish-upgrade-outcome"), Some("accepted"), "{path}");
        assert_eq!(accepted.header("x-signal-fish-max-outbound-message-size"), Some("8388608"), "{path}");
        let id = accepted.header("x-signal-fish-request-id").expect("a request id").to_owned();
        assert!(is_uuid(&id), "{path}: {id}");
        assert!(ids.insert(id), "every request has an id of its own");
    }
}

/// The headers of a good upgrade with one replaced, or left out.
fn spoiled(name: &str, value: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    let headers = Socket::UPGRADE.into_iter();
    let changed = headers.filter_map(|(key, good)| Some((key, if key == name { value? } else { good })));
    changed.collect()
}

#[test]
fn an_upgrade_must_be_to_websocket_13() {
    let server = server().start();
    for path in ["/v2/ws", "/v3/ws"] {
        for upgrade in [None, Some("h2c"), Some("websockets"), Some("")] {
            let refused = http(server.addr(), "GET", path, &spoiled("Upgrade", upgrade));
            assert_eq!(refused.status, 426, "Upgrade: {upgrade:?}: {refused:?}");
            let hint = refused.header("upgrade").map(str::to_ascii_lowercase);
            assert_eq!(hint.as_deref(), Some("websocket"), "Upgrade: {upgrade:?}: {refused:?}");
        }
        assert_eq!(get(server.addr(), path).status, 426, "a browser's address bar");
        for version in ["8", "12", "14", "13.0", "x"] {
            let refused = http(server.addr(), "GET", path, &spoiled("Sec-WebSocket-Version", Some(version)));
            assert_eq!(refused.status, 426, "version {version}: {refused:?}");
            assert_eq!(refused.header("sec-websocket-version"), Some("13"), "version {version}: {refused:?}");
        }
    }
}

#[test]
fn an_upgrade_without_its_key_or_connection_is_a_bad_request() {
    let server = server().start();
    // A key is 16 bytes in base64.
    for key in [None, Some(""), Some("short"), Some("dGhlIHNhbXBsZSBub25j"), Some("!!!!IHNhbXBsZSBub25jZQ==")]
    {
        let refused = http(server.addr(), "GET", "/v2/ws", &spoiled("Sec-WebSocket-Key", key));
        assert_eq!(refused.status, 400, "key {key:?}: {refused:?}");
    }
    for connection in [Some("close"), Some("keep-alive"), Some("upgrades")] {
        let refused = http(server.addr(), "GET", "/v2/ws", &spoiled("Connection", connection));
        assert_eq!(refused.status, 400, "Connection: {connection:?}: {refused:?}");
    }
    Peer::authenticated(server.addr(), "Ada", Dialect::V2);
}

#[test]
fn upgrade_headers_may_be_spelled_as_the_standard_allows() {
    let server = server().start();
    for (name, value) in [("Connection", "keep-alive, upgrade"), ("Upgrade", "WebSocket")] {
        let accepted = http(server.addr(), "GET", "/v2/ws", &spoiled(name, Some(value)));
        assert_eq!(accepted.status, 101, "{name}: {value}: {accepted:?}");
    }
}

#[test]
fn the_upgrade_is_for_http_1_1() {
    let server = server().start();
    let request = |path: &str, headers: &[(&str, &str)]| {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        http_bytes(server.addr(), format!("GET {path} HTTP/1.0\r\n{headers}\r\n").as_bytes())
    };
    let health = request("/health", &[]).expect("old probes are answered");
    assert_eq!((health.status, health.body.as_str()), (200, "OK"));
    let refused = request("/v2/ws", &Socket::UPGRADE).expect("an answer");
    assert!((400..500).contains(&refused.status), "{refused:?}");
}

#[test]
fn frames_sent_with_the_upgrade_are_not_lost() {
    let server = server().start();
    let authenticate = json!({"type": "Authenticate", "data": Dialect::V3.authenticate()});
    let first = [Frame::text(authenticate.to_string()), Frame::text(r#"{"type":"Ping"}"#)];
    let stream = TcpStream::connect(server.addr()).expect("the server listens");
    let mut hasty = Peer::upgrade(stream, "/v2/ws", "hasty", &first).expect("the upgrade is accepted");
    hasty.expect("Authenticated");
    assert_eq!(hasty.expect("ProtocolInfo")["protocol_version"], 3);
    hasty.expect("Pong");
}

#[test]
fn what_is_not_http_ends_its_connection_and_nothing_else() {
    let server = server().set("websocket.http_header_read_timeout_secs", json!(1)).start();
    let [mut ada, mut bob] = gather(server.addr(), "HTTP01", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]);
    let tls_hello = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), &[0x5A; 506]].concat();
    for garbage in [
        b"hello\r\n\r\n".as_slice(),
        b"\r\n\r\n\0\0\0\0",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &tls_hello,
        &Frame::text(r#"{"type":"Ping"}"#).encode(),
    ] {
        if let Some(answer) = http_bytes(server.addr(), garbage) {
            assert!(matches!(answer.status, 400 | 505), "{:?}: {answer:?}", String::from_utf8_lossy(garbage));
        }
    }
    ada.say(json!(1));
    bob.expect("GameData");
    assert_eq!(get(server.addr(), "/health").status, 200);
}

#[test]
fn headers_without_measure_are_refused() {
    let server = server().start();
    let long = "x".repeat(600 * 1024);
    let refused = http(server.addr(), "GET", "/health", &[("X-Long", &long)]);
    assert_eq!(refused.status, 431, "{refused:?}");
    let many = [("X-Many", "x"); 1_000];
    assert_eq!(http(server.addr(), "GET", "/health", &many).status, 431);
    assert_eq!(get(server.addr(), "/health").status, 200);
}

#[test]
fn a_request_that_does_not_come_to_its_end_is_given_up() {
    let server = server().set("websocket.http_header_read_timeout_secs", json!(1)).start();
    let (addr, mut ada) = (server.addr(), Peer::authenticated(server.addr(), "Ada", Dialect::V2));
    let give_up = |begun: &str| {
        // Returns only when the server has hung up: nothing more is sent.
        if let Some(answer) = http_bytes(addr, begun.as_bytes()) {
            assert_eq!(answer.status, 408, "{begun:?}: {answer:?}");
        }
    };
    thread::scope(|scope| {
        for begun in ["", "GET", "GET /v2/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"] {
            scope.spawn(move || give_up(begun));
        }
    });
    ada.expect_silence();
}
