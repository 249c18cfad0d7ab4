//! Attacks on the real binary, while eight players beside them must not notice; docs/security.md lists them all.

mod canary;
mod decoding;
#[cfg(target_os = "linux")]
mod floods;
mod frames;
mod names;
mod resources;
mod secrets;
mod siege;
mod tls;
mod transport;

use signal_fish_testkit::Launch;

/// A server of this build on a free port, to configure further or to start.
fn server() -> Launch {
    Launch::new(env!("CARGO_BIN_EXE_signal-fish-server"))
}
