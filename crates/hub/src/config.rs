//! What the hub can be told: limits, timeouts and what it offers.

use std::collections::{BTreeMap, HashMap};
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use signal_fish_auth::{Quota, Sdk, SdkTable, Version};
use signal_fish_protocol::{PlayerNameRules, ProtocolVersion, RoomCodeFormat, limits};

use crate::cork::CorkRules;
use crate::formats::GameDataLimits;
use crate::peering::PeeringConfig;
use crate::volume::ByteQuota;

/// Everything the hub can be told.
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// Which protocol versions are spoken: oldest and newest.
    pub versions: (ProtocolVersion, ProtocolVersion),
    /// Whether MessagePack game data is offered beside JSON.
    pub offer_message_pack: bool,
    /// Whether rkyv archives are offered as game data, which the server never opens.
    pub offer_rkyv: bool,
    /// Whether protobuf messages are offered as game data, which the server never opens.
    pub offer_protobuf: bool,
    /// How long game messages may be, where that is less than any message.
    pub game_data_limits: GameDataLimits,
    /// The longest game name, in bytes.
    pub game_name_bytes_max: usize,
    /// What player names may look like.
    pub player_names: PlayerNameRules,
    /// How room codes look.
    pub room_codes: RoomCodeFormat,
    /// How many players a room has if its creator does not say.
    pub players_default: u8,
    /// The most players a creator may ask for.
    pub players_max: u8,
    /// How many may watch a room.
    pub spectators: SpectatorLimit,
    /// The most rooms.
    pub rooms_max: usize,
    /// The most rooms of one game.
    pub rooms_per_game_max: usize,
    /// How long an empty room keeps its code.
    pub empty_room_timeout: Duration,
    /// How long a room lives in which nobody says anything.
    pub inactive_room_timeout: Duration,
    /// Whether and how players who lose their connection may come back.
    pub reconnection: Option<ReconnectionRules>,
    /// The relay label of rooms, and of the rooms of particular games.
    pub relay_types: RelayTypes,
    /// What players may do beyond the relay.
    pub peering: PeeringConfig,
    /// The largest text or binary message taken from a client, in bytes.
    pub inbound_bytes_max: usize,
    /// The largest signal, in bytes of JSON.
    pub signal_bytes_max: usize,
    /// The largest connection info, in bytes of JSON.
    pub connection_info_bytes_max: usize,
    /// How much may wait for one connection.
    pub outbox: OutboxLimits,
    /// For how long those who hear much may wait for it, to be written to less often; `None` for never.
    pub cork: Option<CorkRules>,
    /// Rooms that one connection may make.
    pub creations: Quota,
    /// Rooms that one connection may try to enter, as player or spectator.
    pub joins: Quota,
    /// What a connection may ask of its room that everyone in it hears of, besides game data.
    pub commands: Quota,
    /// Codes that all connections from one source may try under which there is no room.
    pub unknown_codes: Quota,
    /// Bytes of game data that one player may send.
    pub relay: ByteQuota,
    /// Bytes of game data that all players of a room together may send.
    pub room_relay: ByteQuota,
    /// Signals and transport reports that one connection may send.
    pub signals: Quota,
    /// Signals that fail and of which one connection is told why.
    pub signal_errors: Quota,
    /// Error replies and pongs that one connection may cause.
    pub error_replies: Quota,
    /// Which client SDKs may connect.
    pub sdks: SdkTable,
    /// What this server can do for every client, in the words of `ProtocolInfo`.
    pub capabilities: Vec<String>,
    /// What `ProtocolInfo` tells about this implementation.
    pub implementation_version: &'static str,
}

/// How many may watch a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SpectatorLimit {
    /// Twice as many as may play.
    TwicePlayers,
    /// So many.
    AtMost(u8),
    /// Any number.
    Unlimited,
}

/// How players who lose their connection may come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReconnectionRules {
    /// For how long.
    pub window: Duration,
    /// How many of the latest events of a room are kept for those who are away; 0 for none.
    pub events_max: usize,
    /// How much game data is kept for those who ask for it; nothing if that is not offered.
    pub replay: Option<ReplayLimits>,
}

/// How much game data one room keeps for those who come back. The oldest goes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReplayLimits {
    /// In bytes, with what it takes to keep them.
    pub bytes_max: usize,
    /// In messages.
    pub messages_max: usize,
    /// For how long.
    pub age_max: Duration,
}

/// Labels that clients are told about the relay; the server gives them no meaning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelayTypes {
    /// For games without one of their own.
    pub default: Arc<str>,
    /// By game name.
    pub by_game: HashMap<String, Arc<str>>,
}

