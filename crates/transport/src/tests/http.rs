//! What HTTP requests are answered.

use super::*;
use crate::TokenBindingConfig;

/// Sends `request` and reads all of the answer: status, headers in lower case, body.
async fn answer(server: &Server, request: &str) -> (u16, String, String) {
    let mut stream = server.open(64 * 1024);
    stream.write_all(request.as_bytes()).await.unwrap();
    let (head, mut body) = read_head(&mut stream).await;
    if !head.starts_with("HTTP/1.1 101 ") {
        stream.read_to_end(&mut body).await.unwrap();
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), String::from_utf8(body).unwrap())
}

async fn check(server: &Server, request: &str, status: u16, headers: &[&str]) -> String {
    let (got, head, body) = answer(server, request).await;
    assert_eq!(got, status, "{request}\n{head}{body}");
    for header in headers {
        assert!(head.contains(&format!("\r\n{header}")), "no {header} after {request}\n{head}");
    }
    body
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[tokio::test]
async fn every_path_has_its_answer() {
    let server = Server::start().await;
    for path in ["/health", "/v2/health"] {
        assert_eq!(check(&server, &get(path), 200, &["connection: close"]).await, "OK");
    }
    for path in ["/readyz", "/v2/readyz"] {
        assert_eq!(check(&server, &get(path), 200, &["cache-control: no-store"]).await, "");
    }
    for path in ["/v2/client-config", "/v3/client-config"] {
        let headers = ["cache-control: no-store", "content-type: application/json"];
        let body = check(&server, &get(path), 200, &headers).await;
        assert_eq!(body, r#"{"max_outbound_message_size":8388608}"#);
    }
    assert!(check(&server, &get("/"), 200, &["content-type: text/plain"]).await.contains("/v3/ws"));
    for path in ["/healthz", "/v2/ws/", "/v4/ws", "/metrics"] {
        assert!(check(&server, &get(path), 404, &[]).await.contains("/ says"));
    }
    server.emptied().await;
}

#[tokio::test]
async fn other_methods_are_refused_and_head_has_no_body() {
    let server = Server::start().await;
    let post = |path| format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    check(&server, &post("/health"), 405, &["allow: get, head"]).await;
    check(&server, &post("/v2/ws"), 405, &["allow: get\r"]).await;
    check(&server, &post("/nowhere"), 404, &[]).await;
    check(&server, "HEAD /v2/ws HTTP/1.1\r\nHost: x\r\n\r\n", 405, &["allow: get\r"]).await;
    let body = check(&server, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n", 200, &["content-length: 2"]).await;
    assert_eq!(body, "");
}

#[tokio::test]
async fn protobuf_is_settled_where_it_is_offered_and_named_once() {
    let server = Server::start().await;
    for (path, offers, is_taken) in [
        ("/v3/ws", "Sec-WebSocket-Protocol: signalfish.v3.protobuf\r\n", true),
        ("/v2/ws", "Sec-WebSocket-Protocol: chat , signalfish.v3.protobuf,x\r\n", true),
        (
            "/v3/ws",
            "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: signalfish.v3.protobuf\r\n",
            true,
        ),
        ("/v3/ws", "Sec-WebSocket-Protocol: SignalFish.V3.Protobuf, signalfish.v4.protobuf\r\n", false),
        ("/v3/ws", "Sec-WebSocket-Protocol: signalfish.tokenbinding.v2\r\n", false),
        ("/v3/ws", "", false),
    ] {
        let request = upgrade_request(path).replace("Upgrade: ", &format!("{offers}Upgrade: "));
        let (status, head, _) = answer(&server, &request).await;
        assert_eq!(status, 101, "{request}{head}");
        let n_named = head.matches("\r\nsec-websocket-protocol: signalfish.v3.protobuf\r\n").count();
        assert_eq!(n_named, usize::from(is_taken), "{request}{head}");
        assert_eq!(head.matches("sec-websocket-protocol").count(), n_named, "{request}{head}");
    }
}

#[tokio::test]
async fn token_binding_is_settled_before_the_encoding() {
    let with = |required, wants_fingerprint| async move {
        let token_binding = Some(TokenBindingConfig { required, wants_fingerprint });
        let listener = ListenerConfig { token_binding, ..ListenerConfig::default() };
        Parts { listener, ..Parts::default() }.start().await
    };
    let offering = |offer: &str| {
        let offer = format!("Sec-WebSocket-Protocol: {offer}\r\nUpgrade: ");
        upgrade_request("/v3/ws").replace("Upgrade: ", &offer)
    };
    let both = offering("signalfish.v3.protobuf, signalfish.tokenbinding.v2");
    let mut stream = with(false, false).await.open(64 * 1024);
    stream.write_all(both.as_bytes()).await.unwrap();
    let (head, _) = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert_eq!(head.matches("sec-websocket-protocol").count(), 1, "{head}");
    assert!(head.contains("\r\nsec-websocket-protocol: signalfish.tokenbinding.v2\r\n"), "{head}");

    let unbound = ["x-signal-fish-upgrade-outcome: rejected_token_binding_negotiation\r"];
    let server = with(true, true).await;
    check(&server, &offering("signalfish.v3.protobuf"), 400, &unbound).await;
    check(&server, &both, 401, &unbound).await;
    server.emptied().await;
}

#[tokio::test]
async fn upgrades_are_accepted_and_marked() {
    let server = Server::start().await;
    for path in ["/v2/ws", "/v3/ws?player=1"] {
        let offers = "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
        let connection = format!("Connection: keep-alive, upgrade\r\n{offers}");
        let request = upgrade_request(path).replace("Connection: Upgrade\r\n", &connection);
        let (status, head, _) = answer(&server, &request).await;
        assert_eq!(status, 101, "{request}{head}");
        assert!(head.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{head}");
        assert!(head.contains("\r\nx-signal-fish-upgrade-outcome: accepted\r\n"), "{head}");
        assert!(head.contains("\r\nx-signal-fish-max-outbound-message-size: 8388608\r\n"), "{head}");
        assert!(!head.contains("websocket-protocol") && !head.contains("websocket-extensions"), "{head}");
        let (_, id) = head.split_once("x-signal-fish-request-id: ").unwrap();
        assert_eq!(uuid::Uuid::parse_str(&id[..36]).unwrap().get_version_num(), 4);
    }
}

#[tokio::test]
async fn a_bad_upgrade_is_told_what_to_change() {
    let server = Server::start().await;
    let with = |old: &str, new: &str| upgrade_request("/v2/ws").replace(old, new);
    let cases = [
        (get("/v2/ws"), 426, "upgrade: websocket"),
        (with("Upgrade: websocket", "Upgrade: h2c"), 426, "upgrade: websocket"),
        (with("Version: 13", "Version: 8"), 426, "sec-websocket-version: 13"),
        (with("Sec-WebSocket-Version: 13\r\n", ""), 426, "sec-websocket-version: 13"),
        (with("Connection: Upgrade\r\n", ""), 400, "connection: close"),
        (with("dGhlIHNhbXBsZSBub25jZQ==", "short"), 400, "connection: close"),
        (with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), 400, "connection: close"),
        (with("HTTP/1.1", "HTTP/1.0"), 400, "connection: close"),
        (with("Host: x\r\n", "Host: x\r\nContent-Length: 1\r\n"), 400, "connection: close"),
    ];
    for (request, status, header) in cases {
        let marks =
            [header, "x-signal-fish-upgrade-outcome: rejected_malformed", "x-signal-fish-request-id: "];
        let body = check(&server, &request, status, &marks).await;
        assert!(body.contains("send"), "{request}{body}");
    }
    assert_eq!(server.hub().n_sessions(), 0);
}

#[tokio::test]
async fn a_draining_server_says_so_and_when_to_come_back() {
    let server = Server::start().await;
    server.hub().drain(Duration::from_secs(30), Duration::from_secs(30));
    check(&server, &get("/readyz"), 503, &["cache-control: no-store"]).await;
    check(&server, &get("/health"), 200, &[]).await;
    let marks = ["retry-after: 30", "x-signal-fish-upgrade-outcome: rejected_draining"];
    check(&server, &upgrade_request("/v2/ws"), 503, &marks).await;
}

#[tokio::test]
async fn a_full_server_says_so_and_has_room_again_later() {
    for (connections_max, connections_per_ip_max, status) in [(1, 2, 503), (2, 1, 429)] {
        let listener =
            ListenerConfig { connections_max, connections_per_ip_max, ..ListenerConfig::default() };
        let server = Parts { listener, ..Parts::default() }.start().await;
        let first = server.connect().await;
        let marks = ["retry-after: 30", "x-signal-fish-upgrade-outcome: rejected_too_many_connections"];
        check(&server, &upgrade_request("/v2/ws"), status, &marks).await;
        check(&server, &get("/health"), 200, &[]).await;
        drop(first);
        server.emptied().await;
        server.connect().await;
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_the_refusal_can_be_read() {
    let server = Server::start().await;
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    check(&server, &long, 431, &[]).await;
    check(&server, "hello\r\n\r\n", 400, &[]).await;
    let smuggled = "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    check(&server, smuggled, 405, &["connection: close"]).await;
    server.emptied().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_ends_is_dropped() {
    let server = Server::start().await;
    let mut silent = server.open(1024);
    let mut slow = server.open(1024);
    let dripping = tokio::spawn(async move {
        let mut n_sent = 0;
        for byte in get("/health").bytes() {
            sleep(Duration::from_secs(1)).await;
            if slow.write_all(&[byte]).await.is_err() {
                break;
            }
            n_sent += 1;
        }
        n_sent
    });
    assert_eq!(silent.read(&mut [0; 10]).await.unwrap(), 0);
    assert!(dripping.await.unwrap() <= 10);
    server.emptied().await;
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_before_the_answer_is_forgotten_at_once() {
    let server = Server::start().await;
    let start = tokio::time::Instant::now();
    for n_bytes in [0, 1, 20, 60] {
        let mut stream = server.open(1024);
        stream.write_all(&upgrade_request("/v2/ws").as_bytes()[..n_bytes]).await.unwrap();
    }
    server.emptied().await;
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_probe_may_end_its_side_before_the_answer() {
    let server = Server::start().await;
    let mut stream = server.open(1024);
    stream.write_all(get("/health").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(read_head(&mut stream).await.0.starts_with("HTTP/1.1 200 "));
}
