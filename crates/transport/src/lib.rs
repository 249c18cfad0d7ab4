//! Speak HTTP, WebSocket and TLS for the hub: one listener, one task per socket.
//!
//! Read `listener` for how a socket comes in, `arrival` for what it may have to show, `http` for what it may ask, then `ws::connection` for the task that
//! carries one player.
//!
//! This crate must not know the engine, stores or config files.

mod accept;
mod arrival;
mod bound;
mod caps;
mod fetch;
mod http;
mod linger;
mod listener;
mod metrics;
mod pages;
mod proxies;
mod pulse;
mod rates;
mod tls;
mod ws;

#[cfg(test)]
mod tests;

#[cfg(all(feature = "echo", not(debug_assertions)))]
compile_error!("the feature `echo` is for the conformance test: no server is built with it");

pub use bound::{Bound, SocketOptions};
pub use fetch::{FETCH_TIMEOUT, FetchError, Fetched, Fetcher, Mark, NoWebAddress, WebAddress};
pub use http::{Origin, Origins, TokenBindingConfig};
pub use listener::{Controls, Listener, ListenerConfig, Unsettled};
pub use metrics::{ListenerFigures, Metrics as ListenerMetrics};
pub use pages::{PageFuture, PageRequest, Pages};
pub use proxies::{ForwardedHeader, Proxies};
pub use pulse::Pulse;
pub use rates::RateLimits;
pub use tls::{CertificateFiles, ClientCertificates, Tls, TlsError, TlsFiles};
pub use ws::ConnectionConfig;
