//! Every connection there is, for what concerns them all: the end of the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use dashmap::DashMap;
use signal_fish_protocol::{CloseCode, PlayerId};
use tokio::sync::Notify;

use crate::banned::{Bans, Outcast};
use crate::frame::Frame;
use crate::lifecycle::Lifecycle;
use crate::link::{Link, Wire};
use crate::outbox::{Outbox, Waiting};
use crate::oversight::ConnectionView;
use crate::source::Source;

/// Every connection there is.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    connected: DashMap<PlayerId, Connected>,
    n_connected: AtomicUsize,
    emptied: Notify,
}

#[derive(Debug)]
struct Connected {
    /// What it reads, once its handshake is done or skipped.
    wire: Option<Wire>,
    /// Whether it knows that the server is about to stop.
    is_told: bool,
    /// Whether it plays in a room.
    is_seated: bool,
    outbox: Arc<Outbox>,
    source: Source,
    /// Who its connect token says it is. Boxed, since few have one.
    subject: Option<Box<Outcast>>,
}

impl Sessions {
    pub(crate) fn add(&self, link: &Link, source: Source) {
        self.n_connected.fetch_add(1, Ordering::AcqRel);
        let outbox = Arc::clone(&link.outbox);
        let connected =
            Connected { wire: None, is_told: false, is_seated: false, outbox, source, subject: None };
        self.connected.insert(link.player, connected);
    }

    /// What the connection speaks is settled, and it has been told. If the server is about to stop, that comes next.
    pub(crate) fn settle(&self, now: Instant, link: &Link, lifecycle: &Lifecycle) {
        link.outbox.settle(now, link.wire);
        if let Some(mut connected) = self.connected.get_mut(&link.player) {
            connected.wire = Some(link.wire);
            connected.tell(now, lifecycle);
        }
    }

    /// Tells everyone who may know that the server is about to stop.
    pub(crate) fn tell_all(&self, now: Instant, lifecycle: &Lifecycle) {
        self.connected.iter_mut().for_each(|mut connected| connected.tell(now, lifecycle));
    }

    /// Nobody counts as told any more: the next time everyone is.
    pub(crate) fn forget_telling(&self) {
        self.connected.iter_mut().for_each(|mut connected| connected.is_told = false);
    }

    /// Whether a connection is this player.
    pub(crate) fn is_connected(&self, player: PlayerId) -> bool {
        self.connected.contains_key(&player)
    }

    /// The connection that was `before` is `link.player` from now on.
    pub(crate) fn take_over(
        &self,
        now: Instant,
        before: PlayerId,
        link: &Link,
        lifecycle: &Lifecycle,
        bans: &Bans,
    ) {
        let Some((_, connected)) = self.connected.remove(&before) else { return };
        self.connected.insert(link.player, connected);
        // Looked at after it can be found again: whoever told all, banned some, or ended all, in between has missed it.
        // Who looked for this one alone was told that it is not there.
        if let Some(mut connected) = self.connected.get_mut(&link.player) {
            connected.tell(now, lifecycle);
            if connected.is_banned(now, bans) {
                link.outbox.end(CloseCode::SessionExpired);
            }
        }
        if lifecycle.is_stopped() {
            link.outbox.end(CloseCode::ServerShutdown);
        }
    }

