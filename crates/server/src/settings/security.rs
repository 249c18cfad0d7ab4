//! Section `security`: who may connect, how often, and how much they may say at once.

use std::num::{NonZeroU8, NonZeroU32, NonZeroU64, NonZeroUsize};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use signal_fish_hub::GameDataLimits;
use signal_fish_protocol::limits;

use super::connect_token::ConnectTokenSettings;
use super::{ForwardedHeaderSetting, TransportSettings};

/// Who may connect, how often, and how much they may say at once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("x-live" = true))]
pub struct SecuritySettings {
    /// Whether only clients may play that authenticate for one of `security.allowed_apps`. Without it the
    /// server is open: everyone who reaches the port may play.
    pub enforce_app_id_allowlist: bool,
    /// The apps that may use this server.
    pub allowed_apps: Vec<AllowedApp>,
    /// A file with more of them, `{"apps": [...]}` with entries as in `security.allowed_apps`. It is read again when it
    /// changes.
    pub app_auth_path: Option<String>,
    /// The credentials that clients may or must show.
    pub connect_token: ConnectTokenSettings,
    /// Allows an open server to listen on an address that other machines can reach.
    pub allow_open: bool,
    /// The largest message taken from a client, in bytes.
    #[schemars(range(min = 1))]
    #[schemars(extend("x-live" = false))]
    pub max_message_size: usize,
    /// The largest message sent to a client, in bytes. At least `security.max_message_size` and 256 more.
    #[schemars(range(min = 1_024, max = limits::OUTBOUND_BYTES_CEILING))]
    #[schemars(extend("x-live" = false))]
    pub max_outbound_message_size: usize,
    /// The largest signal, in bytes of JSON. At most `security.max_message_size`.
    #[schemars(range(min = 1))]
    pub max_signal_bytes: usize,
    /// The largest connection info of a player, in bytes of JSON. At most `security.max_message_size`, and
    /// small enough for a full room of them to fit into one outbound message.
    #[schemars(range(min = 1))]
    pub max_connection_info_bytes: usize,
    /// The largest game messages, where they have a limit of their own.
    #[schemars(extend("x-live" = false))]
    pub max_game_data_bytes: GameDataSettings,
    /// The most connections from one IPv4 address or IPv6 /64 network. At most `security.max_connections`.
    pub max_connections_per_ip: NonZeroUsize,
    /// The most connections.
    pub max_connections: NonZeroUsize,
    /// Handshakes of TLS from one IPv4 address or IPv6 /64 network in a minute; null for twenty times
    /// `security.max_connections_per_ip`. One too many is not answered.
    pub max_tls_handshakes_per_ip: Option<NonZeroU32>,
    /// Requests from one address or network in a minute that ask for no WebSocket; null as above. One too many is
    /// refused with 429.
    pub max_http_requests_per_ip: Option<NonZeroU32>,
    /// Requests for a WebSocket from one address or network in a minute; null as above. One too many is refused with
    /// 429.
    pub max_upgrades_per_ip: Option<NonZeroU32>,
    /// Proxies in front of the server, as addresses or networks (`10.0.0.0/8`). What they say about where a connection
    /// comes from is believed, and limits for an address are for that one instead of theirs.
    pub trusted_proxies: Vec<String>,
    /// The header in which trusted proxies say where a request comes from. It must be one that they write themselves:
    /// any other would be what the client has sent.
    pub forwarded_header: ForwardedHeaderSetting,
    /// Whether trusted proxies begin every connection with the PROXY protocol, version 1 or 2.
    pub proxy_protocol: bool,
    /// Which web pages may use the server: `*` for all, or a list of origins like `https://play.example`, exactly as
    /// browsers write them, with commas between. What comes from no web page always may.
    pub cors_origins: String,
    /// How connections are protected on their way.
    pub transport: TransportSettings,
}

