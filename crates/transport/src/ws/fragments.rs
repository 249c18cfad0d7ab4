//! What tungstenite does not tell: how a peer cuts its messages, and how many control frames it sends.

use std::time::Duration;

use signal_fish_protocol::CloseCode;
use tokio::time::Instant;

/// Follows the frames in what a peer sends, without looking into them.
///
/// A message may be cut into as many frames as its sender likes, and none of them need have anything in it. Control
/// frames are answered or dropped before anybody counts them. Both are work that no limit on messages covers.
#[derive(Debug)]
pub(super) struct Fragments {
    /// The message that has not come to its end, if there is one. Mostly there is none, and no memory for it.
    unfinished: Option<Box<Unfinished>>,
    /// Pieces that one message may come in.
    n_fragments_max: u32,
    /// When all control frames up to now would have come, had they kept to their pace.
    paced_until: Instant,
}

#[derive(Debug)]
struct Unfinished {
    /// How much of the current frame is still to come, its mask included.
    n_bytes_left: u64,
    /// The beginning of a header that is not complete.
    header: [u8; HEADER_BYTES_MAX],
    n_header_bytes: u8,
    /// Frames of a message whose last one has not begun.
    n_fragments: u32,
    since: Instant,
}

impl Fragments {
    /// For messages of up to so many bytes.
    pub(super) fn new(now: Instant, message_bytes_max: usize) -> Self {
        let n_fragments_max = u32::try_from(message_bytes_max / FRAGMENT_BYTES).unwrap_or(u32::MAX);
        Self { unfinished: None, n_fragments_max: n_fragments_max.max(FRAGMENTS_MIN), paced_until: now }
    }

    /// Since when a message is on its way that has begun but not ended.
    pub(super) fn unfinished_since(&self) -> Option<Instant> {
        self.unfinished.as_ref().map(|unfinished| unfinished.since)
    }

    /// Follows what came at `now`. What is wrong with the frames themselves is for others to find.
    pub(super) fn follow(&mut self, now: Instant, mut bytes: &[u8]) -> Result<(), CloseCode> {
        let mut kept = self.unfinished.take();
        let mut fresh = Unfinished::since(now);
        let current = kept.as_deref_mut().unwrap_or(&mut fresh);
        while !bytes.is_empty() {
            match current.take(&mut bytes) {
                Some(first) if first & CONTROL != 0 => self.pace(now)?,
                Some(first) => current.begin(now, first, self.n_fragments_max)?,
                None => {}
            }
        }
        if !current.is_whole() {
            self.unfinished = Some(kept.unwrap_or_else(|| Box::new(fresh)));
        }
        Ok(())
    }

    fn pace(&mut self, now: Instant) -> Result<(), CloseCode> {
        self.paced_until = self.paced_until.max(now) + CONTROL_FRAME_EVERY;
        let is_flood = self.paced_until - now > CONTROL_FRAME_EVERY * CONTROL_FRAMES_AT_ONCE;
        if is_flood { Err(CloseCode::PolicyViolation) } else { Ok(()) }
    }
}

impl Unfinished {
    const fn since(now: Instant) -> Self {
        Self { n_bytes_left: 0, header: [0; HEADER_BYTES_MAX], n_header_bytes: 0, n_fragments: 0, since: now }
    }

    const fn is_whole(&self) -> bool {
        self.n_fragments == 0 && self.n_bytes_left == 0 && self.n_header_bytes == 0
    }

    /// Takes some of `bytes`, and tells the first byte of a frame whose header is complete now.
    fn take(&mut self, bytes: &mut &[u8]) -> Option<u8> {
        if self.n_bytes_left > 0 {
            self.skip(bytes);
            return None;
        }
        // Nearly always all of a header is there, and then it is not copied.
        if self.n_header_bytes == 0
            && let Some(header @ [first, ..]) = bytes.first_chunk::<HEADER_BYTES_MAX>()
            && let Some((n_header_bytes, n_bytes)) = frame_bytes(header)
        {
            let first = *first;
            *bytes = &bytes[n_header_bytes..];
            self.n_bytes_left = n_bytes;
            self.skip(bytes);
            return Some(first);
        }
        let (&next, rest) = bytes.split_first()?;
        *bytes = rest;
        self.header[usize::from(self.n_header_bytes)] = next;
        self.n_header_bytes += 1;
        (_, self.n_bytes_left) = frame_bytes(&self.header[..usize::from(self.n_header_bytes)])?;
        self.n_header_bytes = 0;
        Some(self.header[0])
    }

    /// Takes what there is of the current frame.
    fn skip(&mut self, bytes: &mut &[u8]) {
        let n_bytes = usize::try_from(self.n_bytes_left).map_or(bytes.len(), |n| n.min(bytes.len()));
        self.n_bytes_left -= n_bytes as u64;
        *bytes = &bytes[n_bytes..];
    }

