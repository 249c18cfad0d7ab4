//! What goes to the peer: as many frames as there are, in as few writes as can be.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use signal_fish_hub::{Frame, Outbox, Taken};
use signal_fish_protocol::CloseCode;
use tokio::io::AsyncWrite;
use tokio::time::Instant;

use super::framing;

/// The writing side of one connection. It owns no memory while nothing waits: one buffer per thread is enough for
/// what a single write takes, since a small frame is cheaper to copy than to hand to the system on its own.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// Whole control frames that are due: pongs, a ping, a close.
    control: Vec<u8>,
    /// What the socket did not take. No bytes, if it took all but has not sent them: an encrypted one has a buffer.
    rest: Option<Rest>,
    /// When the socket last took all of a rest.
    moved_at: Instant,
    /// What was written and is not counted yet.
    n_written: u32,
}

#[derive(Debug)]
struct Rest {
    bytes: Bytes,
    /// Since when too little of it went.
    stalled_since: Instant,
    /// How much has to be left for the stall to be counted anew.
    renewed_at: usize,
}

/// Where [`Outgoing::write`] stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Written {
    /// There is nothing to write. The outbox wakes the task.
    All,
    /// The socket takes no more. It wakes the task.
    Blocked,
    /// There is more, but it is the turn of others. Nobody wakes the task.
    More,
    /// Nothing will come after what was written, but a close frame with this code.
    Ending(CloseCode),
}

impl Outgoing {
    pub(super) fn new() -> Self {
        Self { control: Vec::new(), rest: None, moved_at: Instant::now(), n_written: 0 }
    }

