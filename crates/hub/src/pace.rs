//! What a player may send into its room in a while, by what everyone may and by what its app may.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use signal_fish_auth::{AppShare, Exhausted, Grant};

use crate::allowance;
use crate::config::HubConfig;
use crate::metrics::Limit;
use crate::session::Session;
use crate::volume::{ByteQuota, Volume};

/// Which limit was run into, and when there is more.
type Overrun = (Limit, Exhausted);

/// What is left of the game data of one player, and of the messages where its app has a limit.
#[derive(Debug)]
pub(crate) struct Pace {
    relay_quota: ByteQuota,
    relayed: Volume,
    of_app: Option<Box<AppPace>>,
}

/// What few have: limits of their app.
#[derive(Debug)]
struct AppPace {
    /// Each message counts as one byte.
    quota: Option<ByteQuota>,
    messages: Volume,
    share: Option<AppShare>,
}

impl Pace {
    /// What everyone may.
    pub(crate) fn new(config: &HubConfig) -> Self {
        Self { relay_quota: config.relay, relayed: Volume::default(), of_app: None }
    }

    /// From now on this counts too.
    pub(crate) fn limit(&mut self, grant: &Grant) {
        let (limits, window) = (grant.limits(), self.relay_quota.window);
        if let Some(bytes_max) = limits.relay_bytes_max {
            self.relay_quota.bytes_max = bytes_max;
        }
        let per_window = |n_max| ByteQuota { bytes_max: NonZeroU64::from(n_max), window };
        let (quota, share) = (limits.messages_max.map(per_window), grant.share(window));
        if quota.is_some() || share.is_some() {
            self.of_app = Some(Box::new(AppPace { quota, messages: Volume::default(), share }));
        }
    }

    /// Pays for a message with so much game data. `time` is what budgets go by.
    ///
    /// What all players of an app share is asked last: what is refused for one must not cost the others anything.
    pub(crate) fn game_data(
        &mut self,
        now: Instant,
        n_bytes: usize,
        time: impl FnOnce() -> Duration,
    ) -> Result<(), Overrun> {
        let Self { relay_quota, relayed, of_app } = self;
        if let Some(pace) = of_app {
            pace.take_own(now)?;
        }
        relayed.take(*relay_quota, now, n_bytes).map_err(|exhausted| (Limit::Relay, exhausted))?;
        match of_app {
            Some(pace) => pace.take_shared(Limit::Relay, n_bytes, time()),
            // Most have none, and nothing is asked for them.
            None => Ok(()),
        }
    }
}

impl AppPace {
    fn take_own(&mut self, now: Instant) -> Result<(), Overrun> {
        let taken = self.quota.map_or(Ok(()), |quota| self.messages.take(quota, now, 1));
        taken.map_err(|exhausted| (Limit::Message, exhausted))
    }

    /// `limit` is what is said to be run into, since the app has one answer for both of its budgets.
    fn take_shared(&mut self, limit: Limit, n_bytes: usize, time: Duration) -> Result<(), Overrun> {
        let taken = self.share.as_mut().map_or(Ok(()), |share| share.take(n_bytes, time));
        taken.map_err(|exhausted| (limit, exhausted))
    }
}

/// Pays for a command to the room, of which everyone in it hears, or counts that it came too often.
pub(crate) fn command(session: &mut Session, now: Instant) -> Result<(), Exhausted> {
    let time = session.shared.budget_time(now);
    let own = session.pace.of_app.as_mut().map_or(Ok(()), |pace| pace.take_own(now));
    let paid = own
        .and_then(|()| allowance::command(session, time).map_err(|exhausted| (Limit::Command, exhausted)))
        .and_then(|()| {
            let pace = session.pace.of_app.as_mut();
            pace.map_or(Ok(()), |pace| pace.take_shared(Limit::Message, 0, time))
        });
    paid.map_err(|(limit, exhausted)| {
        session.shared.metrics.rejected(limit);
        exhausted
    })
}
