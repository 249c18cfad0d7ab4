//! What the authority may do to others: remove them, hand over to them, and decide who gets in.

use signal_fish_protocol::{
    CloseCode, ErrorCode, NewRoomCode, PlayerId, PlayerTarget, RoomAccess, RoomCode, RoomResult,
    ServerMessage, SessionGeneration,
};

use crate::access::{PasswordHash, Subject, TooManyBans};
use crate::away::{Lost, Standing};
use crate::step::{Role, Step};
use crate::texts::{NOBODY_OF_THAT_ID, NOT_AUTHORITY};
use crate::{BANS_MAX, Effect, Room, authority, away, seats};

pub(crate) fn on_kick(room: &mut Room, step: &mut Step<'_>, target: PlayerId, generation: SessionGeneration) {
    if let Some(removable) = removable_or_refuse(room, step, target) {
        remove(room, step, target, removable, generation);
        step.report(RoomResult::PlayerKicked(PlayerTarget { player_id: target }));
    }
}

pub(crate) fn on_ban(room: &mut Room, step: &mut Step<'_>, target: PlayerId, generation: SessionGeneration) {
    let Some(removable) = removable_or_refuse(room, step, target) else { return };
    let subject = subject_to_ban(room, step.actor, target);
    if let Err(TooManyBans) = room.access.ban(target, subject) {
        let text = format!("a room keeps at most {BANS_MAX} bans: lift one, or kick the player");
        return step.refuse(ServerMessage::error(ErrorCode::InvalidRoomState, text));
    }
    room.revision += 1;
    remove(room, step, target, removable, generation);
    step.report(RoomResult::PlayerBanned(PlayerTarget { player_id: target }));
}

pub(crate) fn on_unban(room: &mut Room, step: &mut Step<'_>, target: PlayerId) {
    if is_authority_or_refuse(room, step) {
        // Whoever is not banned may come in again just as well.
        if room.access.unban(target) {
            room.revision += 1;
        }
        step.report(RoomResult::PlayerUnbanned(PlayerTarget { player_id: target }));
    }
}

pub(crate) fn on_transfer_authority(room: &mut Room, step: &mut Step<'_>, target: PlayerId) {
    // Unlike a kick, whether it is about the actor itself is looked at before whether the actor may.
    if step.seat_or_refuse().is_none() || is_self_and_refused(step, target) {
        return;
    }
    if !is_authority_or_refuse(room, step) {
        return;
    }
    if !room.seats.contains(target) {
        return step.refuse(ServerMessage::error(ErrorCode::TransferTargetNotFound, NOBODY_OF_THAT_ID));
    }
    authority::pass_to(room, step, target);
    step.report(RoomResult::AuthorityTransferred(PlayerTarget { player_id: target }));
}

pub(crate) fn on_set_access(room: &mut Room, step: &mut Step<'_>, password: Option<PasswordHash>) {
    if is_authority_or_refuse(room, step) {
        // Those inside have nothing to prove any more.
        if room.access.password != password {
            room.access.password = password;
            room.revision += 1;
        }
        let requires_password = room.access.password.is_some();
        step.report(RoomResult::RoomAccessUpdated(RoomAccess { requires_password }));
    }
}

pub(crate) fn on_change_code(room: &mut Room, step: &mut Step<'_>, code: RoomCode) {
    if is_authority_or_refuse(room, step) {
        room.setup.code = code.clone();
        room.access.has_new_code = true;
        room.revision += 1;
        step.report(RoomResult::RoomCodeRegenerated(NewRoomCode { room_code: code }));
    }
}

/// How somebody is in the room who can be removed from it.
enum Removable {
    Seated {
        position: usize,
    },
    /// Its connection is lost, and it may come back.
    Away,
}

/// Finds whom the actor wants to remove; if it may not, or there is nobody, the command is refused.
fn removable_or_refuse(room: &Room, step: &mut Step<'_>, target: PlayerId) -> Option<Removable> {
    if !is_authority_or_refuse(room, step) || is_self_and_refused(step, target) {
        return None;
    }
    let removable = match room.seats.position(target) {
        Some(position) => Some(Removable::Seated { position }),
        None if room.away.awaits(target) => Some(Removable::Away),
        None => None,
    };
    if removable.is_none() {
        step.refuse(ServerMessage::error(ErrorCode::KickTargetNotFound, NOBODY_OF_THAT_ID));
    }
    removable
}

/// Who the target is under any other id. Nobody bans itself that way.
fn subject_to_ban(room: &Room, actor: PlayerId, target: PlayerId) -> Option<Subject> {
    let of_seat = |player| room.seats.get(player)?.subject;
    let subject = of_seat(target).or_else(|| away::subject(room, target));
    subject.filter(|subject| of_seat(actor) != Some(*subject))
}

