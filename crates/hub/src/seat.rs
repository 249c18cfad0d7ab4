//! A place in a room, as a player or as a spectator. It is given up by dropping it.

use std::sync::Arc;
use std::time::Instant;

use signal_fish_engine::Command;

use crate::answer::Answer;
use crate::delivery::Outcome;
use crate::game_data::GameData;
use crate::link::Link;
use crate::live_room::{LiveRoom, RoomIsOver, Step};
use crate::session::new_generation;
use crate::shared::Shared;

/// A place in a room. Only coming in makes one; dropping it tells the room that its connection is gone.
#[derive(Debug)]
pub(crate) struct Seat {
    shared: Arc<Shared>,
    room: Arc<LiveRoom>,
    link: Link,
    watches: bool,
    is_given_up: bool,
}

impl Seat {
    pub(crate) fn new(shared: Arc<Shared>, room: Arc<LiveRoom>, link: Link, watches: bool) -> Self {
        shared.sessions.set_seated(link.player, !watches);
        shared.metrics.seated(watches);
        Self { shared, room, link, watches, is_given_up: false }
    }

    /// Whether its holder only watches.
    pub(crate) const fn watches(&self) -> bool {
        self.watches
    }

    /// Whether the room has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.room.lock().is_over()
    }

    /// The room that it is in.
    pub(crate) const fn room(&self) -> &Arc<LiveRoom> {
        &self.room
    }

    /// Leaves by a command of its own, as [`Seat::ask`].
    pub(crate) fn give_up(
        mut self,
        now: Instant,
        command: Command,
        answer: Answer,
    ) -> Result<Outcome, Answer> {
        self.is_given_up = true;
        self.ask(now, command, answer)
    }

    /// Hands a command to the room, which answers it. The answer comes back if the room is over.
    pub(crate) fn ask(&self, now: Instant, command: Command, answer: Answer) -> Result<Outcome, Answer> {
        self.room.ask(&self.shared, now, None, answer, |answer| Step::Request(&self.link, command, answer))
    }

    /// Hands a command to the room.
    pub(crate) fn apply(&self, now: Instant, command: Command) -> Result<Outcome, RoomIsOver> {
        self.room.step(&self.shared, now, Step::Command(&self.link, command, None))
    }

    /// Hands a game message to the room.
    pub(crate) fn relay(
        &self,
        now: Instant,
        command: Command,
        game_data: GameData<'_>,
    ) -> Result<Outcome, RoomIsOver> {
        self.room.step(&self.shared, now, Step::Command(&self.link, command, Some(game_data)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.sessions.set_seated(self.link.player, false);
        self.shared.metrics.unseated(self.watches);
        // When the server stops, everybody goes, and nobody needs to hear who.
        if !self.is_given_up && !self.shared.lifecycle.is_stopped() {
            // A room that is over has no members. tokio's clock, as everywhere: rooms compare instants.
            let now = tokio::time::Instant::now().into_std();
            let _ = self.apply(now, Command::Disconnect { generation: new_generation() });
        }
    }
}
