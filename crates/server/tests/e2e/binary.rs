//! Game data as binary: the envelopes byte by byte, conversion for JSON players, and what cannot be converted.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, Frame, Peer, gather};

use crate::server;

const MIXED: [(&str, Dialect); 5] = [
    ("Ada", Dialect::V3Packed),
    ("Bob", Dialect::V3Packed),
    ("Cat", Dialect::V2Packed),
    ("Dan", Dialect::V3),
    ("Eve", Dialect::V2),
];

/// The envelope around `payload` as the contract draws it; with a stamp for version 3.
fn envelope(from: &Peer, payload: &[u8], stamp: Option<(u8, u8)>) -> Vec<u8> {
    envelope_of("message_pack", from, payload, stamp)
}

/// As [`envelope`], for a payload in this encoding.
pub(crate) fn envelope_of(encoding: &str, from: &Peer, payload: &[u8], stamp: Option<(u8, u8)>) -> Vec<u8> {
    let id = from.id.replace('-', "");
    let id = (0..32).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).expect("a UUID"));
    let mut bytes = vec![if stamp.is_some() { 0x85 } else { 0x83 }];
    bytes.extend(b"\xabfrom_player\xc4\x10");
    bytes.extend(id);
    bytes.extend(b"\xa8encoding");
    bytes.push(0xA0 | encoding.len() as u8);
    bytes.extend(encoding.as_bytes());
    bytes.extend(b"\xa7payload");
    match payload.len() {
        len @ 0..=0xFF => bytes.extend([0xC4, len as u8]),
        len @ 0x100..=0xFFFF => bytes.extend([&[0xC5][..], &(len as u16).to_be_bytes()].concat()),
        len => bytes.extend([&[0xC6][..], &(len as u32).to_be_bytes()].concat()),
    }
    bytes.extend(payload);
    if let Some((seq, epoch)) = stamp {
        bytes.extend([b"\xa3seq".as_slice(), &[seq], b"\xa5epoch", &[epoch]].concat());
    }
    bytes
}

/// A MessagePack string of this many bytes in all.
fn packed_text(len: usize) -> Vec<u8> {
    let header = match len {
        1..=32 => vec![0xA0 | (len - 1) as u8],
        33..=257 => vec![0xD9, (len - 2) as u8],
        _ => [&[0xDA][..], &((len - 3) as u16).to_be_bytes()].concat(),
    };
    let text = vec![b'x'; len - header.len()];
    [header, text].concat()
}

#[test]
fn each_player_gets_the_envelope_of_its_version_or_json() {
    let server = server().start();
    let [mut ada, mut bob, mut cat, mut dan, mut eve] = gather(server.addr(), "PACK01", MIXED);
    for (seq, len) in (1..).zip([1, 33, 255, 256, 65_535, 65_536]) {
        let payload = packed_text(len);
        ada.send_binary(&payload);
        assert_eq!(bob.expect_binary(), envelope(&ada, &payload, Some((seq, 1))), "{len} bytes");
        assert_eq!(cat.expect_binary(), envelope(&ada, &payload, None), "{len} bytes");
        let v3 = dan.expect("GameData");
        assert_eq!((&v3["seq"], &v3["epoch"]), (&json!(seq), &json!(1)));
        assert!(v3["data"].as_str().is_some_and(|text| text.bytes().all(|byte| byte == b'x')));
        let v2 = eve.expect("GameData");
        assert_eq!(v2["data"], v3["data"]);
        assert_eq!((v2.get("seq"), v2.get("epoch")), (None, None));
    }
    ada.send_binary(&packed_text(65_536).repeat(2)[..65_537]);
    ada.expect_error("MESSAGE_TOO_LARGE");
    ada.expect_silence();
}

#[test]
fn a_version_2_sender_is_stamped_for_version_3() {
    let server = server().start();
    let [mut ada, mut bob, mut cat, mut dan, mut eve] = gather(server.addr(), "PACK02", MIXED);
    cat.send_binary(&[0x93, 1, 2, 3]);
    for member in [&mut ada, &mut bob] {
        assert_eq!(member.expect_binary(), envelope(&cat, &[0x93, 1, 2, 3], Some((1, 1))));
    }
    let json = json!({"from_player": cat.id, "data": [1, 2, 3]});
    assert_eq!(eve.expect("GameData"), json);
    let stamped = json!({"from_player": cat.id, "data": [1, 2, 3], "seq": 1, "epoch": 1});
    assert_eq!(dan.expect("GameData"), stamped);
    cat.expect_silence();
}

#[test]
fn text_and_binary_share_one_count_and_text_stays_text() {
    let server = server().start();
    let [mut ada, mut bob, mut cat, mut dan, _eve] = gather(server.addr(), "PACK03", MIXED);
    for round in 0..3 {
        ada.say(json!(round));
        let stamped = json!({"from_player": ada.id, "data": round, "seq": 2 * round + 1, "epoch": 1});
        assert_eq!(bob.expect("GameData"), stamped);
        assert_eq!(dan.expect("GameData"), stamped);
        assert_eq!(cat.expect("GameData"), json!({"from_player": ada.id, "data": round}));
        ada.send_binary(&[round]);
        assert_eq!(bob.expect_binary(), envelope(&ada, &[round], Some((2 * round + 2, 1))));
        assert_eq!(dan.expect("GameData")["seq"], 2 * round + 2);
        assert_eq!(cat.expect_binary(), envelope(&ada, &[round], None));
    }
}

