//! Speak HTTP and WebSocket for the hub: one listener, one task per socket.
//!
//! Read `listener` for how a socket comes in, `http` for what it may ask, then `ws::connection` for the task that
//! carries one player.
//!
//! This crate must not know the engine, stores or config files.

mod accept;
mod caps;
mod http;
mod linger;
mod listener;
mod ws;

#[cfg(test)]
mod tests;

pub use http::TokenBindingConfig;
pub use listener::{Listener, ListenerConfig, Unsettled};
pub use ws::ConnectionConfig;
