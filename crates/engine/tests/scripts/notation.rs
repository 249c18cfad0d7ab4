//! How scripts write what members see: names for ids, and what matters of each message. See `README.md`.

use std::collections::BTreeMap;

use signal_fish_protocol::{
    ConnectionInfo, ErrorCode, LobbyState, PeerConnectionInfo, PlayerId, PlayerInfo, Reconnected, RelayStamp,
    ReplayStatus, RoomResult, RoomSnapshot, ServerMessage, SessionGeneration, SessionPeer, SessionPlan,
    SpectatorInfo, SpectatorReason, Topology, Transport, Uuid,
};

/// The names that scripts have for ids.
#[derive(Default)]
pub(crate) struct Notation {
    names: BTreeMap<PlayerId, String>,
    /// Session plans in the order in which they were first seen.
    plans: Vec<SessionGeneration>,
}

impl Notation {
    pub(crate) fn name(&mut self, id: PlayerId, name: &str) {
        self.names.insert(id, name.to_owned());
    }

    pub(crate) fn name_of(&self, id: PlayerId) -> &str {
        &self.names[&id]
    }

    pub(crate) fn game_data(&self, relay: &RelayStamp) -> String {
        let class = relay.label.written_class().map_or(String::new(), |class| format!(" {class:?}"));
        let key = relay.label.key().map_or(String::new(), |key| format!(" {key}"));
        let RelayStamp { from, stamp, .. } = relay;
        let class = class.to_lowercase();
        format!("GameData {} {}.{}{class}{key}", self.name_of(*from), stamp.epoch.number(), stamp.seq)
    }

    pub(crate) fn message(&mut self, message: &ServerMessage<'_>) -> String {
        format!("{} {}", message.kind(), self.body(message)).trim_end().to_owned()
    }

    /// What came of an operation, as far as it is not a message as well.
    pub(crate) fn result(&self, result: &RoomResult<'_>) -> String {
        let body = match result {
            RoomResult::PlayerKicked(target)
            | RoomResult::PlayerBanned(target)
            | RoomResult::PlayerUnbanned(target)
            | RoomResult::AuthorityTransferred(target) => self.name_of(target.player_id),
            RoomResult::RoomCodeRegenerated(new) => new.room_code.as_str(),
            RoomResult::RoomAccessUpdated(access) if access.requires_password => "password",
            RoomResult::RoomAccessUpdated(_) => "open",
            RoomResult::RoomJoined(_)
            | RoomResult::RoomJoinFailed(_)
            | RoomResult::RoomLeft
            | RoomResult::Reconnected(_)
            | RoomResult::ReconnectionFailed(_)
            | RoomResult::SpectatorJoined(_)
            | RoomResult::SpectatorJoinFailed(_)
            | RoomResult::SpectatorLeft(_)
            | RoomResult::OperationFailed(_) => panic!("a room says {} as a message", result.kind()),
        };
        format!("result {} {body}", result.kind())
    }

