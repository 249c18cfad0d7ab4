//! What clients say, in both encodings.

use signal_fish_protocol::ClientMessage;
use signal_fish_protocol::protobuf::ClientFrame;

/// Whatever is understood is understood again once it was written.
pub(super) fn text(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match ClientMessage::decode(text) {
        Ok(message) => {
            let written = message.encode();
            assert_eq!(ClientMessage::decode(&written).ok().as_ref(), Some(&message), "{written}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// As [`text`].
pub(super) fn protobuf(bytes: &[u8]) {
    match ClientFrame::decode(bytes) {
        Ok(frame) => {
            let written = frame.encode();
            assert_eq!(ClientFrame::decode(&written).ok().as_ref(), Some(&frame), "{written:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
