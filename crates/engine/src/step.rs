//! One step: who acts, what it is to the room, and what follows.

use std::time::Instant;

use signal_fish_protocol::{ErrorCode, PlayerId, RoomResult, ServerMessage};

use crate::texts::NO_SEAT;
use crate::{Audience, Effect, Effects};

/// What the actor is to the room as the step begins. The positions hold until the step removes someone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Player(usize),
    Spectator(usize),
    Stranger,
}

/// One step: who acts, what it is to the room, and what follows.
pub(crate) struct Step<'a> {
    pub(crate) now: Instant,
    pub(crate) actor: PlayerId,
    pub(crate) role: Role,
    /// How many effects earlier steps have left.
    pub(crate) n_before: usize,
    pub(crate) out: &'a mut Effects,
}

impl Step<'_> {
    /// Where the actor is among the players; if it is not one, the command is refused.
    pub(crate) fn seat_or_refuse(&mut self) -> Option<usize> {
        match self.role {
            Role::Player(position) => Some(position),
            Role::Spectator(_) | Role::Stranger => {
                self.refuse(ServerMessage::error(ErrorCode::NotInRoom, NO_SEAT));
                None
            }
        }
    }

    /// What has followed so far.
    pub(crate) fn so_far(&self) -> &[Effect] {
        &self.out[self.n_before..]
    }

    pub(crate) fn reply(&mut self, message: ServerMessage<'static>) {
        self.out.push(Effect::Reply(message));
    }

    pub(crate) fn refuse(&mut self, message: ServerMessage<'static>) {
        self.out.push(Effect::Refuse(message));
    }

    pub(crate) fn report(&mut self, result: RoomResult<'static>) {
        self.out.push(Effect::Report(result));
    }

    pub(crate) fn send(&mut self, audience: Audience, message: ServerMessage<'static>) {
        self.out.push(Effect::Send(audience, message));
    }
}
