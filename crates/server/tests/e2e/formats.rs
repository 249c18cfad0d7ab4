//! Formats of game data side by side: who gets what in which form, who gets a report instead, and how much fits.

use std::net::SocketAddr;

use serde_json::{Value, json};
use signal_fish_testkit::{Frame, Peer, ServerProcess, join_room};

use crate::binary::envelope_of;
use crate::server;

const FORMATS: [&str; 4] = ["json", "message_pack", "rkyv", "protobuf"];

/// A player who asked for a version and a format.
struct Member {
    peer: Peer,
    version: u8,
    format: &'static str,
}

fn all_formats() -> ServerProcess {
    server()
        .set("protocol.enable_rkyv_game_data", json!(true))
        .set("protocol.enable_protobuf_game_data", json!(true))
        .start()
}

/// The handshake, and the `ProtocolInfo` that ends it.
#[track_caller]
fn authenticate(addr: SocketAddr, version: u8, format: &str) -> (Peer, Value) {
    let mut peer = Peer::connect(addr, "/v2/ws", &format!("v{version} {format}"));
    let wishes = json!({"app_id": "demo", "protocol_version": version, "game_data_format": format});
    peer.send("Authenticate", wishes);
    peer.expect("Authenticated");
    let info = peer.expect("ProtocolInfo");
    (peer, info)
}

/// One player of each version and format.
#[track_caller]
fn gather_all(addr: SocketAddr, code: &str) -> Vec<Member> {
    let mut room: Vec<Member> = Vec::new();
    for version in [2, 3] {
        for format in FORMATS {
            let (mut peer, info) = authenticate(addr, version, format);
            assert_eq!(info["game_data_formats"], json!(FORMATS));
            join_room(&mut peer, code);
            if room.is_empty() {
                peer.expect("LobbyStateChanged");
            }
            room.iter_mut().for_each(|member| drop(member.peer.expect("PlayerJoined")));
            room.push(Member { peer, version, format });
        }
    }
    room
}

impl Member {
    #[track_caller]
    fn expect_text(&mut self, from: &str, data: &Value, seq: u8) {
        let mut expected = json!({"from_player": from, "data": data});
        if self.version == 3 {
            (expected["seq"], expected["epoch"]) = (json!(seq), json!(1));
        }
        assert_eq!(self.peer.expect("GameData"), expected);
    }

    #[track_caller]
    fn expect_report(&mut self, from: &str, seq: u8) {
        if self.version == 3 {
            let gap = json!({
                "from_player": from, "epoch": 1, "from_seq": seq, "to_seq": seq, "reason": "unsupported_format",
            });
            assert_eq!(self.peer.expect("DeliveryReport")["gaps"], json!([gap]));
        }
        self.peer.expect_error("UNSUPPORTED_GAME_DATA_FORMAT");
    }
}

/// A form in which a message arrives, or that it does not.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    Json,
    Envelope,
    Bare,
    Nothing,
}

/// What becomes of a binary message in format `from` for a reader of `version` who asked for `to`.
fn form(from: &str, version: u8, to: &str) -> Form {
    match (from, version, to) {
        ("message_pack", _, "json") => Form::Json,
        ("message_pack", _, "message_pack") | ("rkyv", 3, "rkyv") | ("protobuf", 3, "protobuf") => {
            Form::Envelope
        }
        ("rkyv", 2, "rkyv") | ("protobuf", 2, "protobuf") => Form::Bare,
        _ => Form::Nothing,
    }
}

