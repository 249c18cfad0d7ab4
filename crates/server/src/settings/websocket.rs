//! Section `websocket`: deadlines and queues of every connection.

use std::num::{NonZeroU32, NonZeroUsize};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Deadlines and queues of every connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("x-live" = true))]
pub struct WebsocketSettings {
    /// Seconds that a client may take to authenticate, where that is needed.
    #[schemars(range(min = 5, max = 60))]
    pub auth_timeout_secs: u32,
    /// Seconds that the header of an HTTP request may take.
    #[schemars(range(min = 1, max = 60))]
    pub http_header_read_timeout_secs: u32,
    /// Seconds after which a connection is closed that sent no message; 0 for never.
    pub idle_timeout_secs: u32,
    /// Seconds of silence after which a connection is pinged; 0 for never.
    #[schemars(range(max = 3_600))]
    pub server_ping_interval_secs: u32,
    /// Seconds that the answer to a ping may take.
    #[schemars(range(min = 1, max = 3_600))]
    pub pong_timeout_secs: u32,
    /// The send buffer of each socket in the operating system, in bytes; 0 leaves it to the system.
    #[schemars(range(max = 16_777_216))]
    #[schemars(extend("x-live" = false))]
    pub socket_send_buffer_bytes: usize,
    /// How many messages may wait for one connection before it counts as slow.
    #[schemars(extend("x-live" = false))]
    pub send_queue_capacity: NonZeroUsize,
    /// How many bytes may wait for one connection for long; more closes it with 4002 after
    /// `slow_consumer_timeout_ms`, and more than 16 times as many at once. At least
    /// `security.max_message_size` and 256 more.
    #[schemars(extend("x-live" = false))]
    pub send_queue_bytes: NonZeroUsize,
    /// How many bytes may wait for all connections together. While more do, new connections are refused with 503; those
    /// that are there go on. Null is 80 % of the memory of the container, or of the machine.
    pub send_queue_bytes_of_all: Option<NonZeroUsize>,
    /// Milliseconds that a connection may be slow until it is closed, with 4002. Below `server.ping_timeout`.
    #[schemars(range(min = 1, max = 600_000))]
    pub slow_consumer_timeout_ms: u32,
    /// Milliseconds that a write to a connection may make no progress until it is closed, with 4002. The same for
    /// a message that waits for it, where that may be noticed up to as much later.
    pub max_sojourn_ms: NonZeroU32,
    /// Whether game data may wait for more, to be written together, on its way to those who hear several messages in
    /// every `batch_interval_ms`. All others get every message at once, and everyone gets all that is no game data
    /// at once.
    #[schemars(extend("x-live" = false))]
    pub enable_batching: bool,
    /// Milliseconds that game data may wait at most, and up to one more. Below `max_sojourn_ms`.
    #[schemars(range(min = 1, max = 1_000))]
    #[schemars(extend("x-live" = false))]
    pub batch_interval_ms: u32,
    /// With so many messages waiting they are written at once; who hears as many in each interval never waits.
    #[schemars(extend("x-live" = false))]
    pub batch_size: NonZeroUsize,
    /// Seconds between reports to version 3 connections of how much game data they got and how much was left out
    /// (`RelayStats` and `DeliveryReport`), while there is any; 0 for never. Gaps are reported in any case.
    #[schemars(range(max = 3_600))]
    pub delivery_stats_interval_secs: u32,
}

impl Default for WebsocketSettings {
    fn default() -> Self {
        Self {
            auth_timeout_secs: 10,
            http_header_read_timeout_secs: 10,
            idle_timeout_secs: 300,
            server_ping_interval_secs: 10,
            pong_timeout_secs: 5,
            socket_send_buffer_bytes: 65_536,
            send_queue_capacity: nonzero!(1_024),
            send_queue_bytes: nonzero!(4_194_304),
            send_queue_bytes_of_all: None,
            slow_consumer_timeout_ms: 5_000,
            max_sojourn_ms: nonzero!(15_000),
            enable_batching: true,
            batch_interval_ms: 2,
            batch_size: nonzero!(16),
            delivery_stats_interval_secs: 0,
        }
    }
}
