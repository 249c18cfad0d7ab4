//! The sockets of a server: accepting sockets until told to stop.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use signal_fish_hub::Hub;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::ConnectionConfig;
use crate::accept::accept_all;
use crate::bound::{Bound, SocketOptions};
use crate::caps::Caps;
use crate::http::{Origins, TokenBindingConfig};
use crate::metrics::Metrics;
use crate::pages::Pages;
use crate::proxies::Proxies;
use crate::pulse::Pulse;
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
    /// The most WebSocket connections. The last tenth of them is a reserve, see [`ConnectionConfig::of_reserve`].
    pub connections_max: usize,
    /// The most WebSocket connections from one IPv4 address or IPv6 /64.
    pub connections_per_ip_max: usize,
    /// While more bytes than this wait for all connections together, new ones are refused. Above nine tenths of it
    /// those end for whom most waits.
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

impl ListenerConfig {
    /// For the sockets that clients come in at.
    pub const fn socket_options(&self) -> SocketOptions {
        let stall_timeout = Some(self.connection.stall_timeout);
        SocketOptions { send_buffer_bytes: self.send_buffer_bytes, stall_timeout }
    }
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

/// Sockets that are served as one, bound and not yet served.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<Bound>,
    endpoint: Arc<Endpoint>,
}

/// Tells a listener anew what it can be told while it serves.
#[derive(Clone, Debug)]
pub struct Controls(Arc<Endpoint>);

/// What all sockets of a listener share.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) hub: Hub,
    /// Replaced as a whole while sockets come.
    config: ArcSwap<ListenerConfig>,
    /// The part that connections keep as it was when they came.
    pub(crate) connection: ArcSwap<ConnectionConfig>,
    /// The same for those of the reserve, who have less time to say who they are.
    pub(crate) connection_of_reserve: ArcSwap<ConnectionConfig>,
    pub(crate) caps: Arc<Caps>,
    pub(crate) rates: Rates,
    pub(crate) tls: Option<Tls>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) pulse: Arc<Pulse>,
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
    /// Binds `addr`, for encrypted connections alone if there is `tls`. Needs a tokio runtime with I/O and time. What it
    /// counts goes to the recorder of `metrics` that is current when this is first polled.
    ///
    /// # Errors
    ///
    /// The system does not let us listen there.
    pub fn bind(addr: SocketAddr, hub: Hub, config: ListenerConfig, tls: Option<Tls>) -> io::Result<Self> {
        let socket = Bound::tcp(addr, config.socket_options())?;
        Ok(Self::of(vec![socket], hub, config, tls))
    }

    /// Several sockets that are one: what may come in at them is counted together.
    pub fn of(sockets: Vec<Bound>, hub: Hub, config: ListenerConfig, tls: Option<Tls>) -> Self {
        Self { sockets, endpoint: Endpoint::new(hub, config, tls) }
    }

    /// Where it listens on TCP first; the port is the real one, also if 0 was asked for. `0.0.0.0:0` if it listens on
    /// Unix sockets alone.
    pub fn local_addr(&self) -> SocketAddr {
        self.tcp_addr().unwrap_or(SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// The same, or nothing.
    pub fn tcp_addr(&self) -> Option<SocketAddr> {
        self.sockets.iter().find_map(Bound::tcp_addr)
    }

    /// What it can be told while it serves.
    pub fn controls(&self) -> Controls {
        Controls(Arc::clone(&self.endpoint))
    }

    /// What is counted and measured here.
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.endpoint.metrics)
    }

    /// The sign of life of the event loop that serves it. It beats while it is served.
    pub fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.endpoint.pulse)
    }

    /// Accepts until `stop` resolves, then waits until all connections have ended, at most five seconds. To end
    /// them is for the hub, which should have been told to shut down by then.
    ///
    /// # Errors
    ///
    /// Some connections are still there. They go on until the runtime ends.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), Unsettled> {
        let Self { sockets, endpoint } = self;
        tokio::select! {
            biased;
            () = stop => {}
            // Before what may take all that a task may do at once.
            never = endpoint.shed() => match never {},
            never = endpoint.pulse.beat() => never,
            never = accept_at_all(&sockets, &endpoint) => match never {},
        }
        drop(sockets);
        endpoint.is_stopping.send_replace(true);
        let caps = &endpoint.caps;
        timeout(SETTLE, caps.emptied()).await.map_err(|_| Unsettled { n_connections: caps.n_sockets() })
    }
}

