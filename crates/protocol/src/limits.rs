//! The limits every client can rely on unless a server is configured otherwise.

/// The port a server listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 3536;
/// The largest message a client may send, in bytes.
pub const INBOUND_BYTES_MAX: usize = 65_536;
/// The largest message a server sends, in bytes.
pub const OUTBOUND_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The largest outbound limit that may be configured, in bytes: clients refuse a larger one.
pub const OUTBOUND_BYTES_CEILING: usize = 64 * 1024 * 1024;
/// The largest payload of a signal, in bytes of JSON.
pub const SIGNAL_BYTES_MAX: usize = 16_384;
/// The largest connection info, in bytes of JSON.
pub const CONNECTION_INFO_BYTES_MAX: usize = 8_192;
/// The longest app id, in bytes.
pub const APP_ID_BYTES_MAX: usize = 256;
/// The longest room password, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// The longest game name, in bytes of UTF-8.
pub const GAME_NAME_BYTES_MAX: usize = 64;
/// The longest player name, in bytes of UTF-8.
pub const PLAYER_NAME_BYTES_MAX: usize = 32;
/// How many characters a room code has.
pub const ROOM_CODE_LENGTH: usize = 6;
/// The longest room code that can be configured, in characters.
pub const ROOM_CODE_LENGTH_MAX: usize = 32;
/// How many players a room has unless its creator says otherwise.
pub const PLAYERS_DEFAULT: u8 = 8;
/// The most players a room may have.
pub const PLAYERS_MAX: u8 = 100;
/// How deep the JSON of a whole frame may nest. serde_json reads no deeper, and so do the clients built on it.
pub const JSON_DEPTH_MAX: usize = 127;
/// How deep the payload of a game message or a signal may nest: it stands two levels deep in its frame.
pub const PAYLOAD_DEPTH_MAX: usize = JSON_DEPTH_MAX - 2;
/// How deep MessagePack game data may nest, for conversion to JSON.
pub const MESSAGE_PACK_DEPTH_MAX: usize = PAYLOAD_DEPTH_MAX;
/// How deep custom connection info may nest: in a `PlayerJoined` among the missed events of a `Reconnected` it
/// stands seven levels deep in the frame. One level more, and no client could read a room with such a player.
pub const CONNECTION_INFO_DEPTH_MAX: usize = JSON_DEPTH_MAX - 7;
/// The most gaps in one delivery report.
pub const GAPS_MAX: usize = 256;
