//! A room as one of its members pieces it together: nothing is believed that does not fit what was heard before.

use std::collections::{BTreeMap, BTreeSet};

use signal_fish_protocol::{
    AuthorityChanged, DeliveryGap, Epoch, GameStarting, LobbyState, LobbyStateChanged, PlayerId, PlayerInfo,
    PlayerLeft, PlayerReconnected, ProtocolVersion, Reconnected, RoomId, RoomSnapshot, SenderStamp,
    SenderWatermark, SessionGeneration, SessionPeer, SessionPlan, SpectatorInfo, SpectatorJoined, Topology,
    Transport,
};

use crate::agreement::UNIQUE;

/// A room as one of its members knows it.
#[derive(Debug)]
pub(crate) struct RoomView {
    pub(crate) id: RoomId,
    /// Only players are told.
    pub(crate) code: Option<String>,
    pub(crate) me: PlayerId,
    pub(crate) plays: bool,
    version: ProtocolVersion,
    players_max: usize,
    pub(crate) supports_authority: bool,
    pub(crate) players: BTreeMap<PlayerId, Known>,
    pub(crate) spectators: BTreeMap<PlayerId, String>,
    pub(crate) authority: Option<PlayerId>,
    /// Who held it before that.
    pub(crate) authority_before: Option<PlayerId>,
    pub(crate) lobby: LobbyState,
    generations: BTreeSet<SessionGeneration>,
    /// Whoever comes back to its authority is shown it, and then told again with the others.
    pub(crate) is_told_authority_again: bool,
    /// Those who have left, with the names that they had.
    departed: BTreeMap<PlayerId, (String, Option<Epoch>)>,
}

/// What is known of a player.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Known {
    pub(crate) name: String,
    pub(crate) is_ready: bool,
    /// Only v3 knows.
    pub(crate) stamp: Option<SenderStamp>,
}

impl RoomView {
    pub(crate) fn joined(version: ProtocolVersion, me: PlayerId, shown: &RoomSnapshot) -> Self {
        assert_eq!(shown.player_id, me);
        let mut view =
            Self::new(version, shown.room_id, me, &shown.current_players, &shown.current_spectators);
        (view.plays, view.lobby, view.players_max) = (true, shown.lobby_state, shown.max_players.into());
        (view.code, view.supports_authority) =
            (Some(shown.room_code.as_str().to_owned()), shown.supports_authority);
        assert!(view.players.contains_key(&me), "I am in my own snapshot");
        assert!(view.players.len() <= view.players_max, "no more players than seats");
        assert_eq!(shown.is_authority, view.authority == Some(me));
        assert!(shown.supports_authority || view.authority.is_none());
        assert_eq!(set(&shown.ready_players), view.ready(), "both lists of the ready agree");
        view
    }

    pub(crate) fn reconnected(version: ProtocolVersion, back: &Reconnected<'_>) -> Self {
        let shown = &back.snapshot;
        let mut view = Self::joined(version, shown.player_id, shown);
        view.is_told_authority_again = shown.is_authority;
        view.check_watermarks(&back.sender_watermarks);
        view
    }

    pub(crate) fn watched(version: ProtocolVersion, me: PlayerId, shown: &SpectatorJoined) -> Self {
        assert_eq!(shown.spectator_id, me);
        let mut view =
            Self::new(version, shown.room_id, me, &shown.current_players, &shown.current_spectators);
        view.lobby = shown.lobby_state;
        assert!(view.spectators.contains_key(&me), "I am in my own snapshot");
        view
    }

    fn new(
        version: ProtocolVersion,
        id: RoomId,
        me: PlayerId,
        players: &[PlayerInfo],
        spectators: &[SpectatorInfo],
    ) -> Self {
        let mut view = Self {
            id,
            code: None,
            me,
            plays: false,
            version,
            players_max: usize::MAX,
            supports_authority: true,
            players: BTreeMap::new(),
            spectators: spectators.iter().map(|who| (who.id, who.name.to_string())).collect(),
            authority: None,
            authority_before: None,
            lobby: LobbyState::Waiting,
            generations: BTreeSet::new(),
            is_told_authority_again: false,
            departed: BTreeMap::new(),
        };
        assert_eq!(view.spectators.len(), spectators.len(), "nobody watches twice");
        players.iter().for_each(|player| view.seat(player));
        view
    }

    fn seat(&mut self, player: &PlayerInfo) {
        let is_new = self.version >= ProtocolVersion::V3;
        assert_eq!((player.epoch.is_some(), player.seq.is_some()), (is_new, is_new), "{player:?}");
        assert_eq!(player.connected_at.is_some(), !is_new, "{player:?}");
        let stamp = player.epoch.zip(player.seq).map(|(epoch, seq)| SenderStamp { epoch, seq });
        let name = player.name.to_string();
        let is_taken = self.players.values().any(|other| other.name.eq_ignore_ascii_case(&name));
        assert!(!is_taken, "two players are called {name}");
        let known = Known { name, is_ready: player.is_ready, stamp };
        assert!(self.players.insert(player.id, known).is_none(), "{} has two seats", player.id);
        if player.is_authority {
            assert_eq!(self.authority.replace(player.id), None, "there is one authority at most");
        }
    }

