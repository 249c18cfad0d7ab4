//! From the first player to the start of the game: who is ready, and who may start.

use signal_fish_protocol::{
    ErrorCode, GameStarting, LobbyState, LobbyStateChanged, ServerMessage, SessionGeneration,
};

use crate::step::Step;
use crate::{Audience, Room, away, plan, snapshot};

/// The first player is in.
pub(crate) fn open(room: &mut Room, step: &mut Step<'_>) {
    room.lobby = LobbyState::Lobby;
    room.revision += 1;
    step.send(Audience::Everyone, changed(room));
}

pub(crate) fn on_toggle_ready(room: &mut Room, step: &mut Step<'_>) {
    let Some(position) = step.seat_or_refuse() else { return };
    if room.lobby == LobbyState::Finalized {
        return step.refuse(ServerMessage::error(ErrorCode::InvalidRoomState, STARTED));
    }
    let seat = room.seats.at_mut(position);
    seat.is_ready = !seat.is_ready;
    step.send(Audience::Everyone, changed(room));
}

pub(crate) fn on_start(room: &mut Room, step: &mut Step<'_>, generation: SessionGeneration) {
    if step.seat_or_refuse().is_none() {
        return;
    }
    let refusal = if room.lobby == LobbyState::Finalized {
        Some((ErrorCode::InvalidRoomState, STARTED))
    } else if room.authority.is_some_and(|holder| holder != step.actor) {
        Some((ErrorCode::GameStartForbidden, "only the authority of the room can start the game"))
    } else if !is_all_ready(room) {
        Some((ErrorCode::GameStartNotReady, "not every player is ready"))
    } else {
        None
    };
    if let Some((code, message)) = refusal {
        return step.refuse(ServerMessage::error(code, message));
    }
    room.lobby = LobbyState::Finalized;
    room.revision += 1;
    away::on_start(room);
    let starting = GameStarting { peer_connections: snapshot::peer_connections(room) };
    step.send(Audience::Everyone, ServerMessage::GameStarting(starting));
    plan::on_start(room, step, generation);
}

fn changed(room: &Room) -> ServerMessage<'static> {
    ServerMessage::LobbyStateChanged(LobbyStateChanged {
        lobby_state: room.lobby,
        ready_players: snapshot::ready_players(room),
        all_ready: is_all_ready(room),
    })
}

fn is_all_ready(room: &Room) -> bool {
    room.seats.iter().all(|(_, seat)| seat.is_ready)
}

const STARTED: &str = "the game has started already";
