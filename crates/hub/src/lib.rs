//! Turn decoded messages into engine steps, and what the engine asks for into queued frames.
//!
//! This crate must not know HTTP, WebSocket, TLS or config files.

mod config;

pub use config::{HubConfig, OutboxLimits, RelayTypes, SpectatorLimit};
