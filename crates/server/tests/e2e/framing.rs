//! WebSocket frames, as RFC 6455 allows them and as it does not.

use serde_json::json;
use signal_fish_testkit::{Dialect, Frame, Opcode, Peer, gather};

use crate::bystanders::Bystanders;
use crate::server;

/// The server must end the connection with this code, and the offender's room loses only the offender.
#[track_caller]
fn check_closed(code: u16, frames: &[Frame]) {
    let mut bystanders = Bystanders::gather();
    let mut offender = bystanders.offender(Dialect::V3);
    offender.send_frames(frames);
    offender.expect_close(Some(code));
    bystanders.lose(&offender);
    bystanders.finish();
}

fn ping_message() -> Frame {
    Frame::text(r#"{"type":"Ping"}"#)
}

#[test]
fn an_unmasked_frame_closes() {
    check_closed(1002, &[ping_message().unmasked()]);
    check_closed(1002, &[Frame::new(Opcode::PING, *b"hello").unmasked()]);
}

#[test]
fn reserved_bits_close() {
    for bit in [0b100, 0b010, 0b001] {
        check_closed(1002, &[ping_message().with_reserved(bit)]);
    }
}

#[test]
fn reserved_opcodes_close() {
    for opcode in [0x3, 0x7, 0xB, 0xF] {
        check_closed(1002, &[Frame::new(Opcode(opcode), *b"hello")]);
    }
}

#[test]
fn broken_control_frames_close() {
    for opcode in [Opcode::PING, Opcode::PONG, Opcode::CLOSE] {
        let long = [1_000_u16.to_be_bytes().as_slice(), &[b'x'; 124]].concat();
        check_closed(1002, &[Frame::new(opcode, long)]);
        check_closed(1002, &[Frame::new(opcode, 1_000_u16.to_be_bytes()).unfinished()]);
    }
    check_closed(1002, &[Frame::new(Opcode::CLOSE, [0x03])]);
    for code in [0_u16, 999, 1_004, 1_005, 1_006, 1_015, 5_000] {
        check_closed(1002, &[Frame::new(Opcode::CLOSE, code.to_be_bytes())]);
    }
}

#[test]
fn fragments_out_of_turn_close() {
    check_closed(1002, &[Frame::last("never begun")]);
    check_closed(1002, &[Frame::new(Opcode::CONTINUATION, "never begun").unfinished()]);
    check_closed(1002, &[Frame::text("{").unfinished(), ping_message()]);
    check_closed(1002, &[Frame::text("{").unfinished(), Frame::binary([0xC0])]);
}

#[test]
fn text_that_is_not_utf_8_closes() {
    let game_data = |bytes: &[u8]| [br#"{"type":"GameData","data":{"data":""#, bytes, br#""}}"#].concat();
    // A lone continuation byte, an overlong slash, a surrogate, a sequence that breaks off, above U+10FFFF.
    for bytes in [&b"\x80"[..], b"\xC0\xAF", b"\xED\xA0\x80", b"\xE2\x82", b"\xF4\x90\x80\x80"] {
        check_closed(1007, &[Frame::text(game_data(bytes))]);
    }
    check_closed(1007, &[Frame::text(game_data(b"\xC3").as_slice()).unfinished(), Frame::last("")]);
}

#[test]
fn a_message_may_come_in_fragments_with_control_frames_between() {
    let server = server().start();
    let [mut ada, mut bob] =
        gather(server.addr(), "PARTS1", [("Ada", Dialect::V3Packed), ("Bob", Dialect::V3)]);
    let message = json!({"type": "GameData", "data": {"data": "ü🐟"}}).to_string().into_bytes();
    // One byte each, so that the characters are cut apart as well.
    let mut frames = vec![Frame::text([]).unfinished()];
    for (index, byte) in message.iter().enumerate() {
        frames.push(Frame::new(Opcode::PING, [index as u8]));
        frames.push(Frame::new(Opcode::CONTINUATION, [*byte]).unfinished());
    }
    frames.extend([Frame::new(Opcode::PONG, *b"unasked"), Frame::last([])]);
    ada.send_frames(&frames);
    for index in 0..message.len() {
        ada.expect_pong(&[index as u8]);
    }
    assert_eq!(bob.expect("GameData")["data"], "ü🐟");

    ada.send_frames(&[
        Frame::binary([0x92]).unfinished(),
        Frame::new(Opcode::CONTINUATION, [1]).unfinished(),
        Frame::last([2]),
    ]);
    assert_eq!(bob.expect("GameData")["data"], json!([1, 2]));
    ada.expect_silence();
}

#[test]
fn bytes_may_come_one_at_a_time() {
    let server = server().start();
    let [mut ada, mut bob] = gather(server.addr(), "BYTES2", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]);
    for text in ["a", &"b".repeat(200)] {
        for byte in Frame::text(json!({"type": "GameData", "data": {"data": text}}).to_string()).encode() {
            ada.send_bytes(&[byte]);
        }
        assert_eq!(bob.expect("GameData")["data"], *text);
    }
}

#[test]
fn pings_are_answered_with_what_they_carry() {
    let server = server().start();
    let mut ada = Peer::connect(server.addr(), "/v2/ws", "Ada");
    for payload in [vec![], b"hello".to_vec(), vec![0xFF; 125]] {
        ada.send_frames(&[Frame::new(Opcode::PING, payload.clone())]);
        ada.expect_pong(&payload);
    }
    ada.send_frames(&[Frame::new(Opcode::PONG, *b"unasked")]);
    ada.expect_silence();
}

#[test]
fn a_goodbye_is_returned() {
    let mut bystanders = Bystanders::gather();
    for code in [1_000_u16, 1_001, 3_000, 4_999] {
        let mut leaver = bystanders.offender(Dialect::V2);
        let payload = [&code.to_be_bytes()[..], b"bye"].concat();
        leaver.send_frames(&[Frame::new(Opcode::CLOSE, payload)]);
        leaver.expect_close(Some(code));
        bystanders.lose(&leaver);
    }
    let mut leaver = bystanders.offender(Dialect::V3);
    leaver.send_frames(&[Frame::new(Opcode::CLOSE, [])]);
    leaver.expect_close(None);
    bystanders.lose(&leaver);
    bystanders.finish();
}

#[test]
fn nothing_is_taken_after_a_goodbye() {
    let mut bystanders = Bystanders::gather();
    let mut leaver = bystanders.offender(Dialect::V3);
    let game_data = Frame::text(json!({"type": "GameData", "data": {"data": "too late"}}).to_string());
    leaver.send_frames(&[Frame::new(Opcode::CLOSE, 1_000_u16.to_be_bytes()), game_data]);
    bystanders.lose(&leaver);
    bystanders.finish();
}
