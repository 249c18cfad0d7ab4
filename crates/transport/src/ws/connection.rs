//! The task of one connection: a talk, then its closing.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use signal_fish_hub::{Outbox, Session};
use tokio::io::{AsyncRead, AsyncWrite};

use super::ConnectionConfig;
use super::closing::Closing;
use super::outgoing::Outgoing;
use super::parting::Parting;
use super::talk::Talk;
use crate::metrics::Metrics;

/// One WebSocket and its session: a future that resolves with the reason when the connection has ended.
///
/// Quiet connections are what a server has most of, so this and all it owns stays within a kilobyte or two: no
/// buffer for what may come or go, only for what is there.
pub(super) struct Connection<S> {
    wire: Wire<S>,
    phase: Phase,
}

/// What a connection needs from its first byte to its last.
pub(super) struct Wire<S> {
    pub(super) socket: S,
    pub(super) outgoing: Outgoing,
    pub(super) outbox: Arc<Outbox>,
    pub(super) config: Arc<ConnectionConfig>,
    pub(super) metrics: Arc<Metrics>,
}

#[expect(clippy::large_enum_variant, reason = "nearly all connections talk nearly all of the time")]
enum Phase {
    Talking(Talk),
    Closing(Closing),
}

impl<S> Connection<S> {
    /// `first_bytes` came with the request for the upgrade, which has been answered.
    pub(super) fn new(
        socket: S,
        first_bytes: Bytes,
        session: Session,
        config: Arc<ConnectionConfig>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let outbox = Arc::clone(session.outbox());
        let phase = Phase::Talking(Talk::new(session, first_bytes, &config));
        Self { wire: Wire { socket, outgoing: Outgoing::new(), outbox, config, metrics }, phase }
    }

    /// Where is counted what it does.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.wire.metrics
    }
}

impl<S> Wire<S> {
    /// Counts what was written since the last time, once for many writes.
    fn count_written(&mut self) {
        let n_bytes = self.outgoing.take_n_written();
        if n_bytes > 0 {
            self.metrics.written.add(n_bytes);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Connection<S> {
    type Output = Parting;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Parting> {
        let Self { wire, phase } = self.get_mut();
        loop {
            match phase {
                Phase::Talking(talk) => {
                    let polled = talk.poll(cx, wire);
                    wire.count_written();
                    let ControlFlow::Break(parting) = polled else { return Poll::Pending };
                    if let Parting::Failed(code) = parting {
                        talk.end(code);
                    }
                    // The session ends here, before the peer has agreed to anything.
                    *phase = Phase::Closing(Closing::new(parting, &mut wire.outgoing));
                }
                Phase::Closing(closing) => {
                    let closed = closing.poll(cx, wire);
                    wire.count_written();
                    return closed.map(|()| closing.parting());
                }
            }
        }
    }
}
