//! Goes through all that was decided, in that order, and knows of each room what lets others in or keeps them out:
//! each yes and each no must follow from what was decided before.

mod book;

use std::collections::HashMap;
use std::time::Instant;

use signal_fish_protocol::{CloseCode, ErrorCode, PlayerId};

use crate::answers::{Reply, Shown};
use crate::chronicle::{Decision, Event};
use crate::observer::Observer;
use crate::requests::{Claim, Door, Request};
use crate::settings::WINDOW;
use book::{Away, Book, Known, Rooms, Seated};

/// Checks every decision. `is_calm` tells whether the backends of the hub never failed.
pub(crate) fn check(events: &[Event], observers: &[&Observer], is_calm: bool) {
    let replies = observers.iter().flat_map(|observer| &observer.notes.replies);
    let replies = replies.map(|(serial, reply)| (*serial, reply)).collect();
    let mut referee = Referee { replies, observers, is_calm, rooms: Rooms::default() };
    events.iter().for_each(|event| referee.see(event));
}

struct Referee<'a> {
    replies: HashMap<usize, &'a Reply>,
    observers: &'a [&'a Observer],
    is_calm: bool,
    rooms: Rooms,
}

impl Referee<'_> {
    fn see(&mut self, event: &Event) {
        match event {
            Event::Decided(decision) => match self.replies.get(&decision.serial) {
                Some(reply) => self.judge(decision, reply),
                None => self.doubt(decision),
            },
            Event::Gone { client, .. } if self.observers[*client].ending == Some(CloseCode::RoomInactive) => {
                self.rooms.on_over(*client);
            }
            Event::Gone { client, player, at, spoken } => {
                self.rooms.on_gone(*client, *player, *at, *spoken);
            }
        }
    }

    /// Nobody knows what came of it: who reads too slowly loses what was queued. Others that end are heard no more.
    fn doubt(&mut self, decision: &Decision) {
        if self.observers[decision.client].ending != Some(CloseCode::SlowConsumer) {
            return;
        }
        match &decision.request {
            Request::Play(door) => self.rooms.doubt_code(door.code.as_deref()),
            Request::Return(claim) => self.rooms.doubt(claim.room),
            Request::Leave
            | Request::Kick(_)
            | Request::Ban(_)
            | Request::Unban(_)
            | Request::Access(_)
            | Request::NewCode => self.rooms.doubt_all(),
            Request::Greet
            | Request::Ping
            | Request::Watch(_)
            | Request::StopWatching
            | Request::Take
            | Request::Release
            | Request::Ready
            | Request::Start
            | Request::Info
            | Request::Data(_)
            | Request::Signal(_)
            | Request::Report
            | Request::Transfer(_)
            | Request::Wrong(_) => {}
        }
    }

    fn judge(&mut self, decision: &Decision, reply: &Reply) {
        let is_sign_of_life = matches!(decision.request, Request::Ping | Request::Take | Request::Release);
        if let Some(book) = self.rooms.of_player(decision.player).filter(|_| is_sign_of_life) {
            book.touched = decision.at;
        }
        match (&decision.request, reply.code, &reply.shown) {
            (Request::Play(door), None, Some(shown)) => self.on_seated(decision, door, shown),
            (Request::Play(door), Some(code), _) => self.on_no_seat(decision, door, code),
            (Request::Watch(door), None, Some(shown)) => {
                if let Some(book) = self.rooms.get(shown.room) {
                    book.check_let_in(decision.player, door, shown);
                }
            }
            (Request::Watch(door), Some(code), _) => self.on_no_place(decision, door, code),
            (Request::Return(claim), None, Some(shown)) => self.on_returned(decision, claim, shown),
            (Request::Return(claim), Some(code), _) => self.on_no_return(decision, claim, code),
            (Request::Leave, None, _) => self.rooms.on_left(decision.player, decision.at),
            (Request::Kick(target), None, _) => self.on_removed(decision, *target, false),
            (Request::Ban(target), None, _) => self.on_removed(decision, *target, true),
            (Request::Unban(target), None, _) => {
                if let Some(book) = self.rooms.of_player(decision.player) {
                    book.banned.remove(target);
                }
            }
            (Request::Access(password), None, _) => {
                let book = self.rooms.of_player(decision.player);
                book.into_iter().for_each(|book| book.password = Known::Surely(*password));
            }
            (Request::NewCode, None, _) => {
                let code = reply.new_code.clone().expect("it is told");
                let book = self.rooms.of_player(decision.player);
                book.into_iter().for_each(|book| book.code = Known::Surely(code.clone()));
            }
            _ => {}
        }
    }

    fn on_seated(&mut self, decision: &Decision, door: &Door, shown: &Shown) {
        let Decision { client, player, at, .. } = decision;
        if self.rooms.get(shown.room).is_none() {
            if let Some(code) = &door.code {
                let other = self.rooms.surely_under(code, *at);
                assert!(other.is_none(), "a second room by the code {code}: {other:?}");
                assert!(!door.join_only || self.rooms.is_doubtful(code), "nobody has made this room");
            }
            self.rooms.add(shown, door.password, *at);
        }
        let book = self.rooms.get(shown.room).expect("it is there or was just made");
        book.check_let_in(*player, door, shown);
        book.check_seat(&door.name);
        book.sit(
            *player,
            Seated { client: *client, name: door.name.clone(), token: shown.token.clone(), former: None },
            shown,
        );
        book.away.remove(player);
        book.touched = *at;
    }

    fn on_no_seat(&mut self, decision: &Decision, door: &Door, code: ErrorCode) {
        let name = door.code.as_deref().unwrap_or_default();
        let (is_calm, may_be_doubtful) = (self.is_calm, self.rooms.is_doubtful(name));
        let book = self.rooms.under(name);
        let is_poor = !self.observers[decision.client].abilities.fits_all();
        let reasons = [
            (ErrorCode::RoomFull, book.is_some_and(Book::is_full)),
            (ErrorCode::RoomCreationFailed, !is_calm || book.is_some_and(|book| book.has_name(&door.name))),
            (ErrorCode::RoomSessionIncompatible, book.is_some() && is_poor),
        ];
        let is_true = reasons.iter().find(|(reason, _)| *reason == code).map(|(_, is_true)| *is_true);
        let is_true = is_true.unwrap_or_else(|| self.keeps_out(decision, door, code));
        assert!(is_true || may_be_doubtful, "{code:?} is no reason: {decision:?}");
    }

    fn on_no_place(&mut self, decision: &Decision, door: &Door, code: ErrorCode) {
        let name = door.code.as_deref().unwrap_or_default();
        let is_true = self.keeps_out(decision, door, code);
        assert!(is_true || self.rooms.is_doubtful(name), "{code:?} is no reason: {decision:?}");
    }

    /// Whether this is a reason to keep players and spectators out, or one of which only the client knows.
    fn keeps_out(&self, decision: &Decision, door: &Door, code: ErrorCode) -> bool {
        let name = door.code.as_deref().unwrap_or_default();
        let book = self.rooms.under(name);
        let is_other_password = book.is_some_and(|book| !book.password.is_surely(&door.password));
        let reasons = [
            (ErrorCode::ServerDraining, decision.is_draining),
            (ErrorCode::RoomNotFound, self.rooms.surely_under(name, decision.at).is_none()),
            // Passwords are compared before the end of all that takes time.
            (ErrorCode::PasswordRequired, decision.is_slow || is_other_password),
            (ErrorCode::Banned, book.is_some_and(|book| book.banned.contains_key(&decision.player))),
            (ErrorCode::TooManySpectators, book.is_some()),
        ];
        reasons.iter().find(|(reason, _)| *reason == code).is_none_or(|(_, is_true)| *is_true)
    }

    fn on_returned(&mut self, decision: &Decision, claim: &Claim, shown: &Shown) {
        assert!(!decision.is_draining && !decision.is_connected, "this seat is not to be had: {decision:?}");
        let book = self.rooms.get(claim.room).expect("who has a token was in the room");
        book.check_shown(shown);
        let away = book.away.remove(&claim.player);
        assert!(away.is_some() || book.is_doubtful, "nobody of that name is away: {decision:?}");
        let name = match away {
            Some(away) => {
                assert!(!away.is_kicked || book.is_doubtful, "who was kicked stays outside: {decision:?}");
                assert!(decision.at < away.since + WINDOW, "it is too late: {decision:?}");
                assert!(away.takes(&claim.token) || book.is_doubtful, "this token is too old: {decision:?}");
                away.name
            }
            None => String::new(),
        };
        let is_banned = book.banned.get(&claim.player) == Some(&true);
        assert!(!is_banned, "who is banned stays outside: {decision:?}");
        book.check_seat(&name);
        let (token, former) = (shown.token.clone(), Some(claim.token.clone()));
        book.sit(claim.player, Seated { client: decision.client, name, token, former }, shown);
        book.touched = decision.at;
    }

    fn on_no_return(&mut self, decision: &Decision, claim: &Claim, code: ErrorCode) {
        let is_inside = self.rooms.of_player(decision.player).is_some();
        let Some(book) = self.rooms.get(claim.room) else { return };
        let away = book.away.get(&claim.player);
        let is_late = away.is_some_and(|away| decision.at >= away.since + WINDOW);
        let is_taken = away.is_some_and(|away| book.has_name(&away.name));
        // The first that is true is the one.
        let reasons = [
            (ErrorCode::ServerDraining, decision.is_draining),
            (ErrorCode::PlayerAlreadyConnected, decision.is_connected),
            (ErrorCode::ReconnectionFailed, is_inside || away.is_none()),
            (ErrorCode::Kicked, away.is_some_and(|away| away.is_kicked)),
            (ErrorCode::ReconnectionTokenInvalid, away.is_some_and(|away| !away.takes(&claim.token))),
            (ErrorCode::ReconnectionExpired, is_late),
            (ErrorCode::Banned, book.banned.contains_key(&claim.player)),
            (ErrorCode::RoomFull, book.is_full()),
            (ErrorCode::ReconnectionFailed, is_taken),
        ];
        let first = reasons.iter().find(|(_, is_true)| *is_true).map(|(reason, _)| *reason);
        // Spectators are inside too; who is late and rooms that are over are forgotten some time.
        let may_watch = self.observers[decision.client].notes.stays.iter().any(|stay| !stay.plays);
        let may_be_forgotten = may_watch || is_late || !book.is_surely_there(decision.at);
        let is_forgotten = code == ErrorCode::ReconnectionFailed && may_be_forgotten;
        let is_too_old = away.is_some_and(|away| away.may_refuse(&claim.token));
        let is_true =
            first == Some(code) || is_forgotten || is_too_old && code == ErrorCode::ReconnectionTokenInvalid;
        assert!(is_true || book.is_doubtful, "{code:?} and not {first:?}: {decision:?} {away:?}");
    }

    fn on_removed(&mut self, decision: &Decision, target: PlayerId, is_ban: bool) {
        let Some(book) = self.rooms.of_player(decision.player) else { return };
        if is_ban {
            book.banned.insert(target, true);
        }
        let seated = book.players.remove(&target);
        if let Some(Seated { client, name, token, .. }) = seated {
            let is_ended = self.observers[client].ending.is_some();
            assert!(is_ended || book.is_doubtful, "who is removed is not heard any more: {decision:?}");
            let away = token.map(|token| Away::kicked(decision.at, token, name));
            book.away.extend(away.map(|away| (target, away)));
        } else if let Some(away) = book.away.get_mut(&target) {
            away.is_kicked = true;
        } else {
            assert!(book.is_doubtful, "there is nobody to remove: {decision:?}");
        }
    }
}

/// How long before a deadline a room is surely there.
fn is_before(since: Instant, time: std::time::Duration, at: Instant) -> bool {
    at < since + time.mul_f32(0.98)
}
