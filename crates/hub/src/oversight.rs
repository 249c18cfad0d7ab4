//! What an operator may see and end, of all rooms and connections. Nothing here holds more than one shard of a map, or
//! the lock of one room, at a time.

use std::collections::BinaryHeap;
use std::sync::Arc;

use signal_fish_protocol::{CloseCode, LobbyState, PlayerId, RoomId};

use crate::departures::Departure;
use crate::shared::Shared;

/// A room at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomView {
    /// The room.
    pub id: RoomId,
    /// The app it belongs to.
    pub app: Option<String>,
    /// The game it is for.
    pub game: String,
    /// What players enter it by.
    pub code: String,
    /// How far it is on its way to the game.
    pub lobby: LobbyState,
    /// Who speaks for it.
    pub authority: Option<PlayerId>,
    /// How many players it has at most.
    pub players_max: u8,
    /// The connections in it, of players and spectators.
    pub members: Vec<PlayerId>,
}

/// A connection at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConnectionView {
    /// Who it is in rooms.
    pub player: PlayerId,
    /// Whether it plays in a room.
    pub is_seated: bool,
    /// Messages that wait for it.
    pub n_queued: usize,
    /// With what it is about to be closed.
    pub closes_with: Option<CloseCode>,
}

/// What an operator may see and end.
#[derive(Clone, Debug)]
pub struct Oversight(pub(crate) Arc<Shared>);

impl Oversight {
    /// At most `n_max` rooms in the order of their ids, of those after `after`.
    pub fn rooms(&self, after: Option<RoomId>, n_max: usize) -> Vec<RoomView> {
        let ids = least(self.0.directory.ids().filter(|id| Some(*id) > after), n_max);
        ids.into_iter().filter_map(|id| self.room(id)).collect()
    }

    /// One room, unless it is over.
    pub fn room(&self, id: RoomId) -> Option<RoomView> {
        self.0.directory.find_by_id(id)?.lock().view()
    }

    /// Ends a room; whoever is in it is closed as kicked, and cannot come back to it. Whether there was one.
    pub fn close_room(&self, id: RoomId) -> bool {
        self.0.directory.find_by_id(id).is_some_and(|room| room.close(&self.0))
    }

    /// At most `n_max` connections in the order of their players, of those after `after`.
    pub fn connections(&self, after: Option<PlayerId>, n_max: usize) -> Vec<ConnectionView> {
        let players = least(self.0.sessions.players().filter(|player| Some(*player) > after), n_max);
        players.into_iter().filter_map(|player| self.connection(player)).collect()
    }

    /// One connection.
    pub fn connection(&self, player: PlayerId) -> Option<ConnectionView> {
        self.0.sessions.view(player)
    }

    /// Closes a connection as kicked; whether there was one. Its player may come back by its token, if it has one.
    pub fn kick(&self, player: PlayerId) -> bool {
        self.0.sessions.end(player, CloseCode::Kicked)
    }

    /// At most `n_max` of the latest connections that have ended and that `is_wanted`, the latest first.
    pub fn departures(&self, n_max: usize, is_wanted: impl Fn(&Departure) -> bool) -> Vec<Departure> {
        self.0.departures.find(n_max, is_wanted)
    }
}

/// The `n_max` least of them, in their order, without keeping more than those.
fn least<T: Ord>(all: impl Iterator<Item = T>, n_max: usize) -> Vec<T> {
    let mut kept = BinaryHeap::new();
    for item in all {
        kept.push(item);
        if kept.len() > n_max {
            kept.pop();
        }
    }
    kept.into_sorted_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_the_least_in_their_order() {
        assert_eq!(least([5, 1, 4, 2, 3].into_iter(), 3), [1, 2, 3]);
        assert_eq!(least([2, 1].into_iter(), 3), [1, 2]);
        assert!(least([2, 1].into_iter(), 0).is_empty());
    }
}
