//! The published client in its strictest mode against the real binary: what it cannot read or finds wrong fails.

#[macro_use]
mod player;
mod binding;
mod delivery;
mod lobby;
mod operations;
mod peering;
mod reconnection;
mod relay;
mod rooms;
mod session;

use signal_fish_testkit::{Dialect, Launch};

/// A server of this build on a free port.
fn server() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_signal-fish-server"))
}

/// Who may meet, and where: those who share a server with the pairing before must not meet its players.
const PAIRINGS: [(&str, Dialect, Dialect); 4] = [
    ("ROOMV2", Dialect::V2, Dialect::V2),
    ("ROOMV3", Dialect::V3, Dialect::V3),
    ("MIXED1", Dialect::V2, Dialect::V3),
    ("PACKED", Dialect::V3Packed, Dialect::V2),
];
