//! One task that writes what must be remembered of rooms, behind their backs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use signal_fish_coordination::{RoomKey, RoomOperationCoordinator};
use signal_fish_protocol::RoomId;
use signal_fish_storage::{GameDatabase, StorageError};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::live_room::LiveRoom;
use crate::metrics::Metrics;

/// The way to the task. It takes no lock and never waits.
///
/// A room is written when it is made, when its game starts, when it gets another code or lets others in than before,
/// and when it ends. Only the room waits here, not each of its changes: the task asks it what it has become when it
/// writes it. What waits is bounded by the rooms, also while the storage does not answer.
#[derive(Debug)]
pub(crate) struct Journal {
    changes: UnboundedSender<Change>,
    n_changes: AtomicU64,
    n_written: watch::Receiver<u64>,
}

/// What has become of a room.
#[derive(Debug)]
pub(crate) enum Change {
    /// It is new or different.
    Remember(Arc<LiveRoom>),
    /// It is not found by this any more, or never was.
    Release {
        /// What it was to be found by.
        key: RoomKey,
        /// The room.
        id: RoomId,
    },
    /// It is over.
    Forget {
        /// What it was found by.
        key: RoomKey,
        /// The room.
        id: RoomId,
    },
}

/// A room, or one of the keys that it had.
type Subject = (RoomId, Option<RoomKey>);

/// The other end of [`Journal`].
pub(crate) struct JournalQueue {
    changes: UnboundedReceiver<Change>,
    n_received: u64,
    /// How many of them have been written, or are not to be any more.
    n_written: watch::Sender<u64>,
}

impl Journal {
    pub(crate) fn new() -> (Self, JournalQueue) {
        let (sender, receiver) = unbounded_channel();
        let (n_written, written) = watch::channel(0);
        let queue = JournalQueue { changes: receiver, n_received: 0, n_written };
        (Self { changes: sender, n_changes: AtomicU64::new(0), n_written: written }, queue)
    }

    pub(crate) fn write(&self, change: Change) {
        self.n_changes.fetch_add(1, Ordering::AcqRel);
        // Fails only when the runtime goes down.
        let _ = self.changes.send(change);
    }

    /// Resolves when all that came until now is written.
    pub(crate) async fn written(&self) {
        let n_changes = self.n_changes.load(Ordering::Acquire);
        // An error would mean that the task is gone, which happens only with the runtime.
        let _ = self.n_written.clone().wait_for(|&n_written| n_written >= n_changes).await;
    }
}

impl JournalQueue {
    /// Writes until there is no hub any more and everything is written.
    pub(crate) async fn run(
        mut self,
        database: Arc<dyn GameDatabase>,
        coordinator: Arc<dyn RoomOperationCoordinator>,
        metrics: Arc<Metrics>,
    ) {
        let mut pending = HashMap::new();
        let mut changes = Vec::new();
        loop {
            let n_received = if pending.is_empty() {
                self.changes.recv_many(&mut changes, BATCH).await
            } else {
                // Something failed: what comes meanwhile waits along with it.
                tokio::time::sleep(RETRY_AFTER).await;
                self.receive_ready(&mut changes)
            };
            if n_received == 0 && pending.is_empty() {
                return;
            }
            self.n_received += changes.len() as u64;
            for change in changes.drain(..) {
                pending.insert(change.subject(), change);
            }
            write_all(&mut pending, &*database, &*coordinator).await;
            metrics.wrote(pending.is_empty());
            if pending.is_empty() {
                self.n_written.send_replace(self.n_received);
            }
        }
    }

    fn receive_ready(&mut self, changes: &mut Vec<Change>) -> usize {
        while let Ok(change) = self.changes.try_recv() {
            changes.push(change);
        }
        changes.len()
    }
}

impl Change {
    /// What this is about: the latest change says all.
    fn subject(&self) -> Subject {
        match self {
            Self::Remember(room) => (room.id(), None),
            Self::Release { key, id } => (*id, Some(key.clone())),
            Self::Forget { id, .. } => (*id, None),
        }
    }

    async fn carry_out(
        &self,
        database: &dyn GameDatabase,
        coordinator: &dyn RoomOperationCoordinator,
    ) -> Result<(), StorageError> {
        match self {
            Self::Remember(room) => match room.to_remember() {
                Some(record) => database.save_room(record).await,
                // It is over, which is written next.
                None => Ok(()),
            },
            Self::Release { key, id } => {
                release(coordinator, key, *id).await;
                Ok(())
            }
            Self::Forget { key, id } => {
                database.delete_room(*id).await?;
                release(coordinator, key, *id).await;
                Ok(())
            }
        }
    }
}

async fn release(coordinator: &dyn RoomOperationCoordinator, key: &RoomKey, id: RoomId) {
    if let Err(error) = coordinator.release(key, id).await {
        tracing::warn!(room = %id, %error, "a room was not released");
    }
}

/// Writes what is pending, until something fails that may succeed later.
async fn write_all(
    pending: &mut HashMap<Subject, Change>,
    database: &dyn GameDatabase,
    coordinator: &dyn RoomOperationCoordinator,
) {
    while let Some(subject) = pending.keys().next().cloned() {
        let room = subject.0;
        let written = timeout(TIME_MAX, pending[&subject].carry_out(database, coordinator)).await;
        let late = |_| StorageError::Unavailable { reason: "no answer in time".to_owned() };
        match written.map_err(late).flatten() {
            Ok(()) => {}
            Err(error @ StorageError::Stale { .. }) => {
                tracing::warn!(%room, %error, "a room was not written")
            }
            Err(error @ StorageError::Unavailable { .. }) => {
                tracing::warn!(n_pending = pending.len(), %error, "rooms are not written");
                return;
            }
        }
        pending.remove(&subject);
    }
}

/// So many changes are merged before they are written.
const BATCH: usize = 256;

/// How long one write may take before it counts as failed.
const TIME_MAX: Duration = Duration::from_secs(10);

/// How long a storage that failed is left alone.
const RETRY_AFTER: Duration = Duration::from_secs(1);
