//! Game data: what is scanned instead of parsed must be what a parser takes.

use serde::de::IgnoredAny;
use signal_fish_protocol::{Payload, message_pack_to_json};

/// What the scanner lets through, serde_json reads, and can be written again as it is.
pub(super) fn payload(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(payload) = Payload::parse(text) else { return };
    let read: Result<serde_json::Value, _> = serde_json::from_str(payload.as_str());
    assert!(read.is_ok(), "{:?}: {read:?}", payload.as_str());
    assert!(text.contains(payload.as_str()));
}

/// What is converted was MessagePack, and is JSON.
pub(super) fn message_pack(bytes: &[u8]) {
    let Ok(json) = message_pack_to_json(bytes) else { return };
    assert!(rmp_serde::from_slice::<IgnoredAny>(bytes).is_ok(), "{bytes:?}");
    assert!(Payload::parse(json.as_str()).is_ok(), "{}", json.as_str());
}