    /// Whether it must be one who is back: it had that name before, or has brought its ready mark.
    pub(crate) fn on_player_joined(&mut self, player: &PlayerInfo) -> bool {
        assert_ne!(player.id, self.me, "nobody is told of its own coming");
        assert!(!player.is_authority && player.seq.unwrap_or(0) == 0, "{player:?}");
        self.seat(player);
        assert!(self.players.len() <= self.players_max, "no more players than seats");
        let before = self.departed.remove(&player.id);
        let is_later =
            |epoch: &Option<Epoch>| player.epoch.zip(*epoch).is_none_or(|(now, before)| now > before);
        assert!(before.iter().all(|(_, epoch)| is_later(epoch)), "each membership has a later epoch");
        let is_known = before.is_some_and(|(name, _)| name.starts_with(UNIQUE) && name == *player.name);
        is_known || player.is_ready
    }

    /// The one who has just joined is back.
    pub(crate) fn on_reconnected(&self, back: &PlayerReconnected) -> String {
        let player = back.player.as_ref().expect("it is shown");
        assert_eq!((player.id, player.epoch), (back.player_id, back.epoch));
        let known = &self.players[&back.player_id];
        let stamp = player.epoch.zip(player.seq).map(|(epoch, seq)| SenderStamp { epoch, seq });
        assert_eq!((&*player.name, player.is_ready, stamp), (&*known.name, known.is_ready, known.stamp));
        known.name.clone()
    }

    /// Its name, and whether it held the authority.
    pub(crate) fn on_player_left(&mut self, left: PlayerLeft) -> (String, bool) {
        assert_ne!(left.player_id, self.me, "nobody is told of its own going");
        let known = self.players.remove(&left.player_id).expect("only a player leaves");
        let stamp = left.epoch.zip(left.final_seq).map(|(epoch, seq)| SenderStamp { epoch, seq });
        assert_eq!(stamp, known.stamp, "all that it sent has come before it left");
        self.departed.insert(left.player_id, (known.name.clone(), left.epoch));
        (known.name, self.authority == Some(left.player_id))
    }

    /// Its name, if somebody holds it. `is_given_back` to one who is just back.
    pub(crate) fn on_authority_changed(
        &mut self,
        changed: AuthorityChanged,
        is_given_back: bool,
    ) -> Option<String> {
        let is_told_again = std::mem::take(&mut self.is_told_authority_again);
        let is_change = changed.authority_player != self.authority;
        assert!(is_change || is_told_again, "it changes");
        let is_free = self.authority.is_none() || is_told_again;
        assert!(!is_given_back || is_free, "who comes back takes the authority from nobody");
        assert_eq!(changed.you_are_authority, changed.authority_player == Some(self.me));
        self.authority_before = std::mem::replace(&mut self.authority, changed.authority_player);
        self.authority.map(|holder| self.name_of(holder))
    }

    pub(crate) fn on_lobby_changed(&mut self, changed: &LobbyStateChanged) -> Vec<String> {
        assert_eq!(changed.lobby_state, LobbyState::Lobby);
        assert_ne!(self.lobby, LobbyState::Finalized, "it only goes forward");
        self.lobby = changed.lobby_state;
        let ready = set(&changed.ready_players);
        assert_eq!(changed.all_ready, !ready.is_empty() && ready.len() == self.players.len());
        let names = ready.iter().map(|&id| self.name_of(id)).collect();
        self.players.iter_mut().for_each(|(id, player)| player.is_ready = ready.contains(id));
        names
    }

    pub(crate) fn on_starting(&mut self, starting: &GameStarting) {
        assert_ne!(self.lobby, LobbyState::Finalized, "a game starts once");
        let peers: BTreeMap<_, _> = starting
            .peer_connections
            .iter()
            .map(|peer| (peer.player_id, peer.player_name.to_string()))
            .collect();
        let names: BTreeMap<_, _> =
            self.players.iter().map(|(id, player)| (*id, player.name.clone())).collect();
        assert_eq!(peers, names, "it starts for those who are here");
        assert!(self.players.values().all(|player| player.is_ready), "it starts when all are ready");
        self.lobby = LobbyState::Finalized;
    }

