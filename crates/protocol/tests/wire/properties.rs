//! Laws that hold for every message, every text and every sequence of bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use signal_fish_protocol::{
    BinaryEnvelope, ClientMessage, GameDataEncoding, GameDataOut, Payload, ProtocolVersion, ServerMessage,
    binary_relay, message_pack_to_json, text_relay,
};

use crate::generate::{
    client_message, damaged, game_data_frame, json_text, json_text_or_worse, message_pack, payload,
    relay_stamp, server_message, version,
};
use crate::readable::is_readable;

proptest! {
    #[test]
    fn what_a_client_says_is_read_as_it_was_meant(message in client_message()) {
        let frame = message.encode();
        prop_assert_eq!(ClientMessage::decode(&frame).unwrap(), message);
    }

    #[test]
    fn what_a_server_says_is_read_as_it_was_meant(message in server_message(), version in version()) {
        let frame = message.encode();
        prop_assert_eq!(&ServerMessage::decode(&frame).unwrap(), &message);
        if let Some(seen) = message.project(version) {
            let frame = seen.encode();
            prop_assert_eq!(ServerMessage::decode(&frame).unwrap(), seen);
        }
    }

    #[test]
    fn the_quick_reader_of_game_data_agrees_with_the_general_one(frame in damaged(game_data_frame())) {
        let general = serde_json::from_str::<ClientMessage<'_>>(&frame);
        prop_assert_eq!(ClientMessage::decode(&frame).ok(), general.ok());
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in any::<String>(), message in server_message()) {
        let _ = ClientMessage::decode(&text);
        let _ = ServerMessage::decode(&text);
        let frame = message.encode();
        let _ = ClientMessage::decode(&frame);
        for cut in (0..frame.len()).step_by(7).filter(|at| frame.is_char_boundary(*at)) {
            prop_assert!(ServerMessage::decode(&frame[..cut]).is_err());
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..64)) {
        let _ = BinaryEnvelope::decode(&bytes);
        let _ = message_pack_to_json(&bytes);
    }

    #[test]
    fn payloads_are_what_serde_json_reads(text in damaged(json_text_or_worse())) {
        let is_readable = is_readable(&text);
        prop_assert_eq!(Payload::parse(&text).is_ok(), is_readable, "{}", text);
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), is_readable, "{}", text);
    }

    #[test]
    fn payloads_are_written_as_they_were_read(text in json_text()) {
        let payload = Payload::parse(&text).unwrap();
        prop_assert_eq!(payload.as_str(), text.trim_matches([' ', '\n', '\r', '\t']));
        prop_assert_eq!(serde_json::to_string(&payload).unwrap(), payload.as_str());
    }

    #[test]
    fn relayed_text_is_the_message_that_each_version_sees(
        relay in relay_stamp(),
        payload in payload(),
        version in version(),
    ) {
        let mut frame = b"before".to_vec();
        text_relay(&mut frame, version, &relay, &payload);
        let message = ServerMessage::GameData(GameDataOut {
            from_player: relay.from,
            data: payload,
            seq: Some(relay.stamp.seq),
            epoch: Some(relay.stamp.epoch),
            class: relay.label.written_class(),
            key: relay.label.key(),
        });
        let seen = message.project(version).unwrap().encode();
        prop_assert_eq!(String::from_utf8(frame).unwrap(), "before".to_owned() + &seen);
    }

    #[test]
    fn envelopes_give_back_what_was_put_in(
        relay in relay_stamp(),
        n_bytes in prop_oneof![0..600usize, 65_530..65_540usize],
        version in version(),
    ) {
        let payload: Vec<u8> = (0..=255).cycle().take(n_bytes).collect();
        let mut frame = Vec::new();
        binary_relay(&mut frame, version, &relay, GameDataEncoding::MessagePack, &payload);
        let read = BinaryEnvelope::decode(&frame).unwrap();
        let stamp = match version {
            ProtocolVersion::V2 => None,
            ProtocolVersion::V3 => Some(relay.stamp),
        };
        let encoding = GameDataEncoding::MessagePack;
        prop_assert_eq!(read, BinaryEnvelope { from_player: relay.from, encoding, payload: &payload, stamp });
        for cut in 0..frame.len().min(100) {
            prop_assert!(BinaryEnvelope::decode(&frame[..cut]).is_err());
        }
    }

    #[test]
    fn message_pack_becomes_the_json_that_serde_makes_of_it(
        bytes in prop_oneof![message_pack(), vec(any::<u8>(), 0..24)],
    ) {
        let mut rest = &bytes[..];
        let value = serde::Deserialize::deserialize(&mut rmp_serde::Deserializer::new(&mut rest));
        let expected = value.ok().filter(|_| rest.is_empty()).map(|value: serde_json::Value| value.to_string());
        let json = message_pack_to_json(&bytes);
        prop_assert_eq!(json.is_ok(), expected.is_some(), "{:?}", json);
        if let (Ok(json), Some(expected)) = (json, expected) {
            prop_assert!(is_readable(json.as_str()));
            prop_assert_eq!(tree(json.as_str()), tree(&expected));
        }
    }
}

fn tree(json: &str) -> serde_json::Value {
    serde_json::from_str(json).expect("a good value")
}