/// How much may wait for one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutboxLimits {
    /// The largest message sent to a client, in bytes. One above it ends the connection.
    pub message_bytes_max: usize,
    /// More messages than this for longer than `slow_after`: the consumer is too slow.
    pub messages_max: usize,
    /// More bytes than this for as long: the same. More than [`OutboxLimits::BURST`] times as many: at once.
    pub bytes_max: usize,
    /// How long the queue may be over either.
    pub slow_after: Duration,
    /// How long a message may wait until it is noticed that it waits for too long. It takes up to twice as long.
    pub sojourn_max: Duration,
    /// How often a v3 connection is told how much game data it got, at most; never if there is none.
    pub stats_interval: Option<Duration>,
}

impl OutboxLimits {
    /// How many times `bytes_max` a burst may fill before its reader counts as too slow at once: a level of some
    /// megabytes comes faster than any network takes it.
    pub const BURST: usize = 16;

    /// The most gaps of a report that is not longer than a message may be.
    pub(crate) fn gaps_max(&self) -> usize {
        /// More than a report takes without gaps, and more than each takes.
        const COUNTERS_BYTES: usize = 640;
        const GAP_BYTES: usize = 192;
        (self.message_bytes_max.saturating_sub(COUNTERS_BYTES) / GAP_BYTES).clamp(1, limits::GAPS_MAX)
    }
}

impl Default for HubConfig {
    fn default() -> Self {
        let per_minute = |n| Quota {
            n_max: NonZeroU32::new(n).expect("the defaults are not zero"),
            window: Duration::from_mins(1),
        };
        let bytes_per_minute = |n| ByteQuota {
            bytes_max: NonZeroU64::new(n).expect("the defaults are not zero"),
            window: Duration::from_mins(1),
        };
        Self {
            versions: (ProtocolVersion::OLDEST, ProtocolVersion::NEWEST),
            offer_message_pack: true,
            offer_rkyv: false,
            offer_protobuf: false,
            game_data_limits: GameDataLimits::default(),
            game_name_bytes_max: limits::GAME_NAME_BYTES_MAX,
            player_names: PlayerNameRules::default(),
            room_codes: RoomCodeFormat::default(),
            players_default: limits::PLAYERS_DEFAULT,
            players_max: limits::PLAYERS_MAX,
            spectators: SpectatorLimit::TwicePlayers,
            rooms_max: 10_000,
            rooms_per_game_max: 1_000,
            empty_room_timeout: Duration::from_mins(5),
            inactive_room_timeout: Duration::from_hours(1),
            reconnection: Some(ReconnectionRules {
                window: Duration::from_mins(5),
                events_max: 100,
                replay: Some(ReplayLimits {
                    bytes_max: 256 * 1024,
                    messages_max: 1_024,
                    age_max: Duration::from_mins(1),
                }),
            }),
            relay_types: RelayTypes { default: "matchbox".into(), by_game: HashMap::new() },
            peering: PeeringConfig::default(),
            inbound_bytes_max: limits::INBOUND_BYTES_MAX,
            signal_bytes_max: limits::SIGNAL_BYTES_MAX,
            connection_info_bytes_max: limits::CONNECTION_INFO_BYTES_MAX,
            outbox: OutboxLimits {
                message_bytes_max: limits::OUTBOUND_BYTES_MAX,
                messages_max: 1_024,
                bytes_max: 4 * 1024 * 1024,
                slow_after: Duration::from_secs(5),
                sojourn_max: Duration::from_secs(15),
                stats_interval: None,
            },
            cork: Some(CorkRules { tick: Duration::from_millis(2), messages_max: 16 }),
            creations: per_minute(5),
            joins: per_minute(20),
            commands: per_minute(600),
            unknown_codes: per_minute(60),
            relay: bytes_per_minute(256 * 1024 * 1024),
            room_relay: bytes_per_minute(1024 * 1024 * 1024),
            signals: per_minute(600),
            signal_errors: per_minute(60),
            error_replies: per_minute(3_000),
            sdks: default_sdks(),
            capabilities: ["spectator-mode", "rate-limits-v2"].map(str::to_owned).into(),
            implementation_version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The SDKs that exist and the oldest of their versions that speak this protocol well.
fn default_sdks() -> SdkTable {
    let sdk = |minimum| Sdk { minimum: Some(minimum), ..Sdk::default() };
    let unity = Sdk {
        recommended: Some(Version::new(1, 12, 0)),
        capabilities: ["relay-matchbox", "relay-mirror", "relay-fishnet"].map(str::to_owned).into(),
        ..sdk(Version::new(1, 10, 0))
    };
    let godot_rust = Sdk { recommended: Some(Version::new(0, 9, 2)), ..sdk(Version::new(0, 9, 0)) };
    let platforms = BTreeMap::from([
        ("unity".to_owned(), unity),
        ("godot".to_owned(), sdk(Version::new(0, 9, 0))),
        ("godot-rust".to_owned(), godot_rust),
        ("test".to_owned(), sdk(Version::new(1, 0, 0))),
    ]);
    SdkTable { platforms, enforce: false }
}
