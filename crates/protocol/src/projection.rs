//! What each protocol version gets to see of a message.

use crate::ids::Epoch;
use crate::room_operation::{RoomOperationResult, RoomResult};
use crate::server::{Reconnected, ServerMessage};
use crate::snapshot::{PlayerInfo, RoomSnapshot, SpectatorInfo};
use crate::version::ProtocolVersion::{self, V2, V3};

impl ServerMessage<'_> {
    /// This message as a connection of `version` may see it, or nothing if it must not see it at all.
    #[must_use]
    pub fn project(self, version: ProtocolVersion) -> Option<Self> {
        match version {
            V2 => self.for_v2(),
            V3 => Some(self.for_v3()),
        }
    }

    fn for_v2(mut self) -> Option<Self> {
        match &mut self {
            Self::ProtocolInfo(info) => info.v3 = None,
            Self::RoomJoined(snapshot) => snapshot.keep_for(V2),
            Self::Reconnected(reconnected) => reconnected.keep_for(V2),
            Self::PlayerJoined(joined) => joined.player.keep_for(V2),
            Self::PlayerLeft(left) => (left.epoch, left.final_seq) = (None, None),
            Self::GameData(data) => {
                (data.seq, data.epoch, data.class, data.key) = (None, None, None, None);
            }
            Self::PlayerReconnected(back) => {
                back.epoch = None;
                back.player.iter_mut().for_each(|player| player.keep_for(V2));
            }
            Self::SpectatorJoined(joined) => joined.current_players.iter_mut().for_each(|p| p.keep_for(V2)),
            Self::NewSpectatorJoined(joined) => joined.spectator_count = None,
            Self::SpectatorDisconnected(gone) => gone.spectator_count = None,
            Self::Authenticated(_)
            | Self::AuthenticationError(_)
            | Self::RoomJoinFailed(_)
            | Self::RoomLeft
            | Self::AuthorityChanged(_)
            | Self::AuthorityResponse(_)
            | Self::LobbyStateChanged(_)
            | Self::GameStarting(_)
            | Self::Pong
            | Self::ReconnectionFailed(_)
            | Self::SpectatorJoinFailed(_)
            | Self::SpectatorLeft(_)
            | Self::Error(_) => {}
            Self::Signal(_)
            | Self::NewPeer(_)
            | Self::SessionPlan(_)
            | Self::PeerTransportStatus(_)
            | Self::RelayStats(_)
            | Self::GoingAway(_)
            | Self::DeliveryReport(_)
            | Self::RoomOperationResult(_) => return None,
        }
        Some(self)
    }

    fn for_v3(mut self) -> Self {
        match &mut self {
            Self::RoomJoined(snapshot) => snapshot.keep_for(V3),
            Self::Reconnected(reconnected) => reconnected.keep_for(V3),
            Self::RoomOperationResult(reply) => reply.keep_for(V3),
            Self::PlayerJoined(joined) => joined.player.keep_for(V3),
            Self::PlayerReconnected(back) => back.player.iter_mut().for_each(|player| player.keep_for(V3)),
            Self::SpectatorJoined(joined) => {
                joined.current_players.iter_mut().for_each(|player| player.keep_for(V3));
                joined.current_spectators.iter_mut().for_each(SpectatorInfo::keep_for_v3);
            }
            Self::SpectatorLeft(left) => {
                left.current_spectators.iter_mut().for_each(SpectatorInfo::keep_for_v3);
            }
            Self::NewSpectatorJoined(joined) => {
                joined.spectator.keep_for_v3();
                joined.current_spectators.clear();
            }
            Self::SpectatorDisconnected(gone) => gone.current_spectators.clear(),
            Self::Authenticated(_)
            | Self::ProtocolInfo(_)
            | Self::AuthenticationError(_)
            | Self::RoomJoinFailed(_)
            | Self::RoomLeft
            | Self::PlayerLeft(_)
            | Self::GameData(_)
            | Self::AuthorityChanged(_)
            | Self::AuthorityResponse(_)
            | Self::LobbyStateChanged(_)
            | Self::GameStarting(_)
            | Self::Pong
            | Self::ReconnectionFailed(_)
            | Self::SpectatorJoinFailed(_)
            | Self::Error(_)
            | Self::Signal(_)
            | Self::NewPeer(_)
            | Self::SessionPlan(_)
            | Self::PeerTransportStatus(_)
            | Self::RelayStats(_)
            | Self::GoingAway(_)
            | Self::DeliveryReport(_) => {}
        }
        self
    }
}

impl PlayerInfo {
    fn keep_for(&mut self, version: ProtocolVersion) {
        match version {
            V2 => (self.epoch, self.seq) = (None, None),
            V3 => {
                (self.connected_at, self.connection_info) = (None, None);
                debug_assert!(self.epoch >= Some(Epoch::FIRST) && self.seq.is_some(), "v3 readers need stamps");
            }
        }
    }
}

impl SpectatorInfo {
    fn keep_for_v3(&mut self) {
        self.connected_at = None;
    }
}

impl RoomSnapshot {
    fn keep_for(&mut self, version: ProtocolVersion) {
        self.current_players.iter_mut().for_each(|player| player.keep_for(version));
        match version {
            V2 => {
                self.ice_servers.clear();
                self.reconnection_token = None;
            }
            V3 => self.current_spectators.iter_mut().for_each(SpectatorInfo::keep_for_v3),
        }
    }
}

impl Reconnected<'_> {
    fn keep_for(&mut self, version: ProtocolVersion) {
        self.snapshot.keep_for(version);
        let missed = std::mem::take(&mut self.missed_events);
        self.missed_events = missed.into_iter().filter_map(|event| event.project(version)).collect();
        match version {
            V2 => {
                self.replay = None;
                self.sender_watermarks.clear();
            }
            V3 => {}
        }
    }
}

impl RoomOperationResult<'_> {
    fn keep_for(&mut self, version: ProtocolVersion) {
        match &mut self.result {
            RoomResult::RoomJoined(snapshot) => snapshot.keep_for(version),
            RoomResult::Reconnected(reconnected) => reconnected.keep_for(version),
            RoomResult::SpectatorJoined(joined) => {
                joined.current_players.iter_mut().for_each(|player| player.keep_for(version));
                joined.current_spectators.iter_mut().for_each(SpectatorInfo::keep_for_v3);
            }
            RoomResult::SpectatorLeft(left) => {
                left.current_spectators.iter_mut().for_each(SpectatorInfo::keep_for_v3);
            }
            RoomResult::RoomJoinFailed(_)
            | RoomResult::RoomLeft
            | RoomResult::ReconnectionFailed(_)
            | RoomResult::SpectatorJoinFailed(_)
            | RoomResult::PlayerKicked(_)
            | RoomResult::PlayerBanned(_)
            | RoomResult::PlayerUnbanned(_)
            | RoomResult::AuthorityTransferred(_)
            | RoomResult::RoomCodeRegenerated(_)
            | RoomResult::RoomAccessUpdated(_)
            | RoomResult::OperationFailed(_) => {}
        }
    }
}
