//! Section `rate_limit`: what one connection may do in a while.

use std::num::{NonZeroU32, NonZeroU64};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one connection may do in a while. Budgets come back evenly over the window, not all at its end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("x-live" = true))]
pub struct RateLimitSettings {
    /// Seconds in which a used-up budget is whole again.
    pub time_window: NonZeroU32,
    /// Rooms that a connection may ask to be made in a window. A request without a code counts even if it is refused.
    /// All connections from one address or network together may ask for ten times as many.
    pub max_room_creations: NonZeroU32,
    /// Rooms that a connection may try to enter in a window, as player or spectator. A new code or a new password for
    /// the room it is in counts as one. All connections from one address or network together may try ten times as often.
    pub max_join_attempts: NonZeroU32,
    /// Ready marks, authority requests, connection infos, starts and room operations that a connection may send in a
    /// window.
    pub max_room_commands: NonZeroU32,
    /// Codes under which there is no room that may be tried from one IPv4 address or IPv6 /64 network in a window. Codes
    /// of rooms are free.
    pub max_unknown_codes: NonZeroU32,
    /// Bytes of game data that a player may send in a window. What is beyond is refused with `RATE_LIMIT_EXCEEDED` and
    /// not relayed.
    pub max_relay_bytes: NonZeroU64,
    /// Bytes of game data that all players of a room together may send in a window.
    #[schemars(extend("x-live" = false))]
    pub max_room_relay_bytes: NonZeroU64,
    /// Signals and transport reports that a connection may send in a window.
    pub max_signals: NonZeroU32,
    /// Signals of a connection in a window that cannot be delivered and are answered with the reason. Further ones are
    /// answered with `SIGNAL_RATE_LIMITED`.
    pub max_signal_errors: NonZeroU32,
    /// Error replies and pongs that a connection may cause in a window. One more closes it with 4006.
    pub max_inbound_error_replies: NonZeroU32,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self {
            time_window: nonzero!(60),
            max_room_creations: nonzero!(5),
            max_join_attempts: nonzero!(20),
            max_room_commands: nonzero!(600),
            max_unknown_codes: nonzero!(60),
            max_relay_bytes: nonzero!(268_435_456),
            max_room_relay_bytes: nonzero!(1_073_741_824),
            max_signals: nonzero!(600),
            max_signal_errors: nonzero!(60),
            max_inbound_error_replies: nonzero!(3_000),
        }
    }
}
