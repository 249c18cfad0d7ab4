//! How the players of a started game reach each other: chosen once, at the start, and published anew when it changes.

use signal_fish_protocol::{
    DirectEndpoint, IceServer, LobbyState, PlayerId, ServerMessage, SessionGeneration, SessionPeer,
    SessionPlan, Topology, Transport,
};

use crate::seats::Seat;
use crate::step::Step;
use crate::{Audience, Effect, Means, Room, endpoint};

/// Which sessions a room may have besides the relayed one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionRules {
    /// The closest that players may come to each other: a mesh, a host, or the relay only.
    pub topology_max: Topology,
    /// Whether WebRTC may be used.
    pub webrtc: bool,
    /// Whether players may connect to an address of the host.
    pub direct: bool,
}

/// The session of a room. It stays what it is, except that a host is replaced, by the relay if need be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Session {
    /// There is nothing but the relay: not yet, or not any more, or not in this room.
    Relay,
    Mesh,
    HostWebrtc(PlayerId),
    HostDirect(PlayerId),
}

impl SessionRules {
    pub(crate) const fn allow(self, topology: Topology, transport: Transport) -> bool {
        let within = match topology {
            Topology::Relay => true,
            Topology::Host => matches!(self.topology_max, Topology::Host | Topology::Mesh),
            Topology::Mesh => matches!(self.topology_max, Topology::Mesh),
        };
        let enabled = match transport {
            Transport::Relay => true,
            Transport::Direct => self.direct,
            Transport::Webrtc => self.webrtc,
        };
        within && enabled
    }
}

impl Default for SessionRules {
    fn default() -> Self {
        Self { topology_max: Topology::Mesh, webrtc: true, direct: true }
    }
}

impl Session {
    pub(crate) const fn pair(self) -> (Topology, Transport) {
        match self {
            Self::Relay => (Topology::Relay, Transport::Relay),
            Self::Mesh => (Topology::Mesh, Transport::Webrtc),
            Self::HostWebrtc(_) => (Topology::Host, Transport::Webrtc),
            Self::HostDirect(_) => (Topology::Host, Transport::Direct),
        }
    }

    pub(crate) const fn host(self) -> Option<PlayerId> {
        match self {
            Self::Relay | Self::Mesh => None,
            Self::HostWebrtc(host) | Self::HostDirect(host) => Some(host),
        }
    }

    /// Whether a player with such means can take part.
    pub(crate) const fn takes(self, means: Means) -> bool {
        let (topology, transport) = self.pair();
        means.can(topology, transport)
    }
}

/// The game starts.
pub(crate) fn on_start(room: &mut Room, step: &mut Step<'_>, generation: SessionGeneration) {
    room.session = choose(room);
    publish(room, step, generation);
}

/// Which of `servers` a player with such means is told with its snapshot, so that it can gather candidates until the
/// game starts: all, if it can go as far as the room may and that means WebRTC. Later its plan tells it.
pub(crate) fn early_ice_servers(room: &Room, means: Means, servers: Vec<IceServer>) -> Vec<IceServer> {
    let SessionRules { topology_max, webrtc, .. } = room.setup.session;
    let is_close = webrtc && topology_max != Topology::Relay && means.can(topology_max, Transport::Webrtc);
    let is_told = is_close && room.lobby != LobbyState::Finalized;
    if is_told { servers } else { Vec::new() }
}

/// A player has come into the room, or come back into it. By now everyone has heard of that.
pub(crate) fn on_arrived(room: &Room, step: &mut Step<'_>, generation: SessionGeneration) {
    if room.lobby == LobbyState::Finalized {
        publish(room, step, generation);
    }
}

/// A player has no seat any more, for whatever reason. By now everyone has heard of that.
pub(crate) fn on_departed(room: &mut Room, step: &mut Step<'_>, generation: SessionGeneration) {
    let session = rehosted(room);
    if session != room.session {
        room.session = session;
        publish(room, step, generation);
    }
}

/// The actor can be reached elsewhere than before, or not any more.
pub(crate) fn on_moved(room: &mut Room, step: &mut Step<'_>, generation: SessionGeneration) {
    if room.session == Session::HostDirect(step.actor) {
        room.session = rehosted(room);
        publish(room, step, generation);
    }
}

/// Whether this player could be the host of such a session.
pub(crate) fn may_host(seat: &Seat, transport: Transport) -> bool {
    let is_reachable = match transport {
        Transport::Relay | Transport::Webrtc => true,
        Transport::Direct => endpoint::usable(seat.connection_info.as_ref()).is_some(),
    };
    seat.means.can(Topology::Host, transport) && is_reachable
}

