//! Frames as a server writes them: whole, and without a mask.

use signal_fish_hub::{Frame, FrameKind};
use signal_fish_protocol::CloseCode;

/// Appends a message.
pub(super) fn push_message(out: &mut Vec<u8>, message: &Frame) {
    let first = match message.kind {
        FrameKind::Text => FIN | 0x1,
        FrameKind::Binary => FIN | 0x2,
    };
    push(out, first, &message.bytes);
}

/// Appends a close frame.
pub(super) fn push_close(out: &mut Vec<u8>, code: CloseCode) {
    let mut payload = code.number().to_be_bytes().to_vec();
    payload.extend_from_slice(code.reason().as_bytes());
    push(out, FIN | 0x8, &payload);
}

/// Appends a ping. What it carries does not matter: any sign of life is an answer.
pub(super) fn push_ping(out: &mut Vec<u8>) {
    push(out, FIN | 0x9, b"are you?");
}

fn push(out: &mut Vec<u8>, first: u8, payload: &[u8]) {
    out.push(first);
    let len = payload.len();
    if let Ok(len @ ..=125) = u8::try_from(len) {
        out.push(len);
    } else if let Ok(len) = u16::try_from(len) {
        out.push(126);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(len as u64).to_be_bytes());
    }
    out.extend_from_slice(payload);
}

/// The bit of the first byte that says that no more frames of this message follow.
const FIN: u8 = 0x80;

#[cfg(test)]
mod tests {
    use signal_fish_testkit::{Frame as Read, Opcode};

    use super::*;

    #[test]
    fn messages_of_every_length_form_are_read_back() {
        for len in [0, 1, 125, 126, 65_535, 65_536, 100_000] {
            for (kind, opcode) in [(FrameKind::Text, Opcode::TEXT), (FrameKind::Binary, Opcode::BINARY)] {
                let mut bytes = Vec::new();
                push_message(&mut bytes, &Frame { kind, bytes: vec![b'x'; len].into() });
                let read = Read::take_from_server(&mut bytes).unwrap().unwrap();
                assert_eq!((read.fin, read.opcode, read.payload.len()), (true, opcode, len));
                assert!(bytes.is_empty());
            }
        }
    }

    #[test]
    fn control_frames_carry_what_they_are_about() {
        let mut bytes = Vec::new();
        push_ping(&mut bytes);
        push_close(&mut bytes, CloseCode::Normal);
        push_close(&mut bytes, CloseCode::SlowConsumer);
        let mut next = || Read::take_from_server(&mut bytes).unwrap().unwrap();
        let ping = next();
        assert_eq!((ping.opcode, ping.payload.len()), (Opcode::PING, 8));
        assert_eq!(next().payload, 1000u16.to_be_bytes());
        assert_eq!(next().payload, [&4002u16.to_be_bytes()[..], b"slow_consumer"].concat());
    }
}
