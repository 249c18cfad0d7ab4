//! Messages that are meant to break what reads them: depth, width, strange numbers, in every encoding.

use signal_fish_protocol::protobuf::SUBPROTOCOL;
use signal_fish_testkit::{Dialect, Event, Peer, gather};

use crate::server;
use crate::siege::{Siege, without_address_limits};

fn siege() -> Siege {
    Siege::of(without_address_limits(server()))
}

fn game_data(payload: &str) -> String {
    format!(r#"{{"type":"GameData","data":{{"data":{payload}}}}}"#)
}

#[test]
fn json_that_is_deep_wide_or_ambiguous_is_refused_and_its_sender_stays() {
    let siege = siege();
    let [mut eve, mut bob] = gather(siege.addr(), "JSON01", [("Eve", Dialect::V3), ("Bob", Dialect::V2)]);
    let join = |member: &str| {
        let known = r#""game_name":"tanks","player_name":"Eve","room_code":"JSON02""#;
        format!(r#"{{"type":"JoinRoom","data":{{{known},{member}}}}}"#)
    };
    let refused = [
        "[".repeat(65_536),
        "{\"a\":".repeat(13_000),
        game_data(&"[".repeat(60_000)),
        game_data(&("[".repeat(30_000) + &"]".repeat(30_000))),
        game_data(&(r#"{"a":"#.repeat(9_000) + "1" + &"}".repeat(9_000))),
        game_data("1e400"),
        game_data("-1e400"),
        game_data("-"),
        game_data("Infinity"),
        game_data(r#""\ud800""#),
        game_data("\"\0\""),
        format!("\u{FEFF}{}", game_data("1")),
        join(r#""max_players":4294967295"#),
        join(r#""max_players":-1"#),
        join(r#""max_players":1e0"#),
        join(r#""max_players":18446744073709551616"#),
        join(r#""player_name":"Mallory""#),
        r#"{"type":"GameData","data":{"data":1,"class":"latest","key":18446744073709551615}}"#.to_owned(),
    ];
    for _ in 0..10 {
        for text in &refused {
            eve.send_text(text);
            eve.expect_error("INVALID_INPUT");
        }
    }
    // What is only large goes through as it was written.
    let members: Vec<_> = (0..5_000).map(|n| format!("\"{n}\":{n}")).collect();
    for payload in [format!("{{{}}}", members.join(",")), format!("[{}-0]", "{},".repeat(20_000))] {
        eve.send_text(&game_data(&payload));
        let heard = bob.expect_text();
        assert!(heard.contains(&payload), "{heard:.200}");
    }
    siege.lift();
}

#[test]
fn message_pack_that_lies_about_itself_reaches_those_who_want_it_and_harms_nobody() {
    let siege = siege();
    let members =
        [("Eve", Dialect::V3Packed), ("Bob", Dialect::V3Packed), ("Cat", Dialect::V3), ("Dan", Dialect::V2)];
    let [mut eve, mut bob, mut cat, mut dan] = gather(siege.addr(), "PACKED", members);
    let hostile: [Vec<u8>; 12] = [
        vec![0x91; 65_000],                       // arrays in arrays
        [0x81, 0xA1, b'a'].repeat(20_000),        // maps in maps
        [vec![0x91; 1_000], vec![0xC0]].concat(), // deep, and whole
        vec![0xDD, 0xFF, 0xFF, 0xFF, 0xFF],       // an array of 2^32 - 1
        vec![0xDF, 0xFF, 0xFF, 0xFF, 0xFF],       // a map of as many
        vec![0xC6, 0xFF, 0xFF, 0xFF, 0xFF, 1],    // bytes of as many
        vec![0xDB, 0x7F, 0xFF, 0xFF, 0xFF, b'x'], // a string of 2^31 - 1
        [0xDD, 0, 0, 0xFF, 0xFF].repeat(100),     // large arrays in large arrays
        vec![0xD4, 0x05, 0x00],                   // an extension
        vec![0xD6, 0xFF, 0, 0, 0, 0],             // a time
        vec![0xA1, 0xFF],                         // a string that is not UTF-8
        vec![0xC1],                               // what is never used
    ];
    for payload in &hostile {
        eve.send_binary(payload);
        let heard = bob.expect_binary();
        assert!(heard.windows(payload.len()).any(|window| window == payload), "{:02x?}", &payload[..3]);
    }
    eve.send_binary(&[42]);
    bob.expect_binary();
    for reader in [&mut cat, &mut dan] {
        let heard = first_game_data(reader);
        assert!(heard.contains(r#""data":42"#), "{heard}");
    }
    siege.lift();
}

/// The first game data that comes; before it there are only complaints about what could not be converted.
#[track_caller]
fn first_game_data(peer: &mut Peer) -> String {
    loop {
        let text = peer.expect_text();
        if text.starts_with(r#"{"type":"GameData""#) {
            return text;
        }
        assert!(
            text.contains("unsupported_format") || text.contains("UNSUPPORTED_GAME_DATA_FORMAT"),
            "{text}"
        );
    }
}

#[test]
fn protobuf_that_is_deep_or_lies_about_its_length_is_refused() {
    let siege = siege();
    let mut eve = Peer::connect_offering(siege.addr(), "/v3/ws", "Eve", SUBPROTOCOL);
    let mut nested = vec![0x0A, 0x00];
    while nested.len() < 60_000 {
        let len = nested.len();
        let header = [0x0A, len as u8 | 0x80, (len >> 7) as u8 | 0x80, (len >> 14) as u8];
        nested.splice(0..0, header);
    }
    let hostile = [
        nested,
        vec![0x0B; 60_000],
        [vec![0x0B; 30_000], vec![0x0C; 30_000]].concat(),
        vec![0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x07],
        vec![0xFF; 65_536],
        vec![0x80; 65_536],
    ];
    for bytes in &hostile {
        eve.send_binary(bytes);
        let event = eve.next_event("an error");
        assert!(matches!(&event, Event::Binary(_)), "{event:?}");
        eve.expect_alive();
    }
    siege.lift();
}
