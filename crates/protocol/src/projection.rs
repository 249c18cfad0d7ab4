//! What each protocol version gets to see of a message.

use crate::game_data::GameDataOut;
use crate::handshake::ProtocolInfo;
use crate::room_operation::{RoomOperationResult, RoomResult};
use crate::server::{PlayerJoined, PlayerLeft, PlayerReconnected, Reconnected, ServerMessage};
use crate::snapshot::{PlayerInfo, RoomSnapshot};
use crate::spectators::{
    NewSpectatorJoined, SpectatorDisconnected, SpectatorInfo, SpectatorJoined, SpectatorLeft,
};
use crate::version::ProtocolVersion::{self, V2, V3};

/// Something that not every version sees all of.
pub(crate) trait Project {
    /// Takes away what `version` must not see.
    fn keep_for(&mut self, version: ProtocolVersion);
}

/// The oldest version that may see `message` at all.
pub(crate) fn oldest_version(message: &ServerMessage<'_>) -> ProtocolVersion {
    match message {
        ServerMessage::Authenticated(_)
        | ServerMessage::ProtocolInfo(_)
        | ServerMessage::AuthenticationError(_)
        | ServerMessage::RoomJoined(_)
        | ServerMessage::RoomJoinFailed(_)
        | ServerMessage::RoomLeft
        | ServerMessage::PlayerJoined(_)
        | ServerMessage::PlayerLeft(_)
        | ServerMessage::GameData(_)
        | ServerMessage::AuthorityChanged(_)
        | ServerMessage::AuthorityResponse(_)
        | ServerMessage::LobbyStateChanged(_)
        | ServerMessage::GameStarting(_)
        | ServerMessage::Pong
        | ServerMessage::Reconnected(_)
        | ServerMessage::ReconnectionFailed(_)
        | ServerMessage::PlayerReconnected(_)
        | ServerMessage::SpectatorJoined(_)
        | ServerMessage::SpectatorJoinFailed(_)
        | ServerMessage::SpectatorLeft(_)
        | ServerMessage::NewSpectatorJoined(_)
        | ServerMessage::SpectatorDisconnected(_)
        | ServerMessage::Error(_) => V2,
        ServerMessage::Signal(_)
        | ServerMessage::NewPeer(_)
        | ServerMessage::SessionPlan(_)
        | ServerMessage::PeerTransportStatus(_)
        | ServerMessage::RelayStats(_)
        | ServerMessage::GoingAway(_)
        | ServerMessage::DeliveryReport(_)
        | ServerMessage::RoomOperationResult(_) => V3,
    }
}

impl Project for ServerMessage<'_> {
    fn keep_for(&mut self, version: ProtocolVersion) {
        match self {
            Self::ProtocolInfo(info) => info.keep_for(version),
            Self::RoomJoined(snapshot) => snapshot.keep_for(version),
            Self::PlayerJoined(joined) => joined.keep_for(version),
            Self::PlayerLeft(left) => left.keep_for(version),
            Self::GameData(data) => data.keep_for(version),
            Self::Reconnected(reconnected) => reconnected.keep_for(version),
            Self::PlayerReconnected(back) => back.keep_for(version),
            Self::SpectatorJoined(joined) => joined.keep_for(version),
            Self::SpectatorLeft(left) => left.keep_for(version),
            Self::NewSpectatorJoined(joined) => joined.keep_for(version),
            Self::SpectatorDisconnected(gone) => gone.keep_for(version),
            Self::RoomOperationResult(reply) => reply.keep_for(version),
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
            | Self::Error(_)
            | Self::Signal(_)
            | Self::NewPeer(_)
            | Self::SessionPlan(_)
            | Self::PeerTransportStatus(_)
            | Self::RelayStats(_)
            | Self::GoingAway(_)
            | Self::DeliveryReport(_) => {}
        }
    }
}

