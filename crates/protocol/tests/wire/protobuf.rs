//! The protobuf encoding: its exact bytes, and that it says the same as JSON.

use expect_test::{ExpectFile, expect_file};
use proptest::collection::vec;
use proptest::prelude::*;
use signal_fish_protocol::protobuf::{
    BinaryGameDataIn, BinaryGameDataOut, ClientFrame, ServerFrame, binary_relay, text_relay,
};
use signal_fish_protocol::{
    ClientMessage, DeliveryClass, GameDataEncoding, GameDataIn, GameDataOut, ProtocolVersion, ServerMessage,
};

use crate::generate::{client_message, game_data, payload, relay_stamp, server_message};
use crate::samples::{self, Sample};

#[test]
fn client_messages_keep_their_bytes() {
    check_client(&samples::client_messages(), &expect_file!["../golden/protobuf_client.txt"]);
    check_client(&samples::room_operations(), &expect_file!["../golden/protobuf_room_operations.txt"]);
}

#[test]
fn server_messages_keep_their_bytes() {
    check_server(samples::server_messages(), &expect_file!["../golden/protobuf_server.txt"]);
    check_server(samples::room_results(), &expect_file!["../golden/protobuf_room_results.txt"]);
}

#[test]
fn binary_game_data_keeps_its_bytes() {
    let mut text = String::new();
    for (note, label) in samples::labels() {
        let (class, key) = (label.written_class(), label.key());
        let data = BinaryGameDataIn { payload: b"\x01\x02\x03"[..].into(), class, key };
        text += &format!("in ({note})\n  {}\n", shown(&ClientFrame::Binary(data).encode()));
        let relay = samples::relay(label);
        let mut frame = Vec::new();
        binary_relay(&mut frame, &relay, GameDataEncoding::MessagePack, b"\x01\x02\x03");
        text += &format!("out ({note})\n  {}\n", shown(&frame));
    }
    expect_file!["../golden/protobuf_binary.txt"].assert_eq(&text);
}

fn check_client(samples: &[Sample<ClientMessage<'static>>], golden: &ExpectFile) {
    let mut text = String::new();
    for (note, message) in samples {
        let frame = ClientFrame::Message(message.clone()).encode();
        assert_eq!(read_client(&frame), *message);
        text += &line(message.kind(), note, &frame);
    }
    golden.assert_eq(&text);
}

fn check_server(samples: Vec<Sample<ServerMessage<'static>>>, golden: &ExpectFile) {
    let mut text = String::new();
    for (note, message) in samples {
        let seen = message.project(ProtocolVersion::V3).expect("version 3 sees every message");
        let kind = seen.kind();
        let message = ServerFrame::Message(seen);
        let frame = message.encode();
        assert_eq!(ServerFrame::decode(&frame).expect("what was just written"), message);
        text += &line(kind, note, &frame);
    }
    golden.assert_eq(&text);
}

fn line(kind: &str, note: &str, frame: &[u8]) -> String {
    let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
    format!("{kind}{note}\n  {}\n", shown(frame))
}

fn shown(frame: &[u8]) -> String {
    frame.escape_ascii().to_string()
}

fn read_client(frame: &[u8]) -> ClientMessage<'_> {
    match ClientFrame::decode(frame).expect("what was just written") {
        ClientFrame::Message(message) => message,
        ClientFrame::Binary(data) => panic!("binary game data: {data:?}"),
    }
}

#[test]
fn what_is_not_a_frame_is_refused_with_its_place() {
    let check = |frame: &[u8], why: &str| {
        let error = ClientFrame::decode(frame).expect_err("no frame");
        assert!(error.to_string().starts_with(why), "{}: {error}", shown(frame));
    };
    check(b"", "no message, or one of an unknown type");
    // Number 99, which no message has.
    check(b"\x9a\x06\x00", "no message, or one of an unknown type");
    check(b"\x1a", "malformed frame");
    check(b"\x1a\x05", "malformed frame");
    check(b"\x18\x01", "malformed frame");
    check(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "malformed frame");
    check(b"\x0a\x03\x0a\x01\xff", "malformed frame");
    check(b"\x0a\x00", "data of GameDataIn does not fit: the text ends early at byte 0");
    check(b"\x0a\x04\x0a\x02[}", "data of GameDataIn does not fit: not JSON at byte 2");
    check(b"\x0a\x05\x0a\x010\x10\x09", "class of GameDataIn has an unknown value");
    check(b"\x52\x03\x20\x80\x02", "max_players of JoinRoom is out of range");
    check(b"\x22\x02\x0a\x00", "to of SignalIn does not fit");
    check(b"\x2a\x02\x10\x01", "transport of TransportStatus is missing");
    check(b"\x4a\x00", "connection_info of ProvideConnectionInfo is missing");
    check(b"\x4a\x02\x0a\x00", "kind of ConnectionInfo is missing");
    check(b"\x4a\x06\x0a\x04\x2a\x02[}", "custom_json of ConnectionInfo does not fit");
    let operation = |operation: &[u8]| {
        [b"\x7a".as_slice(), &[18 + operation.len() as u8], b"\x0a\x10", &[7; 16], operation].concat()
    };
    check(&operation(b""), "operation of RoomOperation is missing");
    check(&operation(b"\x62\x00"), "access of SetRoomAccess is missing");
    check(&operation(b"\x3a\x02\x0a\x00"), "player_id of PlayerTarget does not fit");
}

