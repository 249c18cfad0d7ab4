//! Every connection there is, for what concerns them all: the end of the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use signal_fish_protocol::{PlayerId, ProtocolVersion};
use tokio::sync::Notify;

use crate::link::Link;
use crate::outbox::Outbox;

/// Every connection there is.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    connected: DashMap<PlayerId, Connected>,
    n_connected: AtomicUsize,
    emptied: Notify,
}

#[derive(Debug)]
struct Connected {
    version: ProtocolVersion,
    outbox: Arc<Outbox>,
}

impl Sessions {
    pub(crate) fn add(&self, link: &Link) {
        self.n_connected.fetch_add(1, Ordering::AcqRel);
        self.set(link);
    }

    /// What the connection speaks has been negotiated.
    pub(crate) fn update(&self, link: &Link) {
        self.set(link);
    }

    pub(crate) fn remove(&self, player: PlayerId) {
        self.connected.remove(&player);
        if self.n_connected.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.emptied.notify_waiters();
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.n_connected.load(Ordering::Acquire)
    }

    pub(crate) fn for_each(&self, act: impl Fn(ProtocolVersion, &Outbox)) {
        for connected in &self.connected {
            act(connected.version, &connected.outbox);
        }
    }

    pub(crate) async fn emptied(&self) {
        loop {
            // Listens before it looks, so that nothing is missed between the two.
            let mut emptied = std::pin::pin!(self.emptied.notified());
            emptied.as_mut().enable();
            if self.count() == 0 {
                return;
            }
            emptied.await;
        }
    }

    fn set(&self, link: &Link) {
        let connected = Connected { version: link.wire.version, outbox: Arc::clone(&link.outbox) };
        self.connected.insert(link.player, connected);
    }
}
