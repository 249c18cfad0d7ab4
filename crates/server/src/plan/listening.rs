//! What the port is told: limits, deadlines, and who may be believed.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use signal_fish_transport::{ConnectionConfig, ListenerConfig, RateLimits};

use super::{RETRY_AFTER, millis, secs, unless_zero};
use crate::memory;
use crate::settings::{Problems, SecuritySettings, ServerSettings, Settings, WebsocketSettings, reach};

/// Where to listen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Listening {
    pub(crate) addr: SocketAddr,
    /// A Unix socket and the mode of its file.
    pub(crate) unix: Option<(PathBuf, u32)>,
}

pub(super) fn sockets(settings: &Settings, problems: &mut Problems) -> Listening {
    let Settings { port, server, .. } = settings;
    let mode = u32::from_str_radix(&server.unix_socket_mode, 8).ok().filter(|&mode| mode <= 0o777);
    if mode.is_none() {
        let advice = format!("set an octal mode from 0 to 0777, not {:?}", server.unix_socket_mode);
        problems.add("server.unix_socket_mode", advice);
    }
    if server.unix_socket.is_some() && cfg!(not(unix)) {
        problems.add("server.unix_socket", "there are no Unix sockets on this system, take it out");
    }
    Listening { addr: SocketAddr::new(server.bind, *port), unix: server.unix_socket.clone().zip(mode) }
}

pub(super) fn listener(settings: &Settings, problems: &mut Problems) -> ListenerConfig {
    let Settings { server, security, websocket, .. } = settings;
    ListenerConfig {
        has_websockets: true,
        pages: None,
        connection: connection(server, security, websocket),
        connections_max: security.max_connections.get(),
        connections_per_ip_max: security.max_connections_per_ip.get(),
        queued_bytes_max: queued_bytes_max(websocket),
        origins: reach::origins(security, problems),
        rates: rates(security),
        proxies: reach::proxies(security, problems),
        tls_handshake_timeout: secs(security.transport.tls.handshake_timeout_secs),
        http_header_timeout: secs(websocket.http_header_read_timeout_secs),
        send_buffer_bytes: Some(websocket.socket_send_buffer_bytes).filter(|&bytes| bytes != 0),
        token_binding: security.transport.token_binding.config(),
        retry_after: RETRY_AFTER,
    }
}

fn queued_bytes_max(websocket: &WebsocketSettings) -> usize {
    let set = websocket.send_queue_bytes_of_all.map(NonZeroUsize::get);
    set.or_else(|| memory::available().map(|n_bytes| n_bytes / 5 * 4)).unwrap_or(usize::MAX)
}

fn rates(security: &SecuritySettings) -> RateLimits {
    let mut rates = RateLimits::for_connections(security.max_connections_per_ip.get());
    for (quota, set) in [
        (&mut rates.tls_handshakes, security.max_tls_handshakes_per_ip),
        (&mut rates.requests, security.max_http_requests_per_ip),
        (&mut rates.upgrades, security.max_upgrades_per_ip),
    ] {
        quota.n_max = set.unwrap_or(quota.n_max);
    }
    rates
}

fn connection(
    server: &ServerSettings,
    security: &SecuritySettings,
    websocket: &WebsocketSettings,
) -> ConnectionConfig {
    ConnectionConfig {
        inbound_bytes_max: security.max_message_size,
        auth_timeout: secs(websocket.auth_timeout_secs),
        idle_timeout: unless_zero(websocket.idle_timeout_secs),
        activity_timeout: unless_zero(server.ping_timeout),
        ping_interval: unless_zero(websocket.server_ping_interval_secs),
        pong_timeout: secs(websocket.pong_timeout_secs),
        stall_timeout: millis(websocket.max_sojourn_ms.get()),
    }
}

#[cfg(test)]
mod tests {
    use signal_fish_transport::{ForwardedHeader, Origins};

    use super::*;

    fn planned(change: impl FnOnce(&mut SecuritySettings)) -> Result<ListenerConfig, String> {
        let mut settings = Settings::default();
        change(&mut settings.security);
        let mut problems = Problems::default();
        let config = listener(&settings, &mut problems);
        problems.none().map(|()| config).map_err(|problems| problems.to_string())
    }

    #[test]
    fn budgets_of_an_address_follow_its_connections_unless_they_are_set() {
        let n_max = |change: fn(&mut SecuritySettings)| planned(change).unwrap().rates.upgrades.n_max.get();
        assert_eq!(n_max(|_| {}), 1_280);
        assert_eq!(n_max(|security| security.max_connections_per_ip = 10.try_into().unwrap()), 200);
        assert_eq!(n_max(|security| security.max_upgrades_per_ip = 7.try_into().ok()), 7);
    }

    #[test]
    fn the_mode_of_a_unix_socket_is_octal() {
        let mode = |text: &str| {
            let mut settings = Settings::default();
            settings.server.unix_socket = Some("/run/fish".into());
            settings.server.unix_socket_mode = text.to_owned();
            let mut problems = Problems::default();
            let unix = sockets(&settings, &mut problems).unix;
            problems.none().map(|()| unix.map(|(_, mode)| mode)).map_err(|problems| problems.to_string())
        };
        assert_eq!([mode("0660"), mode("600")], [Ok(Some(0o660)), Ok(Some(0o600))]);
        for bad in ["", "rw", "0888", "1777", "-1"] {
            assert!(mode(bad).unwrap_err().contains("unix_socket_mode: set an octal mode"), "{bad}");
        }
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let trust = |texts: &[&str]| {
            planned(|security| security.trusted_proxies = texts.iter().map(|&text| text.into()).collect())
        };
        let proxies = trust(&["10.0.0.0/8", "192.0.2.1", "::1", "2001:db8::/32"]).unwrap().proxies;
        assert_eq!((proxies.trusted.len(), proxies.header), (4, ForwardedHeader::XForwardedFor));
        for bad in ["", "localhost", "10.0.0.0/33", "10.0.0", "10.0.0.0/8/8"] {
            let expected = format!(
                "security.trusted_proxies[1]: set an IP address, or a network like 10.0.0.0/8, not {bad:?}"
            );
            assert_eq!(trust(&["::1", bad]).unwrap_err(), expected);
        }
        let nobody = planned(|security| security.proxy_protocol = true).unwrap_err();
        assert!(nobody.starts_with("security.proxy_protocol: is for trusted proxies"), "{nobody}");
    }

    #[test]
    fn origins_are_all_or_a_list_in_the_spelling_of_browsers() {
        let origins = |text: &str| {
            let config = planned(|security| security.cors_origins = text.to_owned());
            config.map(|config| match config.origins {
                Origins::Any => None,
                Origins::Listed(listed) => Some(listed.len()),
            })
        };
        assert_eq!(origins("*"), Ok(None));
        assert_eq!(origins(""), Ok(Some(0)));
        assert_eq!(origins("null"), Ok(Some(1)));
        assert_eq!(origins("https://play.example, http://localhost:3000"), Ok(Some(2)));
        for bad in ["https://play.example/", "https://a.example,*", "https://a.example,", "play.example"] {
            assert!(origins(bad).is_err_and(|error| error.starts_with("security.cors_origins: ")), "{bad}");
        }
    }
}
