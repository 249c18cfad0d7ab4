//! What those who are away miss: the latest broadcasts about who is in the room and how far it is.

use std::collections::VecDeque;

use signal_fish_protocol::{ConnectionInfo, PlayerId, PlayerInfo, ReplayStatus, ServerMessage};

use crate::{Audience, Effect};

/// The latest events of a room in which somebody is away, numbered since then.
#[derive(Clone, Debug)]
pub(crate) struct MissedEvents {
    events: VecDeque<ServerMessage<'static>>,
    /// The number of the oldest that is kept.
    first: u64,
    n_bytes: usize,
    events_max: usize,
}

impl MissedEvents {
    pub(crate) fn new(events_max: usize) -> Self {
        Self { events: VecDeque::new(), first: 0, n_bytes: 0, events_max }
    }

    /// Keeps those of these effects that somebody can miss.
    pub(crate) fn remember(&mut self, effects: &[Effect]) {
        for event in effects.iter().filter_map(event) {
            self.n_bytes += size(event);
            self.events.push_back(event.clone());
            while (self.events.len() > self.events_max || self.n_bytes > BYTES_MAX)
                && let Some(oldest) = self.events.pop_front()
            {
                self.n_bytes -= size(&oldest);
                self.first += 1;
            }
        }
    }

    /// The number that the next event gets after these effects.
    pub(crate) fn n_after(&self, effects: &[Effect]) -> u64 {
        self.first + (self.events.len() + effects.iter().filter_map(event).count()) as u64
    }

    /// The events from the one with this number on, for somebody who finds the room with this authority. By then
    /// what was said of another holder would mislead.
    pub(crate) fn since(
        &self,
        first: u64,
        authority: Option<PlayerId>,
    ) -> (Vec<ServerMessage<'static>>, ReplayStatus) {
        let misleads = |event: &ServerMessage<'_>| matches!(event, ServerMessage::AuthorityChanged(changed) if changed.authority_player != authority);
        let n_known = usize::try_from(first.saturating_sub(self.first)).unwrap_or(usize::MAX);
        let events = self.events.iter().skip(n_known).filter(|event| !misleads(event)).cloned().collect();
        let status = if first < self.first { ReplayStatus::Truncated } else { ReplayStatus::Complete };
        (events, status)
    }
}

/// The event in this effect, as everybody but the one it is about hears it.
fn event(effect: &Effect) -> Option<&ServerMessage<'static>> {
    match effect {
        Effect::Send(Audience::Everyone | Audience::EveryoneBut(_), message) => {
            let can_be_missed = matches!(
                message,
                ServerMessage::PlayerJoined(_)
                    | ServerMessage::PlayerLeft(_)
                    | ServerMessage::PlayerReconnected(_)
                    | ServerMessage::NewSpectatorJoined(_)
                    | ServerMessage::SpectatorDisconnected(_)
                    | ServerMessage::LobbyStateChanged(_)
                    | ServerMessage::AuthorityChanged(_)
            );
            can_be_missed.then_some(message)
        }
        Effect::Send(Audience::Players | Audience::PlayersBut(_) | Audience::One(_), _)
        | Effect::Report(_)
        | Effect::Plan(..)
        | Effect::Entered
        | Effect::Returned(_)
        | Effect::Left(_)
        | Effect::Reply(_)
        | Effect::Refuse(_)
        | Effect::Relay(_)
        | Effect::Close(..)
        | Effect::Ended => None,
    }
}

/// About what an event takes, in memory or on the wire.
fn size(event: &ServerMessage<'_>) -> usize {
    const LEAST: usize = 256;
    let info = |player: &PlayerInfo| player.connection_info.as_ref().map_or(0, ConnectionInfo::json_len);
    LEAST
        + if let ServerMessage::PlayerJoined(joined) = event {
            info(&joined.player)
        } else if let ServerMessage::PlayerReconnected(back) = event {
            back.player.as_ref().map_or(0, info)
        } else if let ServerMessage::NewSpectatorJoined(joined) = event {
            LEAST * joined.current_spectators.len()
        } else if let ServerMessage::SpectatorDisconnected(gone) = event {
            LEAST * gone.current_spectators.len()
        } else if let ServerMessage::LobbyStateChanged(changed) = event {
            ID_BYTES * changed.ready_players.len()
        } else {
            0
        }
}

/// What an id takes as text in a list.
const ID_BYTES: usize = 40;

/// However many events may be kept, they must fit into one message beside a snapshot.
const BYTES_MAX: usize = 1024 * 1024;