    /// A frame with a part of a message begins.
    const fn begin(&mut self, now: Instant, first: u8, n_max: u32) -> Result<(), CloseCode> {
        if first & FIN != 0 {
            // What is left of this frame counts as a message that has just begun.
            self.n_fragments = 0;
            self.since = now;
            return Ok(());
        }
        self.n_fragments += 1;
        if self.n_fragments < n_max { Ok(()) } else { Err(CloseCode::PolicyViolation) }
    }
}

/// How long the header at the beginning of `bytes` is without its mask, and how many bytes follow; nothing if it is not
/// whole. Every frame of a client has a mask of four bytes.
fn frame_bytes(bytes: &[u8]) -> Option<(usize, u64)> {
    let [_, len, extended @ ..] = bytes else { return None };
    let (n_header_bytes, len) = match len & 0x7F {
        126 => (4, u16::from_be_bytes(*extended.first_chunk()?).into()),
        127 => (10, u64::from_be_bytes(*extended.first_chunk()?)),
        len => (2, len.into()),
    };
    Some((n_header_bytes, len.saturating_add(4)))
}

const FIN: u8 = 0x80;
const CONTROL: u8 = 0x08;

/// Two bytes, and a length of eight.
const HEADER_BYTES_MAX: usize = 10;

/// The longest message may come in pieces of this many bytes. Libraries cut at some kilobytes, if at all.
const FRAGMENT_BYTES: usize = 64;

/// Pieces that any message may come in, however short the longest one is.
const FRAGMENTS_MIN: u32 = 1_024;

/// Control frames may come ten times a second for ever. A client has to answer one ping in a while, and has no reason
/// for more than a few of its own.
const CONTROL_FRAME_EVERY: Duration = Duration::from_millis(100);

/// As many may come together, after a time of silence.
const CONTROL_FRAMES_AT_ONCE: u32 = 100;

#[cfg(test)]
mod tests {
    use signal_fish_testkit::{Frame, Opcode};

    use super::*;

    /// Follows the frames cut into pieces of any length.
    fn follow(frames: &[Frame], piece: usize) -> (Result<(), CloseCode>, bool) {
        follow_up_to(64 * 1_024, frames, piece)
    }

    /// The same with messages of up to so many bytes.
    fn follow_up_to(n_bytes: usize, frames: &[Frame], piece: usize) -> (Result<(), CloseCode>, bool) {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        let now = Instant::now();
        let mut fragments = Fragments::new(now, n_bytes);
        let followed = bytes.chunks(piece).try_for_each(|piece| fragments.follow(now, piece));
        (followed, fragments.unfinished_since().is_some())
    }

    #[test]
    fn whole_messages_leave_nothing_behind_however_they_come() {
        let long = [0, 125, 126, 65_535, 65_536].map(|len| Frame::binary(vec![b'x'; len]));
        for piece in [1, 3, 7, 1_000, usize::MAX] {
            assert_eq!(follow(&long, piece), (Ok(()), false), "{piece}");
        }
        let cut = [Frame::text("a").unfinished(), Frame::new(Opcode::PING, "b"), Frame::last("c")];
        assert_eq!(follow(&cut, 2), (Ok(()), false));
        assert_eq!(follow(&cut[..2], usize::MAX), (Ok(()), true));
    }

    #[test]
    fn a_message_has_so_many_pieces_and_no_more() {
        let of = |n_bytes: usize, n_middle: usize| {
            let middle = std::iter::repeat_with(|| Frame::last("").unfinished()).take(n_middle);
            let all: Vec<_> =
                [Frame::text("").unfinished()].into_iter().chain(middle).chain([Frame::last("")]).collect();
            follow_up_to(n_bytes, &[all.clone(), all].concat(), 100)
        };
        // One for every 64 bytes, but never fewer than 1,024.
        for (n_bytes, n_pieces) in [(0, 1_024), (65_536, 1_024), (131_072, 2_048)] {
            assert_eq!(of(n_bytes, n_pieces - 2), (Ok(()), false), "{n_bytes}");
            assert_eq!(of(n_bytes, n_pieces - 1).0, Err(CloseCode::PolicyViolation), "{n_bytes}");
        }
    }

    #[test]
    fn a_few_pings_are_fine_and_a_flood_is_not() {
        let start = Instant::now();
        let mut fragments = Fragments::new(start, 0);
        let ping = Frame::new(Opcode::PING, "").encode();
        for _ in 0..100 {
            fragments.follow(start, &ping).unwrap();
        }
        for n in 1..200 {
            fragments.follow(start + Duration::from_millis(100) * n, &ping).unwrap();
        }
        let end = start + Duration::from_millis(100) * 199;
        assert_eq!(fragments.follow(end, &ping), Err(CloseCode::PolicyViolation));
    }
}
