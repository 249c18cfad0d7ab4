//! Taking in sockets, whatever goes wrong.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep};
use tracing::warn;

use crate::arrival;
#[cfg(unix)]
use crate::bound::AT_UNIX_SOCKET;
use crate::bound::{Accepted, Bound};
use crate::listener::Endpoint;

/// Accepts for ever. No error ends it: without file descriptors, say, it waits until there are some again.
pub(crate) async fn accept_all(socket: &Bound, endpoint: &Arc<Endpoint>) -> Infallible {
    let mut pause = PAUSE_MIN;
    let mut complaints = Seldom::default();
    loop {
        match socket.accept().await {
            Ok(Accepted::Tcp(stream, peer)) => {
                pause = PAUSE_MIN;
                // Frames are written when they are due, in as few pieces as can be; holding one back for a fuller packet
                // would only cost time. It fails if the peer is gone by now, and then reading will tell.
                let _ = stream.set_nodelay(true);
                take_in(endpoint, stream, peer, &mut complaints);
            }
            #[cfg(unix)]
            Ok(Accepted::Unix(stream)) => {
                pause = PAUSE_MIN;
                take_in(endpoint, stream, AT_UNIX_SOCKET, &mut complaints);
            }
            Err(error) if is_of_one_peer(&error) => {}
            Err(error) => {
                if let Some(n_unlogged) = complaints.due() {
                    warn!(%error, n_unlogged, "cannot accept connections");
                }
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

fn take_in<S>(endpoint: &Arc<Endpoint>, stream: S, peer: SocketAddr, complaints: &mut Seldom)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let slot = match endpoint.caps.admit_socket(endpoint.counted(peer.ip())) {
        Ok(slot) => slot,
        Err(hit) => {
            endpoint.metrics.figures.sockets_refused.row(hit as usize).increment(1);
            if let Some(n_unlogged) = complaints.due() {
                warn!(%peer, ?hit, n_unlogged, "too many sockets, closing one unread");
            }
            return;
        }
    };
    endpoint.metrics.figures.sockets.increment(1);
    tokio::spawn(arrival::receive(Arc::clone(endpoint), slot, peer, stream));
}

/// Whether only the connection at hand is lost: its peer gave up while it waited to be accepted.
fn is_of_one_peer(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted)
}

/// Lets one of many equal complaints through every few seconds.
#[derive(Default)]
struct Seldom {
    last: Option<Instant>,
    n_unlogged: u64,
}

impl Seldom {
    /// How many were held back since the last one, if it is time for another.
    fn due(&mut self) -> Option<u64> {
        let now = Instant::now();
        if self.last.is_some_and(|last| now < last + BETWEEN_COMPLAINTS) {
            self.n_unlogged += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.n_unlogged))
    }
}

/// The first wait after a failed accept; it doubles up to [`PAUSE_MAX`] while accepting goes on failing.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// Short enough that clients which retry notice nothing, long enough that retrying costs nothing.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// Trouble with accepting comes with every connection; one line in so long tells it.
const BETWEEN_COMPLAINTS: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn complaints_are_counted_between_lines() {
        let mut seldom = Seldom::default();
        assert_eq!(seldom.due(), Some(0));
        assert_eq!([seldom.due(), seldom.due()], [None, None]);
        tokio::time::advance(BETWEEN_COMPLAINTS).await;
        assert_eq!(seldom.due(), Some(2));
    }
}