    pub(crate) fn on_plan(&mut self, plan: &SessionPlan) {
        assert!(self.plays, "plans are for players");
        assert_eq!(self.lobby, LobbyState::Finalized, "the start comes before the plan");
        assert!(self.generations.insert(plan.generation), "each publication has its own generation");
        let is_here = |player: &PlayerId| self.players.contains_key(player);
        let is_peer = |peer: &SessionPeer| is_here(&peer.player_id) && peer.player_id != self.me;
        assert!(
            plan.host.iter().all(is_here) && plan.peers.iter().all(is_peer),
            "plans are about those here"
        );
        let is_relayed = plan.topology == Topology::Relay;
        assert_eq!(is_relayed, plan.transport == Transport::Relay, "a topology has its transport");
        assert!(!is_relayed || plan.peers.is_empty(), "who is relayed has no peers");
    }

    /// They are those of the snapshot.
    fn check_watermarks(&self, marks: &[SenderWatermark]) {
        let shown =
            marks.iter().map(|mark| (mark.player_id, SenderStamp { epoch: mark.epoch, seq: mark.seq }));
        let known = self.players.iter().filter_map(|(id, player)| Some((*id, player.stamp?)));
        assert_eq!(shown.collect::<BTreeMap<_, _>>(), known.collect::<BTreeMap<_, _>>());
    }

    pub(crate) fn on_game_data(&mut self, from: PlayerId, stamp: Option<SenderStamp>) {
        assert_ne!(from, self.me, "nobody hears itself");
        let sender = self.players.get_mut(&from).expect("only players of this room are heard");
        let expected = sender.stamp.map(|last| SenderStamp { seq: last.seq + 1, ..last });
        assert_eq!(stamp, expected, "numbers have no holes but those reported");
        sender.stamp = expected;
    }

    pub(crate) fn on_gap(&mut self, gap: &DeliveryGap) {
        let sender = self.players.get_mut(&gap.from_player).expect("only players of this room send");
        let last = sender.stamp.expect("only v3 is told of gaps");
        assert_eq!((gap.epoch, gap.from_seq), (last.epoch, last.seq + 1), "a gap begins where data ends");
        assert!(gap.to_seq >= gap.from_seq);
        sender.stamp = Some(SenderStamp { seq: gap.to_seq, ..last });
    }

    pub(crate) fn on_spectator(&mut self, who: &SpectatorInfo, shown: &[SpectatorInfo], count: Option<u32>) {
        let before = self.spectators.insert(who.id, who.name.to_string());
        assert_eq!(before, None, "nobody watches twice");
        self.check_spectators(shown, count);
    }

    /// Its name.
    pub(crate) fn on_spectator_gone(
        &mut self,
        who: PlayerId,
        shown: &[SpectatorInfo],
        count: Option<u32>,
    ) -> String {
        let name = self.spectators.remove(&who).expect("only a spectator stops watching");
        self.check_spectators(shown, count);
        name
    }

    /// The snapshot of somebody who has come last of all shows what this member knows.
    pub(crate) fn assert_agrees_with(&self, latest: &Self) {
        let known = |view: &Self| {
            let others = view.players.iter().filter(|(id, _)| **id != self.me);
            let others = others.map(|(id, player)| {
                let stamp = player.stamp.filter(|_| self.version >= ProtocolVersion::V3);
                (*id, player.name.clone(), player.is_ready, stamp)
            });
            (view.id, view.lobby, view.authority, view.spectators.clone(), others.collect::<Vec<_>>())
        };
        assert_eq!(known(self), known(latest), "a member and a newcomer see the same room");
    }

    fn name_of(&self, player: PlayerId) -> String {
        self.players.get(&player).expect("who is named is in the room").name.clone()
    }

    pub(crate) fn my_name(&self) -> String {
        if self.plays { self.name_of(self.me) } else { self.spectators[&self.me].clone() }
    }

    /// How far a player is, if it is here and that is known.
    pub(crate) fn stamp_of(&self, player: PlayerId) -> Option<SenderStamp> {
        self.players.get(&player)?.stamp
    }

    /// Only players of v3 are told.
    pub(crate) fn my_epoch(&self) -> Option<Epoch> {
        Some(self.players.get(&self.me)?.stamp?.epoch)
    }

    fn ready(&self) -> BTreeSet<PlayerId> {
        self.players.iter().filter(|(_, player)| player.is_ready).map(|(id, _)| *id).collect()
    }

    fn check_spectators(&self, shown: &[SpectatorInfo], count: Option<u32>) {
        match self.version {
            ProtocolVersion::V2 => {
                let shown: BTreeMap<_, _> = shown.iter().map(|who| (who.id, who.name.to_string())).collect();
                assert_eq!((shown, count), (self.spectators.clone(), None));
            }
            ProtocolVersion::V3 => {
                assert_eq!((shown, count), (&[][..], u32::try_from(self.spectators.len()).ok()));
            }
        }
    }
}

fn set(players: &[PlayerId]) -> BTreeSet<PlayerId> {
    players.iter().copied().collect()
}
