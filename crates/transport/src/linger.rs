//! Ending a TCP connection so that the peer still reads what it was told last.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The end of a connection: nothing more is written, and what comes is thrown away until the peer ends too.
///
/// Closing a socket with unread bytes in it makes the system send a reset, and a reset makes the peer forget what
/// it has not read yet: the answer to a bad request, the reason in a close frame.
#[derive(Debug, Default)]
pub(crate) struct Linger {
    has_shut_down: bool,
}

impl Linger {
    /// Resolves when the peer has ended or is gone. Give it at most [`LINGER`].
    pub(crate) fn poll<S>(&mut self, cx: &mut Context<'_>, socket: &mut S) -> Poll<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if !self.has_shut_down {
            let gone = ready!(Pin::new(&mut *socket).poll_shutdown(cx)).is_err();
            self.has_shut_down = true;
            if gone {
                return Poll::Ready(());
            }
        }
        let mut discarded = [0; 4096];
        for _ in 0..READS_MAX {
            let mut buf = ReadBuf::new(&mut discarded);
            let read = ready!(Pin::new(&mut *socket).poll_read(cx, &mut buf));
            if read.is_err() || buf.filled().is_empty() {
                return Poll::Ready(());
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// How long a peer may take to end the connection from its side too. Clients that follow the protocol need one
/// round trip.
pub(crate) const LINGER: Duration = Duration::from_secs(1);

/// Reads before other tasks get their turn: a peer that floods us is no reason to starve them.
const READS_MAX: usize = 16;
