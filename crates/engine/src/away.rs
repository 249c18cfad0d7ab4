//! Who lost its connection and may take its seat again: what is kept of it, for how long, and how it comes back.

use std::fmt;
use std::time::{Duration, Instant};

use signal_fish_protocol::{
    ErrorCode, IceServer, PlayerId, PlayerJoined, PlayerReconnected, Reconnected, ReconnectionFailed,
    ReplayStatus, RoomSnapshot, SenderStamp, ServerMessage, SessionGeneration, Timestamp,
};

use crate::expiry::NEVER;
use crate::missed::MissedEvents;
use crate::roster::Roster;
use crate::seats::{self, Seat};
use crate::step::{Role, Step};
use crate::texts::{IS_CONNECTED, NO_SEAT_KEPT, ROOM_CLOSED, ROOM_FULL};
use crate::{Audience, Effect, Means, Room, Subject, authority, plan, snapshot};

/// What a room does for players who lose their connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AwayRules {
    /// How long one may come back.
    pub window: Duration,
    /// So many of the latest events are kept for those who are away.
    pub events_max: usize,
}

/// What a room knows of a token. The token itself is random enough that nothing can be learned from how long a
/// comparison takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenHash(pub [u8; 32]);

/// A token for one player, who is told its text once. The room keeps the hash.
#[derive(Clone)]
pub struct IssuedToken {
    /// What the player has to show.
    pub text: String,
    /// How the room knows it again.
    pub hash: TokenHash,
}

/// A player on the way back.
#[derive(Clone, Debug)]
pub struct Returning {
    /// When its new connection began.
    pub connected_at: Timestamp,
    /// Who is on the new connection, if somebody has vouched for that. It need not be who had the seat.
    pub subject: Option<Subject>,
    /// What its new connection can do beyond the relay.
    pub means: Means,
    /// What it may gather candidates with before the game starts, should the room come to use WebRTC.
    pub ice_servers: Vec<IceServer>,
    /// Of the token that it shows.
    pub presented: TokenHash,
    /// What it can come back with the next time.
    pub token: IssuedToken,
    /// What the session plan is called that this may cause.
    pub generation: SessionGeneration,
}

/// Those whose connection was lost. Their seats are free for others.
#[derive(Clone, Debug)]
pub(crate) struct Away {
    records: Roster<Record>,
    /// When the first of those who may still come back may no longer; nothing if there are none.
    pub(crate) next_deadline: Option<Instant>,
}

/// A seat that was lost.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub(crate) seat: Seat,
    pub(crate) held_authority: bool,
    pub(crate) standing: Standing,
}

/// What is kept of one of them.
#[derive(Clone, Debug)]
struct Record {
    lost: Lost,
    /// From then on it is too late.
    until: Instant,
    /// The number of the first event that it misses.
    missed_from: u64,
}

/// Whether one may come back. Who may not is remembered for a while, to be told why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// It may.
    Awaited,
    /// Its time is over.
    Late,
    /// It was removed.
    Kicked,
}

impl Away {
    pub(crate) const fn new() -> Self {
        Self { records: Roster::new(), next_deadline: None }
    }

    pub(crate) fn ids(&self) -> &[PlayerId] {
        self.records.ids()
    }

    /// The first deadline, found anew.
    pub(crate) fn first_deadline(&self) -> Option<Instant> {
        self.awaited().map(|(_, record)| record.until).min()
    }

    pub(crate) fn awaits(&self, player: PlayerId) -> bool {
        self.awaited().any(|(id, _)| id == player)
    }

    pub(crate) fn n_awaited(&self) -> usize {
        self.awaited().count()
    }

    fn awaited(&self) -> impl Iterator<Item = (PlayerId, &Record)> {
        self.records.iter().filter(|(_, record)| record.lost.standing == Standing::Awaited)
    }

    /// Whom to forget for one more: who may not come back, else who never played, else who left first. Connections are
    /// cheap to lose on purpose, and must not push out those who played.
    fn least_worth_keeping(&self) -> usize {
        let worth = |record: &Record| {
            let Lost { seat, standing, .. } = &record.lost;
            (*standing == Standing::Awaited, seat.last_stamp.seq > 0)
        };
        let worths = self.records.iter().map(|(_, record)| worth(record)).zip(0..);
        worths.min().map_or(0, |(_, position)| position)
    }

