//! The real binary on real sockets: what clients and operators see of it.

mod binary;
mod handshake;
mod lobby;
mod relay;
mod rooms;
mod spectators;

use signal_fish_testkit::Launch;

/// A server of this build on a free port, to configure further or to start.
fn server() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_signal-fish-server"))
}
