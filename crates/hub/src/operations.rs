//! Room operations: requests with an id, each of which leads where the plain message of its name does.

use std::time::Instant;

use signal_fish_engine::Command;
use signal_fish_protocol::{ErrorCode, OperationId, RoomOperation, RoomOperationRequest};

use crate::answer::{Answer, Asked};
use crate::entry::{Entry, EntryRefusal};
use crate::session::{Session, new_generation};
use crate::{leaving, moderating};

/// Refuses what could not be read, as the operation that its sender waits for if `read_id` can read that much. It is
/// asked only where there may be operations.
pub(crate) fn on_malformed(
    session: &mut Session,
    now: Instant,
    read_id: impl FnOnce() -> Option<OperationId>,
    why: impl ToString,
) -> Option<Entry> {
    let operates = session.link.capabilities.room_operation_ids;
    match operates.then(read_id).flatten() {
        Some(operation_id) => {
            session.shared.metrics.received_unreadable();
            let answer = Answer::new(&session.link, Asked::Moderation, Some(operation_id));
            session.decline(now, answer, EntryRefusal::new(ErrorCode::InvalidInput, why.to_string()));
            None
        }
        None => session.on_unreadable(now, why),
    }
}

/// Does what is asked for. What may have to wait comes back, as from [`Session::on_text`].
pub(crate) fn on_operation(session: &mut Session, now: Instant, request: RoomOperation) -> Option<Entry> {
    if !session.link.capabilities.room_operation_ids {
        session.refuse(now, ErrorCode::InvalidInput, "ask for room_operation_ids when you authenticate");
        return None;
    }
    let RoomOperation { operation_id, operation } = request;
    let link = session.link.clone();
    let answer = |asked| Answer::new(&link, asked, Some(operation_id));
    let mut moderate = |command| moderating::moderate(session, now, command, answer(Asked::Moderation));
    match operation {
        RoomOperationRequest::KickPlayer { player_id } => {
            moderate(Command::Kick { target: player_id, generation: new_generation() });
        }
        RoomOperationRequest::BanPlayer { player_id } => {
            moderate(Command::Ban { target: player_id, generation: new_generation() });
        }
        RoomOperationRequest::UnbanPlayer { player_id } => moderate(Command::Unban(player_id)),
        RoomOperationRequest::TransferAuthority { player_id } => {
            moderate(Command::TransferAuthority(player_id));
        }
        RoomOperationRequest::LeaveRoom => leaving::leave(session, now, answer(Asked::Leave)),
        RoomOperationRequest::LeaveSpectator => {
            leaving::stop_watching(session, now, answer(Asked::StopWatching));
        }
        RoomOperationRequest::Reconnect(request) => {
            return Some(Entry::come_back(request, answer(Asked::Reconnect)));
        }
        RoomOperationRequest::JoinRoom(request) => {
            return Some(Entry::play(request, answer(Asked::Play)));
        }
        RoomOperationRequest::JoinAsSpectator(request) => {
            return Some(Entry::watch(request, answer(Asked::Watch)));
        }
        RoomOperationRequest::SetRoomAccess { password } => {
            return Some(Entry::set_access(password, answer(Asked::Moderation)));
        }
        RoomOperationRequest::RegenerateRoomCode => {
            return Some(Entry::change_code(answer(Asked::Moderation)));
        }
    }
    None
}
