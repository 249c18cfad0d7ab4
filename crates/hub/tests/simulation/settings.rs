//! What the hub of a simulation is told: small limits, so that they are reached.

use std::time::Duration;

use fastrand::Rng;
use signal_fish_auth::Quota;
use signal_fish_hub::{
    HubConfig, OutboxLimits, PeeringConfig, ReconnectionRules, ReplayLimits, SessionRules, SpectatorLimit,
};
use signal_fish_protocol::Topology;

use crate::client::SLOW_AFTER;

pub(crate) fn config(rng: &mut Rng) -> HubConfig {
    let often = Quota { n_max: 1_000_000.try_into().expect("not zero"), window: Duration::from_mins(1) };
    let default = HubConfig::default();
    let topology_max = [Topology::Mesh, Topology::Mesh, Topology::Host, Topology::Relay][rng.usize(0..4)];
    let sessions = SessionRules { topology_max, webrtc: rng.u8(0..3) > 0, direct: true };
    HubConfig {
        rooms_max: if rng.bool() { 2 } else { 100 },
        spectators: if rng.bool() { SpectatorLimit::AtMost(2) } else { SpectatorLimit::Unlimited },
        empty_room_timeout: EMPTY_FOR,
        inactive_room_timeout: QUIET_FOR,
        reconnection: Some(ReconnectionRules {
            window: WINDOW,
            events_max: [0, 3, 100, 100][rng.usize(0..4)],
            replay: Some(ReplayLimits {
                messages_max: if rng.u8(0..3) == 0 { 4 } else { KEPT_MANY },
                bytes_max: 256 * 1024,
                age_max: KEPT_FOR,
            }),
        }),
        peering: PeeringConfig { sessions, ..default.peering },
        creations: if rng.u8(0..4) == 0 { default.creations } else { often },
        joins: often,
        error_replies: often,
        outbox: OutboxLimits {
            messages_max: if rng.bool() { 8 } else { 1_024 },
            slow_after: SLOW_AFTER,
            // Time goes by in leaps here, in which nobody reads.
            sojourn_max: Duration::from_hours(24),
            ..default.outbox
        },
        ..default
    }
}

/// How long a room keeps its code without players.
pub(crate) const EMPTY_FOR: Duration = Duration::from_secs(300);
/// How long a room lives in which nobody says anything.
pub(crate) const QUIET_FOR: Duration = Duration::from_hours(1);
/// How long one may come back.
pub(crate) const WINDOW: Duration = Duration::from_secs(200);
/// How long a room keeps game data for those who may come back.
pub(crate) const KEPT_FOR: Duration = Duration::from_mins(1);
/// How many messages that are, in rooms that do not run out of them.
pub(crate) const KEPT_MANY: usize = 1_024;
