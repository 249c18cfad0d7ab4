//! A strict client: it pieces the room together from what it hears, and accepts nothing that does not fit.

use std::collections::{BTreeMap, BTreeSet};

use signal_fish_engine::Means;
use signal_fish_protocol::{
    Epoch, GameStarting, LobbyState, PlayerId, PlayerInfo, ProtocolVersion, Reconnected, RelayStamp,
    RoomSnapshot, SenderStamp, ServerMessage, SessionPlan, SpectatorInfo, Transport,
};

/// One member, and what it knows.
#[derive(Debug)]
pub(crate) struct View {
    id: PlayerId,
    plays: bool,
    means: Means,
    /// What the others have said about their WebRTC.
    reported: BTreeMap<PlayerId, bool>,
    /// Nothing until it has heard a snapshot, which must be the first thing it hears.
    room: Option<KnownRoom>,
}

/// All that a member can know of a room, apart from how the members look.
#[derive(PartialEq, Debug)]
pub(crate) struct KnownRoom {
    lobby: LobbyState,
    players: BTreeMap<PlayerId, KnownPlayer>,
    authority: Option<PlayerId>,
    spectators: BTreeSet<PlayerId>,
}

#[derive(PartialEq, Debug)]
struct KnownPlayer {
    is_ready: bool,
    epoch: Epoch,
    seq: u64,
}

impl View {
    pub(crate) const fn new(id: PlayerId, plays: bool, means: Means) -> Self {
        Self { id, plays, means, reported: BTreeMap::new(), room: None }
    }

    pub(crate) const fn id(&self) -> PlayerId {
        self.id
    }

    pub(crate) const fn plays(&self) -> bool {
        self.plays
    }

    pub(crate) const fn means(&self) -> Means {
        self.means
    }

    /// Whether its protocol version has such messages.
    pub(crate) fn knows(&self, message: &ServerMessage<'static>) -> bool {
        let version = if self.means.speaks_v3() { ProtocolVersion::V3 } else { ProtocolVersion::V2 };
        message.clone().project(version).is_some()
    }

    pub(crate) fn room(&self) -> &KnownRoom {
        self.room.as_ref().expect("a member has heard a snapshot")
    }

    pub(crate) fn hear(&mut self, message: &ServerMessage<'_>) {
        if let Some(shown) = snapshot(message) {
            assert!(self.plays && self.room.is_none() && shown.player_id == self.id);
            let room = KnownRoom::new(shown.lobby_state, &shown.current_players, &shown.current_spectators);
            assert!(room.players.contains_key(&self.id));
            assert!(room.players.len() <= usize::from(shown.max_players));
            assert_eq!(shown.is_authority, room.authority == Some(self.id));
            assert_eq!(ids(&shown.ready_players), room.ready());
            self.room = Some(room);
        } else if let ServerMessage::SpectatorJoined(shown) = message {
            assert!(!self.plays && self.room.is_none() && shown.spectator_id == self.id);
            let room = KnownRoom::new(shown.lobby_state, &shown.current_players, &shown.current_spectators);
            assert!(room.spectators.contains(&self.id));
            self.room = Some(room);
        } else if let ServerMessage::PeerTransportStatus(status) = message {
            assert!(self.plays && self.room().has(status.peer_id) && status.peer_id != self.id);
            assert_ne!(
                self.reported.insert(status.peer_id, status.connected),
                Some(status.connected),
                "no news"
            );
        } else if let ServerMessage::Signal(signal) = message {
            assert!(self.room().has(signal.from) && signal.from != self.id);
            assert!(self.plays && self.means.has_transport(Transport::Webrtc));
        } else {
            if let ServerMessage::PlayerLeft(left) = message {
                self.reported.remove(&left.player_id);
            }
            self.room.as_mut().expect("the snapshot comes first").hear(self.id, self.plays, message);
        }
    }

    /// Game data of someone: everyone counts along, the sender too.
    pub(crate) fn hear_game_data(&mut self, relay: &RelayStamp) {
        let room = self.room.as_mut().expect("the snapshot comes first");
        let sender = room.players.get_mut(&relay.from).expect("only players send");
        assert_eq!(relay.stamp, SenderStamp { epoch: sender.epoch, seq: sender.seq + 1 });
        sender.seq += 1;
    }
}

