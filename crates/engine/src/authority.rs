//! Who may speak for the room, and how that changes.

use signal_fish_protocol::{AuthorityChanged, AuthorityResponse, ErrorCode, PlayerId, ServerMessage};

use crate::step::{Role, Step};
use crate::texts::NO_SEAT;
use crate::{Audience, Room};

pub(crate) fn on_take(room: &mut Room, step: &mut Step<'_>) {
    if !matches!(step.role, Role::Player(_)) {
        deny(step, ErrorCode::NotInRoom, NO_SEAT);
    } else if !room.setup.supports_authority {
        deny(step, ErrorCode::AuthorityNotSupported, NOT_SUPPORTED);
    } else if room.authority.is_some() {
        // The holder itself is told the same.
        deny(step, ErrorCode::AuthorityConflict, "someone holds the authority already");
    } else {
        grant(step);
        pass_to(room, step, step.actor);
    }
}

pub(crate) fn on_release(room: &mut Room, step: &mut Step<'_>) {
    if !matches!(step.role, Role::Player(_)) {
        deny(step, ErrorCode::NotInRoom, NO_SEAT);
    } else if !room.setup.supports_authority {
        deny(step, ErrorCode::AuthorityNotSupported, NOT_SUPPORTED);
    } else if room.authority != Some(step.actor) {
        deny(step, ErrorCode::AuthorityDenied, "only who holds the authority can give it back");
    } else {
        grant(step);
        fall_vacant(room, step);
    }
}

/// Whoever held the authority, `holder` does now.
pub(crate) fn pass_to(room: &mut Room, step: &mut Step<'_>, holder: PlayerId) {
    room.authority = Some(holder);
    step.send(Audience::EveryoneBut(holder), changed(room.authority, false));
    step.send(Audience::One(holder), changed(room.authority, true));
}

/// The actor has no seat any more. Nobody inherits what it held: the game decides who is next.
pub(crate) fn on_vacated(room: &mut Room, step: &mut Step<'_>) {
    if room.authority == Some(step.actor) {
        fall_vacant(room, step);
    }
}

fn fall_vacant(room: &mut Room, step: &mut Step<'_>) {
    room.authority = None;
    step.send(Audience::Everyone, changed(None, false));
}

fn grant(step: &mut Step<'_>) {
    let granted = AuthorityResponse { granted: true, reason: None, error_code: None };
    step.reply(ServerMessage::AuthorityResponse(granted));
}

fn deny(step: &mut Step<'_>, code: ErrorCode, reason: &str) {
    let denied =
        AuthorityResponse { granted: false, reason: Some(reason.to_owned()), error_code: Some(code) };
    step.refuse(ServerMessage::AuthorityResponse(denied));
}

fn changed(holder: Option<PlayerId>, you_are_authority: bool) -> ServerMessage<'static> {
    ServerMessage::AuthorityChanged(AuthorityChanged { authority_player: holder, you_are_authority })
}

const NOT_SUPPORTED: &str = "this room was made without an authority";
