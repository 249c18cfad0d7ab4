//! Frames that are meant to cost more than they bring: lengths that lie, crumbs, floods.

use signal_fish_testkit::{Dialect, Frame, Opcode, Peer};

use crate::server;
use crate::siege::{Siege, without_address_limits};

fn siege() -> Siege {
    Siege::of(without_address_limits(server()))
}

/// Each of many attackers sends this, and has its connection closed with this code.
#[track_caller]
fn check_closed(siege: &Siege, bytes: &[u8], code: u16) {
    let mut attackers: Vec<_> = (0..N_ATTACKERS).map(|_| siege.attacker()).collect();
    for attacker in &mut attackers {
        attacker.send_bytes(bytes);
    }
    for attacker in &mut attackers {
        let got = attacker.read_to_end();
        assert_eq!(got, Some(code), "{:02x?}", &bytes[..bytes.len().min(16)]);
    }
}

#[test]
fn lengths_that_nobody_has_memory_for_are_not_believed() {
    let siege = siege();
    for opcode in [Opcode::TEXT, Opcode::BINARY] {
        // The highest bit of a length must be zero; it is no way to a small number.
        for len in [u64::from(u32::MAX), 1 << 40, i64::MAX as u64, 1 << 63, u64::MAX] {
            let announced = [&[0x80 | opcode.0, 0xFF][..], &len.to_be_bytes(), &[0; 4]].concat();
            check_closed(&siege, &announced, 1009);
        }
    }
    siege.lift();
}

#[test]
fn messages_in_crumbs_end_the_connection() {
    let siege = siege();
    let bytes = |frames: Vec<Frame>| frames.iter().flat_map(Frame::encode).collect::<Vec<u8>>();
    let of_one_byte =
        [vec![Frame::text("\"").unfinished()], vec![Frame::last("x").unfinished(); 1_100]].concat();
    let of_nothing = [vec![Frame::text("").unfinished()], vec![Frame::last("").unfinished(); 1_100]].concat();
    check_closed(&siege, &bytes(of_one_byte), 1008);
    check_closed(&siege, &bytes(of_nothing), 1008);
    siege.lift();
}

#[test]
fn floods_of_control_frames_end_the_connection() {
    let siege = siege();
    for opcode in [Opcode::PING, Opcode::PONG] {
        let flood = vec![Frame::new(opcode, [0; 125]); 400];
        check_closed(&siege, &flood.iter().flat_map(Frame::encode).collect::<Vec<u8>>(), 1008);
    }
    siege.lift();
}

#[test]
fn compressed_frames_that_were_not_agreed_on_break_the_protocol() {
    let siege = siege();
    // A bomb: the beginning of a megabyte of zeros.
    let bomb = Frame::text([0xEC, 0xC1, 0x01, 0x01, 0, 0, 0, 0x80, 0x90, 0xFE]).with_reserved(0b100);
    check_closed(&siege, &bomb.encode(), 1002);
    siege.lift();
}

#[test]
fn unfinished_messages_hold_no_memory_for_long_once_their_senders_are_gone() {
    let siege = siege();
    let half = Frame::text("x".repeat(60_000)).unfinished();
    let attackers: Vec<_> = (0..200)
        .map(|_| {
            let mut attacker = Peer::authenticated(siege.addr(), "half", Dialect::V3);
            attacker.send_frames(std::slice::from_ref(&half));
            attacker
        })
        .collect();
    drop(attackers);
    siege.lift();
}

/// Enough for what each leaves behind to be seen in the memory.
const N_ATTACKERS: usize = 20;