#[test]
fn text_reaches_everyone_as_text_and_binary_only_who_can_read_it() {
    // An array of two numbers in MessagePack, and nothing that the server opens in the other formats.
    const PAYLOAD: &[u8] = &[0x92, 7, 8];
    let server = all_formats();
    let mut room = gather_all(server.addr(), "FORMAT");
    for _ in 0..8 {
        // Each in turn, until all have spoken.
        let Member { peer: mut sender, version, format } = room.remove(0);
        sender.say(json!("hello"));
        for reader in &mut room {
            reader.expect_text(&sender.id, &json!("hello"), 1);
        }
        if format == "json" {
            sender.send_binary(PAYLOAD);
            sender.expect_error("INVALID_INPUT");
        } else {
            sender.send_binary(PAYLOAD);
            for reader in &mut room {
                let stamp = (reader.version == 3).then_some((2, 1));
                match form(format, reader.version, reader.format) {
                    Form::Json => reader.expect_text(&sender.id, &json!([7, 8]), 2),
                    Form::Envelope => {
                        let envelope = envelope_of(format, &sender, PAYLOAD, stamp);
                        assert_eq!(reader.peer.expect_binary(), envelope, "{}", reader.peer.name());
                    }
                    Form::Bare => assert_eq!(reader.peer.expect_binary(), PAYLOAD),
                    Form::Nothing => reader.expect_report(&sender.id, 2),
                }
            }
        }
        sender.expect_silence();
        room.iter_mut().for_each(|reader| reader.peer.expect_silence());
        room.push(Member { peer: sender, version, format });
    }
}

#[test]
fn formats_that_are_not_offered_are_json() {
    let server = server().start();
    for format in ["rkyv", "protobuf"] {
        let mut peer = Peer::connect(server.addr(), "/v2/ws", format);
        peer.send("Authenticate", json!({"app_id": "demo", "game_data_format": format}));
        peer.expect_error("UNSUPPORTED_GAME_DATA_FORMAT");
        peer.expect("Authenticated");
        assert_eq!(peer.expect("ProtocolInfo")["game_data_formats"], json!(["json", "message_pack"]));
        join_room(&mut peer, &format!("{format:9<8}")[..6]);
        peer.expect("LobbyStateChanged");
        peer.send_binary(&[1]);
        peer.expect_error("INVALID_INPUT");
    }
}

#[test]
fn each_format_has_a_limit_of_its_own_that_version_3_is_told() {
    let server = server()
        .set("protocol.enable_rkyv_game_data", json!(true))
        .set("security.max_game_data_bytes", json!({"json": 12, "rkyv": 4, "protobuf": 9}))
        .start();
    let (mut old, info) = authenticate(server.addr(), 2, "rkyv");
    assert_eq!(info.get("game_data_limits"), None);
    let (mut new, info) = authenticate(server.addr(), 3, "rkyv");
    let limits = json!([{"encoding": "json", "max_bytes": 12}, {"encoding": "rkyv", "max_bytes": 4}]);
    assert_eq!(info["game_data_limits"], limits, "of those that are offered");
    join_room(&mut old, "LIMITS");
    old.expect("LobbyStateChanged");
    join_room(&mut new, "LIMITS");
    old.expect("PlayerJoined");

    let text = |len: usize| json!("x".repeat(len - 2));
    for (frame, fits) in [
        (Frame::binary([1; 5]), false),
        (Frame::binary([1; 4]), true),
        (Frame::text(json!({"type": "GameData", "data": {"data": text(13)}}).to_string()), false),
        (Frame::text(json!({"type": "GameData", "data": {"data": text(12)}}).to_string()), true),
    ] {
        let binary = frame.payload.clone();
        new.send_frames(&[frame]);
        if !fits {
            new.expect_error("MESSAGE_TOO_LARGE");
        } else if binary.len() == 4 {
            assert_eq!(old.expect_binary(), binary);
        } else {
            assert_eq!(old.expect("GameData")["data"], text(12));
        }
    }
    // What was refused has no number.
    old.send_binary(&[1, 2, 3, 4]);
    assert_eq!(new.expect_binary(), envelope_of("rkyv", &old, &[1, 2, 3, 4], Some((1, 1))));
    for peer in [&mut old, &mut new] {
        peer.expect_silence();
    }
}