/// The first rung of the ladder that the rules allow and that everyone can climb.
fn choose(room: &Room) -> Session {
    let can_be = |topology, transport| {
        let can_all = || room.seats.iter().all(|(_, seat)| seat.means.can(topology, transport));
        room.setup.session.allow(topology, transport) && can_all()
    };
    let host = |transport| if can_be(Topology::Host, transport) { elect(room, transport) } else { None };
    if can_be(Topology::Mesh, Transport::Webrtc) {
        Session::Mesh
    } else if let Some(host) = host(Transport::Webrtc) {
        Session::HostWebrtc(host)
    } else if let Some(host) = host(Transport::Direct) {
        Session::HostDirect(host)
    } else {
        Session::Relay
    }
}

/// The same session, with another host if the one there was is gone or cannot be reached. It ends with the last player.
fn rehosted(room: &Room) -> Session {
    let next = |host, transport| {
        let stays = room.seats.get(host).is_some_and(|seat| may_host(seat, transport));
        if stays { Some(host) } else { elect(room, transport) }
    };
    match room.session {
        Session::Mesh if room.seats.is_empty() => Session::Relay,
        Session::Relay | Session::Mesh => room.session,
        Session::HostWebrtc(host) => {
            next(host, Transport::Webrtc).map_or(Session::Relay, Session::HostWebrtc)
        }
        Session::HostDirect(host) => {
            next(host, Transport::Direct).map_or(Session::Relay, Session::HostDirect)
        }
    }
}

/// Who holds the authority, or else who has been here longest.
fn elect(room: &Room, transport: Transport) -> Option<PlayerId> {
    let candidates = || room.seats.iter().filter(|(_, seat)| may_host(seat, transport)).map(|(id, _)| id);
    candidates().find(|&id| room.authority == Some(id)).or_else(|| candidates().next())
}

/// Tells every player how it reaches the others from now on.
fn publish(room: &Room, step: &mut Step<'_>, generation: SessionGeneration) {
    let relay = || SessionPlan::relay(generation);
    match room.session {
        // The same for all, so that it is written only once.
        Session::Relay => step.send(Audience::Players, ServerMessage::SessionPlan(relay())),
        Session::Mesh | Session::HostWebrtc(_) | Session::HostDirect(_) => {
            for (id, seat) in room.seats.iter().filter(|(_, seat)| seat.means.speaks_v3()) {
                // Who came back with less than it had is relayed, beside the others.
                let plan =
                    if room.session.takes(seat.means) { plan_of(room, id, generation) } else { relay() };
                step.out.push(Effect::Plan(id, plan));
            }
        }
    }
}

fn plan_of(room: &Room, recipient: PlayerId, generation: SessionGeneration) -> SessionPlan {
    let session = room.session;
    let others = room.seats.iter().filter(|(id, seat)| *id != recipient && session.takes(seat.means));
    let peers = others.filter_map(|(id, seat)| peer_of(room, recipient, id, seat)).collect();
    let (topology, transport) = session.pair();
    let direct_endpoint = match session {
        Session::HostDirect(host) => endpoint_of(room, host),
        Session::Relay | Session::Mesh | Session::HostWebrtc(_) => None,
    };
    let host = session.host();
    SessionPlan { topology, transport, host, direct_endpoint, peers, ..SessionPlan::relay(generation) }
}

fn endpoint_of(room: &Room, host: PlayerId) -> Option<DirectEndpoint> {
    let (host, port) = endpoint::usable(room.seats.get(host)?.connection_info.as_ref())?;
    Some(DirectEndpoint { host: host.to_owned(), port })
}

/// What `recipient` is told about another player, if the two connect.
fn peer_of(room: &Room, recipient: PlayerId, id: PlayerId, seat: &Seat) -> Option<SessionPeer> {
    let (is_authority, initiate) = match room.session {
        Session::Relay => return None,
        Session::Mesh => (room.authority == Some(id), recipient < id),
        // Clients go by the host here: it is what they are told has the authority over the session.
        Session::HostWebrtc(host) | Session::HostDirect(host) if id == host => (true, true),
        Session::HostWebrtc(host) | Session::HostDirect(host) if recipient == host => (false, false),
        Session::HostWebrtc(_) | Session::HostDirect(_) => return None,
    };
    Some(SessionPeer { player_id: id, player_name: seat.name.shared(), is_authority, initiate })
}
