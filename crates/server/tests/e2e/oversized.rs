//! Messages that are too long: a polite refusal up to twice the limit, and the end of the connection above.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, Frame, Opcode, Peer, join_room};

use crate::bystanders::{Bystanders, ROOM};

/// The longest message that is taken.
const LIMIT: usize = 65_536;

/// The frames are one message that is too long, and three of them change nothing.
#[track_caller]
fn check_refused(dialect: Dialect, frames: &[Frame]) {
    let mut bystanders = Bystanders::gather();
    let mut offender = bystanders.offender(dialect);
    for _ in 0..3 {
        offender.send_frames(frames);
        offender.expect_error("MESSAGE_TOO_LARGE");
    }
    offender.expect_silence();
    bystanders.finish();
}

#[test]
fn a_message_above_the_limit_is_refused_whatever_is_in_it() {
    for len in [LIMIT + 1, 2 * LIMIT] {
        check_refused(Dialect::V2, &[Frame::text("x".repeat(len))]);
        check_refused(Dialect::V3Packed, &[Frame::binary(vec![0xC0; len])]);
    }
    let valid = json!({"type": "GameData", "data": {"data": "x".repeat(LIMIT)}}).to_string();
    check_refused(Dialect::V3, &[Frame::text(valid)]);
}

#[test]
fn a_message_in_fragments_is_measured_as_a_whole() {
    let part = vec![b'x'; LIMIT / 2 + 1];
    let fragments = |first: Frame| [first.unfinished(), Frame::last(part.clone())];
    check_refused(Dialect::V2, &fragments(Frame::text(part.clone())));
    check_refused(Dialect::V2Packed, &fragments(Frame::binary(part.clone())));
}

/// The header of a frame whose payload never comes.
fn announcement(opcode: Opcode, len: u64) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode.0, 0x80 | 127];
    bytes.extend(len.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

/// The connection ends, and what the room loses is only who it belonged to.
#[track_caller]
fn check_closed(bytes: &[u8]) {
    let mut bystanders = Bystanders::gather();
    let mut offender = bystanders.offender(Dialect::V3Packed);
    offender.send_bytes(bytes);
    offender.expect_close(Some(1009));
    bystanders.lose(&offender);
    bystanders.finish();
}

#[test]
fn twice_the_limit_closes_as_soon_as_it_is_announced() {
    for opcode in [Opcode::TEXT, Opcode::BINARY] {
        check_closed(&announcement(opcode, 2 * LIMIT as u64 + 1));
        check_closed(&announcement(opcode, i64::MAX as u64));
    }
}

#[test]
fn fragments_that_sum_up_to_more_than_twice_the_limit_close() {
    let full = Frame::text("x".repeat(2 * LIMIT)).unfinished();
    check_closed(&[full.encode(), Frame::last("x").encode()].concat());
}

#[test]
fn a_flood_without_end_is_not_read_to_its_end() {
    let mut bystanders = Bystanders::gather();
    let mut offender = bystanders.offender(Dialect::V2);
    let part = Frame::new(Opcode::CONTINUATION, vec![b'x'; LIMIT]).unfinished();
    let mut n_sent = 0;
    offender.send_frames(&[Frame::text("").unfinished()]);
    while n_sent < 10_000 && offender.try_send_frames(std::slice::from_ref(&part)) {
        n_sent += 1;
    }
    assert!(n_sent < 10_000, "the server took 640 MB of one message");
    bystanders.lose(&offender);
    bystanders.finish();
}

/// Connection info of this many bytes.
fn connection_info(len: usize) -> Value {
    let empty = json!({"type": "custom", "data": ""}).to_string().len();
    json!({"type": "custom", "data": "x".repeat(len - empty)})
}

#[test]
fn connection_info_has_a_limit_of_its_own() {
    let mut bystanders = Bystanders::gather();
    let mut offender = bystanders.offender(Dialect::V2);
    offender.send("ProvideConnectionInfo", json!({"connection_info": connection_info(8_192)}));
    offender.expect_silence();
    offender.send("ProvideConnectionInfo", json!({"connection_info": connection_info(8_193)}));
    offender.expect_error("MESSAGE_TOO_LARGE");
    offender.expect_silence();

    let mut newcomer = Peer::authenticated(bystanders.addr(), "newcomer", Dialect::V2);
    let snapshot = join_room(&mut newcomer, ROOM);
    bystanders.meet(&newcomer);
    let players = snapshot["current_players"].as_array().expect("a roster");
    let kept = players.iter().find(|player| player["id"] == json!(offender.id)).expect("the offender");
    assert_eq!(kept["connection_info"], connection_info(8_192), "what was refused replaces nothing");
    bystanders.finish();
}

#[test]
fn signals_have_a_limit_of_their_own() {
    let mut bystanders = Bystanders::gather();
    let mut offender = bystanders.offender(Dialect::V3);
    let signal = json!({"to": offender.id, "generation": offender.id, "signal": "x".repeat(16_384)});
    offender.send("Signal", signal);
    offender.expect_error("SIGNAL_TOO_LARGE");
    offender.expect_silence();
    bystanders.finish();
}
