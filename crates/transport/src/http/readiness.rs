//! Whether the server takes new work, and what keeps it from it.

use crate::listener::Endpoint;

/// Why the server should get no new players for now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unready {
    /// It is about to stop.
    Draining,
    /// Too much waits for those who are connected.
    Overloaded,
    /// Its storage does not take what has to be kept.
    StorageFails,
    /// Its event loop does not get its turn.
    Stuck,
}

impl Unready {
    /// What keeps `endpoint` from new work, if something does.
    pub(super) fn of(endpoint: &Endpoint) -> Option<Self> {
        let Endpoint { hub, pulse, .. } = endpoint;
        [
            (hub.is_draining(), Self::Draining),
            (hub.n_queued_bytes() > endpoint.config().queued_bytes_max, Self::Overloaded),
            (hub.is_storage_failing(), Self::StorageFails),
            (!pulse.is_there(), Self::Stuck),
        ]
        .into_iter()
        .find_map(|(is_so, unready)| is_so.then_some(unready))
    }

    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Draining => "draining: this server is about to stop\n",
            Self::Overloaded => "overloaded: too much waits for those who are connected\n",
            Self::StorageFails => "storage: rooms cannot be written\n",
            Self::Stuck => "stuck: the event loop does not get its turn\n",
        }
    }
}