impl Controls {
    /// New sockets are served by `config`, without its size of send buffers, which is that of the listening socket, and
    /// without its pages and whether there are WebSockets, which stay.
    /// WebSockets go on as they began. Not to be called twice at a time.
    pub fn apply(&self, config: ListenerConfig) {
        let endpoint = &self.0;
        endpoint.connection.store(Arc::new(config.connection));
        endpoint.connection_of_reserve.store(Arc::new(config.connection.of_reserve()));
        endpoint.caps.limit(config.connections_max, config.connections_per_ip_max);
        endpoint.rates.limit(config.rates);
        let before = endpoint.config();
        let (pages, has_websockets) = (before.pages.clone(), before.has_websockets);
        endpoint.config.store(Arc::new(ListenerConfig { pages, has_websockets, ..config }));
    }
}

impl Endpoint {
    pub(crate) fn new(hub: Hub, config: ListenerConfig, tls: Option<Tls>) -> Arc<Self> {
        Arc::new(Self {
            hub,
            connection: ArcSwap::from_pointee(config.connection),
            connection_of_reserve: ArcSwap::from_pointee(config.connection.of_reserve()),
            caps: Caps::new(config.connections_max, config.connections_per_ip_max),
            rates: Rates::new(config.rates),
            config: ArcSwap::from_pointee(config),
            tls,
            metrics: Metrics::new(),
            pulse: Arc::default(),
            is_stopping: watch::Sender::new(false),
        })
    }

    /// What holds at present. Not to be kept while something is awaited.
    pub(crate) fn config(&self) -> Guard<Arc<ListenerConfig>> {
        self.config.load()
    }

    /// The address that a socket from `peer` is counted for; nothing for a proxy, which brings others.
    pub(crate) fn counted(&self, peer: IpAddr) -> Option<IpAddr> {
        (!self.config().proxies.are_at(peer)).then_some(peer)
    }

    /// Ends the slowest while too much waits for all connections. Of several listeners of one hub, that of the WebSockets
    /// does it.
    async fn shed(&self) -> Infallible {
        match self.config().has_websockets {
            true => self.hub.shed_above(|| self.config().queued_bytes_max / 10 * 9).await,
            false => pending().await,
        }
    }

    /// Resolves when the listener stops.
    pub(crate) async fn stopping(&self) {
        // An error would mean that the sender is gone, but we hold it.
        let _ = self.is_stopping.subscribe().wait_for(|is_stopping| *is_stopping).await;
    }
}

/// Accepts at each of `sockets`, for ever. None of them waits for another.
async fn accept_at_all(sockets: &[Bound], endpoint: &Arc<Endpoint>) -> Infallible {
    let mut accepting: Vec<_> = sockets.iter().map(|socket| Box::pin(accept_all(socket, endpoint))).collect();
    let several = usize::from(accepting.len() > 1);
    poll_fn(|cx| {
        // One that is flooded takes all that a task may do at once, so another is the first each time.
        accepting.rotate_left(several);
        let ended = accepting.iter_mut().find_map(|one| match one.as_mut().poll(cx) {
            Poll::Ready(never) => Some(never),
            Poll::Pending => None,
        });
        ended.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// How long connections may take to end once the listener stops: a close handshake takes a second at most, and a
/// supervisor may kill us after ten.
const SETTLE: Duration = Duration::from_secs(5);
