//! What all rooms and sessions of one hub share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use signal_fish_auth::{Authenticator, Moment};
use signal_fish_coordination::RoomOperationCoordinator;
use signal_fish_protocol::Timestamp;

use crate::allowance::SourceAllowances;
use crate::banned::Bans;
use crate::config::HubConfig;
use crate::cork::Corks;
use crate::departures::Departures;
use crate::directory::Directory;
use crate::journal::Journal;
use crate::lifecycle::Lifecycle;
use crate::metrics::Metrics;
use crate::passwords::Passwords;
use crate::sessions::Sessions;
use crate::timers::Timers;

/// What all rooms and sessions of one hub share.
pub(crate) struct Shared {
    /// What the hub was told at its start: for all that cannot change while it runs, and for what every message asks.
    pub(crate) config: HubConfig,
    /// What it was told last: for what connections and rooms are given when they begin, and what is seldom asked.
    pub(crate) live: ArcSwap<HubConfig>,
    /// Replaced as a whole while players connect; whoever asks it takes no lock.
    pub(crate) authenticator: ArcSwap<Authenticator>,
    pub(crate) coordinator: Arc<dyn RoomOperationCoordinator>,
    pub(crate) directory: Directory,
    pub(crate) sessions: Sessions,
    pub(crate) timers: Timers,
    /// What holds game data back for those who hear much, if anything.
    pub(crate) corks: Option<Corks>,
    pub(crate) journal: Journal,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) passwords: Passwords,
    pub(crate) departures: Departures,
    pub(crate) sources: SourceAllowances,
    pub(crate) bans: Bans,
    pub(crate) metrics: Arc<Metrics>,
    /// From when budgets count their time.
    pub(crate) started: Instant,
}

impl Shared {
    /// The time that budgets go by.
    pub(crate) fn budget_time(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// The times that credentials go by.
    pub(crate) fn moment(&self, now: Instant) -> Moment {
        Moment { steady: self.budget_time(now), wall: Timestamp::now() }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