    /// Lets go of those who were late so long ago that they need not be told any more.
    fn tidy(&mut self, now: Instant, window: Duration) {
        self.records.retain(|record| record.until + window.min(NEVER) > now);
    }
}

/// The actor's connection is gone, and its seat with it; it may come back if it has a token.
pub(crate) fn on_disconnect(
    room: &mut Room,
    step: &mut Step<'_>,
    position: usize,
    generation: SessionGeneration,
) {
    let held_authority = room.authority == Some(step.actor);
    let seat = seats::vacate(room, step, position, generation);
    keep(room, step, step.actor, Lost { seat, held_authority, standing: Standing::Awaited });
}

/// Remembers whose seat was lost, for as long as it may be asked for.
pub(crate) fn keep(room: &mut Room, step: &Step<'_>, player: PlayerId, mut lost: Lost) {
    let Some(rules) = room.setup.away.filter(|_| lost.seat.token.is_some()) else { return };
    if room.missed.is_none() && rules.events_max > 0 {
        room.missed = Some(Box::new(MissedEvents::new(rules.events_max)));
    }
    // Its own farewell is no news to it.
    let missed_from = room.missed.as_ref().map_or(0, |missed| missed.n_after(step.so_far()));
    // Where it could be reached before is no way to reach its next connection.
    lost.seat.connection_info = None;
    let away = &mut room.away;
    away.tidy(step.now, rules.window);
    if away.records.len() >= RECORDS_MAX {
        away.records.remove(away.least_worth_keeping());
    }
    away.records.push(player, Record { lost, until: step.now + rules.window.min(NEVER), missed_from });
    settle(room);
}

/// The actor wants its seat back.
pub(crate) fn on_return(room: &mut Room, step: &mut Step<'_>, request: Returning) {
    let position = match admit(room, step, &request) {
        Ok(position) => position,
        Err((error_code, reason)) => {
            let failed = ReconnectionFailed { reason: reason.to_owned(), error_code };
            return step.refuse(ServerMessage::ReconnectionFailed(failed));
        }
    };
    let Returning { connected_at, subject, means, ice_servers, token, generation, presented } = request;
    let Record { lost, missed_from, .. } = room.away.records.remove(position);
    let heard_of_last_return = lost.seat.token == Some(presented);
    let Lost { mut seat, held_authority, .. } = lost;
    let epoch = seat.last_stamp.epoch.next();
    seat.last_stamp = SenderStamp { epoch, seq: 0 };
    (seat.connected_at, seat.means, seat.last_report) = (connected_at, means, None);
    // A ban has to hit who plays, not who did.
    seat.subject = subject.or(seat.subject);
    seat.former_token = Some(presented);
    seat.token = Some(token.hash);
    // As others are told first: they hear of the authority afterwards, by itself.
    let player = snapshot::player(room, step.actor, &seat);
    room.seats.push(step.actor, seat);
    room.lifetime.on_join(step.now);
    let is_given_back = held_authority && room.authority.is_none();
    if is_given_back {
        room.authority = Some(step.actor);
    }

    step.out.push(Effect::Returned(epoch));
    let mut back = reconnected(room, step.actor, missed_from, token);
    if !heard_of_last_return && back.replay == Some(ReplayStatus::Complete) {
        // What it missed before that was told then.
        back.replay = Some(ReplayStatus::Truncated);
    }
    back.snapshot.ice_servers = plan::early_ice_servers(room, means, ice_servers);
    settle(room);
    step.reply(ServerMessage::Reconnected(back));
    let others = Audience::EveryoneBut(step.actor);
    // To the others it had left: without the first message some would not know whom the second one is about.
    step.send(others, ServerMessage::PlayerJoined(PlayerJoined { player: player.clone() }));
    let back = PlayerReconnected { player_id: step.actor, epoch: Some(epoch), player: Some(player) };
    step.send(others, ServerMessage::PlayerReconnected(back));
    if is_given_back {
        authority::pass_to(room, step, step.actor);
    }
    plan::on_arrived(room, step, generation);
}

/// The game starts without those who are away: what they were ready for was another start.
pub(crate) fn on_start(room: &mut Room) {
    room.away.records.iter_mut().for_each(|record| record.lost.seat.is_ready = false);
}

