//! What strangers may ask for, and how often: floods, crumbs, proxies and foreign pages.

use std::num::NonZeroU32;

use signal_fish_auth::Quota;
use signal_fish_hub::{Network, Outcast};
use tokio::time::Instant;

use super::*;
use crate::{ForwardedHeader, Origin, Origins, Proxies, RateLimits};

async fn serve(listener: ListenerConfig) -> Server {
    Parts { listener, ..Parts::default() }.start().await
}

fn defaults() -> ListenerConfig {
    ListenerConfig { connection: PATIENT, ..ListenerConfig::default() }
}

/// So many at once, and one more each second.
fn quota(n_max: u32) -> Quota {
    Quota { n_max: NonZeroU32::new(n_max).unwrap(), window: Duration::from_secs(n_max.into()) }
}

/// The head of the answer to `first`, then a request for `path` with these headers.
async fn head(server: &Server, first: &str, path: &str, headers: &str) -> String {
    let mut stream = server.open(64 * 1024);
    let request = upgrade_request(path).replacen("\r\n\r\n", &format!("\r\n{headers}\r\n"), 1);
    stream.write_all(format!("{first}{request}").as_bytes()).await.unwrap();
    read_head(&mut stream).await.0
}

fn status(head: &str) -> &str {
    head.split(' ').nth(1).unwrap()
}

