//! Who plays: how a seat is taken, kept and given up.

use signal_fish_protocol::{
    ConnectionInfo, Epoch, ErrorCode, LobbyState, PlayerJoined, PlayerLeft, PlayerName, RoomJoinFailed,
    RoomSnapshot, SenderStamp, ServerMessage, SessionGeneration, Timestamp, TransportStatus,
};

use crate::step::{Role, Step};
use crate::texts::{ROOM_CLOSED, ROOM_FULL};
use crate::{
    Audience, Effect, IssuedToken, Means, Newcomer, Room, Subject, TokenHash, authority, away, endpoint,
    lobby, plan, snapshot,
};

/// What belongs to one player, from join to leave.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) name: PlayerName,
    pub(crate) connected_at: Timestamp,
    pub(crate) connection_info: Option<ConnectionInfo>,
    pub(crate) is_ready: bool,
    /// What its connection can do beyond the relay.
    pub(crate) means: Means,
    /// What it last said about a transport of its own.
    pub(crate) last_report: Option<TransportStatus>,
    /// The player's membership, and the number of its last game message.
    pub(crate) last_stamp: SenderStamp,
    /// Of what it can come back with if its connection is lost.
    pub(crate) token: Option<TokenHash>,
    /// Who it is under any other id, if somebody has vouched for it.
    pub(crate) subject: Option<Subject>,
    /// Of what it came back with, until it says something: the answer with the new one may be lost on its way.
    pub(crate) former_token: Option<TokenHash>,
}

pub(crate) fn on_join(
    room: &mut Room,
    step: &mut Step<'_>,
    newcomer: Newcomer,
    epoch: Epoch,
    generation: SessionGeneration,
    token: Option<Box<IssuedToken>>,
) {
    if let Some((code, reason)) = refusal(room, step, &newcomer) {
        let failed = RoomJoinFailed { reason: reason.to_owned(), error_code: Some(code) };
        return step.refuse(ServerMessage::RoomJoinFailed(failed));
    }
    away::forget(room, step.actor);
    let is_first_ever = room.lobby == LobbyState::Waiting;
    // Whoever made the room speaks for it. Nobody else gets the authority without asking.
    if is_first_ever && room.setup.supports_authority {
        room.authority = Some(step.actor);
    }
    let Newcomer { name, connected_at, proof: _, subject, means, ice_servers } = newcomer;
    let last_stamp = SenderStamp { epoch, seq: 0 };
    let (connection_info, last_report) = (None, None);
    let hash = token.as_ref().map(|token| token.hash);
    let seat = Seat {
        name,
        connected_at,
        connection_info,
        is_ready: false,
        means,
        last_report,
        last_stamp,
        token: hash,
        subject,
        former_token: None,
    };
    let player = snapshot::player(room, step.actor, &seat);
    room.seats.push(step.actor, seat);
    room.lifetime.on_join(step.now);

    step.out.push(Effect::Entered);
    let reconnection_token = token.map(|token| token.text.into());
    let shown = RoomSnapshot {
        reconnection_token,
        ice_servers: plan::early_ice_servers(room, means, ice_servers),
        ..snapshot::for_player(room, step.actor)
    };
    step.reply(ServerMessage::RoomJoined(shown));
    if is_first_ever {
        lobby::open(room, step);
    }
    step.send(Audience::EveryoneBut(step.actor), ServerMessage::PlayerJoined(PlayerJoined { player }));
    plan::on_arrived(room, step, generation);
}

pub(crate) fn on_leave(room: &mut Room, step: &mut Step<'_>, generation: SessionGeneration) {
    // Without a seat too: a client waits for this answer, and what it asks for is already so.
    step.reply(ServerMessage::RoomLeft);
    match step.role {
        // For the others it is one whether a player went or was lost. Who goes does not come back by a token.
        Role::Player(position) => drop(vacate(room, step, position, generation)),
        Role::Spectator(_) | Role::Stranger => {}
    }
}

/// The actor's seat becomes free; what it was.
pub(crate) fn vacate(
    room: &mut Room,
    step: &mut Step<'_>,
    position: usize,
    generation: SessionGeneration,
) -> Seat {
    let seat = room.seats.remove(position);
    let SenderStamp { epoch, seq } = seat.last_stamp;
    if room.seats.is_empty() {
        room.lifetime.on_empty(step.now);
    }
    step.out.push(Effect::Left(step.actor));
    let left = PlayerLeft { player_id: step.actor, epoch: Some(epoch), final_seq: Some(seq) };
    step.send(Audience::Everyone, ServerMessage::PlayerLeft(left));
    authority::on_vacated(room, step);
    plan::on_departed(room, step, generation);
    seat
}

pub(crate) fn on_provide_connection_info(
    room: &mut Room,
    step: &mut Step<'_>,
    info: ConnectionInfo,
    generation: SessionGeneration,
) {
    let Some(position) = step.seat_or_refuse() else { return };
    let before = room.seats.at_mut(position).connection_info.replace(info);
    let now = &room.seats.at_mut(position).connection_info;
    if endpoint::usable(before.as_ref()) != endpoint::usable(now.as_ref()) {
        plan::on_moved(room, step, generation);
    }
}

fn refusal(room: &Room, step: &Step<'_>, newcomer: &Newcomer) -> Option<(ErrorCode, &'static str)> {
    if step.role != Role::Stranger {
        Some((ErrorCode::AlreadyInRoom, "you are already in this room"))
    } else if room.lifetime.is_over() {
        Some((ErrorCode::RoomNotFound, ROOM_CLOSED))
    } else if let Some(refusal) = room.access.refusal(step.actor, newcomer.subject, newcomer.proof.as_ref()) {
        Some(refusal)
    } else if room.seats.iter().any(|(_, seat)| seat.name.is_same_name(&newcomer.name)) {
        Some((ErrorCode::RoomCreationFailed, "a player of this room has that name"))
    } else if room.seats.len() >= usize::from(room.setup.players_max) {
        Some((ErrorCode::RoomFull, ROOM_FULL))
    } else if !room.session.takes(newcomer.means) {
        Some((
            ErrorCode::RoomSessionIncompatible,
            "the players of this game connect in a way that you cannot",
        ))
    } else {
        None
    }
}
