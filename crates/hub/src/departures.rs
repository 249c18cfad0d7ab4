//! Why connections ended: the latest of them, for those who are asked why a player dropped.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use signal_fish_protocol::{CloseCode, PlayerId, RoomId, Timestamp};

use crate::session::Session;
use crate::source::Source;

/// A connection that has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Departure {
    /// When it began.
    pub connected_at: Timestamp,
    /// When it ended.
    pub at: Timestamp,
    /// Who it was.
    pub player: PlayerId,
    /// Where it came from: an address, or an IPv6 network.
    pub source: Source,
    /// The app that it authenticated for.
    pub app: Option<String>,
    /// The room that it was in, and the code that this had.
    pub room: Option<(RoomId, String)>,
    /// With what the server closed it; nothing if the client went, or was lost.
    pub closed_with: Option<CloseCode>,
}

/// The latest departures. Each place has a lock of its own, so that many may leave at once.
#[derive(Debug)]
pub(crate) struct Departures {
    places: Box<[Mutex<Option<Departure>>]>,
    n_noted: AtomicUsize,
}

impl Default for Departures {
    fn default() -> Self {
        let places = (0..DEPARTURES_MAX).map(|_| Mutex::new(None)).collect();
        Self { places, n_noted: AtomicUsize::new(0) }
    }
}

impl Departures {
    /// Notes why a connection ends, before it has left its room: of those who are in one, or were, or have shown who
    /// they are. Strangers who only connect cannot push out the others.
    pub(crate) fn note(&self, session: &Session) {
        if session.seat.is_none() && session.epoch.is_none() && !is_known(session) {
            return;
        }
        let room = session.seat.as_ref().map(|seat| seat.room());
        let departure = Departure {
            connected_at: session.connected_at,
            at: Timestamp::now(),
            player: session.link.player,
            source: session.caller.source,
            app: session.grant.as_ref().and_then(|grant| Some(grant.app_id()?.as_str().to_owned())),
            room: room.map(|room| (room.id(), room.key().code.as_str().to_owned())),
            closed_with: session.link.outbox.ending(),
        };
        let place = self.n_noted.fetch_add(1, Ordering::Relaxed) % DEPARTURES_MAX;
        *self.places[place].lock() = Some(departure);
    }

    /// At most `n_max` of those that `is_wanted`, the latest first.
    pub(crate) fn find(&self, n_max: usize, is_wanted: impl Fn(&Departure) -> bool) -> Vec<Departure> {
        let end = self.n_noted.load(Ordering::Relaxed);
        let latest_first = (end.saturating_sub(DEPARTURES_MAX)..end).rev();
        let noted = latest_first.filter_map(|n| self.places[n % DEPARTURES_MAX].lock().clone());
        noted.filter(is_wanted).take(n_max).collect()
    }
}

/// Whether it has been granted more than everyone is on an open server.
fn is_known(session: &Session) -> bool {
    session.grant.as_ref().is_some_and(|grant| grant.app_id().is_some() || grant.subject().is_some())
}

/// About a megabyte: some 200 bytes each, with what its names take.
const DEPARTURES_MAX: usize = 4_096;