#[tokio::test]
async fn a_message_in_crumbs_ends_the_connection() {
    let server = serve(defaults()).await;
    let mut client = server.connect().await;
    let crumbs: Vec<_> = std::iter::repeat_with(|| Frame::last("").unfinished()).take(1_023).collect();
    client.send(&[Frame::text(PING).unfinished()]).await;
    client.send(&crumbs[..1_022]).await;
    client.send(&[Frame::last("")]).await;
    client.text_with("Pong").await;
    client.send(&[Frame::text(PING).unfinished()]).await;
    client.send(&crumbs).await;
    client.closed(1008, "policy_violation").await;
    server.emptied().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_has_to_come_to_its_end() {
    let whole = Frame::text(PING).encode();
    let cut = Frame::text(PING).unfinished().encode();
    for beginning in [&whole[..1], &whole[..9], &cut] {
        let server = serve(defaults()).await;
        let mut client = server.connect().await;
        let start = Instant::now();
        client.stream.write_all(beginning).await.unwrap();
        // It is no sign of progress that others go through.
        for n in 0..20 {
            sleep(Duration::from_secs(1)).await;
            if beginning == &cut[..] {
                client.send(&[Frame::new(Opcode::PING, [n])]).await;
                Client::<DuplexStream>::expect(client.next().await, Opcode::PONG);
            }
        }
        client.closed(1008, "policy_violation").await;
        assert_eq!(start.elapsed().as_secs(), 30, "{beginning:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_control_frames_ends_the_connection() {
    let server = serve(defaults()).await;
    for opcode in [Opcode::PING, Opcode::PONG] {
        let mut client = server.connect().await;
        // At the pace that is allowed, for as long as one likes.
        for _ in 0..300 {
            client.send(&[Frame::new(opcode, "")]).await;
            sleep(Duration::from_millis(100)).await;
        }
        client.say(PING).await;
        while client.next().await.unwrap().opcode == Opcode::PONG {}
        client.send(&vec![Frame::new(opcode, ""); 200]).await;
        client.closed(1008, "policy_violation").await;
    }
    // Also if it comes together with the request.
    let flood = vec![Frame::new(Opcode::PING, ""); 200];
    server.connect_with(64 * 1024, &flood).await.closed(1008, "policy_violation").await;
}

#[tokio::test(start_paused = true)]
async fn one_address_may_come_so_often_and_is_told_when_it_may_again() {
    let rates = RateLimits { upgrades: quota(3), requests: quota(2), ..RateLimits::for_connections(64) };
    let server = serve(ListenerConfig { rates, ..defaults() }).await;
    for (path, allowed, n_allowed) in [("/v2/ws", "101", 3), ("/health", "200", 2), ("/nope", "404", 0)] {
        for _ in 0..n_allowed {
            assert_eq!(status(&head(&server, "", path, "").await), allowed);
        }
        let refused = head(&server, "", path, "").await;
        assert_eq!(status(&refused), "429", "{path}: {refused}");
        assert!(
            refused.contains("\r\nretry-after: 1\r\n") || refused.contains("\r\nretry-after: 2\r\n"),
            "{refused}"
        );
        assert_eq!(refused.contains("rejected_rate_limited"), path == "/v2/ws");
    }
    sleep(Duration::from_secs(2)).await;
    assert_eq!(status(&head(&server, "", "/v2/ws", "").await), "101");
}

#[tokio::test]
async fn clients_behind_a_proxy_are_told_apart() {
    let proxies = Proxies { trusted: vec!["127.0.0.0/8".parse().unwrap()], ..Proxies::default() };
    let config = ListenerConfig { connections_per_ip_max: 1, proxies, ..defaults() };
    let server = serve(config).await;
    let mut connections = Vec::new();
    for (client, expected) in [
        ("192.0.2.1", "101"),
        ("192.0.2.1", "429"),
        ("6.6.6.6, 192.0.2.1", "429"),
        ("192.0.2.2", "101"),
        ("2001:db8::1", "101"),
        ("2001:db8::2", "429"),
        ("2001:db8:0:1::2", "101"),
        // Not understood: the proxy itself.
        ("nonsense", "101"),
        ("nonsense", "429"),
    ] {
        let mut stream = server.open(4 * 1024);
        let header = format!("\r\nX-Forwarded-For: {client}\r\n\r\n");
        stream
            .write_all(upgrade_request("/v2/ws").replacen("\r\n\r\n", &header, 1).as_bytes())
            .await
            .unwrap();
        let (head, _) = read_head(&mut stream).await;
        assert_eq!(status(&head), expected, "{client}");
        connections.push(stream);
    }
    let strict = ListenerConfig { connections_per_ip_max: 1, ..defaults() };
    let server = serve(strict).await;
    let _first = server.connect().await;
    let spoofed = head(&server, "", "/v2/ws", "X-Forwarded-For: 192.0.2.9\r\n").await;
    assert_eq!(status(&spoofed), "429", "who is no proxy is not believed");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_may_announce_its_clients() {
    let trusted = vec!["127.0.0.1/32".parse().unwrap()];
    let proxies = Proxies { trusted, header: ForwardedHeader::None, announce: true };
    let rates = RateLimits { upgrades: quota(1), ..RateLimits::for_connections(64) };
    let server = serve(ListenerConfig { proxies, rates, ..defaults() }).await;
    let announce = |client: &str| format!("PROXY TCP4 {client} 10.0.0.1 4711 80\r\n");
    for (client, expected) in [("192.0.2.1", "101"), ("192.0.2.2", "101"), ("192.0.2.1", "429")] {
        assert_eq!(status(&head(&server, &announce(client), "/v2/ws", "").await), expected, "{client}");
    }
    // Without one, or with half of one, there is no telling what the bytes mean.
    for bytes in ["GET /health HTTP/1.1\r\nHost: x\r\n\r\n", "PROXY TCP4 x y 1 2\r\n", "PROXY TCP4 "] {
        let mut stream = server.open(4 * 1024);
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let start = Instant::now();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!((answer.len(), start.elapsed().as_secs() > 10), (0, false), "{bytes:?}");
    }
    let believed = Proxies { announce: true, ..Proxies::default() };
    let server = serve(ListenerConfig { proxies: believed, ..defaults() }).await;
    assert_eq!(status(&head(&server, &announce("192.0.2.1"), "/v2/ws", "").await), "400");
}

#[tokio::test]
async fn nobody_comes_from_a_banned_network() {
    let server = serve(defaults()).await;
    let network = Outcast::Network(Network::new([127, 0, 0, 0].into(), 8).unwrap());
    server.hub().ban(network.clone(), None).unwrap();
    let answer = head(&server, "", "/v3/ws", "").await;
    assert!(status(&answer) == "403" && answer.contains("rejected_banned"), "{answer}");
    server.hub().unban(&network);
    assert_eq!(status(&head(&server, "", "/v3/ws", "").await), "101");
}

#[tokio::test]
async fn foreign_pages_stay_outside() {
    let origins = Origins::Listed(vec![Origin::parse("https://play.example").unwrap()]);
    let server = serve(ListenerConfig { origins, ..defaults() }).await;
    for (origin, expected) in [
        ("", "101"),
        ("Origin: https://play.example\r\n", "101"),
        ("Origin: https://evil.example\r\n", "403"),
        ("Origin: https://play.example\r\nOrigin: https://evil.example\r\n", "403"),
    ] {
        let answer = head(&server, "", "/v3/ws", origin).await;
        assert_eq!(status(&answer), expected, "{origin}");
        assert_eq!(answer.contains("rejected_origin"), expected == "403");
    }
    for (origin, is_shared) in [("https://play.example", true), ("https://evil.example", false)] {
        let answer = head(&server, "", "/v3/client-config", &format!("Origin: {origin}\r\n")).await;
        let header = format!("\r\naccess-control-allow-origin: {origin}\r\n");
        assert_eq!(answer.contains(&header), is_shared, "{answer}");
        assert!(answer.contains("\r\nvary: origin\r\n"), "{answer}");
        for name in ["x-content-type-options: nosniff", "content-security-policy: default-src 'none'"] {
            assert!(answer.contains(name), "{answer}");
        }
    }
    let mut stream = server.open(4 * 1024);
    let preflight = "OPTIONS /health HTTP/1.1\r\nHost: x\r\nOrigin: https://play.example\r\n\
                     Access-Control-Request-Method: GET\r\n\r\n";
    stream.write_all(preflight.as_bytes()).await.unwrap();
    let (answer, _) = read_head(&mut stream).await;
    assert_eq!(status(&answer), "204");
    assert!(answer.contains("access-control-allow-methods: GET, HEAD\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn while_too_much_waits_for_others_nobody_new_is_let_in() {
    let server = serve(ListenerConfig { queued_bytes_max: 0, ..defaults() }).await;
    let mut slow = server.connect_with(1_000, &[]).await;
    // More than is taken for one write.
    for _ in 0..3_000 {
        slow.say(PING).await;
    }
    let refused = head(&server, "", "/v3/ws", "").await;
    assert_eq!(status(&refused), "503", "{refused}");
    assert!(refused.contains("x-signal-fish-upgrade-outcome: rejected_overloaded"), "{refused}");
    assert!(refused.contains("retry-after: "), "{refused}");
    drop(slow);
    server.hub().emptied().await;
    assert_eq!(status(&head(&server, "", "/v3/ws", "").await), "101");
}
