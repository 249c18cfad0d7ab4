//! Rooms full of connected peers, in one call.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::peer::{Dialect, Peer};

/// The game of every room that these helpers make.
pub const GAME: &str = "tanks";

/// A room under the caller's `code` with these members in order, the first of whom made it. Everything that the
/// joins have caused is read, so the next thing that a member hears is about what the test does.
#[track_caller]
pub fn gather<const N: usize>(addr: SocketAddr, code: &str, members: [(&str, Dialect); N]) -> [Peer; N] {
    let mut seated: Vec<Peer> = Vec::with_capacity(N);
    for (name, dialect) in members {
        let mut peer = Peer::authenticated(addr, name, dialect);
        join_room(&mut peer, code);
        if seated.is_empty() {
            peer.expect("LobbyStateChanged");
        }
        for member in &mut seated {
            member.expect("PlayerJoined");
        }
        seated.push(peer);
    }
    match seated.try_into() {
        Ok(members) => members,
        Err(_) => unreachable!("one peer for each name"),
    }
}

/// Joins under the peer's own name, remembers its player id and hands back the snapshot.
#[track_caller]
pub fn join_room(peer: &mut Peer, code: &str) -> Value {
    let name = peer.name().to_owned();
    peer.send("JoinRoom", json!({"game_name": GAME, "room_code": code, "player_name": name}));
    let snapshot = peer.expect("RoomJoined");
    snapshot["player_id"].as_str().expect("player_id is text").clone_into(&mut peer.id);
    snapshot
}

/// A spectator of that room, with the snapshot it got. The others' `NewSpectatorJoined` is left to the caller.
#[track_caller]
pub fn spectate(addr: SocketAddr, code: &str, name: &str, dialect: Dialect) -> (Peer, Value) {
    let mut peer = Peer::authenticated(addr, name, dialect);
    peer.send("JoinAsSpectator", json!({"game_name": GAME, "room_code": code, "spectator_name": name}));
    let snapshot = peer.expect("SpectatorJoined");
    snapshot["spectator_id"].as_str().expect("spectator_id is text").clone_into(&mut peer.id);
    (peer, snapshot)
}
