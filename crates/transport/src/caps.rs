//! How many may be connected: in total, and from one address.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::{DashMap, Entry};
use signal_fish_hub::Source;
use tokio::sync::Notify;

/// Counts sockets and the WebSockets among them. Nothing here is locked as a whole: totals are atomics, addresses
/// live in shards.
#[derive(Debug)]
pub(crate) struct Caps {
    connections_max: AtomicUsize,
    connections_per_ip_max: AtomicUsize,
    n_sockets: AtomicUsize,
    n_connections: AtomicUsize,
    by_network: DashMap<Source, OfOneNetwork>,
    emptied: Notify,
}

/// An accepted socket, counted until this is dropped.
#[derive(Debug)]
pub(crate) struct SocketSlot {
    caps: Arc<Caps>,
    /// Where it is counted besides in total. A proxy's sockets are not, since others are behind them.
    network: Option<Source>,
}

/// A WebSocket, counted until this is dropped.
#[derive(Debug)]
pub(crate) struct ConnectionSlot {
    caps: Arc<Caps>,
    network: Source,
    is_of_reserve: bool,
}

/// Which limit is hit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CapHit {
    /// That of all.
    Total,
    /// That of one address.
    PerAddress,
}

#[derive(Default, Debug)]
struct OfOneNetwork {
    n_sockets: usize,
    n_connections: usize,
}

impl Caps {
    pub(crate) fn new(connections_max: usize, connections_per_ip_max: usize) -> Arc<Self> {
        Arc::new(Self {
            connections_max: connections_max.into(),
            connections_per_ip_max: connections_per_ip_max.into(),
            n_sockets: AtomicUsize::new(0),
            n_connections: AtomicUsize::new(0),
            by_network: DashMap::new(),
            emptied: Notify::new(),
        })
    }

    /// Counts up to these limits from now on. Who is above them stays.
    pub(crate) fn limit(&self, connections_max: usize, connections_per_ip_max: usize) {
        self.connections_max.store(connections_max, Ordering::Relaxed);
        self.connections_per_ip_max.store(connections_per_ip_max, Ordering::Relaxed);
    }

    fn connections_max(&self) -> usize {
        self.connections_max.load(Ordering::Relaxed)
    }

    fn connections_per_ip_max(&self) -> usize {
        self.connections_per_ip_max.load(Ordering::Relaxed)
    }

    /// Counts a socket that was just accepted, in total and, unless it is a proxy's, for its address. A little more
    /// than WebSockets alone may take, see [`SPARE_SOCKETS`].
    pub(crate) fn admit_socket(self: &Arc<Self>, from: Option<IpAddr>) -> Result<SocketSlot, CapHit> {
        take_one(&self.n_sockets, self.connections_max().saturating_add(SPARE_SOCKETS))?;
        let mut slot = SocketSlot { caps: Arc::clone(self), network: None };
        if let Some(from) = from {
            slot.attribute(from)?;
        }
        Ok(slot)
    }

    /// How many sockets there are.
    pub(crate) fn n_sockets(&self) -> usize {
        self.n_sockets.load(Ordering::Acquire)
    }

    /// Resolves once there is no socket.
    pub(crate) async fn emptied(&self) {
        loop {
            // Made before the count is read, so that no change in between is missed.
            let emptied = self.emptied.notified();
            if self.n_sockets() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn give_back_socket(&self) {
        if self.n_sockets.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.emptied.notify_waiters();
        }
    }

    /// Changes what is counted for `network`, and forgets it once nothing is.
    fn release(&self, network: Source, change: impl FnOnce(&mut OfOneNetwork)) {
        if let Entry::Occupied(mut there) = self.by_network.entry(network) {
            change(there.get_mut());
            if there.get().n_sockets == 0 && there.get().n_connections == 0 {
                there.remove();
            }
        }
    }
}

impl SocketSlot {
    /// Counts this socket for an address too, which it is not yet.
    pub(crate) fn attribute(&mut self, from: IpAddr) -> Result<(), CapHit> {
        let network = Source::of(from);
        let mut there = self.caps.by_network.entry(network).or_default();
        if there.n_sockets >= self.caps.connections_per_ip_max().saturating_add(SPARE_SOCKETS_PER_IP) {
            return Err(CapHit::PerAddress);
        }
        there.n_sockets += 1;
        self.network = Some(network);
        Ok(())
    }

