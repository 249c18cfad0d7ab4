//! One listening address: accepting sockets until told to stop.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use signal_fish_hub::Hub;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::ConnectionConfig;
use crate::accept::accept_all;
use crate::caps::Caps;
use crate::http::{Origins, TokenBindingConfig};
use crate::pages::Pages;
use crate::proxies::Proxies;
use crate::rates::{RateLimits, Rates};
use crate::tls::Tls;

/// What a listener can be told.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Whether there are WebSockets here; pages alone if not.
    pub has_websockets: bool,
    /// What is answered beside the routes that every listener has.
    pub pages: Option<Arc<dyn Pages>>,
    /// What every WebSocket connection is told.
    pub connection: ConnectionConfig,
    /// The most WebSocket connections.
    pub connections_max: usize,
    /// The most WebSocket connections from one IPv4 address or IPv6 /64.
    pub connections_per_ip_max: usize,
    /// While more bytes than this wait for all connections together, new ones are refused.
    pub queued_bytes_max: usize,
    /// Which web pages may use the server.
    pub origins: Origins,
    /// How often one address may come.
    pub rates: RateLimits,
    /// What may be believed about where a connection comes from.
    pub proxies: Proxies,
    /// How long the handshake of TLS may take.
    pub tls_handshake_timeout: Duration,
    /// How long a request may take from the connect, or the handshake, to its answer.
    pub http_header_timeout: Duration,
    /// How much the system may keep for a client that does not read, in bytes; `None` is the system's own choice.
    pub send_buffer_bytes: Option<usize>,
    /// How connections are bound to whoever made them, where that is offered.
    pub token_binding: Option<TokenBindingConfig>,
    /// When those who are refused for now may come back.
    pub retry_after: Duration,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            has_websockets: true,
            pages: None,
            connection: ConnectionConfig::default(),
            connections_max: 10_000,
            connections_per_ip_max: 64,
            queued_bytes_max: usize::MAX,
            origins: Origins::Any,
            rates: RateLimits::for_connections(64),
            proxies: Proxies::default(),
            tls_handshake_timeout: Duration::from_secs(10),
            http_header_timeout: Duration::from_secs(10),
            // A client that does not read would get megabytes of kernel memory otherwise.
            send_buffer_bytes: Some(65_536),
            token_binding: None,
            retry_after: Duration::from_secs(30),
        }
    }
}

/// One listening address, bound and not yet served.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    local_addr: SocketAddr,
    endpoint: Arc<Endpoint>,
}

/// What all sockets of a listener share.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) hub: Hub,
    pub(crate) config: ListenerConfig,
    /// The part that connections keep.
    pub(crate) connection: Arc<ConnectionConfig>,
    pub(crate) caps: Arc<Caps>,
    pub(crate) rates: Rates,
    pub(crate) tls: Option<Tls>,
    /// True once the listener stops, and with it what has not become a WebSocket.
    is_stopping: watch::Sender<bool>,
}

/// Connections that outlived their listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{n_connections} connections did not end in time")]
pub struct Unsettled {
    /// How many.
    pub n_connections: usize,
}

impl Listener {
    /// Binds `addr`, for encrypted connections alone if there is `tls`. Needs a tokio runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// The system does not let us listen there.
    pub async fn bind(
        addr: SocketAddr,
        hub: Hub,
        config: ListenerConfig,
        tls: Option<Tls>,
    ) -> io::Result<Self> {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Elsewhere a restarted server would wait for the last connections of the one before. On Windows it need
        // not, and the option would let any other process take the port.
        #[cfg(not(windows))]
        socket.set_reuseaddr(true)?;
        if let Some(n_bytes) = config.send_buffer_bytes {
            // Accepted sockets inherit it, and it must be known before they connect to have its full effect.
            socket.set_send_buffer_size(u32::try_from(n_bytes).unwrap_or(u32::MAX))?;
        }
        socket.bind(addr)?;
        let listener = socket.listen(BACKLOG)?;
        Ok(Self { local_addr: listener.local_addr()?, listener, endpoint: Endpoint::new(hub, config, tls) })
    }

    /// Where it listens; the port is the real one, also if 0 was asked for.
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Accepts until `stop` resolves, then waits until all connections have ended, at most five seconds. To end
    /// them is for the hub, which should have been told to shut down by then.
    ///
    /// # Errors
    ///
    /// Some connections are still there. They go on until the runtime ends.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), Unsettled> {
        let Self { listener, endpoint, .. } = self;
        tokio::select! {
            biased;
            () = stop => {}
            never = accept_all(&listener, &endpoint) => match never {},
            never = follow(endpoint.tls.clone()) => match never {},
        }
        drop(listener);
        endpoint.is_stopping.send_replace(true);
        let caps = &endpoint.caps;
        timeout(SETTLE, caps.emptied()).await.map_err(|_| Unsettled { n_connections: caps.n_sockets() })
    }
}

impl Endpoint {
    pub(crate) fn new(hub: Hub, config: ListenerConfig, tls: Option<Tls>) -> Arc<Self> {
        Arc::new(Self {
            hub,
            connection: Arc::new(config.connection),
            caps: Caps::new(config.connections_max, config.connections_per_ip_max),
            rates: Rates::new(config.rates),
            config,
            tls,
            is_stopping: watch::Sender::new(false),
        })
    }

    /// The address that a socket from `peer` is counted for; nothing for a proxy, which brings others.
    pub(crate) fn counted(&self, peer: IpAddr) -> Option<IpAddr> {
        (!self.config.proxies.are_at(peer)).then_some(peer)
    }

    /// Resolves when the listener stops.
    pub(crate) async fn stopping(&self) {
        // An error would mean that the sender is gone, but we hold it.
        let _ = self.is_stopping.subscribe().wait_for(|is_stopping| *is_stopping).await;
    }
}

/// Keeps certificates as their files are, if there are any.
async fn follow(tls: Option<Tls>) -> Infallible {
    match tls {
        Some(tls) => tls.follow().await,
        None => pending().await,
    }
}

/// How long connections may take to end once the listener stops: a close handshake takes a second at most, and a
/// supervisor may kill us after ten.
const SETTLE: Duration = Duration::from_secs(5);

/// Connections the system keeps for us until we accept them: a whole server's clients coming back at once. The
/// system caps it at what it allows.
const BACKLOG: u32 = 4096;
