//! How far the server is on its way to its end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_fish_protocol::{GoingAway, ServerMessage};

/// Running, then draining, then stopped.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    going_away: OnceLock<GoingAway>,
    is_stopped: AtomicBool,
}

impl Lifecycle {
    /// Begins to drain; false if that had begun before.
    pub(crate) fn drain(&self, going_away: GoingAway) -> bool {
        self.going_away.set(going_away).is_ok()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.going_away.get().is_some()
    }

    /// What connections are told while the server drains.
    pub(crate) fn notice(&self) -> Option<ServerMessage<'static>> {
        self.going_away.get().copied().map(ServerMessage::GoingAway)
    }

    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }
}
