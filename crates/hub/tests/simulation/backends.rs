//! A coordinator and a storage that answer late or not at all, as a seed decides, and know what was left behind.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use signal_fish_coordination::{ClaimError, RoomKey, RoomOperationCoordinator};
use signal_fish_protocol::RoomId;
use signal_fish_storage::{GameDatabase, MemoryDatabase, RoomRecord, StorageError};

use crate::pass;

/// Both ports of the hub. Calm backends answer at once and never fail.
pub(crate) struct Backends {
    chance: Mutex<Rng>,
    was_always_calm: bool,
    is_calm: AtomicBool,
    claimed: Mutex<HashSet<(RoomKey, RoomId)>>,
    memory: MemoryDatabase,
}

impl Backends {
    /// They draw from their own numbers: what they do must not depend on who else draws.
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Rng::with_seed(!seed);
        let was_always_calm = chance.bool();
        let is_calm = AtomicBool::new(was_always_calm);
        let (claimed, memory) = (Mutex::default(), MemoryDatabase::default());
        Self { chance: Mutex::new(chance), was_always_calm, is_calm, claimed, memory }
    }

    pub(crate) const fn was_always_calm(&self) -> bool {
        self.was_always_calm
    }

    pub(crate) fn calm_down(&self) {
        self.is_calm.store(true, Ordering::Relaxed);
    }

    /// What a server without rooms has left: nothing claimed, nothing remembered.
    pub(crate) async fn assert_empty(&self) {
        let claimed = self.claimed.lock().expect("nothing panics meanwhile").clone();
        assert_eq!(claimed, HashSet::new(), "claims outlive their rooms");
        assert_eq!(self.memory.rooms().await, Ok(Vec::new()), "records outlive their rooms");
    }

    /// Takes its time; then whether it works.
    async fn answers(&self) -> bool {
        let (time, works) = if self.is_calm.load(Ordering::Relaxed) {
            (0, true)
        } else {
            let mut chance = self.chance.lock().expect("nothing panics meanwhile");
            let time = match chance.u8(0..10) {
                0..5 => 0,
                5..8 => chance.u64(1..300),
                8 => chance.u64(300..4_000),
                // Longer than anyone waits.
                _ => 60_000,
            };
            (time, chance.u8(0..10) < 8)
        };
        if time > 0 {
            pass(Duration::from_millis(time)).await;
        }
        works
    }

    fn note_claim(&self, key: &RoomKey, room: RoomId) {
        self.claimed.lock().expect("nothing panics meanwhile").insert((key.clone(), room));
    }

    async fn storage(&self) -> Result<(), StorageError> {
        let fails = StorageError::Unavailable { reason: "bad luck".to_owned() };
        self.answers().await.then_some(()).ok_or(fails)
    }
}

#[async_trait]
impl RoomOperationCoordinator for Backends {
    async fn claim(&self, key: &RoomKey, room: RoomId) -> Result<(), ClaimError> {
        // Who waits for the answer no longer may own the room all the same.
        let is_early = self.chance.lock().expect("nothing panics meanwhile").bool();
        if is_early {
            self.note_claim(key, room);
        }
        if self.answers().await {
            self.note_claim(key, room);
            return Ok(());
        }
        Err(if is_early {
            ClaimError::Unavailable { reason: "bad luck".to_owned() }
        } else {
            ClaimError::OwnedElsewhere { node: "elsewhere".into() }
        })
    }

    async fn release(&self, key: &RoomKey, room: RoomId) -> Result<(), ClaimError> {
        self.claimed.lock().expect("nothing panics meanwhile").remove(&(key.clone(), room));
        Ok(())
    }
}

#[async_trait]
impl GameDatabase for Backends {
    async fn save_room(&self, record: RoomRecord) -> Result<(), StorageError> {
        self.storage().await?;
        self.memory.save_room(record).await
    }

    async fn delete_room(&self, room: RoomId) -> Result<(), StorageError> {
        self.storage().await?;
        self.memory.delete_room(room).await
    }

    async fn rooms(&self) -> Result<Vec<RoomRecord>, StorageError> {
        self.memory.rooms().await
    }
}
