//! How many bytes of game data may be relayed in a while: for one sender, and for one room.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use signal_fish_auth::Exhausted;

/// So many bytes in such a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ByteQuota {
    /// How many at once, and how many come back within `window`.
    pub bytes_max: NonZeroU64,
    /// How long a used-up budget takes to be whole again.
    pub window: Duration,
}

/// What is left of a quota: a token bucket, of which all that has to be known is when it will be full again. This is
/// asked with every game message, by somebody who has it alone.
#[derive(Debug, Default)]
pub(crate) struct Volume {
    full_at: Option<Instant>,
}

impl Volume {
    /// Takes `n_bytes` from the budget, all of them or none.
    pub(crate) fn take(&mut self, quota: ByteQuota, now: Instant, n_bytes: usize) -> Result<(), Exhausted> {
        let cost = quota.window.as_nanos() * n_bytes as u128 / u128::from(quota.bytes_max.get());
        let cost = Duration::from_nanos(u64::try_from(cost).unwrap_or(u64::MAX));
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now)) + cost;
        let over = full_at.saturating_duration_since(now).saturating_sub(quota.window);
        if !over.is_zero() {
            return Err(Exhausted { retry_after: over });
        }
        self.full_at = Some(full_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spent_at_once_and_come_back_evenly() {
        let quota = ByteQuota { bytes_max: NonZeroU64::new(600).unwrap(), window: Duration::from_secs(60) };
        let (mut volume, start) = (Volume::default(), Instant::now());
        assert_eq!(volume.take(quota, start, 500), Ok(()));
        let refused = Exhausted { retry_after: Duration::from_secs(10) };
        assert_eq!(volume.take(quota, start, 200), Err(refused));
        assert_eq!(volume.take(quota, start, 100), Ok(()), "what was refused took nothing");
        assert_eq!(volume.take(quota, start + Duration::from_secs(10), 100), Ok(()));
        assert!(volume.take(quota, start + Duration::from_secs(10), 1).is_err());
        assert_eq!(volume.take(quota, start + Duration::from_secs(1_000), 600), Ok(()));
        assert!(volume.take(quota, start + Duration::from_secs(1_000), 1).is_err());
    }
}
