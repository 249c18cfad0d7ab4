//! Where rooms are found by game and code, and how many there may be.

use std::collections::hash_map::RandomState;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use signal_fish_coordination::RoomKey;
use signal_fish_protocol::{AppId, GameName, RoomId};

use crate::config::HubConfig;
use crate::live_room::LiveRoom;

/// All rooms by game and code. Only joining and the end of a room come here; whoever has a seat knows its room.
#[derive(Debug)]
pub(crate) struct Directory {
    rooms: DashMap<RoomKey, Arc<LiveRoom>, RandomState>,
    /// The same rooms, for those who come back to one.
    by_id: DashMap<RoomId, Arc<LiveRoom>, RandomState>,
    n_rooms: AtomicUsize,
    n_rooms_by_game: Counts<(Option<AppId>, GameName)>,
    n_rooms_by_app: Counts<AppId>,
    limits: ArcSwap<RoomLimits>,
}

/// How many rooms there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RoomLimits {
    pub(crate) rooms_max: usize,
    pub(crate) rooms_per_game_max: usize,
}

impl RoomLimits {
    pub(crate) fn of(config: &HubConfig) -> Self {
        Self { rooms_max: config.rooms_max, rooms_per_game_max: config.rooms_per_game_max }
    }
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
    /// There are as many of that app as there may be.
    AppFull,
}

impl Directory {
    pub(crate) fn new(limits: RoomLimits) -> Self {
        Self {
            rooms: DashMap::default(),
            by_id: DashMap::default(),
            n_rooms: AtomicUsize::new(0),
            n_rooms_by_game: Counts::new(),
            n_rooms_by_app: Counts::new(),
            limits: ArcSwap::from_pointee(limits),
        }
    }

    /// There may be so many rooms from now on. Those that there are stay.
    pub(crate) fn limit(&self, limits: RoomLimits) {
        self.limits.store(Arc::new(limits));
    }

    pub(crate) fn find(&self, key: &RoomKey) -> Option<Arc<LiveRoom>> {
        self.rooms.get(key).map(|room| Arc::clone(&room))
    }

    pub(crate) fn find_by_id(&self, id: RoomId) -> Option<Arc<LiveRoom>> {
        self.by_id.get(&id).map(|room| Arc::clone(&room))
    }

    /// How many rooms there are.
    pub(crate) fn count(&self) -> usize {
        self.n_rooms.load(Ordering::Relaxed)
    }

    /// How many of them are an app's.
    pub(crate) fn count_of_app(&self, app: &AppId) -> usize {
        self.n_rooms_by_app.of(app)
    }

    /// The ids of all rooms, in no order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = RoomId> {
        self.by_id.iter().map(|room| *room.key())
    }

    /// Adds a room. From now on others find it: whoever adds it holds its lock until it is ready for them.
    /// `app_rooms_max` is how many its app may have, if it has a limit of its own.
    pub(crate) fn add(
        &self,
        key: &RoomKey,
        room: &Arc<LiveRoom>,
        app_rooms_max: Option<NonZeroU32>,
    ) -> Result<(), NotAdded> {
        self.count_up(key, app_rooms_max)?;
        if self.add_key(key, room) {
            self.by_id.insert(room.id(), Arc::clone(room));
            return Ok(());
        }
        self.count_down(key);
        Err(NotAdded::Taken)
    }

    /// Lets a room of the same game be found under another key as well; false if that is taken.
    pub(crate) fn add_key(&self, key: &RoomKey, room: &Arc<LiveRoom>) -> bool {
        match self.rooms.entry(key.clone()) {
            Entry::Vacant(place) => {
                place.insert(Arc::clone(room));
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    /// Lets a room be found no longer under one of its keys.
    pub(crate) fn remove_key(&self, key: &RoomKey, room: RoomId) -> bool {
        self.rooms.remove_if(key, |_, there| there.id() == room).is_some()
    }

    /// Removes a room that has this key and no other.
    pub(crate) fn remove(&self, key: &RoomKey, room: RoomId) {
        if self.remove_key(key, room) {
            self.by_id.remove(&room);
            self.count_down(key);
        }
    }

    fn count_up(&self, key: &RoomKey, app_rooms_max: Option<NonZeroU32>) -> Result<(), NotAdded> {
        let limits = self.limits.load();
        let one_more = |n: usize| (n < limits.rooms_max).then_some(n + 1);
        if self.n_rooms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_err() {
            return Err(NotAdded::Full);
        }
        if !self.n_rooms_by_game.count_up(game_of(key), limits.rooms_per_game_max) {
            self.n_rooms.fetch_sub(1, Ordering::Relaxed);
            return Err(NotAdded::GameFull);
        }
        let app_rooms_max =
            app_rooms_max.map_or(usize::MAX, |n| usize::try_from(n.get()).unwrap_or(usize::MAX));
        if let Some(app) = &key.app
            && !self.n_rooms_by_app.count_up(app.clone(), app_rooms_max)
        {
            self.n_rooms_by_game.count_down(game_of(key));
            self.n_rooms.fetch_sub(1, Ordering::Relaxed);
            return Err(NotAdded::AppFull);
        }
        Ok(())
    }

    fn count_down(&self, key: &RoomKey) {
        self.n_rooms.fetch_sub(1, Ordering::Relaxed);
        self.n_rooms_by_game.count_down(game_of(key));
        if let Some(app) = &key.app {
            self.n_rooms_by_app.count_down(app.clone());
        }
    }
}

fn game_of(key: &RoomKey) -> (Option<AppId>, GameName) {
    (key.app.clone(), key.game.clone())
}

/// How many there are of each kind.
#[derive(Debug)]
struct Counts<K: Eq + Hash>(DashMap<K, usize, RandomState>);

impl<K: Eq + Hash> Counts<K> {
    fn new() -> Self {
        Self(DashMap::default())
    }

    fn of(&self, kind: &K) -> usize {
        self.0.get(kind).map_or(0, |n| *n)
    }

    /// Counts one more, unless there are `n_max`.
    fn count_up(&self, kind: K, n_max: usize) -> bool {
        let mut n = self.0.entry(kind).or_insert(0);
        let has_place = *n < n_max;
        *n += usize::from(has_place);
        has_place
    }

    fn count_down(&self, kind: K) {
        if let Entry::Occupied(mut n) = self.0.entry(kind) {
            *n.get_mut() -= 1;
            // Games are named by clients: a name without rooms must not stay.
            if *n.get() == 0 {
                n.remove();
            }
        }
    }
}
