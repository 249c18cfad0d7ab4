//! Game data on its way out: one frame for all recipients of one wire form, written without a detour.

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

/// Appends the binary frame that `version` sees of `payload` in `encoding`: the envelope that
/// [`crate::BinaryEnvelope`] reads, or on v2, where there is one for MessagePack only, the bare payload.
pub fn binary_relay(
    out: &mut Vec<u8>,
    version: ProtocolVersion,
    relay: &RelayStamp,
    encoding: GameDataEncoding,
    payload: &[u8],
) {
    out.reserve(payload.len() + envelope::OVERHEAD);
    match (version, encoding) {
        (ProtocolVersion::V2, GameDataEncoding::Rkyv | GameDataEncoding::Protobuf) => {
            out.extend_from_slice(payload);
        }
        (ProtocolVersion::V2, GameDataEncoding::Json | GameDataEncoding::MessagePack)
        | (ProtocolVersion::V3, _) => envelope::write(out, version, relay, encoding, payload),
    }
}

fn write_label(out: &mut Vec<u8>, label: DeliveryLabel) {
    if let Some(class) = label.written_class() {
        out.extend_from_slice(br#","class":""#);
        out.extend_from_slice(class.token().as_bytes());
        out.push(b'"');
    }
    if let Some(key) = label.key() {
        out.extend_from_slice(br#","key":"#);
        out.extend_from_slice(itoa::Buffer::new().format(key).as_bytes());
    }
}

/// The longest envelope: names, a UUID, two numbers, class and key.
const TEXT_OVERHEAD: usize = 192;
