//! What comes from the peer: bytes into messages.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use signal_fish_protocol::CloseCode;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Instant;
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};
use tungstenite::{Error, Message};

use super::fragments::Fragments;
use super::outgoing::Outgoing;
use super::parting::Parting;

/// The reading side of one connection.
///
/// The socket is read into a large buffer that a thread's connections share, so that one system call takes all that
/// came. tungstenite's own buffer can be small then: it only has to keep a frame that is not complete yet.
#[derive(Debug)]
pub(super) struct Incoming {
    protocol: WebSocketContext,
    fragments: Fragments,
    /// What was read but not looked at when it became the turn of others; `protocol` may hold whole frames then.
    unread: Option<Bytes>,
    /// Whether anything was looked at at all.
    has_begun: bool,
    heard_at: Instant,
    message_at: Instant,
    /// Whether a text or binary message ever came.
    has_spoken: bool,
    /// Whether a pong came that nobody has asked for yet.
    has_pong: bool,
    /// Bytes that came and are not counted yet.
    n_read: u32,
}

impl Incoming {
    /// `first_bytes` were read already.
    pub(super) fn new(first_bytes: Bytes, inbound_bytes_max: usize) -> Self {
        let now = Instant::now();
        // Twice what is answered with an error: a little too much is a mistake, more is not worth the memory.
        let limit = Some(inbound_bytes_max.saturating_mul(2));
        let config = WebSocketConfig::default()
            .read_buffer_size(PROTOCOL_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(limit)
            .max_frame_size(limit);
        let protocol = WebSocketContext::new(Role::Server, Some(config));
        Self {
            protocol,
            fragments: Fragments::new(now, inbound_bytes_max),
            unread: Some(first_bytes),
            has_begun: false,
            heard_at: now,
            message_at: now,
            has_spoken: false,
            has_pong: false,
            n_read: 0,
        }
    }

    /// When something last came, even if only a part of a frame.
    pub(super) const fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// Whether no message ever came.
    pub(super) const fn is_silent(&self) -> bool {
        !self.has_spoken
    }

    /// When a text or binary message last came.
    pub(super) const fn message_at(&self) -> Instant {
        self.message_at
    }

    /// Whether a pong came since this was last asked.
    pub(super) fn take_pong(&mut self) -> bool {
        mem::take(&mut self.has_pong)
    }

    /// How many bytes came since this was last asked.
    pub(super) fn take_n_read(&mut self) -> u64 {
        mem::take(&mut self.n_read).into()
    }

    /// Since when a message is on its way that has not come to its end.
    pub(super) fn unfinished_since(&self) -> Option<Instant> {
        self.fragments.unfinished_since()
    }

    /// Hands text and binary messages to `take` until none is left, `take` wants no more, or it is the turn of
    /// others. In each case the task will be woken when there may be more. What the protocol answers by itself goes
    /// to `answers`.
    pub(super) fn read<S: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut S,
        answers: &mut Outgoing,
        mut take: impl FnMut(Instant, &Message) -> ControlFlow<()>,
    ) -> ControlFlow<Parting> {
        let mut n_messages_left = MESSAGES_MAX;
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.resize(SCRATCH_BYTES, 0);
            for _ in 0..READS_MAX {
                let unread = self.unread.take();
                let bytes = match &unread {
                    Some(unread) => unread,
                    None => match poll_read(cx, socket, scratch) {
                        Poll::Pending => return ControlFlow::Continue(()),
                        Poll::Ready(Err(kind)) => return ControlFlow::Break(Parting::Lost(kind)),
                        Poll::Ready(Ok(n_bytes)) => {
                            self.n_read =
                                self.n_read.saturating_add(u32::try_from(n_bytes).unwrap_or(u32::MAX));
                            &scratch[..n_bytes]
                        }
                    },
                };
                // What had to wait was not heard before now either: `take` must not see an old time.
                self.heard_at = Instant::now();
                if unread.is_none() || !mem::replace(&mut self.has_begun, true) {
                    let followed = self.fragments.follow(self.heard_at, bytes);
                    followed.map_or_else(
                        |code| ControlFlow::Break(Parting::Failed(code)),
                        ControlFlow::Continue,
                    )?;
                }
                let mut feed = Feed { bytes, answers };
                if !self.digest(&mut feed, &mut n_messages_left, &mut take)? {
                    let rest = feed.bytes;
                    let unread = unread.as_ref();
                    self.unread =
                        Some(unread.map_or_else(|| Bytes::copy_from_slice(rest), |all| all.slice_ref(rest)));
                    break;
                }
            }
            // The socket has not said that it is empty, so nobody else will wake us.
            cx.waker().wake_by_ref();
            ControlFlow::Continue(())
        })
    }

    /// Gives back the memory that one long message can leave behind. Only between two messages, or nothing happens.
    pub(super) fn shrink(&mut self) {
        if self.unread.is_none() && self.unfinished_since().is_none() {
            self.protocol = WebSocketContext::new(Role::Server, Some(*self.protocol.get_config()));
        }
    }

    /// Takes messages out of `feed`. Tells whether all of it was taken.
    fn digest(
        &mut self,
        feed: &mut Feed<'_>,
        n_messages_left: &mut usize,
        take: &mut impl FnMut(Instant, &Message) -> ControlFlow<()>,
    ) -> ControlFlow<Parting, bool> {
        while *n_messages_left > 0 {
            let message = match self.protocol.read(feed) {
                Ok(message) => message,
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    return ControlFlow::Continue(true);
                }
                Err(error) => return ControlFlow::Break(parting(&error)),
            };
            *n_messages_left -= 1;
            if message.is_close() {
                // Writes the answer. The error says that this was the end, which is no news.
                let _ = self.protocol.flush(feed);
                return ControlFlow::Break(Parting::PeerClosed);
            }
            self.has_pong |= message.is_pong();
            if message.is_text() || message.is_binary() {
                (self.message_at, self.has_spoken) = (self.heard_at, true);
                if take(self.heard_at, &message).is_break() {
                    return ControlFlow::Continue(false);
                }
            }
        }
        ControlFlow::Continue(false)
    }
}

