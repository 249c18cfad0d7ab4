//! A message of the peer on its way to the session.

use signal_fish_hub::{Entry, Session};
use tokio::time::Instant;
use tungstenite::Message;

/// Gives a message to the session. An entry has to be made before the next one.
pub(super) fn hear(
    session: &mut Session,
    inbound_bytes_max: usize,
    now: Instant,
    message: &Message,
) -> Option<Entry> {
    let now = now.into_std();
    match message {
        Message::Text(_) | Message::Binary(_) if message.len() > inbound_bytes_max => {
            session.on_oversized(now)
        }
        Message::Text(text) => return session.on_text(now, text),
        Message::Binary(payload) => return session.on_binary(now, payload),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {}
    }
    None
}
