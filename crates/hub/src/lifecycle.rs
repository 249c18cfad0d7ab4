//! How far the server is on its way to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwapOption;
use signal_fish_protocol::{GoingAway, ServerMessage};

/// Running, then draining, then stopped. Until it drains for good it may run again.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    going_away: ArcSwapOption<GoingAway>,
    is_for_good: AtomicBool,
    is_stopped: AtomicBool,
}

impl Lifecycle {
    /// Begins to drain; false if that had begun before.
    pub(crate) fn drain(&self, going_away: GoingAway) -> bool {
        let before = self.going_away.compare_and_swap(&None::<Arc<GoingAway>>, Some(Arc::new(going_away)));
        before.is_none()
    }

    /// Drains, and never runs again; false if that was so before.
    pub(crate) fn drain_for_good(&self, going_away: GoingAway) -> bool {
        let is_new = !self.is_for_good.swap(true, Ordering::AcqRel);
        if is_new {
            self.going_away.store(Some(Arc::new(going_away)));
        }
        is_new
    }

    /// Runs again; false if it did not drain, or drains for good.
    pub(crate) fn undrain(&self) -> bool {
        let was_draining = self.going_away.load_full().filter(|_| !self.is_for_good.load(Ordering::Acquire));
        // What has come in between for good is not taken back: it is another one.
        was_draining.is_some_and(|was| {
            let found = self.going_away.compare_and_swap(&was, None);
            found.as_ref().is_some_and(|found| Arc::ptr_eq(found, &was))
        })
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.going_away.load().is_some()
    }

    /// What connections are told while the server drains.
    pub(crate) fn notice(&self) -> Option<ServerMessage<'static>> {
        self.going_away.load().as_deref().copied().map(ServerMessage::GoingAway)
    }

    pub(crate) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }
}
