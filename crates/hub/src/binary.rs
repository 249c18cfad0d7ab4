//! What comes in binary messages: bare game data, or frames in protobuf where that was settled on.

use std::time::Instant;

use signal_fish_protocol::protobuf::{BinaryGameDataIn, ClientFrame};
use signal_fish_protocol::{ControlEncoding, DeliveryLabel, ErrorCode, GameDataEncoding};

use crate::entry::Entry;
use crate::game_data::GameData;
use crate::operations;
use crate::session::Session;

/// Takes one message. A wish to enter a room comes back.
pub(crate) fn hear(session: &mut Session, now: Instant, bytes: &[u8]) -> Option<Entry> {
    match session.link.wire.encoding {
        ControlEncoding::Json => {
            if session.may_speak(now) {
                on_game_data(session, now, DeliveryLabel::default(), bytes);
            }
            None
        }
        ControlEncoding::Protobuf => on_frame(session, now, bytes),
    }
}

fn on_frame(session: &mut Session, now: Instant, frame: &[u8]) -> Option<Entry> {
    match ClientFrame::decode(frame) {
        Ok(ClientFrame::Message(message)) => session.on_readable(now, message),
        Ok(ClientFrame::Binary(data)) => {
            if session.may_speak(now) {
                on_labelled_game_data(session, now, &data);
            }
            None
        }
        Err(error) => {
            operations::on_malformed(session, now, || ClientFrame::operation_id_of_malformed(frame), error)
        }
    }
}

/// Bare game data is always reliable; in a frame it may have a class.
fn on_labelled_game_data(session: &mut Session, now: Instant, data: &BinaryGameDataIn<'_>) {
    let BinaryGameDataIn { payload, class, key } = data;
    match DeliveryLabel::new(*class, *key) {
        Ok(label) => on_game_data(session, now, label, payload),
        Err(refusal) => session.refuse(now, ErrorCode::InvalidDeliveryClass, refusal.to_string()),
    }
}

fn on_game_data(session: &mut Session, now: Instant, label: DeliveryLabel, payload: &[u8]) {
    match session.link.wire.format {
        GameDataEncoding::Json => {
            let text = "binary game data needs a binary game_data_format, negotiated by Authenticate";
            session.refuse(now, ErrorCode::InvalidInput, text);
        }
        format @ (GameDataEncoding::MessagePack | GameDataEncoding::Rkyv | GameDataEncoding::Protobuf) => {
            session.relay(now, label, GameData::Binary(format, payload));
        }
    }
}
