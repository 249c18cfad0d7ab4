//! A connection while both sides talk: what is done when its task is woken, and in which order.

use std::future::pending;
use std::mem;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use signal_fish_hub::{Entry, Session};
use signal_fish_protocol::CloseCode;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::ConnectionConfig;
use super::connection::Wire;
use super::deadlines::{Deadlines, Due, Signs};
use super::hearing::hear;
use super::incoming::Incoming;
use super::outgoing::Written;
use super::parting::Parting;

/// A connection while both sides talk. Dropping it ends the session: the seat is free for others at once.
pub(super) struct Talk {
    party: Party,
    incoming: Incoming,
    deadlines: Deadlines,
    /// Whether the next turn is a second one.
    speaks: bool,
}

/// Who listens to the peer.
#[expect(clippy::large_enum_variant, reason = "the small one is seldom there, and not for long")]
enum Party {
    Session(Session),
    /// The session enters a room, and hears nothing until it knows whether it is in.
    Entering(Pin<Box<dyn Future<Output = Session> + Send>>),
}

impl Talk {
    pub(super) fn new(session: Session, first_bytes: Bytes, config: &ConnectionConfig) -> Self {
        let incoming = Incoming::new(first_bytes, config.inbound_bytes_max);
        Self {
            party: Party::Session(session),
            incoming,
            deadlines: Deadlines::new(Instant::now(), config),
            speaks: false,
        }
    }

    /// Lets the session say why this connection has to end.
    pub(super) fn end(&self, code: CloseCode) {
        match &self.party {
            Party::Session(session) => session.end(code),
            // Nothing is read and no deadline is kept then, so nothing can fail.
            Party::Entering(_) => {}
        }
    }

    /// Takes a turn. If that is not the end of the talk, the task will be woken for what comes next.
    ///
    /// A wake-up takes two turns. Both hear: they read a share of what came and then look at the deadlines, for
    /// which that may be the awaited sign of life. Only the second speaks. It comes behind all other tasks that
    /// are ready now, so whatever these have to say to this peer goes with the rest in one write. A write costs
    /// the same for one frame or for thirty, and many times as much as a turn.
    ///
    /// Neither side can starve the other, nor other tasks: a turn reads and writes no more than a share, and
    /// however much there is to read, every second turn writes.
    pub(super) fn poll<S>(&mut self, cx: &mut Context<'_>, wire: &mut Wire<S>) -> ControlFlow<Parting>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.read(cx, wire)?;
        self.watch(cx, wire)?;
        self.speaks = !self.speaks;
        if self.speaks {
            // The second turn.
            cx.waker().wake_by_ref();
            return ControlFlow::Continue(());
        }
        write(cx, wire)?;
        if wire.outgoing.stalled_since().is_some() {
            // It may have stalled only now, which is a deadline more.
            self.watch(cx, wire)?;
        }
        ControlFlow::Continue(())
    }

    fn read<S>(&mut self, cx: &mut Context<'_>, wire: &mut Wire<S>) -> ControlFlow<Parting>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(session) = self.party.session(cx) else { return ControlFlow::Continue(()) };
        let mut entry = None;
        let inbound_bytes_max = wire.config.inbound_bytes_max;
        self.incoming.read(cx, &mut wire.socket, &mut wire.outgoing, |now, message| {
            entry = hear(session, inbound_bytes_max, now, message);
            if entry.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let n_read = self.incoming.take_n_read();
        if n_read > 0 {
            wire.metrics.read.add(n_read);
        }
        if self.incoming.take_pong()
            && let Some(rtt) = self.deadlines.on_pong(self.incoming.heard_at())
        {
            wire.metrics.ponged(rtt);
        }
        if let Some(entry) = entry {
            self.party.enter(self.incoming.message_at(), entry);
            // Most entries wait for nobody.
            self.party.session(cx);
        }
        ControlFlow::Continue(())
    }

    fn watch<S>(&mut self, cx: &mut Context<'_>, wire: &mut Wire<S>) -> ControlFlow<Parting> {
        // The peer is not to blame for what it could not say while its session entered a room.
        let Party::Session(session) = &self.party else { return ControlFlow::Continue(()) };
        let signs = Signs {
            alive_at: self.incoming.heard_at().max(wire.outgoing.moved_at()),
            message_at: self.incoming.message_at(),
            unfinished_since: self.incoming.unfinished_since(),
            stalled_since: wire.outgoing.stalled_since(),
            expires_at: session.expires_at().map(Instant::from_std),
            must_authenticate: session.needs_handshake(),
        };
        while let Poll::Ready(due) = self.deadlines.poll(cx, &wire.config, &signs) {
            match due {
                Due::Ping => {
                    wire.outgoing.push_ping();
                    // It has been quiet for a while, so it can do with less.
                    self.incoming.shrink();
                }
                Due::End(code) => {
                    if self.incoming.is_silent() {
                        wire.metrics.figures.silent.increment(1);
                    }
                    return ControlFlow::Break(Parting::Failed(code));
                }
            }
        }
        ControlFlow::Continue(())
    }
}

impl Party {
    /// The session, once it is in the room that it enters, if any.
    fn session(&mut self, cx: &mut Context<'_>) -> Option<&mut Session> {
        if let Self::Entering(entering) = self
            && let Poll::Ready(session) = entering.as_mut().poll(cx)
        {
            *self = Self::Session(session);
        }
        match self {
            Self::Session(session) => Some(session),
            Self::Entering(_) => None,
        }
    }

    fn enter(&mut self, now: Instant, entry: Entry) {
        // What stands in for the session while it moves takes no memory.
        let party = mem::replace(self, Self::Entering(Box::pin(pending())));
        let Self::Session(mut session) = party else { unreachable!("only a session makes an entry") };
        *self = Self::Entering(Box::pin(async move {
            session.enter(now.into_std(), entry).await;
            session
        }));
    }
}

fn write<S: AsyncWrite + Unpin>(cx: &mut Context<'_>, wire: &mut Wire<S>) -> ControlFlow<Parting> {
    match wire.outgoing.write(cx, &mut wire.socket, &wire.outbox) {
        Ok(Written::All) => ControlFlow::Continue(()),
        // The outbox has more to say than the peer reads. Should the hub give up on it, its seat is free at once.
        Ok(Written::Blocked) => match wire.outbox.poll_ending(cx) {
            Poll::Ready(code) => ControlFlow::Break(Parting::Failed(code)),
            Poll::Pending => ControlFlow::Continue(()),
        },
        Ok(Written::More) => {
            cx.waker().wake_by_ref();
            ControlFlow::Continue(())
        }
        Ok(Written::Ending(code)) => ControlFlow::Break(Parting::Dismissed(code)),
        Err(error) => ControlFlow::Break(Parting::Lost(error.kind())),
    }
}
