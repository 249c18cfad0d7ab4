//! The real binary on real sockets: what clients and operators see of it.

mod admin;
mod allowlist;
mod binary;
mod binding;
mod budgets;
mod bystanders;
mod certificates;
mod command_line;
mod connect_tokens;
mod delivery;
mod figures;
mod formats;
mod framing;
mod handshake;
mod http;
mod jwks;
#[cfg(unix)]
mod listening;
mod lobby;
mod malformed;
mod minting;
mod misplaced;
mod operations;
mod oversized;
mod peering;
mod playground;
mod protobuf;
mod reaping;
mod reconnection;
mod relay;
mod reloading;
mod rooms;
mod shutdown;
mod slow_consumer;
mod spectators;
mod startup;
mod strangers;
mod timeouts;
mod tls;

use signal_fish_testkit::Launch;

/// A server of this build on a free port, to configure further or to start.
fn server() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_signal-fish-server"))
}