    /// Writes what is due and what is in the outbox. Nothing is taken from the outbox before all that was taken
    /// earlier is written: its bounds are what a slow reader runs into.
    pub(super) fn write<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut S,
        outbox: &Outbox,
    ) -> io::Result<Written> {
        for _ in 0..BATCHES_MAX {
            if self.poll_rest(cx, socket)?.is_pending() {
                return Ok(Written::Blocked);
            }
            match self.write_batch(cx, socket, outbox)? {
                Poll::Ready(Taken::Frames) => {}
                Poll::Ready(Taken::Ending(code)) => return Ok(Written::Ending(code)),
                // A rest can only be some control frames here; the next round finds out who wakes the task.
                Poll::Pending if self.rest.is_some() => {}
                Poll::Pending => return Ok(Written::All),
            }
        }
        Ok(Written::More)
    }

    /// Writes what is due, without the outbox.
    pub(super) fn poll_flush<S>(&mut self, cx: &mut Context<'_>, socket: &mut S) -> Poll<io::Result<()>>
    where
        S: AsyncWrite + Unpin,
    {
        loop {
            ready!(self.poll_rest(cx, socket))?;
            if self.control.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let control = std::mem::take(&mut self.control);
            self.write_or_keep(cx, socket, &control)?;
        }
    }

    /// Makes whole control frames due. Older ones that still wait may be left out for it: only the last ping has
    /// to be answered (RFC 6455, 5.5.3), and a peer that pings without reading must not fill our memory.
    pub(super) fn push_control(&mut self, frames: &[u8]) {
        if self.control.len() + frames.len() > CONTROL_BYTES_MAX {
            self.control.clear();
        }
        self.control.extend_from_slice(frames);
    }

    pub(super) fn push_ping(&mut self) {
        framing::push_ping(&mut self.control);
    }

    pub(super) fn push_close(&mut self, code: CloseCode) {
        framing::push_close(&mut self.control, code);
    }

    /// How many bytes were written since this was last asked.
    pub(super) fn take_n_written(&mut self) -> u64 {
        std::mem::take(&mut self.n_written).into()
    }

    fn note_written(&mut self, n_bytes: usize) {
        self.n_written = self.n_written.saturating_add(u32::try_from(n_bytes).unwrap_or(u32::MAX));
    }

    /// Since when the peer takes too little of what it was sent.
    pub(super) fn stalled_since(&self) -> Option<Instant> {
        self.rest.as_ref().map(|rest| rest.stalled_since)
    }

    /// When the peer last took what had been stuck: a sign of life, if not a word.
    pub(super) const fn moved_at(&self) -> Instant {
        self.moved_at
    }

    /// One batch: the control frames and what the outbox has, in a single write.
    fn write_batch<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut S,
        outbox: &Outbox,
    ) -> io::Result<Poll<Taken>> {
        SCRATCH.with_borrow_mut(|Scratch { frames, bytes }| {
            // Should the last one to use this have panicked, then what it left must not go to another peer.
            frames.clear();
            bytes.clear();
            bytes.append(&mut self.control);
            self.control = Vec::new();
            let taken = outbox.poll_take(cx, frames, BATCH_BYTES);
            for frame in frames.drain(..) {
                framing::push_message(bytes, &frame);
            }
            if !bytes.is_empty() {
                self.write_or_keep(cx, socket, bytes)?;
            }
            if bytes.capacity() > SCRATCH_BYTES_KEPT {
                *bytes = Vec::new();
            }
            Ok(taken)
        })
    }

    /// Writes `bytes`, and keeps what the socket does not take.
    fn write_or_keep<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut S,
        bytes: &[u8],
    ) -> io::Result<()> {
        let n_written = match Pin::new(&mut *socket).poll_write(cx, bytes) {
            Poll::Ready(written) => written?,
            Poll::Pending => 0,
        };
        self.note_written(n_written);
        if n_written < bytes.len() || Pin::new(socket).poll_flush(cx)?.is_pending() {
            self.rest = Some(Rest::new(Bytes::copy_from_slice(&bytes[n_written..])));
        }
        Ok(())
    }

    fn poll_rest<S>(&mut self, cx: &mut Context<'_>, socket: &mut S) -> Poll<io::Result<()>>
    where
        S: AsyncWrite + Unpin,
    {
        let Some(rest) = &mut self.rest else { return Poll::Ready(Ok(())) };
        while !rest.bytes.is_empty() {
            let Poll::Ready(n_written) = Pin::new(&mut *socket).poll_write(cx, &rest.bytes)? else {
                rest.renew();
                return Poll::Pending;
            };
            if n_written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            rest.bytes.advance(n_written);
            self.n_written = self.n_written.saturating_add(u32::try_from(n_written).unwrap_or(u32::MAX));
        }
        ready!(Pin::new(socket).poll_flush(cx))?;
        self.rest = None;
        self.moved_at = Instant::now();
        Poll::Ready(Ok(()))
    }
}

impl Rest {
    fn new(bytes: Bytes) -> Self {
        let renewed_at = bytes.len().saturating_sub(PROGRESS_BYTES);
        Self { bytes, stalled_since: Instant::now(), renewed_at }
    }

    /// Counts the stall anew if enough went.
    fn renew(&mut self) {
        if !self.bytes.is_empty() && self.bytes.len() <= self.renewed_at {
            *self = Self::new(std::mem::take(&mut self.bytes));
        }
    }
}

thread_local! {
    /// Lent to the connection that is writing.
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch { frames: Vec::new(), bytes: Vec::new() }) };
}

struct Scratch {
    frames: Vec<Frame>,
    bytes: Vec<u8>,
}

/// What is taken from the outbox for one write. More would hardly save writes, since a socket takes about as much
/// at once.
const BATCH_BYTES: usize = 64 * 1024;

/// Batches until reading, and then other tasks, get their turn.
const BATCHES_MAX: usize = 4;

/// What of a rest has to go for a stalled write to count as moving, if not all. A single byte now and then would
/// let a peer keep its seat for hours while it takes one batch.
const PROGRESS_BYTES: usize = BATCH_BYTES;

/// Control frames that may wait: more than the answers to all pings that one round of reading takes.
const CONTROL_BYTES_MAX: usize = 8 * 1024;

/// One message may be megabytes long; the memory for it is not kept.
const SCRATCH_BYTES_KEPT: usize = 2 * BATCH_BYTES;
