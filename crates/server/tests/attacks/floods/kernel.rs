//! What Linux knows of the sockets of a server, also of those that the server has closed.

use std::fs;
use std::net::SocketAddr;

/// Memory for the data in all TCP sockets of the machine.
pub(super) fn tcp_bytes() -> u64 {
    let text = fs::read_to_string("/proc/net/sockstat").expect("Linux tells");
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:")).expect("a line about TCP");
    let pages: u64 = line.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("pages of memory come last");
    pages * rustix::param::page_size() as u64
}

/// How many sockets of the server there are with a peer in this network, those among them that it has closed and
/// that still have something to send.
pub(super) fn n_sockets(server: SocketAddr, network: [u8; 3]) -> usize {
    let text = fs::read_to_string("/proc/net/tcp").expect("Linux tells");
    let port = format!(":{:04X}", server.port());
    // Addresses are shown as numbers in the order of bytes of this machine.
    let is_in_network = |peer: &str| {
        let number = peer.get(..8).and_then(|number| u32::from_str_radix(number, 16).ok());
        number.is_some_and(|number| number.to_ne_bytes().starts_with(&network))
    };
    let is_of_flood = |line: &&str| {
        let mut fields = line.split_whitespace().skip(1);
        let [Some(ours), Some(peer), Some(state)] = [(); 3].map(|()| fields.next()) else { return false };
        ours.ends_with(&port) && is_in_network(peer) && !NEARLY_NOTHING.contains(&state)
    };
    text.lines().skip(1).filter(is_of_flood).count()
}

/// `FIN_WAIT2` and `TIME_WAIT`: what is left of a socket that was closed and has nothing to send any more.
const NEARLY_NOTHING: [&str; 2] = ["05", "06"];