impl KnownRoom {
    fn new(lobby: LobbyState, players: &[PlayerInfo], spectators: &[SpectatorInfo]) -> Self {
        let mut room =
            Self { lobby, players: BTreeMap::new(), authority: None, spectators: spectator_ids(spectators) };
        players.iter().for_each(|player| room.add(player));
        room
    }

    fn has(&self, player: PlayerId) -> bool {
        self.players.contains_key(&player)
    }

    pub(crate) const fn lobby(&self) -> LobbyState {
        self.lobby
    }

    fn add(&mut self, player: &PlayerInfo) {
        let (Some(epoch), Some(seq)) = (player.epoch, player.seq) else { panic!("unstamped: {player:?}") };
        assert!(player.connected_at.is_some(), "version 2 is told when a player came: {player:?}");
        let known = KnownPlayer { is_ready: player.is_ready, epoch, seq };
        assert!(self.players.insert(player.id, known).is_none(), "a player comes once: {player:?}");
        if player.is_authority {
            assert_eq!(self.authority.replace(player.id), None, "there is one authority at most");
        }
    }

    fn ready(&self) -> BTreeSet<PlayerId> {
        self.players.iter().filter(|(_, player)| player.is_ready).map(|(id, _)| *id).collect()
    }

    fn hear(&mut self, me: PlayerId, i_play: bool, message: &ServerMessage<'_>) {
        match message {
            // The recipient itself has been in its snapshot already, and nobody can be there twice.
            ServerMessage::PlayerJoined(joined) => self.add(&joined.player),
            ServerMessage::PlayerReconnected(back) => {
                let known = self.players.get(&back.player_id).expect("it has joined a moment before");
                assert_eq!((back.epoch, 0), (Some(known.epoch), known.seq));
            }
            ServerMessage::PlayerLeft(left) => {
                let known = self.players.remove(&left.player_id).expect("only players leave");
                assert_eq!((left.epoch, left.final_seq), (Some(known.epoch), Some(known.seq)));
            }
            ServerMessage::AuthorityChanged(changed) => {
                assert!(changed.authority_player.is_none_or(|holder| self.players.contains_key(&holder)));
                assert_eq!(changed.you_are_authority, changed.authority_player == Some(me));
                self.authority = changed.authority_player;
            }
            ServerMessage::LobbyStateChanged(changed) => {
                assert_eq!(changed.lobby_state, LobbyState::Lobby);
                assert_ne!(self.lobby, LobbyState::Finalized, "a started game stays started");
                self.lobby = changed.lobby_state;
                let ready = ids(&changed.ready_players);
                for (id, player) in &mut self.players {
                    player.is_ready = ready.contains(id);
                }
                assert_eq!(ready, self.ready(), "only players are ready");
                assert!(!changed.all_ready || ready.len() == self.players.len());
            }
            ServerMessage::GameStarting(starting) => self.start(starting),
            ServerMessage::SessionPlan(plan) => {
                assert!(i_play && self.lobby == LobbyState::Finalized);
                self.check_names(plan);
            }
            ServerMessage::NewSpectatorJoined(joined) => {
                assert!(self.spectators.insert(joined.spectator.id), "a spectator comes once");
                self.count(&joined.current_spectators, joined.spectator_count);
            }
            ServerMessage::SpectatorDisconnected(gone) => {
                assert!(self.spectators.remove(&gone.spectator_id), "only spectators go");
                self.count(&gone.current_spectators, gone.spectator_count);
            }
            // These change nothing in the room for those who stay; and the others hear nothing after them.
            ServerMessage::RoomLeft
            | ServerMessage::SpectatorLeft(_)
            | ServerMessage::AuthorityResponse(_)
            | ServerMessage::Error(_) => {}
            ServerMessage::RoomJoined(_)
            | ServerMessage::SpectatorJoined(_)
            | ServerMessage::RoomJoinFailed(_)
            | ServerMessage::SpectatorJoinFailed(_)
            | ServerMessage::Authenticated(_)
            | ServerMessage::ProtocolInfo(_)
            | ServerMessage::AuthenticationError(_)
            | ServerMessage::GameData(_)
            | ServerMessage::Pong
            | ServerMessage::Reconnected(_)
            | ServerMessage::ReconnectionFailed(_)
            | ServerMessage::Signal(_)
            | ServerMessage::NewPeer(_)
            | ServerMessage::PeerTransportStatus(_)
            | ServerMessage::RelayStats(_)
            | ServerMessage::GoingAway(_)
            | ServerMessage::DeliveryReport(_)
            | ServerMessage::RoomOperationResult(_) => panic!("a room does not say {message:?}"),
        }
    }

