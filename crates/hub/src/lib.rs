//! Turn decoded messages into engine steps, and what the engine asks for into queued frames.
//!
//! The path of one game message, start to end:
//!
//! 1. [`Session::on_text`] decodes it; the payload stays the bytes that the sender wrote.
//! 2. The session's seat holds its room. The room's lock is taken, no map is searched.
//! 3. The engine stamps it and asks for a relay.
//! 4. The message is written once for each wire form among the members and pushed to each member's [`Outbox`].
//!
//! Nothing waits between 1 and 4; each connection's own task takes from its outbox and writes.
//!
//! This crate must not know HTTP, WebSocket, TLS or config files.

mod config;
mod hub;
mod session;

mod departures;
mod oversight;

mod allowance;
mod answer;
mod banned;
mod binary;
mod bound;
mod caller;
mod capabilities;
mod claim;
#[cfg(feature = "echo")]
mod echo;
mod entering;
mod entry;
mod granted;
mod handshake;
mod leaving;
mod moderating;
mod operations;
mod pace;
mod passwords;
mod peering;
mod random;
mod returning;
mod rotation;
mod seat;
mod signals;
mod source;
mod token;
mod versions;

mod delivery;
mod directory;
mod formats;
mod game_data;
mod live_room;
mod replay;
mod replay_log;

mod backlog;
mod cork;
mod farewell;
mod frame;
mod gaps;
mod link;
mod outbox;
mod queue;
mod reports;

mod journal;
mod lifecycle;
mod metrics;
mod restore;
mod sessions;
mod shared;
mod shedding;
mod timers;
mod volume;

pub use banned::{Network, Outcast, TooManyOutcasts};
pub use bound::{Bind, NotBound};
pub use caller::{Caller, CertificateFingerprint};
pub use config::{HubConfig, OutboxLimits, ReconnectionRules, RelayTypes, ReplayLimits, SpectatorLimit};
pub use cork::CorkRules;
pub use departures::Departure;
#[cfg(feature = "echo")]
pub use echo::echo;
pub use entry::Entry;
pub use formats::GameDataLimits;
pub use frame::{Frame, FrameKind};
pub use hub::{Hub, StartError};
pub use metrics::{Counters, Family, Handle, HubFigures, Kind, Latency, OpenCounters, OpenGauges, Spread};
pub use outbox::{Outbox, Taken};
pub use oversight::{ConnectionView, Oversight, RoomView};
pub use peering::{IceConfig, PeeringConfig, TurnConfig};
pub use session::Session;
pub use signal_fish_engine::SessionRules;
pub use source::Source;
pub use volume::ByteQuota;
