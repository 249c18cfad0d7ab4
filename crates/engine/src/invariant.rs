//! What holds of every room after every step, whatever was asked of it.

use signal_fish_protocol::{LobbyState, PlayerId};

use crate::Room;
use crate::expiry::Lifetime;
use crate::plan::{self, Session};

/// What does not hold, although it always should: a fault of this crate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Violation {
    /// The authority is held by someone who does not play.
    AuthorityWithoutSeat(PlayerId),
    /// The authority is held in a room that has none.
    AuthorityUnsupported(PlayerId),
    /// One id has two places.
    IdTwice(PlayerId),
    /// Two players have the same name.
    NameTwice(PlayerId, PlayerId),
    /// Someone is in the room who is banned from it.
    BannedInside(PlayerId),
    /// There are more players than the room takes.
    TooManyPlayers(usize),
    /// There are more spectators than the room takes.
    TooManySpectators(usize),
    /// Someone plays, yet the lobby has not opened.
    LobbyNotOpen,
    /// The room is kept as if someone played, or as if nobody did, and it is not so.
    WrongLifetime,
    /// The room is over and has members, or awaits some.
    MembersAfterTheEnd,
    /// Players connect to each other although no game has started, or although nobody plays.
    SessionWithoutGame,
    /// Players connect to each other in a way that the room does not allow.
    SessionAgainstRules,
    /// The host does not play, or could not be one.
    UnfitHost(PlayerId),
    /// Somebody is away and present.
    AwayAndPresent(PlayerId),
    /// Somebody is away in a room that keeps no seats.
    AwayUnsupported,
    /// The room would not look at the clock when the first of those who are away is late.
    WrongAwayDeadline,
    /// What is missed is not kept although somebody is away, or kept although nobody is.
    WrongMissedEvents,
}

/// Finds the first thing that does not hold. Takes time with the square of the players: meant for tests, debug
/// builds and samples.
pub fn check(room: &Room) -> Result<(), Violation> {
    check_authority(room)?;
    check_members(room)?;
    check_access(room)?;
    check_away(room)?;
    check_stages(room)?;
    check_session(room)
}

fn check_authority(room: &Room) -> Result<(), Violation> {
    match room.authority {
        Some(holder) if !room.setup.supports_authority => Err(Violation::AuthorityUnsupported(holder)),
        Some(holder) if !room.seats.contains(holder) => Err(Violation::AuthorityWithoutSeat(holder)),
        Some(_) | None => Ok(()),
    }
}

fn check_members(room: &Room) -> Result<(), Violation> {
    let ids = || room.seats.ids().iter().chain(room.spectators.ids());
    // Without a set, so that a debug build allocates no more than a release build.
    if let Some((_, &id)) =
        ids().enumerate().find(|(n_before, id)| ids().take(*n_before).any(|other| other == *id))
    {
        return Err(Violation::IdTwice(id));
    }
    for (n_before, (id, seat)) in room.seats.iter().enumerate() {
        let mut before = room.seats.iter().take(n_before);
        if let Some((other, _)) = before.find(|(_, other)| other.name.is_same_name(&seat.name)) {
            return Err(Violation::NameTwice(other, id));
        }
    }
    let (n_players, n_spectators) = (room.seats.len(), room.spectators.len());
    if n_players > usize::from(room.setup.players_max) {
        Err(Violation::TooManyPlayers(n_players))
    } else if room.setup.spectators_max.is_some_and(|most| n_spectators > most) {
        Err(Violation::TooManySpectators(n_spectators))
    } else {
        Ok(())
    }
}

fn check_access(room: &Room) -> Result<(), Violation> {
    let is_inside = |id: PlayerId| room.seats.contains(id) || room.spectators.contains(id);
    match room.access.banned().iter().find(|ban| is_inside(ban.player)) {
        Some(ban) => Err(Violation::BannedInside(ban.player)),
        None => Ok(()),
    }
}

fn check_away(room: &Room) -> Result<(), Violation> {
    let is_present = |id: &&PlayerId| room.seats.contains(**id) || room.spectators.contains(**id);
    if let Some(&id) = room.away.ids().iter().find(is_present) {
        return Err(Violation::AwayAndPresent(id));
    }
    let deadline = room.away.first_deadline();
    let misses = deadline.is_some() && room.setup.away.is_some_and(|rules| rules.events_max > 0);
    if room.setup.away.is_none() && !room.away.ids().is_empty() {
        Err(Violation::AwayUnsupported)
    } else if room.away.next_deadline != deadline {
        Err(Violation::WrongAwayDeadline)
    } else if room.missed.is_some() != misses {
        Err(Violation::WrongMissedEvents)
    } else {
        Ok(())
    }
}

