//! Those who watch: they see everything, are seen, and take no part.

use signal_fish_protocol::{
    ErrorCode, NewSpectatorJoined, PlayerName, ServerMessage, SpectatorDisconnected, SpectatorJoinFailed,
    SpectatorLeft, SpectatorReason, Timestamp,
};

use crate::step::{Role, Step};
use crate::texts::{NOT_WATCHING, ROOM_CLOSED};
use crate::{Audience, Effect, Newcomer, Room, away, snapshot};

/// What belongs to one spectator. Unlike players, two may have the same name.
#[derive(Clone, Debug)]
pub(crate) struct Spectator {
    pub(crate) name: PlayerName,
    pub(crate) connected_at: Timestamp,
}

pub(crate) fn on_watch(room: &mut Room, step: &mut Step<'_>, newcomer: Newcomer) {
    if let Some((code, reason)) = refusal(room, step, &newcomer) {
        let failed = SpectatorJoinFailed { reason: reason.to_owned(), error_code: Some(code) };
        return step.refuse(ServerMessage::SpectatorJoinFailed(failed));
    }
    away::forget(room, step.actor);
    let Newcomer { name, connected_at, .. } = newcomer;
    let spectator = Spectator { name, connected_at };
    let announced = snapshot::spectator(step.actor, &spectator);
    room.spectators.push(step.actor, spectator);

    step.out.push(Effect::Entered);
    step.reply(ServerMessage::SpectatorJoined(snapshot::for_spectator(room, step.actor)));
    let joined = NewSpectatorJoined {
        spectator: announced,
        current_spectators: snapshot::spectators(room),
        reason: Some(SpectatorReason::Joined),
        spectator_count: Some(snapshot::spectator_count(room)),
    };
    step.send(Audience::EveryoneBut(step.actor), ServerMessage::NewSpectatorJoined(joined));
}

pub(crate) fn on_stop_watching(room: &mut Room, step: &mut Step<'_>) {
    match step.role {
        Role::Spectator(position) => {
            room.spectators.remove(position);
            step.reply(left(room, SpectatorReason::VoluntaryLeave));
            say_goodbye(room, step, SpectatorReason::VoluntaryLeave);
        }
        Role::Player(_) | Role::Stranger => {
            step.refuse(ServerMessage::error(ErrorCode::NotASpectator, NOT_WATCHING));
        }
    }
}

pub(crate) fn on_disconnect(room: &mut Room, step: &mut Step<'_>, position: usize) {
    room.spectators.remove(position);
    say_goodbye(room, step, SpectatorReason::Disconnected);
}

/// What a spectator is told when it watches no longer.
pub(crate) fn left(room: &Room, reason: SpectatorReason) -> ServerMessage<'static> {
    ServerMessage::SpectatorLeft(SpectatorLeft {
        room_id: Some(room.setup.id),
        // Some came by a code that is dead. They know the room by no other, and are not told the new one.
        room_code: (!room.access.has_new_code).then(|| room.setup.code.clone()),
        reason: Some(reason),
        current_spectators: snapshot::spectators(room),
    })
}

fn refusal(room: &Room, step: &Step<'_>, newcomer: &Newcomer) -> Option<(ErrorCode, &'static str)> {
    match step.role {
        Role::Player(_) => return Some((ErrorCode::SpectatorNotAllowed, "you play in this room")),
        Role::Spectator(_) => return Some((ErrorCode::SpectatorJoinFailed, "you watch this room already")),
        Role::Stranger => {}
    }
    if room.lifetime.is_over() {
        Some((ErrorCode::RoomNotFound, ROOM_CLOSED))
    } else if let Some(refusal) = room.access.refusal(step.actor, newcomer.subject, newcomer.proof.as_ref()) {
        Some(refusal)
    } else if room.setup.spectators_max.is_some_and(|most| room.spectators.len() >= most) {
        Some((ErrorCode::TooManySpectators, "the room has as many spectators as it takes"))
    } else {
        None
    }
}

fn say_goodbye(room: &Room, step: &mut Step<'_>, reason: SpectatorReason) {
    step.out.push(Effect::Left(step.actor));
    let gone = SpectatorDisconnected {
        spectator_id: step.actor,
        reason: Some(reason),
        current_spectators: snapshot::spectators(room),
        spectator_count: Some(snapshot::spectator_count(room)),
    };
    step.send(Audience::Everyone, ServerMessage::SpectatorDisconnected(gone));
}