impl Default for SecuritySettings {
    fn default() -> Self {
        Self {
            enforce_app_id_allowlist: false,
            allowed_apps: Vec::new(),
            app_auth_path: None,
            connect_token: ConnectTokenSettings::default(),
            allow_open: false,
            max_message_size: limits::INBOUND_BYTES_MAX,
            max_outbound_message_size: limits::OUTBOUND_BYTES_MAX,
            max_signal_bytes: limits::SIGNAL_BYTES_MAX,
            max_connection_info_bytes: limits::CONNECTION_INFO_BYTES_MAX,
            max_game_data_bytes: GameDataSettings::default(),
            max_connections_per_ip: nonzero!(64),
            max_connections: nonzero!(10_000),
            max_tls_handshakes_per_ip: None,
            max_http_requests_per_ip: None,
            max_upgrades_per_ip: None,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeaderSetting::default(),
            proxy_protocol: false,
            cors_origins: "http://localhost:3000,http://localhost:5173".to_owned(),
            transport: TransportSettings::default(),
        }
    }
}

/// The largest game messages, in bytes of the game's own data. None is above `security.max_message_size`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GameDataSettings {
    /// The largest in a text message, in bytes of JSON; null for as much as fits.
    pub json: Option<NonZeroUsize>,
    /// The largest in MessagePack; null for as much as fits.
    pub message_pack: Option<NonZeroUsize>,
    /// The largest rkyv archive; null for as much as fits.
    pub rkyv: Option<NonZeroUsize>,
    /// The largest protobuf message; null for as much as fits.
    pub protobuf: Option<NonZeroUsize>,
}

impl GameDataSettings {
    pub(crate) fn limits(&self) -> GameDataLimits {
        let Self { json, message_pack, rkyv, protobuf } = self;
        let [json, message_pack, rkyv, protobuf] =
            [json, message_pack, rkyv, protobuf].map(|limit| limit.map(NonZeroUsize::get));
        GameDataLimits { json, message_pack, rkyv, protobuf }
    }
}

/// An app that may use this server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowedApp {
    /// The public label that its clients send: 1 to 256 bytes, no control characters, each only once.
    pub app_id: String,
    /// What its clients are told it is called.
    pub app_name: String,
    /// The most rooms that it has at a time, within `server.max_rooms`.
    #[serde(default)]
    pub max_rooms: Option<NonZeroU32>,
    /// The most players that its clients may ask for in a room, within `protocol.max_players_limit`.
    #[serde(default)]
    pub max_players_per_room: Option<NonZeroU8>,
    /// The most handshakes of its clients in a minute. One too many is refused with `RATE_LIMIT_EXCEEDED`.
    #[serde(default)]
    pub rate_limit_per_minute: Option<NonZeroU32>,
    /// The most connections that it has at a time, within `security.max_connections`. One too many is refused with
    /// `TOO_MANY_CONNECTIONS`.
    #[serde(default)]
    pub max_connections: Option<NonZeroU32>,
    /// The most messages that each of its players may send into a room in a window of `rate_limit.time_window`: game
    /// data, what concerns the lobby, and what the authority asks for.
    #[serde(default)]
    pub max_messages: Option<NonZeroU32>,
    /// The most bytes of game data that each of its players may send in a window, instead of
    /// `rate_limit.max_relay_bytes`.
    #[serde(default)]
    pub max_relay_bytes: Option<NonZeroU64>,
    /// The most messages that all its players together may send into rooms in a window. What is beyond is refused with
    /// `RATE_LIMIT_EXCEEDED`.
    #[serde(default)]
    pub max_messages_of_all: Option<NonZeroU64>,
    /// The most bytes of game data that all its players together may send in a window.
    #[serde(default)]
    pub max_relay_bytes_of_all: Option<NonZeroU64>,
    /// Whether its clients have to show a connect token, instead of `security.connect_token.required`.
    #[serde(default)]
    pub require_connect_token: Option<bool>,
}
