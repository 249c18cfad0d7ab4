//! What was decided in which order, as the world knows it by having made it happen.

use std::time::Instant;

use signal_fish_protocol::PlayerId;

use crate::requests::Request;

/// Something that changes what others may do.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A request was decided. What came of it is in the reply to `serial`.
    Decided(Box<Decision>),
    /// A connection is gone.
    Gone { client: usize, player: PlayerId, at: Instant, spoken: Spoken },
}

/// Whether a player has said anything since it came in or back, as far as its room has heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spoken {
    No,
    /// It has, but not everything comes to a room.
    Perhaps,
    Surely,
}

/// A request, at the moment at which it was decided.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) serial: usize,
    pub(crate) client: usize,
    /// Who asked.
    pub(crate) player: PlayerId,
    pub(crate) request: Request,
    pub(crate) at: Instant,
    /// Whether anything else may have happened since it was asked.
    pub(crate) is_slow: bool,
    pub(crate) is_draining: bool,
    /// For one who wants to come back: whether a connection is that player already.
    pub(crate) is_connected: bool,
}

impl Event {
    pub(crate) const fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Decided(decision) => Some(decision),
            Self::Gone { .. } => None,
        }
    }
}
