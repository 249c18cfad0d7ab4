//! Back into the seat of a connection that was lost: who may try, and how the new connection becomes the old player.

use std::sync::Arc;
use std::time::Instant;

use signal_fish_engine::{IS_CONNECTED, NO_SEAT_KEPT, Returning};
use signal_fish_protocol::{ErrorCode, Reconnect};

use crate::answer::Answer;
use crate::entry::EntryRefusal;
use crate::granted;
use crate::link::Link;
use crate::live_room::{LiveRoom, Step};
use crate::random::Draw;
use crate::seat::Seat;
use crate::session::Session;
use crate::shared::Shared;
use crate::token;

/// Takes a seat back, or says why not.
pub(crate) fn come_back(session: &mut Session, now: Instant, request: Reconnect, answer: Answer) {
    let (room, link, returning) = match find(session, &request) {
        Ok(found) => found,
        Err(refusal) => {
            session.shared.metrics.figures.reconnection_failures.increment(1);
            return session.decline(now, answer, refusal);
        }
    };
    let shared = Arc::clone(&session.shared);
    let step = |answer| Step::Return(&link, Box::new(returning), request.last_seen, answer);
    match room.ask(&shared, now, None, answer, step) {
        Ok(outcome) => {
            if outcome.refused {
                shared.metrics.figures.reconnection_failures.increment(1);
                session.charge(now);
            }
            if let Some(epoch) = outcome.returned {
                shared.metrics.figures.reconnection_completions.increment(1);
                let Shared { sessions, lifecycle, bans, .. } = &*shared;
                sessions.take_over(now, session.link.player, &link, lifecycle, bans);
                session.epoch = Some(epoch);
                session.link = link.clone();
                session.seat = Some(Seat::new(shared, room, link, false));
            }
        }
        Err(answer) => session.decline(now, answer, EntryRefusal::room_not_found()),
    }
}

/// The room that may keep the seat, the connection as the old player, and what the room has to be told.
fn find(
    session: &mut Session,
    request: &Reconnect,
) -> Result<(Arc<LiveRoom>, Link, Returning), EntryRefusal> {
    let shared = Arc::clone(&session.shared);
    if shared.lifecycle.is_draining() {
        return Err(EntryRefusal::draining());
    }
    let refuse = |reason| Err(EntryRefusal::new(ErrorCode::ReconnectionFailed, reason));
    if shared.config.reconnection.is_none() {
        return refuse("this server keeps no seats of lost connections, join again");
    }
    if shared.sessions.is_connected(request.player_id) {
        return Err(EntryRefusal::new(ErrorCode::PlayerAlreadyConnected, IS_CONNECTED));
    }
    if session.is_inside() {
        return refuse("leave the room you are in first");
    }
    // A room ends after those who may come back to it: where there is none, nobody is awaited either.
    let Some(room) = shared.directory.find_by_id(request.room_id) else {
        return refuse(NO_SEAT_KEPT);
    };
    // Apps do not meet here either, nor learn of each other.
    let app = session.grant.as_ref().and_then(|grant| grant.app_id());
    let key = room.key();
    if key.app.as_ref() != app {
        return refuse(NO_SEAT_KEPT);
    }
    granted::check_play(session, Some(&key.code))?;
    let draw = Draw::new()?;
    let link = Link { player: request.player_id, ..session.link.clone() };
    let returning = Returning {
        connected_at: session.connected_at,
        subject: granted::subject(session),
        means: session.means,
        ice_servers: shared.live.load().peering.ice.early_servers_for(link.player, session.means),
        presented: token::hash(session, request.auth_token.reveal()),
        // Whoever comes with a token can be told the next one, whatever this connection has asked for.
        token: token::new(session, &draw),
        generation: draw.generation(),
    };
    Ok((room, link, returning))
}
