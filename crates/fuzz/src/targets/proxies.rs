//! What proxies say of those behind them, and what those say in their place.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::time::Duration;

use signal_fish_auth::Quota;
use signal_fish_transport::{ForwardedHeader, ListenerConfig, Proxies, RateLimits};

use super::listening;

/// Nobody is answered behind an announcement that is none; everybody is behind a sound one, and it is that one's end
/// where the request begins.
pub(super) fn announcement(bytes: &[u8]) {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    let server = *SERVER.get_or_init(|| {
        let proxies = Proxies { announce: true, ..trusting(ForwardedHeader::None) };
        listening::start(ListenerConfig {
            proxies,
            rates: seldom(NonZeroU32::MAX),
            ..ListenerConfig::default()
        })
    });
    let is_answered = |announcement: &[u8]| {
        let answer = listening::answer(server, &[announcement, REQUEST].concat());
        let is_ok = answer.starts_with(b"HTTP/1.1 200 ");
        (!answer.is_empty(), is_ok)
    };
    let (is_heard, _) = is_answered(bytes);
    assert!(!is_heard || bytes.starts_with(b"PROXY ") || bytes.starts_with(SIGNATURE), "{bytes:?}");

    let Some((&[a, b, c, d, ref port @ ..], more)) = bytes.split_first_chunk::<6>() else { return };
    let source = Ipv4Addr::new(a, b, c, d);
    let line = format!("PROXY TCP4 {source} 10.0.0.1 {} 80\r\n", u16::from_be_bytes(*port));
    let more = &more[..more.len().min(MORE_BYTES_MAX)];
    let len = u16::try_from(12 + more.len()).expect("there is a limit").to_be_bytes();
    let head = [&SIGNATURE[..], &[0x21, 0x11], &len].concat();
    let binary = [&head[..], &source.octets(), &[10, 0, 0, 1], port, &[0, 80], more].concat();
    for sound in [line.as_bytes(), &binary] {
        assert_eq!(is_answered(sound), (true, true), "{sound:?}");
    }
}

/// A client cannot say that it comes from elsewhere, whatever it writes into the header before its proxy does. It may
/// make a request once in a while, so with another address it could make more.
pub(super) fn forwarded(bytes: &[u8]) {
    static SERVERS: OnceLock<[SocketAddr; 2]> = OnceLock::new();
    let servers = SERVERS.get_or_init(|| {
        [(ForwardedHeader::XForwardedFor, ""), (ForwardedHeader::Forwarded, "for=")].map(
            |(header, prefix)| {
                let rates = seldom(NonZeroU32::MIN);
                let server = listening::start(ListenerConfig {
                    proxies: trusting(header),
                    rates,
                    ..ListenerConfig::default()
                });
                // Uses up what the client has, and the proxy itself: what cannot be understood is counted for it.
                for written in [format!("{prefix}{CLIENT}"), String::new()] {
                    listening::answer(server, &request_with(written.as_bytes()));
                }
                server
            },
        )
    });
    // What is no part of a line ends the header, or the request.
    if bytes.iter().any(|&byte| byte != b'\t' && (byte < b' ' || byte == 0x7F)) {
        return;
    }
    let endings = [format!(", {CLIENT}"), format!(", for=\"{CLIENT}:4711\";proto=\"https\"")];
    for (&server, ending) in servers.iter().zip(endings) {
        let answer = listening::answer(server, &request_with(&[bytes, ending.as_bytes()].concat()));
        let is_answered = answer.starts_with(b"HTTP/1.1 200 ");
        assert!(!is_answered, "{} is believed", bytes.escape_ascii());
    }
}

fn request_with(value: &[u8]) -> Vec<u8> {
    let line = |name: &[u8]| [name, value, b"\r\n"].concat();
    [&REQUEST[..REQUEST.len() - 2], &line(b"X-Forwarded-For: "), &line(b"Forwarded: "), b"\r\n"].concat()
}

/// The peers of this process are proxies.
fn trusting(header: ForwardedHeader) -> Proxies {
    let local = IpAddr::from(Ipv4Addr::LOCALHOST).into();
    Proxies { trusted: vec![local], header, announce: false }
}

/// So many requests of each address in a time that is longer than anybody looks.
fn seldom(n_max: NonZeroU32) -> RateLimits {
    let quota = Quota { n_max, window: Duration::from_hours(1_000) };
    RateLimits { tls_handshakes: quota, requests: quota, upgrades: quota }
}

const REQUEST: &[u8] = b"GET /health HTTP/1.1\r\nHost: fuzz\r\n\r\n";

/// Where the client is, as its proxy tells.
const CLIENT: &str = "192.0.2.1";

/// How version 2 of the PROXY protocol begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// What may stand behind the addresses of an announcement; a server need not take more.
const MORE_BYTES_MAX: usize = 4 * 1024 - 12;
