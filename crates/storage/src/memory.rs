//! The default: rooms are remembered for as long as the process lives.

use async_trait::async_trait;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use signal_fish_protocol::RoomId;

use crate::record::RoomRecord;
use crate::{GameDatabase, StorageError};

/// Rooms in memory.
#[derive(Debug, Default)]
pub struct MemoryDatabase {
    rooms: DashMap<RoomId, RoomRecord>,
}

#[async_trait]
impl GameDatabase for MemoryDatabase {
    async fn save_room(&self, record: RoomRecord) -> Result<(), StorageError> {
        match self.rooms.entry(record.id) {
            Entry::Occupied(stored) if stored.get().revision >= record.revision => {
                Err(StorageError::Stale { stored: stored.get().revision, offered: record.revision })
            }
            Entry::Occupied(mut stored) => {
                stored.insert(record);
                Ok(())
            }
            Entry::Vacant(place) => {
                place.insert(record);
                Ok(())
            }
        }
    }

    async fn delete_room(&self, room: RoomId) -> Result<(), StorageError> {
        self.rooms.remove(&room);
        Ok(())
    }

    async fn rooms(&self) -> Result<Vec<RoomRecord>, StorageError> {
        Ok(self.rooms.iter().map(|room| room.value().clone()).collect())
    }
}