    pub(crate) fn remove(&self, link: &Link) {
        // Somebody else may be this player by now, who came back while this connection was on its way out.
        self.connected.remove_if(&link.player, |_, there| Arc::ptr_eq(&there.outbox, &link.outbox));
        if self.n_connected.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.emptied.notify_waiters();
        }
    }

    /// Notes whether a connection plays in a room.
    pub(crate) fn set_seated(&self, player: PlayerId, is_seated: bool) {
        if let Some(mut connected) = self.connected.get_mut(&player) {
            connected.is_seated = is_seated;
        }
    }

    /// Whether there is such a connection and it plays in a room, or did until that ended.
    pub(crate) fn is_seated(&self, player: PlayerId) -> bool {
        self.connected.get(&player).is_some_and(|connected| connected.is_seated)
    }

    /// The connections for which something worth counting waits, and how much.
    pub(crate) fn waiting(&self) -> Vec<(usize, Arc<Outbox>)> {
        let counted =
            self.connected.iter().map(|there| (there.outbox.n_bytes_counted(), Arc::clone(&there.outbox)));
        counted.filter(|(n_bytes, _)| *n_bytes > 0).collect()
    }

    /// Everyone who is connected, in no order.
    pub(crate) fn players(&self) -> impl Iterator<Item = PlayerId> {
        self.connected.iter().map(|connected| *connected.key())
    }

    pub(crate) fn view(&self, player: PlayerId) -> Option<ConnectionView> {
        let connected = self.connected.get(&player)?;
        Some(ConnectionView {
            player,
            is_seated: connected.is_seated,
            n_queued: connected.outbox.look().n_messages,
            closes_with: connected.outbox.ending(),
        })
    }

    /// Ends one connection; whether there was one.
    pub(crate) fn end(&self, player: PlayerId, code: CloseCode) -> bool {
        self.connected.get(&player).map(|connected| connected.outbox.end(code)).is_some()
    }

    pub(crate) fn count(&self) -> usize {
        self.n_connected.load(Ordering::Acquire)
    }

    /// Shows what waits for each connection.
    pub(crate) fn look(&self, mut look: impl FnMut(Waiting)) {
        self.connected.iter().for_each(|connected| look(connected.outbox.look()));
    }

    pub(crate) fn end_all(&self, code: CloseCode) {
        self.connected.iter().for_each(|connected| connected.outbox.end(code));
    }

    /// Notes who a connection is, by its connect token.
    pub(crate) fn identify(&self, player: PlayerId, subject: Option<Box<Outcast>>) {
        if let Some(mut connected) = self.connected.get_mut(&player) {
            connected.subject = subject;
        }
    }

    /// Ends the connections from such a source or of such a subject; how many.
    pub(crate) fn end_those(
        &self,
        code: CloseCode,
        hits: impl Fn(Source, Option<&Outcast>) -> bool,
    ) -> usize {
        let hit = |connected: &Connected| hits(connected.source, connected.subject.as_deref());
        let ended = self.connected.iter().filter(|connected| hit(connected));
        ended.map(|connected| connected.outbox.end(code)).count()
    }

    pub(crate) async fn emptied(&self) {
        loop {
            // Made before it looks, so that nothing is missed between the two.
            let emptied = self.emptied.notified();
            if self.count() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Connected {
    fn is_banned(&self, now: Instant, bans: &Bans) -> bool {
        bans.holds_source(now, self.source)
            || self.subject.as_ref().is_some_and(|subject| bans.holds(now, subject))
    }

    /// Once at most for each time that the server drains, and only who has a version that knows the message. Settling
    /// and telling all hold the entry, so that whichever comes second sees what the first has done.
    fn tell(&mut self, now: Instant, lifecycle: &Lifecycle) {
        if let (Some(wire), Some(notice)) = (self.wire, lifecycle.notice())
            && !std::mem::replace(&mut self.is_told, true)
            && let Some(frame) = Frame::of(notice, wire)
        {
            self.outbox.push(now, frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use signal_fish_protocol::{ControlEncoding, ProtocolVersion, Uuid};

    use super::*;
    use crate::banned::Network;
    use crate::capabilities::Capabilities;
    use crate::config::HubConfig;

    #[test]
    fn who_is_banned_while_it_becomes_another_player_is_ended() {
        let (now, lifecycle, source) = (Instant::now(), Lifecycle::default(), [203, 0, 113, 9].into());
        let bob = || Outcast::Subject { app: None, subject: "bob".into() };
        let network = Network::new(source, 24).expect("24 bits");
        for (outcast, is_ended) in
            [(None, false), (Some(bob()), true), (Some(Outcast::Network(network)), true)]
        {
            let (sessions, bans) = (Sessions::default(), Bans::default());
            let outbox = Outbox::new(
                HubConfig::default().outbox,
                ControlEncoding::Json,
                None,
                crate::metrics::Metrics::new(),
            );
            let (player, wire) = (PlayerId::new(Uuid::from_u128(1)), Wire::json(ProtocolVersion::V3));
            let link = Link { player, wire, capabilities: Capabilities::default(), outbox };
            sessions.add(&link, Source::of(source));
            sessions.identify(player, Some(Box::new(bob())));
            // It is there, but nobody has found the connection yet.
            if let Some(outcast) = outcast.clone() {
                bans.add(now, outcast, None).expect("there are none");
            }
            let link = Link { player: PlayerId::new(Uuid::from_u128(2)), ..link };
            sessions.take_over(now, player, &link, &lifecycle, &bans);
            assert_eq!(link.outbox.has_ended(), is_ended, "{outcast:?}");
        }
    }
}
