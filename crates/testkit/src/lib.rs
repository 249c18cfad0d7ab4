//! Drive the product from outside: real processes, real sockets, hostile peers.
//!
//! Nothing here knows a product crate: the WebSocket client below is written against RFC 6455 and the wire
//! contract alone, so that a mistake shared by server and client cannot hide. Blocking sockets keep a test a plain
//! list of steps; every wait has a deadline, and every failed wait says what was awaited and what came instead.

mod authority;
mod frame;
mod http;
mod launch;
mod peer;
mod process;
mod proxy;
mod room;
mod socket;

pub use authority::{Authority, Issued};
pub use frame::{Frame, Opcode};
pub use http::{Response, http, http_bytes};
pub use launch::{Launch, Refusal};
pub use peer::{Dialect, Event, Peer};
pub use process::ServerProcess;
pub use proxy::Proxy;
pub use room::{GAME, gather, join_room, spectate};
pub use socket::Socket;

use std::time::{Duration, Instant};

/// How long any single wait may take before the test fails. Far above every deadline that a test configures,
/// because the machine may be compiling at the same time.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The moment at which a wait that starts now gives up.
pub fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// What is left until `deadline`, at least a millisecond: a timeout of zero means "for ever" to a socket.
fn remaining(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}