#[test]
fn unknown_fields_are_ignored_and_the_last_of_a_field_counts() {
    // JoinRoom with a field 100, in a frame with a field 200.
    let frame = b"\x52\x0c\x0a\x05tanks\x1a\x00\xa0\x06\x01\xc0\x0c\x05";
    let ClientMessage::JoinRoom(join) = read_client(frame) else { panic!("another message") };
    assert_eq!((join.game_name.as_str(), join.player_name.as_str()), ("tanks", ""));
    let game_data = |frame| {
        let ClientMessage::GameData(GameDataIn { data, class, key }) = read_client(frame) else {
            panic!("another message")
        };
        (data.as_str().to_owned(), class, key)
    };
    let expected = ("1".to_owned(), Some(DeliveryClass::Latest), Some(7));
    assert_eq!(game_data(b"\x0a\x07\x0a\x011\x10\x02\x18\x07"), expected);
    assert_eq!(game_data(b"\x0a\x07\x18\x07\x10\x02\x0a\x011"), expected, "in any order");
    assert_eq!(game_data(b"\x0a\x0a\x0a\x010\x0a\x011\x10\x02\x18\x07"), expected, "data comes twice");
    assert_eq!(game_data(b"\x0a\x0a\x0a\x011\x10\x02\x18\x07\xa0\x06\x01"), expected, "with a field 100");
    assert_eq!(
        game_data(b"\x0a\x08\x0a\x011\x10\x82\x00\x18\x07"),
        expected,
        "a number longer than it must be"
    );
}

proptest! {
    #[test]
    fn what_a_client_says_is_the_same_in_json_and_in_protobuf(message in client_message()) {
        let frame = ClientFrame::Message(message.clone()).encode();
        prop_assert_eq!(&ClientFrame::decode(&frame).unwrap(), &ClientFrame::Message(message.clone()));
        let text = message.encode();
        prop_assert_eq!(ClientMessage::decode(&text).unwrap(), read_client(&frame));
        prop_assert!(frame.len() < text.len(), "{} bytes of protobuf for {} of JSON", frame.len(), text.len());
    }

    #[test]
    fn what_a_server_says_is_the_same_in_json_and_in_protobuf(message in server_message()) {
        let seen = message.project(ProtocolVersion::V3).unwrap();
        let text = seen.encode();
        let frame = ServerFrame::Message(seen.clone()).encode();
        prop_assert_eq!(ServerFrame::decode(&frame).unwrap(), ServerFrame::Message(seen));
        prop_assert!(frame.len() < text.len(), "{} bytes of protobuf for {} of JSON", frame.len(), text.len());
    }

    #[test]
    fn relayed_frames_are_what_prost_writes(
        relay in relay_stamp(),
        data in payload(),
        bytes in prop_oneof![vec(any::<u8>(), 0..200), Just(vec![7; 20_000])],
    ) {
        let (from_player, seq, epoch) = (relay.from, relay.stamp.seq, relay.stamp.epoch);
        let (class, key) = (relay.label.written_class(), relay.label.key());
        let mut frame = b"before".to_vec();
        text_relay(&mut frame, &relay, &data);
        let message = GameDataOut { from_player, data, seq: Some(seq), epoch: Some(epoch), class, key };
        let written = ServerFrame::Message(ServerMessage::GameData(message)).encode();
        prop_assert_eq!(&frame[6..], &written[..]);

        let encoding = GameDataEncoding::MessagePack;
        frame.clear();
        binary_relay(&mut frame, &relay, encoding, &bytes);
        let payload = bytes.into();
        let message = ServerFrame::Binary(BinaryGameDataOut { from_player, payload, seq, epoch, class, key, encoding });
        prop_assert_eq!(&frame, &message.encode());
        prop_assert_eq!(ServerFrame::decode(&frame).unwrap(), message);
    }

    #[test]
    fn the_quick_reader_of_game_data_agrees_with_the_general_one(
        data in game_data(),
        binary in prop::option::of(vec(any::<u8>(), 0..40)),
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let (class, key) = (data.class, data.key);
        let frame = match binary {
            None => ClientFrame::Message(ClientMessage::GameData(data)),
            Some(bytes) => ClientFrame::Binary(BinaryGameDataIn { payload: bytes.into(), class, key }),
        };
        let mut frame = frame.encode();
        for (at, byte) in edits {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        // A field that nobody knows makes the quick reader give up.
        let unusual = [b"\xc0\x0c\x05", &frame[..]].concat();
        prop_assert_eq!(ClientFrame::decode(&frame).ok(), ClientFrame::decode(&unusual).ok());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        bytes in vec(any::<u8>(), 0..64),
        tag in 0..64u8,
        message in client_message(),
        answer in server_message(),
        edit in (any::<prop::sample::Index>(), any::<u8>()),
    ) {
        let _ = (ClientFrame::decode(&bytes), ServerFrame::decode(&bytes));
        // More often past the first byte: every type, with rubbish for a body.
        let framed = [&[tag << 3 | 2, bytes.len() as u8], &bytes[..]].concat();
        let _ = (ClientFrame::decode(&framed), ServerFrame::decode(&framed));
        for mut frame in [ClientFrame::Message(message).encode(), ServerFrame::Message(answer).encode()] {
            for cut in (0..frame.len()).step_by(7) {
                let _ = (ClientFrame::decode(&frame[..cut]), ServerFrame::decode(&frame[..cut]));
            }
            let at = edit.0.index(frame.len());
            frame[at] = edit.1;
            let _ = (ClientFrame::decode(&frame), ServerFrame::decode(&frame));
        }
    }
}