    /// Counts this socket as a WebSocket of a client at `from` from now on.
    pub(crate) fn admit_connection(&self, from: IpAddr) -> Result<ConnectionSlot, CapHit> {
        let (caps, network) = (&self.caps, Source::of(from));
        let connections_max = caps.connections_max();
        let n_before = take_one(&caps.n_connections, connections_max)?;
        let mut there = caps.by_network.entry(network).or_default();
        if there.n_connections >= caps.connections_per_ip_max() {
            drop(there);
            caps.n_connections.fetch_sub(1, Ordering::AcqRel);
            return Err(CapHit::PerAddress);
        }
        there.n_connections += 1;
        let is_of_reserve = n_before >= connections_max - connections_max / RESERVE;
        Ok(ConnectionSlot { caps: Arc::clone(caps), network, is_of_reserve })
    }
}

impl ConnectionSlot {
    /// Whether it is one of the last, which are kept for those who say at once who they are.
    pub(crate) const fn is_of_reserve(&self) -> bool {
        self.is_of_reserve
    }
}

impl Drop for SocketSlot {
    fn drop(&mut self) {
        if let Some(network) = self.network {
            self.caps.release(network, |there| there.n_sockets -= 1);
        }
        self.caps.give_back_socket();
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.caps.release(self.network, |there| there.n_connections -= 1);
        self.caps.n_connections.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Counts one more, unless there are `max`. Tells how many there were.
fn take_one(count: &AtomicUsize, max: usize) -> Result<usize, CapHit> {
    let more = count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < max).then(|| n + 1));
    more.map_err(|_| CapHit::Total)
}

/// One of so many connections is of the reserve.
const RESERVE: usize = 10;

/// Sockets beyond the WebSockets: health probes and refusals must get through when the server is full, and requests
/// that never end must not take more file descriptors than this.
const SPARE_SOCKETS: usize = 256;

/// The same for one address: enough to be told why the next WebSocket is refused, few enough that one address
/// cannot take all that is spare.
const SPARE_SOCKETS_PER_IP: usize = 16;

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn v6(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_dropped_can_be_taken_again() {
        let caps = Caps::new(1, 1);
        let socket = caps.admit_socket(Some(HOME)).unwrap();
        let connection = socket.admit_connection(HOME).unwrap();
        let second = caps.admit_socket(Some(HOME)).unwrap();
        assert_eq!(second.admit_connection(HOME).unwrap_err(), CapHit::Total);
        drop(connection);
        drop(second.admit_connection(HOME).unwrap());
        drop((socket, second));
        assert_eq!(caps.n_sockets(), 0);
        assert!(caps.by_network.is_empty(), "an address without sockets is forgotten");
    }

    #[test]
    fn the_last_tenth_is_the_reserve() {
        let caps = Caps::new(20, 20);
        let socket = caps.admit_socket(Some(HOME)).unwrap();
        let slots: Vec<_> = (0..20).map(|_| socket.admit_connection(HOME).unwrap()).collect();
        assert_eq!(slots.iter().position(ConnectionSlot::is_of_reserve), Some(18));
        drop(slots);
        assert!(!socket.admit_connection(HOME).unwrap().is_of_reserve());
    }

    #[test]
    fn one_address_cannot_take_the_place_of_others() {
        let caps = Caps::new(100, 2);
        let mine: Vec<_> = std::iter::from_fn(|| caps.admit_socket(Some(HOME)).ok()).collect();
        assert_eq!(mine.len(), 2 + SPARE_SOCKETS_PER_IP);
        assert_eq!(caps.n_sockets(), mine.len(), "a refused socket is not counted");
        let slots: Vec<_> = mine.iter().map_while(|socket| socket.admit_connection(HOME).ok()).collect();
        assert_eq!(slots.len(), 2);
        assert_eq!(mine[2].admit_connection(HOME).unwrap_err(), CapHit::PerAddress);
        let other = v6("2001:db8::1");
        caps.admit_socket(Some(other)).unwrap().admit_connection(other).unwrap();
    }

    #[test]
    fn plain_requests_have_room_beside_the_websockets_but_not_without_end() {
        let caps = Caps::new(0, 1_000);
        let sockets: Vec<_> = std::iter::from_fn(|| caps.admit_socket(Some(HOME)).ok()).collect();
        assert_eq!(sockets.len(), SPARE_SOCKETS);
        assert_eq!(sockets[0].admit_connection(HOME).unwrap_err(), CapHit::Total);
    }

    #[test]
    fn a_proxy_is_counted_for_those_behind_it() {
        let caps = Caps::new(100, 1);
        let sockets: Vec<_> = (0..50).map(|_| caps.admit_socket(None).unwrap()).collect();
        let connection = sockets[0].admit_connection(HOME).unwrap();
        assert_eq!(sockets[1].admit_connection(HOME).unwrap_err(), CapHit::PerAddress);
        sockets[1].admit_connection(v6("2001:db8::1")).unwrap();
        let mut announced = caps.admit_socket(None).unwrap();
        announced.attribute(HOME).unwrap();
        drop((sockets, connection, announced));
        assert_eq!(caps.n_sockets(), 0);
        assert!(caps.by_network.is_empty());
    }
}
