//! The claim on a room key, given back unless a room is made of it.

use std::time::Duration;

use signal_fish_coordination::{ClaimError, RoomKey};
use signal_fish_protocol::{ErrorCode, RoomId};
use tokio::time::timeout;

use crate::entry::EntryRefusal;
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
    pub(crate) async fn make(shared: &'a Shared, key: &'a RoomKey, id: RoomId) -> Result<Self, EntryRefusal> {
        let claim = Self { shared, key, id, is_kept: false };
        let failed = match timeout(TIME_MAX, shared.coordinator.claim(key, id)).await {
            Ok(Ok(())) => return Ok(claim),
            Ok(Err(error)) => error,
            Err(_) => ClaimError::Unavailable { reason: "no answer in time".to_owned() },
        };
        tracing::warn!(room = %id, error = %failed, "a room was not made");
        Err(EntryRefusal::new(ErrorCode::RoomCreationFailed, failed.to_string()))
    }

    /// A room has been made of it.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.shared.journal.write(Change::Forget { key: self.key.clone(), id: self.id });
        }
    }
}

/// A player waits for it.
const TIME_MAX: Duration = Duration::from_secs(5);
