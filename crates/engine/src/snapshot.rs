//! The room as a member is shown it: snapshots and the entries in them, with all that any version may see.

use signal_fish_protocol::{
    PeerConnectionInfo, PlayerId, PlayerInfo, RoomSnapshot, SpectatorInfo, SpectatorJoined, SpectatorReason,
};

use crate::Room;
use crate::seats::Seat;
use crate::spectators::Spectator;

pub(crate) fn for_player(room: &Room, recipient: PlayerId) -> RoomSnapshot {
    let setup = &room.setup;
    RoomSnapshot {
        room_id: setup.id,
        room_code: setup.code.clone(),
        player_id: recipient,
        game_name: setup.game.shared(),
        max_players: setup.players_max,
        supports_authority: setup.supports_authority,
        current_players: players(room),
        is_authority: room.authority == Some(recipient),
        lobby_state: room.lobby,
        ready_players: ready_players(room),
        relay_type: setup.relay_type.clone(),
        current_spectators: spectators(room),
        ice_servers: Vec::new(),
        reconnection_token: None,
    }
}

pub(crate) fn for_spectator(room: &Room, recipient: PlayerId) -> SpectatorJoined {
    SpectatorJoined {
        room_id: room.setup.id,
        room_code: room.setup.code.clone(),
        spectator_id: recipient,
        game_name: room.setup.game.shared(),
        current_players: players(room),
        current_spectators: spectators(room),
        lobby_state: room.lobby,
        reason: Some(SpectatorReason::Joined),
    }
}

pub(crate) fn player(room: &Room, id: PlayerId, seat: &Seat) -> PlayerInfo {
    PlayerInfo {
        id,
        name: seat.name.shared(),
        is_authority: room.authority == Some(id),
        is_ready: seat.is_ready,
        connected_at: Some(seat.connected_at),
        connection_info: seat.connection_info.clone(),
        epoch: Some(seat.last_stamp.epoch),
        seq: Some(seat.last_stamp.seq),
    }
}

pub(crate) fn spectator(id: PlayerId, spectator: &Spectator) -> SpectatorInfo {
    SpectatorInfo { id, name: spectator.name.shared(), connected_at: Some(spectator.connected_at) }
}

pub(crate) fn spectators(room: &Room) -> Vec<SpectatorInfo> {
    room.spectators.iter().map(|(id, member)| spectator(id, member)).collect()
}

pub(crate) fn spectator_count(room: &Room) -> u32 {
    u32::try_from(room.spectators.len()).unwrap_or(u32::MAX)
}

pub(crate) fn ready_players(room: &Room) -> Vec<PlayerId> {
    room.seats.iter().filter(|(_, seat)| seat.is_ready).map(|(id, _)| id).collect()
}

pub(crate) fn peer_connections(room: &Room) -> Vec<PeerConnectionInfo> {
    let peer = |(id, seat): (PlayerId, &Seat)| PeerConnectionInfo {
        player_id: id,
        player_name: seat.name.shared(),
        is_authority: room.authority == Some(id),
        relay_type: room.setup.relay_type.clone(),
        connection_info: seat.connection_info.clone(),
    };
    room.seats.iter().map(peer).collect()
}

fn players(room: &Room) -> Vec<PlayerInfo> {
    room.seats.iter().map(|(id, seat)| player(room, id, seat)).collect()
}

#[cfg(test)]
mod tests {
    use signal_fish_protocol::{ConnectionInfo, DeliveryLabel, Epoch, LobbyState, Timestamp};

    use super::*;
    use crate::Command;
    use crate::fixture::{ADA, BOB, WIM, generation, setup, some_moment, step, trio};

    #[test]
    fn snapshots_hold_all_that_any_version_may_see() {
        let now = some_moment();
        let info = ConnectionInfo::Direct { host: "203.0.113.9".to_owned(), port: 7777 };
        let mut room = trio(now);
        let command = Command::ProvideConnectionInfo { info: info.clone(), generation: generation() };
        step(&mut room, now, ADA, command);
        step(&mut room, now, ADA, Command::GameData { label: DeliveryLabel::default() });
        step(&mut room, now, BOB, Command::ToggleReady);

        let ada = PlayerInfo {
            id: ADA,
            name: "Ada".into(),
            is_authority: true,
            is_ready: false,
            connected_at: Some(Timestamp::UNIX_EPOCH),
            connection_info: Some(info.clone()),
            epoch: Some(Epoch::FIRST),
            seq: Some(1),
        };
        let bob = PlayerInfo {
            id: BOB,
            name: "Bob".into(),
            is_authority: false,
            is_ready: true,
            connection_info: None,
            seq: Some(0),
            ..ada.clone()
        };
        let wim = SpectatorInfo { id: WIM, name: "Wim".into(), connected_at: Some(Timestamp::UNIX_EPOCH) };
        let for_bob = RoomSnapshot {
            room_id: setup().id,
            room_code: setup().code,
            player_id: BOB,
            game_name: "tanks".into(),
            max_players: 4,
            supports_authority: true,
            current_players: vec![ada.clone(), bob.clone()],
            is_authority: false,
            lobby_state: LobbyState::Lobby,
            ready_players: vec![BOB],
            relay_type: "matchbox".into(),
            current_spectators: vec![wim.clone()],
            ice_servers: Vec::new(),
            reconnection_token: None,
        };
        assert_eq!(for_player(&room, BOB), for_bob);
        let for_ada = RoomSnapshot { player_id: ADA, is_authority: true, ..for_bob };
        assert_eq!(for_player(&room, ADA), for_ada);
        let for_wim = SpectatorJoined {
            room_id: setup().id,
            room_code: setup().code,
            spectator_id: WIM,
            game_name: "tanks".into(),
            current_players: vec![ada, bob],
            current_spectators: vec![wim],
            lobby_state: LobbyState::Lobby,
            reason: Some(SpectatorReason::Joined),
        };
        assert_eq!(for_spectator(&room, WIM), for_wim);

        let peer = |id, name: &str, is_authority, connection_info| PeerConnectionInfo {
            player_id: id,
            player_name: name.into(),
            is_authority,
            relay_type: "matchbox".into(),
            connection_info,
        };
        assert_eq!(
            peer_connections(&room),
            [peer(ADA, "Ada", true, Some(info)), peer(BOB, "Bob", false, None)]
        );
    }
}
