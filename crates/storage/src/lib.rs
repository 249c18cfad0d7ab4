//! Remember rooms beyond one process: the port, its records and its in-memory default.
//!
//! This crate must not know live rooms, SQL or Redis.

mod keyring;
mod memory;
mod record;
mod sealed;

use async_trait::async_trait;

pub use keyring::{KeyError, Keyring, SealError, SealingKey};
pub use memory::MemoryDatabase;
pub use record::{Revision, RoomRecord, StoredHash};
pub use sealed::SealedDatabase;

use signal_fish_protocol::RoomId;

/// Where rooms are remembered. Every backend keeps to the same contract, and passes the same tests.
#[async_trait]
pub trait GameDatabase: Send + Sync {
    /// Remembers `record` in the place of an older one of the same room. A record that is not newer than what
    /// is remembered is refused with [`StorageError::Stale`], so that a node which has lost a room cannot
    /// overwrite what the new owner wrote.
    async fn save_room(&self, record: RoomRecord) -> Result<(), StorageError>;

    /// Forgets a room. One that is not remembered is no error.
    async fn delete_room(&self, room: RoomId) -> Result<(), StorageError>;

    /// Every remembered room, in no particular order.
    async fn rooms(&self) -> Result<Vec<RoomRecord>, StorageError>;
}

/// Why something was not remembered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StorageError {
    /// A newer record of the room is there already.
    #[error("the stored room is at revision {stored:?}, not older than {offered:?}")]
    Stale {
        /// What is remembered.
        stored: Revision,
        /// What was to be remembered.
        offered: Revision,
    },
    /// The backend cannot be reached, or failed.
    #[error("the storage is unavailable: {reason}")]
    Unavailable {
        /// What is wrong.
        reason: String,
    },
}
