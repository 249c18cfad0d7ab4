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
    ) -> Self {
        let outbox = Arc::clone(session.outbox());
        let phase = Phase::Talking(Talk::new(session, first_bytes, &config));
        Self { wire: Wire { socket, outgoing: Outgoing::new(), outbox, config }, phase }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Connection<S> {
    type Output = Parting;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Parting> {
        let Self { wire, phase } = self.get_mut();
        loop {
            match phase {
                Phase::Talking(talk) => {
                    let ControlFlow::Break(parting) = talk.poll(cx, wire) else { return Poll::Pending };
                    if let Parting::Failed(code) = parting {
                        talk.end(code);
                    }
                    // The session ends here, before the peer has agreed to anything.
                    *phase = Phase::Closing(Closing::new(parting, &mut wire.outgoing));
                }
                Phase::Closing(closing) => return closing.poll(cx, wire).map(|()| closing.parting()),
            }
        }
    }
}