/// Those whose time is over will be told so.
pub(crate) fn on_deadline(room: &mut Room, now: Instant) {
    let Some(rules) = room.setup.away else { return };
    room.away.tidy(now, rules.window);
    for record in room.away.records.iter_mut() {
        if record.lost.standing == Standing::Awaited && record.until <= now {
            record.lost.standing = Standing::Late;
        }
    }
    settle(room);
}

/// Nothing is kept of this player any more: it came in anew, or may not come back.
pub(crate) fn forget(room: &mut Room, player: PlayerId) {
    if let Some(position) = room.away.records.position(player) {
        room.away.records.remove(position);
        settle(room);
    }
}

/// This player will be told that it was kicked if it tries to come back.
pub(crate) fn kick(room: &mut Room, player: PlayerId) {
    if let Some(position) = room.away.records.position(player) {
        room.away.records.at_mut(position).lost.standing = Standing::Kicked;
        settle(room);
    }
}

/// Who this player is that may come back, under any other id.
pub(crate) fn subject(room: &Room, player: PlayerId) -> Option<Subject> {
    room.away.records.get(player)?.lost.seat.subject
}

/// Nobody may come back any more.
pub(crate) fn forget_all(room: &mut Room) {
    room.away = Away::new();
    room.missed = None;
}

/// Where the record of the actor is, if it may have its seat back. The order is that of the contract.
fn admit(room: &Room, step: &Step<'_>, request: &Returning) -> Result<usize, (ErrorCode, &'static str)> {
    match step.role {
        Role::Stranger => {}
        Role::Player(_) | Role::Spectator(_) => {
            return Err((ErrorCode::PlayerAlreadyConnected, IS_CONNECTED));
        }
    }
    if room.lifetime.is_over() {
        return Err((ErrorCode::RoomNotFound, ROOM_CLOSED));
    }
    let found = room.away.records.iter().zip(0..).find(|((id, _), _)| *id == step.actor);
    let Some(((_, record), position)) = found else {
        return Err((ErrorCode::ReconnectionFailed, NO_SEAT_KEPT));
    };
    let is_banned = |subject| room.access.is_banned(step.actor, subject);
    if record.lost.standing == Standing::Kicked {
        Err((ErrorCode::Kicked, "this player was removed from the room"))
    } else if ![record.lost.seat.token, record.lost.seat.former_token].contains(&Some(request.presented)) {
        Err((ErrorCode::ReconnectionTokenInvalid, "the token is not that of this player"))
    } else if record.lost.standing == Standing::Late || record.until <= step.now {
        Err((ErrorCode::ReconnectionExpired, "it is too late to come back, join again"))
    } else if is_banned(record.lost.seat.subject) || is_banned(request.subject) {
        Err((ErrorCode::Banned, "this player is banned from the room"))
    } else if room.seats.len() >= usize::from(room.setup.players_max) {
        Err((ErrorCode::RoomFull, ROOM_FULL))
    } else if room.seats.iter().any(|(_, seat)| seat.name.is_same_name(&record.lost.seat.name)) {
        Err((ErrorCode::ReconnectionFailed, "a player of this room has that name by now"))
    } else {
        Ok(position)
    }
}

fn reconnected(room: &Room, actor: PlayerId, missed_from: u64, token: IssuedToken) -> Reconnected<'static> {
    let (missed_events, replay) = match &room.missed {
        Some(missed) => missed.since(missed_from, room.authority),
        None => (Vec::new(), ReplayStatus::Unavailable),
    };
    Reconnected {
        snapshot: RoomSnapshot {
            reconnection_token: Some(token.text.into()),
            ..snapshot::for_player(room, actor)
        },
        missed_events,
        replay: Some(replay),
        sender_watermarks: room.watermarks().collect(),
    }
}

/// After every change of who is away. Events are kept as long as somebody misses them.
fn settle(room: &mut Room) {
    room.away.next_deadline = room.away.first_deadline();
    if room.away.next_deadline.is_none() {
        room.missed = None;
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever reads it can take the seat.
        f.debug_struct("IssuedToken").field("hash", &self.hash).finish_non_exhaustive()
    }
}

/// The most that one room remembers: more than twice the players of the largest room. Beyond it the one least
/// worth keeping is forgotten, since connections are cheap to lose on purpose.
const RECORDS_MAX: usize = 256;

#[cfg(test)]
mod tests;