fn check_stages(room: &Room) -> Result<(), Violation> {
    let is_inhabited = !room.seats.is_empty();
    if is_inhabited && room.lobby == LobbyState::Waiting {
        return Err(Violation::LobbyNotOpen);
    }
    match room.lifetime {
        Lifetime::Empty { .. } if is_inhabited => Err(Violation::WrongLifetime),
        Lifetime::Inhabited { .. } if !is_inhabited => Err(Violation::WrongLifetime),
        Lifetime::Over { .. }
            if is_inhabited || !room.spectators.is_empty() || !room.away.ids().is_empty() =>
        {
            Err(Violation::MembersAfterTheEnd)
        }
        Lifetime::Empty { .. } | Lifetime::Inhabited { .. } | Lifetime::Over { .. } => Ok(()),
    }
}

fn check_session(room: &Room) -> Result<(), Violation> {
    let (topology, transport) = room.session.pair();
    let has_game = room.lobby == LobbyState::Finalized && !room.seats.is_empty();
    if room.session != Session::Relay && !has_game {
        return Err(Violation::SessionWithoutGame);
    }
    if !room.setup.session.allow(topology, transport) {
        return Err(Violation::SessionAgainstRules);
    }
    let is_fit = |host| room.seats.get(host).is_some_and(|seat| plan::may_host(seat, transport));
    match room.session.host() {
        Some(host) if !is_fit(host) => Err(Violation::UnfitHost(host)),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use crate::fixture::{ADA, BOB, WIM, ZOE, generation, join_with_token, setup, some_moment, step, trio};
    use crate::roster::Roster;

    #[test]
    fn every_violation_is_found() {
        let now = some_moment();
        type Breach = fn(&mut Room);
        let cases: [(Violation, Breach); 22] = [
            (Violation::AuthorityWithoutSeat(ZOE), |room| room.authority = Some(ZOE)),
            (Violation::AuthorityWithoutSeat(WIM), |room| room.authority = Some(WIM)),
            (Violation::AuthorityUnsupported(ADA), |room| room.setup.supports_authority = false),
            (Violation::IdTwice(WIM), |room| {
                let seat = room.seats.remove(1);
                room.seats.push(WIM, seat);
            }),
            (Violation::NameTwice(ADA, BOB), |room| {
                room.seats.at_mut(1).name = crate::fixture::newcomer("aDA").name;
            }),
            (Violation::BannedInside(BOB), |room| room.access.ban(BOB, None).unwrap()),
            (Violation::BannedInside(WIM), |room| room.access.ban(WIM, None).unwrap()),
            (Violation::TooManyPlayers(2), |room| room.setup.players_max = 1),
            (Violation::TooManySpectators(1), |room| room.setup.spectators_max = Some(0)),
            (Violation::LobbyNotOpen, |room| room.lobby = LobbyState::Waiting),
            (Violation::WrongLifetime, |room| room.lifetime.on_empty(some_moment())),
            (Violation::WrongLifetime, |room| {
                room.authority = None;
                room.seats = Roster::new();
            }),
            (Violation::MembersAfterTheEnd, |room| {
                room.authority = None;
                room.seats = Roster::new();
                room.lifetime = Lifetime::Over { since: some_moment() };
            }),
            (Violation::SessionWithoutGame, |room| room.session = Session::Mesh),
            (Violation::SessionAgainstRules, |room| {
                (room.session, room.lobby) = (Session::Mesh, LobbyState::Finalized);
                room.setup.session.webrtc = false;
            }),
            (Violation::UnfitHost(ZOE), |room| {
                (room.session, room.lobby) = (Session::HostWebrtc(ZOE), LobbyState::Finalized);
            }),
            (Violation::UnfitHost(ADA), |room| {
                (room.session, room.lobby) = (Session::HostDirect(ADA), LobbyState::Finalized);
            }),
            (Violation::MembersAfterTheEnd, |room| {
                room.authority = None;
                (room.seats, room.spectators) = (Roster::new(), Roster::new());
                room.lifetime = Lifetime::Over { since: some_moment() };
            }),
            (Violation::AwayAndPresent(ZOE), |room| {
                let seat = room.seats.remove(1);
                room.seats.push(ZOE, seat);
            }),
            (Violation::AwayUnsupported, |room| room.setup.away = None),
            (Violation::WrongAwayDeadline, |room| room.away.next_deadline = None),
            (Violation::WrongMissedEvents, |room| room.missed = None),
        ];
        for (violation, breach) in cases {
            let mut room = trio(now);
            step(&mut room, now, ZOE, join_with_token("Zoe"));
            step(&mut room, now, ZOE, Command::Disconnect { generation: generation() });
            assert_eq!(check(&room), Ok(()));
            breach(&mut room);
            assert_eq!(check(&room), Err(violation));
        }
        assert_eq!(check(&Room::new(now, setup())), Ok(()));
    }
}
