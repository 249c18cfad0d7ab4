//! The claim on a room key, given back unless a room is found under it.

use std::time::Duration;

use signal_fish_coordination::{ClaimError, RoomKey};
use signal_fish_protocol::RoomId;
use tokio::time::timeout;

use crate::journal::Change;
use crate::shared::Shared;

/// The claim on a room key. Dropping it gives it back, also when its connection ends while it is being made.
pub(crate) struct Claim<'a> {
    shared: &'a Shared,
    key: &'a RoomKey,
    id: RoomId,
    is_kept: bool,
}

impl<'a> Claim<'a> {
    pub(crate) async fn make(shared: &'a Shared, key: &'a RoomKey, id: RoomId) -> Result<Self, ClaimError> {
        let claim = Self { shared, key, id, is_kept: false };
        ask(shared, key, id).await?;
        Ok(claim)
    }

    /// A room is found under it from now on.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.shared.journal.write(Change::Release { key: self.key.clone(), id: self.id });
        }
    }
}

/// Asks for a room key, and takes no answer for a no.
pub(crate) async fn ask(shared: &Shared, key: &RoomKey, id: RoomId) -> Result<(), ClaimError> {
    let late = |_| ClaimError::Unavailable { reason: "no answer in time".to_owned() };
    timeout(TIME_MAX, shared.coordinator.claim(key, id)).await.map_err(late)?
}

/// A player waits for it.
const TIME_MAX: Duration = Duration::from_secs(5);
