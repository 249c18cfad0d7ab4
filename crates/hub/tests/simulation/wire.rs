//! The bytes of both encodings: what a client says is made as JSON, what it hears is what it says in any of them.

use std::borrow::Cow;
use std::time::Instant;

use serde_json::Value;
use signal_fish_hub::{Entry, Frame, FrameKind, Session};
use signal_fish_protocol::protobuf::{BinaryGameDataIn, BinaryGameDataOut, ClientFrame, ServerFrame};
use signal_fish_protocol::{
    BinaryEnvelope, ClientMessage, ControlEncoding, GameDataEncoding, PlayerId, SenderStamp, ServerMessage,
};

use crate::actions::{Words, message};

/// What a frame from the server says.
pub(crate) enum Told<'a> {
    Message(Box<ServerMessage<'a>>),
    /// Binary game data: from whom, its stamp, its number.
    Data(PlayerId, Option<SenderStamp>, u64),
}

/// Reads a frame as a client does that has settled on these.
pub(crate) fn read(frame: &Frame, encoding: ControlEncoding, format: GameDataEncoding) -> Told<'_> {
    match (encoding, frame.kind) {
        (ControlEncoding::Json, FrameKind::Text) => {
            let text = std::str::from_utf8(&frame.bytes).expect("text is UTF-8");
            let message = ServerMessage::decode(text).unwrap_or_else(|error| panic!("{error}: {text}"));
            Told::Message(Box::new(message))
        }
        (ControlEncoding::Json, FrameKind::Binary) => {
            let envelope = BinaryEnvelope::decode(&frame.bytes).expect("binary frames are envelopes");
            assert_eq!(envelope.encoding, format);
            Told::Data(envelope.from_player, envelope.stamp, number_in(envelope.payload))
        }
        (ControlEncoding::Protobuf, FrameKind::Text) => panic!("protobuf is binary: {frame:?}"),
        (ControlEncoding::Protobuf, FrameKind::Binary) => {
            match ServerFrame::decode(&frame.bytes).expect("binary frames are protobuf") {
                ServerFrame::Message(message) => Told::Message(Box::new(message)),
                ServerFrame::Binary(BinaryGameDataOut { from_player, payload, seq, epoch, .. }) => {
                    Told::Data(from_player, Some(SenderStamp { epoch, seq }), number_in(&payload))
                }
            }
        }
    }
}

/// Has `session` hear these words. A wish to enter comes back.
pub(crate) fn hear(
    session: &mut Session,
    now: Instant,
    words: Words,
    encoding: ControlEncoding,
) -> Option<Entry> {
    let text = match words {
        Words::Message(kind, data) => message(&kind, &data).to_string(),
        Words::Data(data, _) => message("GameData", &data).to_string(),
        Words::Nonsense(text) => text.to_owned(),
        Words::Packed(payload, _) => {
            return match encoding {
                ControlEncoding::Json => session.on_binary(now, &payload),
                ControlEncoding::Protobuf => session.on_binary(now, &data_in_protobuf(&payload)),
            };
        }
        Words::Oversized => {
            session.on_oversized(now);
            return None;
        }
    };
    match encoding {
        ControlEncoding::Json => session.on_text(now, &text),
        ControlEncoding::Protobuf => session.on_binary(now, &text_in_protobuf(&text)),
    }
}

/// A message in protobuf. What is no message in JSON is none there either.
fn text_in_protobuf(text: &str) -> Vec<u8> {
    match ClientMessage::decode(text) {
        Ok(message) => ClientFrame::Message(message).encode(),
        Err(_) => b"\xff\xff\xff".to_vec(),
    }
}

/// Binary game data in protobuf.
fn data_in_protobuf(payload: &[u8]) -> Vec<u8> {
    ClientFrame::Binary(BinaryGameDataIn { payload: Cow::Borrowed(payload), class: None, key: None }).encode()
}

/// The number of a game message or a signal, in whichever form it came.
pub(crate) fn number_in(payload: &[u8]) -> u64 {
    if let Ok(Value::Object(data)) = serde_json::from_slice(payload) {
        return data["n"].as_u64().expect("text carries its number");
    }
    let (_, number) = payload.split_last_chunk().expect("binary data ends with its number");
    u64::from(u32::from_be_bytes(*number))
}