    fn body(&mut self, message: &ServerMessage<'_>) -> String {
        match message {
            ServerMessage::RoomJoined(room) => self.joined(room),
            ServerMessage::SpectatorJoined(room) => {
                let shown = self.room(room.lobby_state, &room.current_players, &room.current_spectators);
                format!("{shown}; {}", reason(room.reason))
            }
            ServerMessage::Reconnected(back) => self.reconnected(back),
            ServerMessage::PlayerReconnected(back) => {
                let player = back.player.as_ref().expect("a room shows who is back");
                assert_eq!((player.id, player.epoch), (back.player_id, back.epoch));
                self.player(player)
            }
            ServerMessage::ReconnectionFailed(failed) => because(Some(failed.error_code), &failed.reason),
            ServerMessage::PlayerJoined(joined) => self.player(&joined.player),
            ServerMessage::PlayerLeft(left) => {
                let epoch = left.epoch.map_or(0, |epoch| epoch.number());
                format!("{} {epoch}.{}", self.name_of(left.player_id), left.final_seq.unwrap_or_default())
            }
            ServerMessage::AuthorityChanged(changed) => {
                let holder = changed.authority_player.map_or("nobody", |id| self.name_of(id));
                format!("{holder}{}", if changed.you_are_authority { " (you)" } else { "" })
            }
            ServerMessage::AuthorityResponse(response) if response.granted => "granted".to_owned(),
            ServerMessage::AuthorityResponse(response) => {
                because(response.error_code, response.reason.as_deref().unwrap_or_default())
            }
            ServerMessage::LobbyStateChanged(changed) => {
                let all = if changed.all_ready { ", that is all" } else { "" };
                format!("{}; ready [{}]{all}", state(changed.lobby_state), self.list(&changed.ready_players))
            }
            ServerMessage::GameStarting(starting) => {
                let peers: Vec<_> = starting.peer_connections.iter().map(|peer| self.peer(peer)).collect();
                format!("[{}]", peers.join(", "))
            }
            ServerMessage::SessionPlan(plan) => self.plan(plan),
            ServerMessage::Signal(signal) => {
                let plan = self.number(signal.generation);
                format!("from {} in plan {plan}: {}", self.name_of(signal.from), signal.signal.as_str())
            }
            ServerMessage::PeerTransportStatus(status) => {
                let state = if status.connected { "up" } else { "down" };
                format!("{} {} {state}", self.name_of(status.peer_id), transport(status.transport))
            }
            ServerMessage::SpectatorLeft(left) => {
                format!("{}; {}", self.spectators(&left.current_spectators), reason(left.reason))
            }
            ServerMessage::NewSpectatorJoined(joined) => {
                let watching = self.watching(&joined.current_spectators, joined.spectator_count);
                format!("{}; {watching}; {}", joined.spectator.name, reason(joined.reason))
            }
            ServerMessage::SpectatorDisconnected(gone) => {
                let watching = self.watching(&gone.current_spectators, gone.spectator_count);
                format!("{}; {watching}; {}", self.name_of(gone.spectator_id), reason(gone.reason))
            }
            ServerMessage::RoomJoinFailed(failed) => because(failed.error_code, &failed.reason),
            ServerMessage::SpectatorJoinFailed(failed) => because(failed.error_code, &failed.reason),
            ServerMessage::Error(error) => because(error.error_code, &error.message),
            ServerMessage::RoomLeft => String::new(),
            ServerMessage::Authenticated(_)
            | ServerMessage::ProtocolInfo(_)
            | ServerMessage::AuthenticationError(_)
            | ServerMessage::GameData(_)
            | ServerMessage::Pong
            | ServerMessage::NewPeer(_)
            | ServerMessage::RelayStats(_)
            | ServerMessage::GoingAway(_)
            | ServerMessage::DeliveryReport(_)
            | ServerMessage::RoomOperationResult(_) => panic!("a room does not say {}", message.kind()),
        }
    }

    fn joined(&mut self, room: &RoomSnapshot) -> String {
        let shown = self.room(room.lobby_state, &room.current_players, &room.current_spectators);
        let ice: Vec<_> = room.ice_servers.iter().flat_map(|server| &server.urls).collect();
        let ice = if ice.is_empty() { String::new() } else { format!("; gathers with {ice:?}") };
        format!("{shown}; ready [{}]{ice}", self.list(&room.ready_players))
    }

    fn reconnected(&mut self, back: &Reconnected<'_>) -> String {
        let room = &back.snapshot;
        let stamps = room.current_players.iter().map(|player| (player.id, player.epoch, player.seq));
        let marks =
            back.sender_watermarks.iter().map(|mark| (mark.player_id, Some(mark.epoch), Some(mark.seq)));
        assert!(marks.eq(stamps), "one watermark for each player, as in the snapshot");
        let shown = self.room(room.lobby_state, &room.current_players, &room.current_spectators);
        let missed: Vec<_> = back.missed_events.iter().map(|event| self.message(event)).collect();
        let status = match back.replay {
            Some(ReplayStatus::Complete) => "complete",
            Some(ReplayStatus::Truncated) => "truncated",
            Some(ReplayStatus::Unavailable) => "unavailable",
            None => "no status",
        };
        format!(
            "{shown}; ready [{}]; missed [{}], {status}",
            self.list(&room.ready_players),
            missed.join(" | ")
        )
    }

    fn plan(&mut self, plan: &SessionPlan) -> String {
        let number = self.number(plan.generation);
        if plan.transport == Transport::Relay {
            assert_eq!(*plan, SessionPlan::relay(plan.generation), "a relayed session has no more to it");
            return format!("relay, plan {number}");
        }
        let host = plan.host.map_or(String::new(), |host| format!("; host {}", self.name_of(host)));
        let endpoint = plan.direct_endpoint.as_ref();
        let endpoint = endpoint.map_or(String::new(), |at| format!(" at {}:{}", at.host, at.port));
        let peers = |initiate| {
            let peers = plan.peers.iter().filter(move |peer| peer.initiate == initiate);
            peers.map(|peer| self.session_peer(peer)).collect::<Vec<_>>().join(", ")
        };
        let (offers, awaits) = match (peers(true), peers(false)) {
            (offers, awaits) if offers.is_empty() && awaits.is_empty() => {
                ("; alone".to_owned(), String::new())
            }
            (offers, awaits) if awaits.is_empty() => (format!("; offers to [{offers}]"), String::new()),
            (offers, awaits) if offers.is_empty() => (String::new(), format!("; awaits [{awaits}]")),
            (offers, awaits) => (format!("; offers to [{offers}]"), format!(", awaits [{awaits}]")),
        };
        let (topology, transport) = (topology(plan.topology), transport(plan.transport));
        format!("{topology}+{transport}, plan {number}{host}{endpoint}{offers}{awaits}")
    }

