//! What servers say, as client tools read it.

use signal_fish_protocol::protobuf::ServerFrame;
use signal_fish_protocol::{BinaryEnvelope, ServerMessage};

/// Whatever is understood is understood again once it was written.
pub(super) fn text(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(message) = ServerMessage::decode(text) else { return };
    let written = message.encode();
    assert_eq!(ServerMessage::decode(&written).ok().as_ref(), Some(&message), "{written}");
}

/// As [`text`].
pub(super) fn protobuf(bytes: &[u8]) {
    let Ok(frame) = ServerFrame::decode(bytes) else { return };
    let written = frame.encode();
    assert_eq!(ServerFrame::decode(&written).ok().as_ref(), Some(&frame), "{written:?}");
}

/// The envelope around binary game data lends what it holds, and makes up nothing.
pub(super) fn binary(bytes: &[u8]) {
    let Ok(envelope) = BinaryEnvelope::decode(bytes) else { return };
    assert!(envelope.payload.len() <= bytes.len());
}