impl Project for RoomOperationResult<'_> {
    fn keep_for(&mut self, version: ProtocolVersion) {
        match &mut self.result {
            RoomResult::RoomJoined(snapshot) => snapshot.keep_for(version),
            RoomResult::Reconnected(reconnected) => reconnected.keep_for(version),
            RoomResult::SpectatorJoined(joined) => joined.keep_for(version),
            RoomResult::SpectatorLeft(left) => left.keep_for(version),
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

impl Project for ProtocolInfo {
    fn keep_for(&mut self, version: ProtocolVersion) {
        match version {
            V2 => self.v3 = None,
            V3 => {}
        }
    }
}

impl Project for RoomSnapshot {
    fn keep_for(&mut self, version: ProtocolVersion) {
        self.current_players.keep_for(version);
        self.current_spectators.keep_for(version);
        match version {
            // A token stays: who builds the snapshot knows whether this recipient asked for one.
            V2 => self.ice_servers.clear(),
            V3 => {}
        }
    }
}

impl Project for Reconnected<'_> {
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

impl Project for PlayerInfo {
    fn keep_for(&mut self, version: ProtocolVersion) {
        match version {
            V2 => (self.epoch, self.seq) = (None, None),
            V3 => {
                debug_assert!(self.epoch.is_some() && self.seq.is_some(), "v3 readers need stamps");
                (self.connected_at, self.connection_info) = (None, None);
            }
        }
    }
}

impl Project for PlayerJoined {
    fn keep_for(&mut self, version: ProtocolVersion) {
        self.player.keep_for(version);
    }
}

impl Project for PlayerLeft {
    fn keep_for(&mut self, version: ProtocolVersion) {
        match version {
            V2 => (self.epoch, self.final_seq) = (None, None),
            V3 => debug_assert!(self.epoch.is_some() && self.final_seq.is_some(), "v3 readers need stamps"),
        }
    }
}

impl Project for GameDataOut<'_> {
    fn keep_for(&mut self, version: ProtocolVersion) {
        match version {
            V2 => (self.seq, self.epoch, self.class, self.key) = (None, None, None, None),
            V3 => debug_assert!(self.epoch.is_some() && self.seq.is_some(), "v3 readers need stamps"),
        }
    }
}

impl Project for PlayerReconnected {
    fn keep_for(&mut self, version: ProtocolVersion) {
        self.player.as_mut_slice().keep_for(version);
        match version {
            V2 => self.epoch = None,
            V3 => debug_assert!(self.epoch.is_some(), "v3 readers need stamps"),
        }
    }
}

impl Project for SpectatorInfo {
    fn keep_for(&mut self, version: ProtocolVersion) {
        match version {
            V2 => {}
            V3 => self.connected_at = None,
        }
    }
}

impl Project for SpectatorJoined {
    fn keep_for(&mut self, version: ProtocolVersion) {
        self.current_players.keep_for(version);
        self.current_spectators.keep_for(version);
    }
}

impl Project for SpectatorLeft {
    fn keep_for(&mut self, version: ProtocolVersion) {
        self.current_spectators.keep_for(version);
    }
}

impl Project for NewSpectatorJoined {
    fn keep_for(&mut self, version: ProtocolVersion) {
        self.spectator.keep_for(version);
        keep_list_or_count(&mut self.current_spectators, &mut self.spectator_count, version);
    }
}

impl Project for SpectatorDisconnected {
    fn keep_for(&mut self, version: ProtocolVersion) {
        keep_list_or_count(&mut self.current_spectators, &mut self.spectator_count, version);
    }
}

impl<T: Project> Project for [T] {
    fn keep_for(&mut self, version: ProtocolVersion) {
        self.iter_mut().for_each(|item| item.keep_for(version));
    }
}

/// v2 gets the spectators one by one, v3 only their number.
fn keep_list_or_count(list: &mut Vec<SpectatorInfo>, count: &mut Option<u32>, version: ProtocolVersion) {
    match version {
        V2 => *count = None,
        V3 => {
            debug_assert!(count.is_some(), "v3 readers need the number");
            list.clear();
        }
    }
}
