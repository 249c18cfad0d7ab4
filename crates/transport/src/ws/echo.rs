//! In the place of `hearing`, for conformance tests: the peer hears what it has said.

use signal_fish_hub::{Entry, Frame, FrameKind, Session, echo};
use tokio::time::Instant;
use tungstenite::Message;

/// Says a message back.
pub(super) fn hear(session: &mut Session, _: usize, now: Instant, message: &Message) -> Option<Entry> {
    let (kind, bytes) = match message {
        Message::Text(text) => (FrameKind::Text, text.as_bytes()),
        Message::Binary(bytes) => (FrameKind::Binary, &bytes[..]),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => return None,
    };
    echo(session, now.into_std(), Frame { kind, bytes: bytes.into() });
    None
}
