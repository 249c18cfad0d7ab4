//! Section `server`: where it listens, how many rooms there are and how long they live.

use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU8, NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use signal_fish_protocol::limits;

/// Where the server listens, how many rooms there are and how long they live.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The address to listen on. `0.0.0.0` and `::` mean every address of the machine, and like any address
    /// that others can reach they need an allowlist or `security.allow_open`.
    pub bind: IpAddr,
    /// A Unix socket to listen on too, for a proxy on this machine. Who comes in there counts as 127.0.0.1: list that in
    /// `security.trusted_proxies` for limits to be for those behind the proxy.
    pub unix_socket: Option<PathBuf>,
    /// Who may use the Unix socket, as the octal mode of its file.
    pub unix_socket_mode: String,
    /// How many players a room has if its creator does not say. At most `protocol.max_players_limit`.
    #[schemars(extend("x-live" = true))]
    pub default_max_players: NonZeroU8,
    /// Seconds after which a connection is closed that sent nothing, not even the answer to a ping; 0 for never.
    #[schemars(extend("x-live" = true))]
    pub ping_timeout: u32,
    /// Seconds between the announcement of a shutdown and its end. 0 stops at once.
    #[schemars(extend("x-live" = true))]
    pub drain_grace_secs: u32,
    /// The most rooms of one game.
    #[schemars(extend("x-live" = true))]
    pub max_rooms_per_game: NonZeroUsize,
    /// The most rooms of all games together.
    #[schemars(extend("x-live" = true))]
    pub max_rooms: NonZeroUsize,
    /// Seconds that an empty room keeps its code.
    #[schemars(extend("x-live" = true))]
    pub empty_room_timeout: u32,
    /// Seconds after which a room is closed in which nobody said anything.
    #[schemars(extend("x-live" = true))]
    pub inactive_room_timeout: NonZeroU32,
    /// Whether players who lose their connection may take their seat again.
    pub enable_reconnection: bool,
    /// Seconds that players who lost their connection have to take their seat again. A room that one of them may come
    /// back to is not given up as empty.
    pub reconnection_window: NonZeroU32,
    /// How many of the latest events of a room are kept for those who are away; 0 for none.
    #[schemars(range(max = 65_536))]
    pub event_buffer_size: usize,
    /// Bytes of game data that a room keeps for those who come back, while one of its players has the capability
    /// `game_data_replay`; what it takes to keep a message counts too. 0 does not offer it, and
    /// no more is kept than `websocket.send_queue_bytes`.
    pub game_data_replay_bytes: usize,
    /// The most messages of game data that a room keeps for those who come back.
    pub game_data_replay_messages: NonZeroUsize,
    /// Seconds that game data is kept for those who come back.
    pub game_data_replay_secs: NonZeroU32,
    /// ASCII letters and digits that lead every code the server makes up. Shorter than
    /// `protocol.room_code_length`.
    pub room_code_prefix: Option<String>,
    /// How many may watch a room: null for twice as many as may play, 0 for any number.
    #[schemars(extend("x-live" = true))]
    pub default_max_spectators: Option<u8>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            unix_socket: None,
            unix_socket_mode: "0660".to_owned(),
            default_max_players: nonzero!(limits::PLAYERS_DEFAULT),
            ping_timeout: 30,
            drain_grace_secs: 30,
            max_rooms_per_game: nonzero!(1_000),
            max_rooms: nonzero!(10_000),
            empty_room_timeout: 300,
            inactive_room_timeout: nonzero!(3_600),
            enable_reconnection: true,
            reconnection_window: nonzero!(300),
            event_buffer_size: 100,
            game_data_replay_bytes: 256 * 1024,
            game_data_replay_messages: nonzero!(1_024),
            game_data_replay_secs: nonzero!(60),
            room_code_prefix: None,
            default_max_spectators: None,
        }
    }
}