/// Reads once. Mostly this leaves the socket empty, and tokio then knows so without another system call.
fn poll_read<S: AsyncRead + Unpin>(
    cx: &mut Context<'_>,
    socket: &mut S,
    scratch: &mut [u8],
) -> Poll<Result<usize, ErrorKind>> {
    let mut buf = ReadBuf::new(scratch);
    ready!(Pin::new(socket).poll_read(cx, &mut buf)).map_err(|error| error.kind())?;
    let n_bytes = buf.filled().len();
    if n_bytes == 0 {
        // Without a close frame. A half-closed stream is of no use: the peer could not even answer a ping.
        return Poll::Ready(Err(ErrorKind::UnexpectedEof));
    }
    Poll::Ready(Ok(n_bytes))
}

/// What tungstenite reads from and writes to: bytes that are there, and a queue. It never waits.
struct Feed<'a> {
    bytes: &'a [u8],
    answers: &'a mut Outgoing,
}

impl Read for Feed<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() {
            // Not zero, which would be the end of the stream.
            return Err(ErrorKind::WouldBlock.into());
        }
        self.bytes.read(buf)
    }
}

impl Write for Feed<'_> {
    /// With a write buffer of zero bytes this gets one whole frame each time.
    fn write(&mut self, frame: &[u8]) -> io::Result<usize> {
        self.answers.push_control(frame);
        Ok(frame.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn parting(error: &Error) -> Parting {
    Parting::Failed(if matches!(error, Error::Capacity(_)) {
        CloseCode::MessageTooBig
    } else if matches!(error, Error::Utf8(_)) {
        CloseCode::InvalidUtf8
    } else {
        // Those that are no faults of the peer have to do with sockets, which tungstenite does not see here.
        CloseCode::ProtocolError
    })
}

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is read at once: many small messages, or a good part of a long one.
const SCRATCH_BYTES: usize = 16 * 1024;

/// Every connection keeps this much. Longer frames make it grow until the connection is quiet.
const PROTOCOL_BUFFER_BYTES: usize = 512;

/// Messages until it is the turn of others.
const MESSAGES_MAX: usize = 32;

/// Reads until it is the turn of others: messages may be long, or come in a thousand pieces.
const READS_MAX: usize = 4;