#[test]
fn message_pack_becomes_json_for_those_who_asked_for_json() {
    let server = server().start();
    let [mut ada, _bob, _cat, mut dan, mut eve] = gather(server.addr(), "PACK04", MIXED);
    let cases: [(&[u8], Value); 10] = [
        (&[0xC0], json!(null)),
        (&[0xC3], json!(true)),
        (&[0xFF], json!(-1)),
        (&[0xD0, 0x80], json!(-128)),
        (b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", json!(u64::MAX)),
        (b"\xd3\x80\0\0\0\0\0\0\0", json!(i64::MIN)),
        (&[0xCA, 0x3F, 0xC0, 0, 0], json!(1.5)),
        (b"\xa7\"\\\n\xc3\xa9/\x01", json!("\"\\\n\u{e9}/\u{1}")),
        (&[0xDC, 0, 2, 0x90, 0x80], json!([[], {}])),
        (b"\x82\xa1b\x01\xa1a\x92\xc2\xa0", json!({"b": 1, "a": [false, ""]})),
    ];
    for (payload, expected) in cases {
        ada.send_binary(payload);
        for member in [&mut dan, &mut eve] {
            assert_eq!(member.expect("GameData")["data"], expected, "{payload:02x?}");
        }
    }
}

#[test]
fn what_cannot_be_json_is_reported_to_version_3_and_complained_about_to_all() {
    let server = server().start();
    let [mut ada, mut bob, _cat, mut dan, mut eve] = gather(server.addr(), "PACK05", MIXED);
    // Binary inside, an array that ends early, a string that is no UTF-8, nothing at all; then one that fits.
    let lost: [&[u8]; 4] = [&[0xC4, 1, 0xFF], &[0x93, 1], &[0xA1, 0xFF], &[]];
    let mut frames: Vec<Frame> = lost.iter().map(|payload| Frame::binary(*payload)).collect();
    frames.push(Frame::binary([42]));
    ada.send_frames(&frames);

    for (seq, payload) in (1..).zip(lost) {
        assert_eq!(bob.expect_binary(), envelope(&ada, payload, Some((seq, 1))), "the like-minded get all");
    }
    eve.expect_error("UNSUPPORTED_GAME_DATA_FORMAT");
    assert_eq!(eve.expect("GameData")["data"], 42, "one complaint a second is enough");

    let mut next_missing = 1;
    let mut report = dan.expect("DeliveryReport");
    dan.expect_error("UNSUPPORTED_GAME_DATA_FORMAT");
    loop {
        for gap in report["gaps"].as_array().expect("a report of gaps") {
            assert_eq!(gap["from_player"], ada.id);
            assert_eq!((&gap["epoch"], &gap["reason"]), (&json!(1), &json!("unsupported_format")));
            assert_eq!(gap["from_seq"], next_missing, "{report}");
            next_missing = gap["to_seq"].as_u64().expect("a number") + 1;
        }
        assert_counters(&report["per_class"], next_missing - 1);
        if next_missing == 5 {
            break;
        }
        report = dan.expect("DeliveryReport");
    }
    let heard = dan.expect("GameData");
    assert_eq!((&heard["seq"], &heard["data"]), (&json!(5), &json!(42)));
    ada.expect_silence();
}

/// All members of all classes are there, and so many reliable messages could not be converted.
#[track_caller]
fn assert_counters(per_class: &Value, n_unsupported: u64) {
    let counters = [
        ("reliable", &["delivered", "abandoned", "unsupported_format"][..]),
        ("latest", &["delivered", "superseded", "dropped_full", "abandoned", "unsupported_format"]),
        ("volatile", &["delivered", "dropped", "abandoned", "unsupported_format"]),
    ];
    for (class, names) in counters {
        for name in names {
            assert!(per_class[class][name].is_u64(), "{class}.{name} is missing in {per_class}");
        }
    }
    assert_eq!(per_class["reliable"]["unsupported_format"], n_unsupported, "{per_class}");
}

#[test]
fn binary_needs_a_room_and_a_format() {
    let server = server().start();
    for dialect in [Dialect::V2Packed, Dialect::V3Packed] {
        let mut roomless = Peer::authenticated(server.addr(), "Ada", dialect);
        roomless.send_binary(&[1]);
        roomless.expect_error("NOT_IN_ROOM");
        roomless.expect_silence();
    }
    let [mut ada, _bob, _cat, mut dan, mut eve] = gather(server.addr(), "PACK06", MIXED);
    for member in [&mut dan, &mut eve] {
        member.send_binary(&[1]);
        member.expect_error("INVALID_INPUT");
        member.expect_silence();
    }
    ada.expect_silence();
}