fn remove(
    room: &mut Room,
    step: &mut Step<'_>,
    target: PlayerId,
    removable: Removable,
    generation: SessionGeneration,
) {
    match removable {
        // The others have heard that it left.
        Removable::Away => away::kick(room, target),
        Removable::Seated { position } => {
            step.out.push(Effect::Close(target, CloseCode::Kicked));
            // For the others it is as if it had gone by itself.
            let role = Role::Player(position);
            let gone =
                &mut Step { now: step.now, actor: target, role, n_before: step.n_before, out: step.out };
            let seat = seats::vacate(room, gone, position, generation);
            // Its token leads nowhere, and it will be told why.
            let lost = Lost { seat, held_authority: false, standing: Standing::Kicked };
            away::keep(room, gone, target, lost);
        }
    }
}

fn is_authority_or_refuse(room: &Room, step: &mut Step<'_>) -> bool {
    if step.seat_or_refuse().is_none() {
        return false;
    }
    let is_authority = room.authority == Some(step.actor);
    if !is_authority {
        step.refuse(ServerMessage::error(ErrorCode::NotRoomAuthority, NOT_AUTHORITY));
    }
    is_authority
}

fn is_self_and_refused(step: &mut Step<'_>, target: PlayerId) -> bool {
    let is_self = step.actor == target;
    if is_self {
        step.refuse(ServerMessage::error(ErrorCode::InvalidInput, "this must be about somebody else"));
    }
    is_self
}

#[cfg(test)]
mod tests {
    use signal_fish_protocol::{Epoch, Uuid};

    use super::*;
    use crate::fixture::{ADA, BOB, WIM, generation, newcomer, some_moment, step, trio};
    use crate::{Command, Newcomer};

    #[test]
    fn bans_have_an_end_and_kicks_go_on() {
        let now = some_moment();
        let mut room = trio(now);
        for n in 0..BANS_MAX {
            room.access.ban(PlayerId::new(Uuid::from_u128(1_000 + n as u128)), None).unwrap();
        }
        let refused = step(&mut room, now, ADA, Command::Ban { target: BOB, generation: generation() });
        let [Effect::Refuse(ServerMessage::Error(error))] = refused.as_slice() else { panic!("{refused:?}") };
        assert_eq!(error.error_code, Some(ErrorCode::InvalidRoomState));
        assert!(error.message.contains("1024"), "{}", error.message);
        assert!(room.seats.contains(BOB) && !room.access.is_banned(BOB, None));

        step(&mut room, now, ADA, Command::Unban(PlayerId::new(Uuid::from_u128(1_000))));
        step(&mut room, now, ADA, Command::Ban { target: BOB, generation: generation() });
        assert!(!room.seats.contains(BOB) && room.access.is_banned(BOB, None));
    }

    #[test]
    fn what_is_kept_of_a_room_keeps_the_same_people_out() {
        let now = some_moment();
        let mut room = trio(now);
        let before = room.revision();
        let password = PasswordHash::new("a hash");
        step(&mut room, now, ADA, Command::Ban { target: BOB, generation: generation() });
        step(&mut room, now, ADA, Command::SetAccess(Some(password.clone())));
        step(&mut room, now, WIM, Command::StopWatching);
        assert_eq!(room.revision(), before + 2, "a spectator is not kept");
        let mut again = Room::restore(now, room.setup().clone(), room.kept());
        assert_eq!(again.kept(), room.kept());
        for (proof, code) in [(None, ErrorCode::PasswordRequired), (Some(password), ErrorCode::Banned)] {
            let newcomer = Newcomer { proof, ..newcomer("Bob") };
            let join = Command::Join { newcomer, epoch: Epoch::FIRST, generation: generation(), token: None };
            let refused = step(&mut again, now, BOB, join);
            let [Effect::Refuse(ServerMessage::RoomJoinFailed(failed))] = refused.as_slice() else {
                panic!("{refused:?}")
            };
            assert_eq!(failed.error_code, Some(code));
        }
    }

    #[test]
    fn a_new_code_is_not_told_to_those_who_came_by_the_old_one() {
        let now = some_moment();
        for (is_moved, told) in [(false, true), (true, false)] {
            let mut room = trio(now);
            if is_moved {
                let code = RoomCode::parse("ABC234", 6).unwrap();
                step(&mut room, now, ADA, Command::ChangeCode(code));
            }
            let effects = step(&mut room, now, WIM, Command::StopWatching);
            let [Effect::Reply(ServerMessage::SpectatorLeft(left)), ..] = effects.as_slice() else {
                panic!("{effects:?}")
            };
            assert_eq!((left.room_id.is_some(), left.room_code.is_some()), (true, told));
        }
    }
}
