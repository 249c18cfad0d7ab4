//! How many messages a player may send into its room in a while, where its app has a limit.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use signal_fish_auth::{AppLimits, Exhausted};

use crate::volume::{ByteQuota, Volume};

/// What is left of the messages of one player.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Each message counts as one.
    quota: ByteQuota,
    volume: Volume,
}

impl Pace {
    /// The pace of a new player of an app with these limits, if they have one.
    pub(crate) fn of(limits: AppLimits, window: Duration) -> Option<Box<Self>> {
        let bytes_max = NonZeroU64::from(limits.messages_max?);
        Some(Box::new(Self { quota: ByteQuota { bytes_max, window }, volume: Volume::default() }))
    }

    /// Pays for one message.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Exhausted> {
        self.volume.take(self.quota, now, 1)
    }
}
