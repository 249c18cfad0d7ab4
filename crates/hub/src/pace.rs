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
    pub(crate) fn game_data(
        &mut self,
        now: Instant,
        n_bytes: usize,
        time: impl FnOnce() -> Duration,
    ) -> Result<(), Overrun> {
        match &mut self.of_app {
            // Most have none, and nothing is asked for them.
            None => {}
            Some(pace) => pace.message(now, n_bytes, time())?,
        }
        self.relayed.take(self.relay_quota, now, n_bytes).map_err(|exhausted| (Limit::Relay, exhausted))
    }
}

impl AppPace {
    fn message(&mut self, now: Instant, n_bytes: usize, time: Duration) -> Result<(), Overrun> {
        if let Some(quota) = self.quota {
            self.messages.take(quota, now, 1).map_err(|exhausted| (Limit::Message, exhausted))?;
        }
        if let Some(share) = &mut self.share {
            share.take_message(time).map_err(|exhausted| (Limit::Message, exhausted))?;
            share.take_relay_bytes(n_bytes, time).map_err(|exhausted| (Limit::Relay, exhausted))?;
        }
        Ok(())
    }
}

/// Pays for a command to the room, of which everyone in it hears, or counts that it came too often.
pub(crate) fn command(session: &mut Session, now: Instant) -> Result<(), Exhausted> {
    let time = session.shared.budget_time(now);
    let paid = session.pace.of_app.as_mut().map_or(Ok(()), |pace| pace.message(now, 0, time));
    let of_connection =
        |()| allowance::command(session, time).map_err(|exhausted| (Limit::Command, exhausted));
    paid.and_then(of_connection).map_err(|(limit, exhausted)| {
        session.shared.metrics.rejected(limit);
        exhausted
    })
}
