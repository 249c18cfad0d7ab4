//! What operators see and do: rooms, connections, and why those ended that did.

use hyper::StatusCode;
use serde_json::{Value, json};
use signal_fish_hub::{ConnectionView, Departure, Oversight, RoomView};
use signal_fish_protocol::{CloseCode, PlayerId, RoomId, Uuid};

use crate::answers::{Answer, Problem, json};

/// What the query of a request asks for: names and values, of which none needs decoding.
pub(crate) struct Query<'q>(pub(crate) &'q str);

impl<'q> Query<'q> {
    fn value(&self, name: &str) -> Option<&'q str> {
        let mut pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    }

    fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = self.value("limit") else { return Ok(PAGE_DEFAULT) };
        let limit = text.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
        limit.ok_or_else(|| bad("limit", "a number from 1 to 500"))
    }

    fn after(&self) -> Result<Option<Uuid>, Problem> {
        let parse = |text: &str| text.parse().map_err(|_| bad("after", "the `next` of the page before"));
        self.value("after").map(parse).transpose()
    }
}

/// A page of rooms, in the order of their ids.
pub(crate) fn rooms(hub: &Oversight, query: &Query<'_>) -> Result<Answer, Problem> {
    let limit = query.limit()?;
    let rooms = hub.rooms(query.after()?.map(RoomId::new), limit);
    let next = rooms.last().filter(|_| rooms.len() == limit).map(|room| room.id);
    Ok(json(&json!({ "rooms": rooms.iter().map(room_json).collect::<Vec<_>>(), "next": next })))
}

/// One room.
pub(crate) fn room(hub: &Oversight, id: &str) -> Result<Answer, Problem> {
    let room = parse(id).and_then(|id| hub.room(RoomId::new(id))).ok_or_else(no_room)?;
    Ok(json(&room_json(&room)))
}

/// Ends a room.
pub(crate) fn close_room(hub: &Oversight, id: &str) -> Result<Answer, Problem> {
    let is_closed = parse(id).is_some_and(|id| hub.close_room(RoomId::new(id)));
    if is_closed { Ok(json(&json!({ "closed": true }))) } else { Err(no_room()) }
}

/// A page of connections, in the order of their players.
pub(crate) fn connections(hub: &Oversight, query: &Query<'_>) -> Result<Answer, Problem> {
    let limit = query.limit()?;
    let found = hub.connections(query.after()?.map(PlayerId::new), limit);
    let next = found.last().filter(|_| found.len() == limit).map(|connection| connection.player);
    let connections: Vec<_> = found.iter().map(connection_json).collect();
    Ok(json(&json!({ "connections": connections, "next": next })))
}

/// One connection.
pub(crate) fn connection(hub: &Oversight, player: &str) -> Result<Answer, Problem> {
    let found = parse(player).and_then(|id| hub.connection(PlayerId::new(id))).ok_or_else(no_connection)?;
    Ok(json(&connection_json(&found)))
}

/// Closes a connection.
pub(crate) fn kick(hub: &Oversight, player: &str) -> Result<Answer, Problem> {
    let is_kicked = parse(player).is_some_and(|id| hub.kick(PlayerId::new(id)));
    if is_kicked { Ok(json(&json!({ "kicked": true }))) } else { Err(no_connection()) }
}

/// The latest connections that have ended, of a player or a room's code if the query names one.
pub(crate) fn disconnects(hub: &Oversight, query: &Query<'_>) -> Result<Answer, Problem> {
    let (limit, code) = (query.limit()?, query.value("room_code"));
    let not_an_id = || bad("player_id", "a UUID");
    let player = query.value("player_id").map(|text| parse(text).ok_or_else(not_an_id)).transpose()?;
    let player = player.map(PlayerId::new);
    let departures = hub.departures(limit, |departure| {
        let room_code = departure.room.as_ref().map(|(_, code)| code.as_str());
        player.is_none_or(|player| departure.player == player)
            && code.is_none_or(|code| room_code.is_some_and(|room| room.eq_ignore_ascii_case(code)))
    });
    Ok(json(&json!({ "disconnects": departures.iter().map(departure_json).collect::<Vec<_>>() })))
}

fn room_json(room: &RoomView) -> Value {
    let RoomView { id, app, game, code, lobby, authority, players_max, members } = room;
    json!({
        "room_id": id, "app_id": app, "game_name": game, "room_code": code, "lobby_state": lobby,
        "authority": authority, "max_players": players_max, "members": members,
    })
}

fn connection_json(connection: &ConnectionView) -> Value {
    let ConnectionView { player, is_seated, n_queued, closes_with } = connection;
    let closes_with = closes_with.map(CloseCode::number);
    json!({ "player_id": player, "plays": is_seated, "queued_messages": n_queued, "closes_with": closes_with })
}

fn departure_json(departure: &Departure) -> Value {
    let Departure { connected_at, at, player, source, app, room, closed_with } = departure;
    json!({
        "player_id": player, "connected_at": connected_at, "disconnected_at": at,
        "address": source.to_string(), "app_id": app,
        "room_id": room.as_ref().map(|(id, _)| id), "room_code": room.as_ref().map(|(_, code)| code),
        "closed_by": if closed_with.is_some() { "server" } else { "client" },
        "close_code": closed_with.map(CloseCode::number), "reason": closed_with.map(CloseCode::reason),
    })
}

fn parse(id: &str) -> Option<Uuid> {
    id.parse().ok()
}

fn bad(name: &str, wanted: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "the query is wrong", format!("set `{name}` to {wanted}"))
}

fn no_room() -> Problem {
    let detail = "take a `room_id` of /admin/v1/rooms; the room may have ended";
    Problem::new(StatusCode::NOT_FOUND, "there is no such room", detail)
}

fn no_connection() -> Problem {
    let detail = "take a `player_id` of /admin/v1/connections; it may have ended: see /admin/v1/disconnects";
    Problem::new(StatusCode::NOT_FOUND, "there is no such connection", detail)
}

/// How many a page has if nobody says.
const PAGE_DEFAULT: usize = 100;

/// How many a page has at most: each takes a lock for a moment.
const PAGE_MAX: usize = 500;
