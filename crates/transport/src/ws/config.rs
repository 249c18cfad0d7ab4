//! What a WebSocket connection can be told.

use std::time::Duration;

/// Limits and deadlines of every WebSocket connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConnectionConfig {
    /// The largest message a client may send and get an answer to, in bytes. Above twice as much the
    /// connection is closed without reading on.
    pub inbound_bytes_max: usize,
    /// How long a connection may take to authenticate, where the server wants that.
    pub auth_timeout: Duration,
    /// How long a connection may send no message at all, if limited.
    pub idle_timeout: Option<Duration>,
    /// How long a connection may send nothing, not even the answer to a ping, if limited.
    pub activity_timeout: Option<Duration>,
    /// How often a quiet connection is pinged, if at all.
    pub ping_interval: Option<Duration>,
    /// How long the answer to a ping may take.
    pub pong_timeout: Duration,
    /// How long a write may make no progress. Less than 64 KiB is none, unless it is all that is left.
    pub stall_timeout: Duration,
}

impl ConnectionConfig {
    /// The same for connections of the reserve: a client that means to play says who it is in its first message, and one
    /// that does not must not keep others out.
    #[must_use]
    pub fn of_reserve(self) -> Self {
        Self { auth_timeout: self.auth_timeout.min(AUTH_TIMEOUT_OF_RESERVE), ..self }
    }
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        Self {
            inbound_bytes_max: 65_536,
            auth_timeout: Duration::from_secs(10),
            idle_timeout: Some(Duration::from_mins(5)),
            activity_timeout: Some(Duration::from_secs(30)),
            ping_interval: Some(Duration::from_secs(10)),
            pong_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(15),
        }
    }
}

/// Some round trips around the world.
const AUTH_TIMEOUT_OF_RESERVE: Duration = Duration::from_secs(2);
