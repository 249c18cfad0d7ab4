//! Before there is a WebSocket: slow, silent and numerous strangers, and requests that try to be two things.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;
use signal_fish_testkit::{Frame, Opcode, PATIENCE, Peer, Socket, http, http_bytes};

use crate::server;
use crate::siege::{Siege, without_address_limits};

#[test]
fn slow_and_silent_strangers_are_hung_up_on() {
    let siege =
        Siege::of(without_address_limits(server()).set("websocket.http_header_read_timeout_secs", json!(1)));
    let beginnings: [&[u8]; 4] = [
        b"",
        b"G",
        b"GET /v3/ws HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /v3/ws HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n",
    ];
    let mut strangers: Vec<TcpStream> = Vec::new();
    for n in 0..200 {
        let mut stream = TcpStream::connect(siege.addr()).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
        stream.write_all(beginnings[n % beginnings.len()]).expect("the system takes it");
        strangers.push(stream);
    }
    for stream in &mut strangers {
        // A byte now and then is no progress; it fails once the server has hung up.
        let _ = stream.write_all(b"x");
        match stream.read_to_end(&mut Vec::new()) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
        }
    }
    siege.lift();
}

#[test]
fn who_upgrades_and_never_authenticates_is_shown_out() {
    let siege = Siege::of(
        without_address_limits(server())
            .set("websocket.auth_timeout_secs", json!(5))
            .set("security.enforce_app_id_allowlist", json!(true))
            .set("security.allowed_apps", json!([{"app_id": "demo", "app_name": "Demo"}])),
    );
    let mut strangers: Vec<_> = (0..100).map(|_| siege.attacker()).collect();
    for stranger in &mut strangers {
        // A ping is a sign of life and no handshake.
        stranger.try_send_frames(&[Frame::new(Opcode::PING, *b"alive")]);
    }
    for stranger in &mut strangers {
        assert_eq!(stranger.read_to_end(), Some(4001));
    }
    siege.lift();
}

#[test]
fn a_flood_of_connections_stays_within_the_limits_of_its_address() {
    let siege = Siege::of(server().set("security.max_connections_per_ip", json!(24)));
    for _ in 0..10 {
        let mut admitted = Vec::new();
        for _ in 0..40 {
            match Peer::try_connect(siege.addr(), "/v3/ws", "flood") {
                Ok(peer) => admitted.push(peer),
                Err(refused) => assert_eq!(refused.status, 429, "{refused:?}"),
            }
        }
        assert!(admitted.len() <= 16, "{} beside the eight who play", admitted.len());
    }
    siege.lift();
}

/// An upgrade with these lines added to its head, and these bytes after it.
fn upgrade(lines: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut request = b"GET /v3/ws HTTP/1.1\r\nHost: x\r\n".to_vec();
    for (name, value) in Socket::UPGRADE {
        request.extend(format!("{name}: {value}\r\n").bytes());
    }
    [&request, lines, b"\r\n", rest].concat()
}

#[test]
fn a_request_that_is_two_at_once_or_carries_strange_bytes_is_refused() {
    let siege = Siege::of(without_address_limits(server()));
    let ping = Frame::text(r#"{"type":"Ping"}"#).encode();
    let refused: [(&[u8], &[u8]); 9] = [
        (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        (b"Content-Length: 4\r\nContent-Length: 5\r\n", b"abcd"),
        (b"Content-Length: 4\r\n", b"abcd"),
        (b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
        (b"X-Fold: a\rX-Smuggled: b\r\n", &ping),
        (b"X-Nul: a\0b\r\n", &ping),
        (b"Sec-WebSocket-Protocol: a\0\r\n", &ping),
        (b"X Space: a\r\n", &ping),
    ];
    for (lines, rest) in refused {
        let shown = String::from_utf8_lossy(lines);
        if let Some(answer) = http_bytes(siege.addr(), &upgrade(lines, rest)) {
            assert_eq!(answer.status, 400, "{shown:?}: {answer:?}");
            assert!(answer.header("x-smuggled").is_none(), "{shown:?}: {answer:?}");
        }
    }
    // Bytes beyond ASCII are no name of a subprotocol; whatever the answer, none of it is said again.
    for offer in [&b"\xff\xfe"[..], "straße".as_bytes(), b"<script>", b"unknown"] {
        let lines = [b"Sec-WebSocket-Protocol: ", offer, b"\r\n"].concat();
        let answer = http_bytes(siege.addr(), &upgrade(&lines, b"")).expect("an answer");
        assert_eq!(answer.header("sec-websocket-protocol"), None, "{answer:?}");
    }
    siege.lift();
}

#[test]
fn foreign_pages_are_refused_and_compression_is_not_agreed_on() {
    let siege = Siege::of(without_address_limits(server()));
    let with = |name, value| {
        let headers: Vec<_> = Socket::UPGRADE.into_iter().chain([(name, value)]).collect();
        http(siege.addr(), "GET", "/v3/ws", &headers)
    };
    for origin in ["https://evil.example", "null", "http://localhost:3000.evil.example", "http://localhost"] {
        let refused = with("Origin", origin);
        assert_eq!(refused.status, 403, "{origin}: {refused:?}");
        assert_eq!(refused.header("x-signal-fish-upgrade-outcome"), Some("rejected_origin"));
        assert_eq!(refused.header("access-control-allow-origin"), None, "{refused:?}");
    }
    assert_eq!(with("Origin", "http://localhost:3000").status, 101);
    let plain = with("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
    assert_eq!((plain.status, plain.header("sec-websocket-extensions")), (101, None));
    siege.lift();
}

#[test]
fn there_is_nothing_for_operators_on_the_port() {
    let siege = Siege::of(without_address_limits(server()));
    let paths =
        ["/metrics", "/admin", "/debug/pprof", "/config", "/.env", "/v3/ws/", "/v3/../metrics", "//health"];
    for path in paths {
        let answer = http(siege.addr(), "GET", path, &[]);
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert!(!answer.body.contains(path), "{answer:?}");
    }
    siege.lift();
}
