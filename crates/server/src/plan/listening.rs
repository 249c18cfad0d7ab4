//! What the port is told: limits, deadlines, and who may be believed.

use std::num::NonZeroUsize;

use signal_fish_transport::{ConnectionConfig, ListenerConfig, RateLimits};

use super::{RETRY_AFTER, millis, secs, unless_zero};
use crate::memory;
use crate::settings::{Problems, SecuritySettings, ServerSettings, Settings, WebsocketSettings, reach};

pub(super) fn listener(settings: &Settings, problems: &mut Problems) -> ListenerConfig {
    let Settings { server, security, websocket, .. } = settings;
    ListenerConfig {
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
