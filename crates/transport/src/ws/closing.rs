//! The end of a connection: last words, the close frame, and time for the peer to read them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep};

use super::connection::Wire;
use super::outgoing::{Outgoing, Written};
use super::parting::Parting;
use crate::linger::{LINGER, Linger};

/// A connection without a session, on its way down.
///
/// The peer's own close frame is not looked for: its end of the stream comes right after, and means the same.
pub(super) struct Closing {
    parting: Parting,
    step: Step,
    /// When the peer has had its time.
    timer: Pin<Box<Sleep>>,
}

enum Step {
    /// The hub may have last words, and then a close code.
    Emptying,
    /// What is due, a close frame at its end, has to be written.
    Flushing,
    /// All is said, and the peer has to end too.
    Lingering(Linger),
    /// The connection broke.
    Over,
}

impl Closing {
    pub(super) fn new(parting: Parting, outgoing: &mut Outgoing) -> Self {
        let step = match parting {
            Parting::Failed(_) => Step::Emptying,
            Parting::Dismissed(code) => {
                outgoing.push_close(code);
                Step::Flushing
            }
            Parting::PeerClosed => Step::Flushing,
            Parting::Lost(_) => Step::Over,
        };
        Self { parting, step, timer: Box::pin(sleep(LINGER)) }
    }

    pub(super) const fn parting(&self) -> Parting {
        self.parting
    }

    /// Resolves when there is nothing more to do or no more time.
    pub(super) fn poll<S>(&mut self, cx: &mut Context<'_>, wire: &mut Wire<S>) -> Poll<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.poll_steps(cx, wire).is_ready() {
            return Poll::Ready(());
        }
        self.timer.as_mut().poll(cx)
    }

    fn poll_steps<S>(&mut self, cx: &mut Context<'_>, wire: &mut Wire<S>) -> Poll<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Wire { socket, outgoing, outbox, .. } = wire;
        loop {
            self.step = match &mut self.step {
                Step::Emptying => match outgoing.write(cx, socket, outbox) {
                    Ok(Written::Ending(code)) => {
                        outgoing.push_close(code);
                        Step::Flushing
                    }
                    // There is an end, so it comes into sight once the socket takes what is before it.
                    Ok(Written::All | Written::Blocked) => return Poll::Pending,
                    Ok(Written::More) => Step::Emptying,
                    Err(_) => Step::Over,
                },
                Step::Flushing => match ready!(outgoing.poll_flush(cx, socket)) {
                    Ok(()) => Step::Lingering(Linger::default()),
                    Err(_) => Step::Over,
                },
                Step::Lingering(linger) => {
                    ready!(linger.poll(cx, socket));
                    Step::Over
                }
                Step::Over => return Poll::Ready(()),
            };
        }
    }
}
