//! The exact bytes of every message, in `tests/golden`. `UPDATE_EXPECT=1 cargo test` writes them anew.

use std::collections::BTreeSet;

use expect_test::{ExpectFile, expect_file};
use signal_fish_protocol::{
    ClientMessage, CloseCode, DeliveryClass, DeliveryGapReason, DeliveryLabel, ErrorCode, GameDataEncoding,
    LobbyState, MessageTransport, ProtocolVersion, RelayTransport, ReplayStatus, RoomOperationRequest,
    RoomResult, ServerMessage, SpectatorReason, Topology, Transport, binary_relay, text_relay,
};

use crate::samples::{self, Sample};

#[test]
fn client_messages_keep_their_bytes() {
    let samples = samples::client_messages();
    check_client(&samples, &expect_file!["../golden/client.txt"]);
    let said = samples.iter().map(|(_, message)| message.kind());
    check_all_are_there(ClientMessage::KINDS, said.chain(["RoomOperation"]));
}

#[test]
fn room_operations_keep_their_bytes() {
    let samples = samples::room_operations();
    check_client(&samples, &expect_file!["../golden/room_operations.txt"]);
    let said = samples.iter().map(|(_, message)| request_in(message));
    check_all_are_there(RoomOperationRequest::KINDS, said);
}

#[test]
fn server_messages_keep_their_bytes() {
    let samples = samples::server_messages();
    check_server(&samples, &expect_file!["../golden/server.txt"]);
    let said = samples.iter().map(|(_, message)| message.kind());
    check_all_are_there(ServerMessage::KINDS, said.chain(["RoomOperationResult"]));
}

#[test]
fn room_results_keep_their_bytes() {
    let samples = samples::room_results();
    check_server(&samples, &expect_file!["../golden/room_results.txt"]);
    let said = samples.iter().map(|(_, message)| result_in(message));
    check_all_are_there(RoomResult::KINDS, said);
}

#[test]
fn relayed_game_data_keeps_its_bytes() {
    let relay = samples::relay;
    let mut text = String::new();
    for (note, label) in samples::labels() {
        let frames = VERSIONS.map(|version| {
            let mut frame = Vec::new();
            text_relay(&mut frame, version, &relay(label), &samples::payload(r#"{"x" : 1.50}"#));
            Some(String::from_utf8(frame).unwrap())
        });
        text += &format!("text ({note})\n{}", for_versions(&frames));
    }
    for encoding in GameDataEncoding::ALL {
        let frames = VERSIONS.map(|version| {
            let mut frame = Vec::new();
            let relay = relay(DeliveryLabel::default());
            binary_relay(&mut frame, version, &relay, *encoding, b"\x01\x02\x03");
            Some(frame.escape_ascii().to_string())
        });
        text += &format!("binary ({})\n{}", encoding.token(), for_versions(&frames));
    }
    expect_file!["../golden/relay.txt"].assert_eq(&text);
}

#[test]
fn values_keep_their_spelling() {
    let mut text = String::new();
    let mut line = |name: &str, values: String| text += &format!("{name} {values}\n");
    macro_rules! spell {
        ($($Enum:ident: $($Value:ident)+;)+) => {
            $(line(stringify!($Enum), serde_json::to_string(&[$($Enum::$Value),+]).unwrap());)+
        };
    }
    spell! {
        RelayTransport: Tcp Udp Websocket Auto;
        GameDataEncoding: Json MessagePack Rkyv Protobuf;
        Transport: Relay Direct Webrtc;
        Topology: Relay Host Mesh;
        MessageTransport: Websocket;
        DeliveryClass: Reliable Latest Volatile;
        DeliveryGapReason: LatestSuperseded LatestDroppedFull VolatileDropped UnsupportedFormat NotRetained;
        ReplayStatus: Complete Truncated Unavailable;
        LobbyState: Waiting Lobby Finalized;
        SpectatorReason: Joined VoluntaryLeave Disconnected Removed RoomClosed;
    }
    for code in ErrorCode::ALL {
        line("ErrorCode", serde_json::to_string(code).unwrap());
    }
    for code in CloseCode::ALL {
        line("CloseCode", format!("{} {:?}", code.number(), code.reason()));
    }
    expect_file!["../golden/values.txt"].assert_eq(&text);
}

fn check_client(samples: &[Sample<ClientMessage<'static>>], golden: &ExpectFile) {
    let mut text = String::new();
    for (note, message) in samples {
        let frame = message.encode();
        assert_eq!(&ClientMessage::decode(&frame).expect("what was just written"), message);
        text += &format!("{}\n  {frame}\n", title(message.kind(), request_in(message), note));
    }
    golden.assert_eq(&text);
}

fn check_server(samples: &[Sample<ServerMessage<'static>>], golden: &ExpectFile) {
    let mut text = String::new();
    for (note, message) in samples {
        let frames = VERSIONS.map(|version| {
            let seen = message.clone().project(version)?;
            let frame = seen.encode();
            assert_eq!(ServerMessage::decode(&frame).expect("what was just written"), seen);
            Some(frame)
        });
        let title = title(message.kind(), result_in(message), note);
        text += &format!("{title}\n{}", for_versions(&frames));
    }
    golden.assert_eq(&text);
}

fn request_in(message: &ClientMessage<'_>) -> &'static str {
    if let ClientMessage::RoomOperation(it) = message { it.operation.kind() } else { "" }
}

fn result_in(message: &ServerMessage<'_>) -> &'static str {
    if let ServerMessage::RoomOperationResult(it) = message { it.result.kind() } else { "" }
}

fn title(kind: &str, inner: &str, note: &str) -> String {
    let note = if note.is_empty() { String::new() } else { format!("({note})") };
    let words = [kind, inner, &note].into_iter().filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// One line if both versions see the same, else one each.
fn for_versions(frames: &[Option<String>; 2]) -> String {
    let shown = |frame: &Option<String>| frame.clone().unwrap_or("(suppressed)".into());
    match frames {
        [v2, v3] if v2 == v3 => format!("  v2 v3  {}\n", shown(v2)),
        [v2, v3] => format!("  v2  {}\n  v3  {}\n", shown(v2), shown(v3)),
    }
}

fn check_all_are_there(kinds: &[(&str, &str)], said: impl Iterator<Item = &'static str>) {
    let said: BTreeSet<_> = said.collect();
    let kinds: BTreeSet<_> = kinds.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(said, kinds);
}

const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::V2, ProtocolVersion::V3];
