//! The ways into a room: as a player, as a spectator, and back after a cut.

use serde_json::json;
use signal_fish_protocol::{ErrorCode, RoomId, Uuid};

use crate::actions::{GAME, Said, Scene};
use crate::requests::{Claim, Door, Request};

pub(crate) fn join(scene: &mut Scene<'_>) -> Said {
    let (code, name, seats) = (scene.code(), scene.name(), scene.seats());
    let supports_authority = scene.rng.u8(0..4) > 0;
    let (password, mut join_only) = (scene.password(), scene.rng.u8(0..4) == 0);
    // Hashing is slow: few simulations have rooms with passwords.
    join_only |= password.is_some() && !scene.has_passwords;
    let mut wish = json!({
        "game_name": GAME, "room_code": code, "player_name": name, "max_players": seats,
        "supports_authority": supports_authority, "join_only": join_only,
    });
    if let Some(password) = password {
        wish["password"] = json!(password);
    }
    let code = Some(code.to_ascii_uppercase());
    Said::message("JoinRoom", &wish, Request::Play(Door { code, name, password, join_only, fault: None }))
}

pub(crate) fn create(scene: &mut Scene<'_>) -> Said {
    let (name, seats) = (scene.name(), scene.seats());
    let wish = json!({"game_name": GAME, "player_name": name, "max_players": seats});
    let door = Door { code: None, name, password: None, join_only: false, fault: None };
    Said::message("JoinRoom", &wish, Request::Play(door))
}

pub(crate) fn join_badly(scene: &mut Scene<'_>) -> Said {
    let code = scene.code();
    let mut wish = json!({"game_name": GAME, "room_code": code, "player_name": "fine"});
    let (key, value, fault) = [
        ("game_name", json!("no/such/game"), ErrorCode::InvalidGameName),
        ("room_code", json!("short"), ErrorCode::InvalidRoomCode),
        ("player_name", json!(" "), ErrorCode::InvalidPlayerName),
        ("max_players", json!(101), ErrorCode::InvalidMaxPlayers),
        ("password", json!(""), ErrorCode::InvalidInput),
    ][scene.rng.usize(0..5)]
    .clone();
    wish[key] = value;
    let (code, name) = (Some(code.to_ascii_uppercase()), "fine".to_owned());
    let door = Door { code, name, password: None, join_only: false, fault: Some(fault) };
    Said::message("JoinRoom", &wish, Request::Play(door))
}

pub(crate) fn watch(scene: &mut Scene<'_>) -> Said {
    let (code, name, password) = (scene.code(), format!("spectator {}", scene.number), scene.password());
    let mut wish = json!({"game_name": GAME, "room_code": code, "spectator_name": name});
    if let Some(password) = password {
        wish["password"] = json!(password);
    }
    let code = Some(code.to_ascii_uppercase());
    let door = Door { code, name, password, join_only: true, fault: None };
    Said::message("JoinAsSpectator", &wish, Request::Watch(door))
}

/// With a token that somebody was told, as it is or forged.
pub(crate) fn come_back(scene: &mut Scene<'_>) -> Said {
    let Some((ticket, memory)) = scene.ticket.clone() else { return come_back_from_nowhere(scene) };
    let is_forged = scene.rng.u8(0..8) == 0;
    let token = if is_forged { NOBODY.to_owned() } else { ticket.token };
    let says = scene.observer.abilities.is_reader && memory.is_reader && scene.rng.u8(0..6) > 0;
    let n_lost = if scene.rng.u8(0..3) == 0 { scene.rng.u64(1..4) } else { 0 };
    let seen = says.then(|| memory.clone().without_last(n_lost));
    let claim = Claim { player: ticket.player, room: ticket.room, token, seen, memory };
    say(claim)
}

/// To a room that never was.
fn come_back_from_nowhere(scene: &Scene<'_>) -> Said {
    let room = RoomId::new(Uuid::from_u128(7));
    let (player, memory) = (scene.observer.me, scene.observer.seen.clone());
    say(Claim { player, room, token: NOBODY.to_owned(), seen: None, memory })
}

fn say(claim: Claim) -> Said {
    let Claim { player, room, token, seen, .. } = &claim;
    let mut wish = json!({"player_id": player.to_string(), "room_id": room.to_string(), "auth_token": token});
    if let Some(seen) = seen {
        wish["last_seen"] = seen.to_last_seen();
    }
    Said::message("Reconnect", &wish, Request::Return(claim))
}

/// An id that nobody was given.
const NOBODY: &str = "5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01";