    fn start(&mut self, starting: &GameStarting) {
        assert_eq!(self.lobby, LobbyState::Lobby);
        assert_eq!(self.ready().len(), self.players.len());
        let peers: Vec<_> = starting.peer_connections.iter().map(|peer| peer.player_id).collect();
        assert_eq!(ids(&peers), self.players.keys().copied().collect());
        for peer in &starting.peer_connections {
            assert_eq!(peer.is_authority, self.authority == Some(peer.player_id));
        }
        self.lobby = LobbyState::Finalized;
    }

    fn check_names(&self, plan: &SessionPlan) {
        assert!(plan.host.is_none_or(|host| self.has(host)));
        assert!(plan.peers.iter().all(|peer| self.has(peer.player_id)));
    }

    fn count(&self, listed: &[SpectatorInfo], counted: Option<u32>) {
        assert_eq!(spectator_ids(listed), self.spectators, "the list is for version 2");
        assert_eq!(counted, u32::try_from(self.spectators.len()).ok(), "the count is for version 3");
    }
}

/// The room in an answer to a player who came in.
fn snapshot<'a>(message: &'a ServerMessage<'_>) -> Option<&'a RoomSnapshot> {
    if let ServerMessage::RoomJoined(shown) = message {
        Some(shown)
    } else if let ServerMessage::Reconnected(back) = message {
        check_return(back);
        Some(&back.snapshot)
    } else {
        None
    }
}

/// What one who came back is told beside the room must agree with it and be about others.
fn check_return(back: &Reconnected<'_>) {
    let players = &back.snapshot.current_players;
    let stamps = players.iter().map(|player| (player.id, player.epoch, player.seq));
    let marks = back.sender_watermarks.iter().map(|mark| (mark.player_id, Some(mark.epoch), Some(mark.seq)));
    assert!(marks.eq(stamps), "{back:?}");
    let holder = players.iter().find(|player| player.is_authority).map(|player| player.id);
    for event in &back.missed_events {
        let about = if let ServerMessage::PlayerJoined(joined) = event {
            Some(joined.player.id)
        } else if let ServerMessage::PlayerLeft(left) = event {
            Some(left.player_id)
        } else if let ServerMessage::PlayerReconnected(back) = event {
            Some(back.player_id)
        } else if let ServerMessage::AuthorityChanged(changed) = event {
            assert_eq!((changed.authority_player, changed.you_are_authority), (holder, false));
            holder
        } else {
            let kinds = ["NewSpectatorJoined", "SpectatorDisconnected", "LobbyStateChanged"];
            assert!(kinds.contains(&event.kind()), "nobody misses {event:?}");
            None
        };
        assert_ne!(about, Some(back.snapshot.player_id), "{back:?}");
    }
}

fn ids(list: &[PlayerId]) -> BTreeSet<PlayerId> {
    let set: BTreeSet<_> = list.iter().copied().collect();
    assert_eq!(set.len(), list.len(), "nobody is listed twice");
    set
}

fn spectator_ids(spectators: &[SpectatorInfo]) -> BTreeSet<PlayerId> {
    assert!(spectators.iter().all(|spectator| spectator.connected_at.is_some()));
    ids(&spectators.iter().map(|spectator| spectator.id).collect::<Vec<_>>())
}
