//! Requests of all kinds at the port, over a real socket.

use std::net::SocketAddr;
use std::sync::OnceLock;

use signal_fish_transport::ListenerConfig;

use super::listening;

/// The server answers, or ends the connection; what follows an upgrade is frames.
pub(super) fn request(bytes: &[u8]) {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    listening::answer(*SERVER.get_or_init(|| listening::start(ListenerConfig::default())), bytes);
}
