//! Game data on its way out: one frame for all recipients of one wire form, written without a detour.

use std::io::Write as _;

use crate::delivery::DeliveryLabel;
use crate::envelope;
use crate::ids::{PlayerId, SenderStamp};
use crate::payload::Payload;
use crate::version::{GameDataEncoding, ProtocolVersion};

/// Who sent a game message, and as which of its messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RelayStamp {
    /// The sender.
    pub from: PlayerId,
    /// The sender's membership and the number of the message in it.
    pub stamp: SenderStamp,
    /// Class and key as the sender wrote them.
    pub label: DeliveryLabel,
}

/// Appends the text frame that `version` sees: the same bytes as [`crate::ServerMessage::GameData`] encoded.
pub fn text_relay(out: &mut Vec<u8>, version: ProtocolVersion, relay: &RelayStamp, payload: &Payload<'_>) {
    let mut from = [0; uuid::fmt::Hyphenated::LENGTH];
    let from = relay.from.uuid().as_hyphenated().encode_lower(&mut from);
    out.reserve(payload.as_str().len() + TEXT_OVERHEAD);
    out.extend_from_slice(br#"{"type":"GameData","data":{"from_player":""#);
    out.extend_from_slice(from.as_bytes());
    out.extend_from_slice(br#"","data":"#);
    out.extend_from_slice(payload.as_str().as_bytes());
    if version >= ProtocolVersion::V3 {
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(br#","seq":"#);
        out.extend_from_slice(digits.format(relay.stamp.seq).as_bytes());
        out.extend_from_slice(br#","epoch":"#);
        out.extend_from_slice(digits.format(relay.stamp.epoch.number()).as_bytes());
        write_label(out, relay.label);
    }
    out.extend_from_slice(b"}}");
}

/// Appends the binary frame that `version` sees of `payload` in `encoding`.
pub fn binary_relay(
    out: &mut Vec<u8>,
    version: ProtocolVersion,
    relay: &RelayStamp,
    encoding: GameDataEncoding,
    payload: &[u8],
) {
    out.reserve(payload.len() + envelope::OVERHEAD);
    envelope::write(out, version, relay, encoding, payload);
}

fn write_label(out: &mut Vec<u8>, label: DeliveryLabel) {
    const INFALLIBLE: &str = "writing to memory cannot fail";
    if let Some(class) = label.written_class() {
        out.extend_from_slice(br#","class":"#);
        serde_json::to_writer(&mut *out, &class).expect(INFALLIBLE);
    }
    if let Some(key) = label.key() {
        write!(out, r#","key":{key}"#).expect(INFALLIBLE);
    }
}

/// The longest envelope: names, a UUID, two numbers, class and key.
const TEXT_OVERHEAD: usize = 192;
