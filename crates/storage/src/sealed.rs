//! A store that keeps passwords in envelopes, on top of any other.

use std::sync::Arc;

use async_trait::async_trait;
use signal_fish_protocol::RoomId;

use crate::keyring::{Keyring, SealError};
use crate::record::{RoomRecord, StoredHash};
use crate::{GameDatabase, StorageError};

/// Rooms in another store, which never sees the hashes of their passwords.
///
/// What the store has from before there were keys is read as it is, and sealed when the room is saved next. This
/// protects against who can read the store, not against who can write it.
pub struct SealedDatabase {
    store: Arc<dyn GameDatabase>,
    keyring: Keyring,
}

impl SealedDatabase {
    /// Seals what goes to `store`.
    pub fn new(store: Arc<dyn GameDatabase>, keyring: Keyring) -> Self {
        Self { store, keyring }
    }

    fn open(&self, mut record: RoomRecord) -> Result<RoomRecord, StorageError> {
        if let Some(StoredHash(text)) = &mut record.password
            && Keyring::is_envelope(text)
        {
            *text =
                self.keyring.open(&owner(record.id), text).map_err(|error| unavailable(record.id, &error))?;
        }
        Ok(record)
    }
}

#[async_trait]
impl GameDatabase for SealedDatabase {
    async fn save_room(&self, mut record: RoomRecord) -> Result<(), StorageError> {
        if let Some(StoredHash(text)) = &mut record.password {
            *text =
                self.keyring.seal(&owner(record.id), text).map_err(|error| unavailable(record.id, &error))?;
        }
        self.store.save_room(record).await
    }

    async fn delete_room(&self, room: RoomId) -> Result<(), StorageError> {
        self.store.delete_room(room).await
    }

    /// Fails if one of them does not open: without its password a room would be open to everyone.
    async fn rooms(&self) -> Result<Vec<RoomRecord>, StorageError> {
        self.store.rooms().await?.into_iter().map(|record| self.open(record)).collect()
    }
}

fn owner(room: RoomId) -> String {
    format!("room {room}")
}

fn unavailable(room: RoomId, error: &SealError) -> StorageError {
    StorageError::Unavailable { reason: format!("the password of room {room}: {error}") }
}