    fn session_peer(&self, peer: &SessionPeer) -> String {
        assert_eq!(*peer.player_name, *self.name_of(peer.player_id));
        format!("{}{}", peer.player_name, marks(peer.is_authority, false))
    }

    /// The generation of a plan that scripts know by its number; no plan's, if there is none of that number.
    pub(crate) fn generation(&self, number: usize) -> SessionGeneration {
        let known = number.checked_sub(1).and_then(|at| self.plans.get(at).copied());
        known.unwrap_or(SessionGeneration::new(Uuid::nil()))
    }

    fn number(&mut self, generation: SessionGeneration) -> usize {
        if generation == self.generation(0) {
            return 0;
        }
        let known = self.plans.iter().position(|&other| other == generation);
        1 + known.unwrap_or_else(|| {
            self.plans.push(generation);
            self.plans.len() - 1
        })
    }

    fn room(&self, lobby: LobbyState, players: &[PlayerInfo], spectators: &[SpectatorInfo]) -> String {
        let players: Vec<_> = players.iter().map(|player| self.player(player)).collect();
        format!("{}; players [{}]; {}", state(lobby), players.join(", "), self.spectators(spectators))
    }

    fn player(&self, player: &PlayerInfo) -> String {
        assert_eq!(*player.name, *self.name_of(player.id));
        let marks = marks(player.is_authority, player.is_ready);
        let epoch = player.epoch.map_or(0, |epoch| epoch.number());
        let info = reached_by(player.connection_info.as_ref());
        format!("{}{marks} {epoch}.{}{info}", player.name, player.seq.unwrap_or_default())
    }

    fn peer(&self, peer: &PeerConnectionInfo) -> String {
        assert_eq!(*peer.player_name, *self.name_of(peer.player_id));
        let info = reached_by(peer.connection_info.as_ref());
        format!("{}{}{info}", peer.player_name, marks(peer.is_authority, false))
    }

    fn spectators(&self, spectators: &[SpectatorInfo]) -> String {
        let ids: Vec<_> = spectators.iter().map(|spectator| spectator.id).collect();
        format!("spectators [{}]", self.list(&ids))
    }

    fn watching(&self, spectators: &[SpectatorInfo], count: Option<u32>) -> String {
        format!("{}, that is {}", self.spectators(spectators), count.unwrap_or_default())
    }

    fn list(&self, ids: &[PlayerId]) -> String {
        ids.iter().map(|&id| self.name_of(id)).collect::<Vec<_>>().join(", ")
    }
}

const fn topology(topology: Topology) -> &'static str {
    match topology {
        Topology::Relay => "relay",
        Topology::Host => "host",
        Topology::Mesh => "mesh",
    }
}

const fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Relay => "relay",
        Transport::Direct => "direct",
        Transport::Webrtc => "webrtc",
    }
}

const fn state(lobby: LobbyState) -> &'static str {
    match lobby {
        LobbyState::Waiting => "waiting",
        LobbyState::Lobby => "lobby",
        LobbyState::Finalized => "finalized",
    }
}

const fn reason(reason: Option<SpectatorReason>) -> &'static str {
    match reason {
        Some(SpectatorReason::Joined) => "joined",
        Some(SpectatorReason::VoluntaryLeave) => "voluntary_leave",
        Some(SpectatorReason::Disconnected) => "disconnected",
        Some(SpectatorReason::Removed) => "removed",
        Some(SpectatorReason::RoomClosed) => "room_closed",
        None => "no reason",
    }
}

const fn marks(is_authority: bool, is_ready: bool) -> &'static str {
    match (is_authority, is_ready) {
        (true, true) => "*+",
        (true, false) => "*",
        (false, true) => "+",
        (false, false) => "",
    }
}

fn reached_by(info: Option<&ConnectionInfo>) -> String {
    match info {
        Some(ConnectionInfo::Direct { host, port }) => format!(" at {host}:{port}"),
        Some(other) => format!(" by {other:?}"),
        None => String::new(),
    }
}

fn because(code: Option<ErrorCode>, text: &str) -> String {
    format!("{}: {text}", code.map_or("no code", ErrorCode::token))
}
