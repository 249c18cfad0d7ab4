//! Where rooms are found by game and code, and how many there may be.

use std::collections::hash_map::RandomState;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use signal_fish_coordination::RoomKey;
use signal_fish_protocol::{AppId, GameName, RoomId};

use crate::live_room::LiveRoom;

/// All rooms by game and code. Only joining and the end of a room come here; whoever has a seat knows its room.
#[derive(Debug)]
pub(crate) struct Directory {
    rooms: DashMap<RoomKey, Arc<LiveRoom>, RandomState>,
    /// The same rooms, for those who come back to one.
    by_id: DashMap<RoomId, Arc<LiveRoom>, RandomState>,
    n_rooms: AtomicUsize,
    n_rooms_by_game: DashMap<(Option<AppId>, GameName), usize, RandomState>,
    limits: RoomLimits,
}

/// How many rooms there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RoomLimits {
    pub(crate) rooms_max: usize,
    pub(crate) rooms_per_game_max: usize,
}

/// Why a room was not added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotAdded {
    /// There is one under that key.
    Taken,
    /// There are as many as there may be.
    Full,
    /// There are as many of that game as there may be.
    GameFull,
}

impl Directory {
    pub(crate) fn new(limits: RoomLimits) -> Self {
        Self {
            rooms: DashMap::default(),
            by_id: DashMap::default(),
            n_rooms: AtomicUsize::new(0),
            n_rooms_by_game: DashMap::default(),
            limits,
        }
    }

    pub(crate) fn find(&self, key: &RoomKey) -> Option<Arc<LiveRoom>> {
        self.rooms.get(key).map(|room| Arc::clone(&room))
    }

    pub(crate) fn find_by_id(&self, id: RoomId) -> Option<Arc<LiveRoom>> {
        self.by_id.get(&id).map(|room| Arc::clone(&room))
    }

    /// Adds a room. From now on others find it: whoever adds it holds its lock until it is ready for them.
    pub(crate) fn add(&self, room: &Arc<LiveRoom>) -> Result<(), NotAdded> {
        self.count_up(room.key())?;
        match self.rooms.entry(room.key().clone()) {
            Entry::Vacant(place) => {
                self.by_id.insert(room.id(), Arc::clone(room));
                place.insert(Arc::clone(room));
                Ok(())
            }
            Entry::Occupied(_) => {
                self.count_down(room.key());
                Err(NotAdded::Taken)
            }
        }
    }

    pub(crate) fn remove(&self, room: &LiveRoom) {
        if self.rooms.remove_if(room.key(), |_, there| there.id() == room.id()).is_some() {
            self.by_id.remove(&room.id());
            self.count_down(room.key());
        }
    }

    fn count_up(&self, key: &RoomKey) -> Result<(), NotAdded> {
        let one_more = |n: usize| (n < self.limits.rooms_max).then_some(n + 1);
        if self.n_rooms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_err() {
            return Err(NotAdded::Full);
        }
        let mut n_of_game = self.n_rooms_by_game.entry((key.app.clone(), key.game.clone())).or_insert(0);
        if *n_of_game >= self.limits.rooms_per_game_max {
            drop(n_of_game);
            self.n_rooms.fetch_sub(1, Ordering::Relaxed);
            return Err(NotAdded::GameFull);
        }
        *n_of_game += 1;
        Ok(())
    }

    fn count_down(&self, key: &RoomKey) {
        self.n_rooms.fetch_sub(1, Ordering::Relaxed);
        if let Entry::Occupied(mut n_of_game) =
            self.n_rooms_by_game.entry((key.app.clone(), key.game.clone()))
        {
            *n_of_game.get_mut() -= 1;
            // Games are named by clients: a name without rooms must not stay.
            if *n_of_game.get() == 0 {
                n_of_game.remove();
            }
        }
    }
}
