//! Players who speak protobuf, in one room with players who speak JSON.

use std::net::SocketAddr;

use serde_json::json;
use signal_fish_protocol::protobuf::{BinaryGameDataIn, ClientFrame, SUBPROTOCOL, ServerFrame};
use signal_fish_protocol::{
    Authenticate, AuthorityRequest, ClientMessage, ConnectionInfo, DeliveryClass, ErrorCode,
    GameDataEncoding, GameDataIn, JoinAsSpectator, JoinRoom, LobbyState, Payload, ProvideConnectionInfo,
    ServerMessage,
};
use signal_fish_testkit::{Dialect, Event, Frame, GAME, Peer, join_room};

use crate::server;

/// A connection that says and hears protobuf.
struct Speaker(Peer);

impl Speaker {
    #[track_caller]
    fn connect(addr: SocketAddr, path: &str, name: &str) -> Self {
        Self(Peer::connect_offering(addr, path, name, SUBPROTOCOL))
    }

    #[track_caller]
    fn say(&mut self, message: ClientMessage<'_>) {
        self.0.send_binary(&ClientFrame::Message(message).encode());
    }

    #[track_caller]
    fn hear_frame(&mut self) -> ServerFrame<'static> {
        ServerFrame::decode(&self.0.expect_binary()).expect("a frame")
    }

    #[track_caller]
    fn hear(&mut self, kind: &str) -> ServerMessage<'static> {
        let frame = self.hear_frame();
        let ServerFrame::Message(message) = frame else { panic!("awaited {kind}, got {frame:?}") };
        assert_eq!(message.kind(), kind, "{message:?}");
        message
    }

    #[track_caller]
    fn hear_error(&mut self, code: ErrorCode) {
        let ServerMessage::Error(error) = self.hear("Error") else { unreachable!("its kind is checked") };
        assert_eq!(error.error_code, Some(code), "{error:?}");
    }

    #[track_caller]
    fn expect_silence(&mut self) {
        self.say(ClientMessage::Ping);
        self.hear("Pong");
    }

    #[track_caller]
    fn authenticate(&mut self, format: GameDataEncoding) {
        let request = Authenticate {
            app_id: "demo".into(),
            game_data_format: Some(format),
            requested_capabilities: Some(vec!["anything".into()]),
            ..Authenticate::default()
        };
        self.say(ClientMessage::Authenticate(request));
        self.hear("Authenticated");
        let ServerMessage::ProtocolInfo(info) = self.hear("ProtocolInfo") else {
            unreachable!("its kind is checked")
        };
        assert_eq!(info.v3.map(|v3| v3.protocol_version), Some(3));
    }

    /// Joins and leaves what comes after the snapshot to the caller; the number of players it found.
    #[track_caller]
    fn join(&mut self, code: &str) -> usize {
        self.say(ClientMessage::JoinRoom(JoinRoom {
            game_name: GAME.into(),
            room_code: Some(code.into()),
            player_name: self.0.name().into(),
            ..JoinRoom::default()
        }));
        let ServerMessage::RoomJoined(snapshot) = self.hear("RoomJoined") else {
            unreachable!("its kind is checked")
        };
        self.0.id = snapshot.player_id.to_string();
        snapshot.current_players.len()
    }
}

fn json_data(json: &'static str) -> ClientMessage<'static> {
    let data = Payload::parse(json).expect("a good value");
    ClientMessage::GameData(GameDataIn { data, class: None, key: None })
}

#[test]
fn a_protobuf_player_and_a_json_player_share_a_whole_session() {
    let server = server().start();
    let mut ada = Speaker::connect(server.addr(), "/v3/ws", "Ada");
    ada.authenticate(GameDataEncoding::Json);
    assert_eq!(ada.join("PROTO1"), 1);
    ada.hear("LobbyStateChanged");
    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
    let snapshot = join_room(&mut bob, "PROTO1");
    assert_eq!(snapshot["current_players"][0]["id"], ada.0.id);
    ada.hear("PlayerJoined");

    let connection_info = ConnectionInfo::Custom { data: json!({"steam": [7]}) };
    ada.say(ClientMessage::ProvideConnectionInfo(ProvideConnectionInfo { connection_info }));
    ada.say(ClientMessage::AuthorityRequest(AuthorityRequest { become_authority: false }));
    ada.hear("AuthorityResponse");
    ada.hear("AuthorityChanged");
    assert_eq!(bob.expect("AuthorityChanged")["authority_player"], json!(null));
    ada.say(ClientMessage::PlayerReady);
    bob.send_unit("PlayerReady");
    for _ in 0..2 {
        let ServerMessage::LobbyStateChanged(lobby) = ada.hear("LobbyStateChanged") else {
            unreachable!("its kind is checked")
        };
        assert_eq!(lobby.lobby_state, LobbyState::Lobby);
        bob.expect("LobbyStateChanged");
    }
    ada.say(ClientMessage::StartGame);
    ada.hear("GameStarting");
    let starting = bob.expect("GameStarting");
    let peers = starting["peer_connections"].as_array().expect("the players");
    let of_ada = peers.iter().find(|peer| peer["player_id"] == ada.0.id).expect("Ada");
    assert_eq!(of_ada["connection_info"], json!({"type": "custom", "data": {"steam": [7]}}));
    ada.hear("SessionPlan");
    bob.expect("SessionPlan");

    ada.say(json_data(r#"{"x" : 1.50}"#));
    let text = bob.expect_text();
    assert!(text.contains(r#""data":{"x" : 1.50}"#), "byte for byte: {text}");
    bob.send("GameData", json!({"data": [1], "class": "latest", "key": 7}));
    let ServerMessage::GameData(heard) = ada.hear("GameData") else { unreachable!("its kind is checked") };
    assert_eq!((heard.data.as_str(), heard.seq, heard.key), ("[1]", Some(1), Some(7)));
    assert_eq!(heard.from_player.to_string(), bob.id);

    ada.say(ClientMessage::JoinAsSpectator(JoinAsSpectator {
        game_name: GAME.into(),
        room_code: "PROTO1".into(),
        spectator_name: "Ada".into(),
        password: None,
    }));
    ada.hear("SpectatorJoinFailed");
    ada.say(ClientMessage::LeaveRoom);
    ada.hear("RoomLeft");
    assert_eq!(bob.expect("PlayerLeft")["player_id"], ada.0.id);
    ada.say(json_data("1"));
    ada.hear_error(ErrorCode::NotInRoom);
    ada.expect_silence();
    ada.0.close();
}

#[test]
fn binary_game_data_crosses_between_the_encodings() {
    let server = server().start();
    let mut ada = Speaker::connect(server.addr(), "/v2/ws", "Ada");
    ada.authenticate(GameDataEncoding::MessagePack);
    ada.join("PROTO2");
    ada.hear("LobbyStateChanged");
    let [mut bob, mut cat, mut dan] =
        [("Bob", Dialect::V3Packed), ("Cat", Dialect::V2), ("Dan", Dialect::V3)].map(|(name, dialect)| {
            let mut peer = Peer::authenticated(server.addr(), name, dialect);
            join_room(&mut peer, "PROTO2");
            ada.hear("PlayerJoined");
            peer
        });
    for (member, n_joined) in [(&mut bob, 2), (&mut cat, 1)] {
        (0..n_joined).for_each(|_| drop(member.expect("PlayerJoined")));
    }
    let data = BinaryGameDataIn {
        payload: vec![0xA2, b'h', b'i'].into(),
        class: Some(DeliveryClass::Volatile),
        key: None,
    };
    ada.0.send_binary(&ClientFrame::Binary(data).encode());
    assert!(bob.expect_binary().windows(3).any(|bytes| bytes == b"\xa2hi"));
    assert_eq!(cat.expect("GameData"), json!({"from_player": ada.0.id, "data": "hi"}));
    assert_eq!(dan.expect("GameData")["class"], "volatile");
    bob.send_binary(&[0x93, 1, 2, 3]);
    let ServerFrame::Binary(heard) = ada.hear_frame() else { panic!("binary game data is binary") };
    assert_eq!(
        (&*heard.payload, heard.encoding, heard.seq),
        (&[0x93, 1, 2, 3][..], GameDataEncoding::MessagePack, 1)
    );
    cat.say(json!("text"));
    ada.hear("GameData");
}

#[test]
fn bad_frames_are_refused_and_disturb_nobody() {
    let server = server().start();
    let mut bob = Peer::authenticated(server.addr(), "Bob", Dialect::V3);
    join_room(&mut bob, "PROTO3");
    bob.expect("LobbyStateChanged");
    let mut ada = Speaker::connect(server.addr(), "/v3/ws", "Ada");
    ada.join("PROTO3");
    bob.expect("PlayerJoined");

    let whole = ClientFrame::Message(json_data(r#"{"some":"data"}"#)).encode();
    let truncated = (0..whole.len()).map(|len| whole[..len].to_vec());
    let random = (0..200_u32).map(|seed| {
        let mut state = seed.wrapping_mul(2_654_435_761) | 1;
        // The first byte is a field that no message has, or one that ends the message early.
        let noise = (0..seed % 40).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        [0x9A, 0x06].into_iter().chain(noise).collect()
    });
    let wrong: [&[u8]; 6] = [
        b"\x0d\0\0\0\0",                 // game data as four bytes
        b"\x08\x01",                     // game data as a number
        b"\x0b",                         // a group
        b"\x0a\x02\x08\x01",             // the payload as a number
        b"\x0a\xff\xff\xff\xff\x0f\x00", // longer than it is
        b"{\"type\":\"Ping\"}",
    ];
    let all = truncated.chain(random).chain(wrong.into_iter().map(<[u8]>::to_vec));
    for bad in all {
        ada.0.send_binary(&bad);
        ada.hear_error(ErrorCode::InvalidInput);
    }
    ada.0.send_text(r#"{"type":"Ping"}"#);
    ada.hear_error(ErrorCode::InvalidInput);
    for len in [65_537, 131_072] {
        ada.0.send_binary(&vec![0; len]);
        ada.hear_error(ErrorCode::MessageTooLarge);
    }
    ada.expect_silence();
    ada.say(json_data("[]"));
    assert_eq!(bob.expect("GameData")["seq"], 1, "none of it counted");

    ada.0.send_frames(&[Frame::binary(vec![0; 131_073])]);
    assert_eq!(ada.0.next_event("the end"), Event::Close(Some(1009), "message_too_big".into()));
    bob.expect("PlayerLeft");
}

#[test]
fn the_first_frame_and_the_farewell_are_protobuf_where_a_handshake_is_required() {
    let server = server()
        .set("security.enforce_app_id_allowlist", json!(true))
        .set("security.allowed_apps", json!([{"app_id": "known", "app_name": "Known"}]))
        .start();
    let mut ada = Speaker::connect(server.addr(), "/v3/ws", "Ada");
    ada.say(ClientMessage::Ping);
    ada.hear_error(ErrorCode::MissingAppId);
    ada.0.expect_close(Some(1000));
    let mut ada = Speaker::connect(server.addr(), "/v3/ws", "Ada");
    ada.say(ClientMessage::Authenticate(Authenticate { app_id: "other".into(), ..Authenticate::default() }));
    ada.hear("AuthenticationError");
    ada.0.expect_close(Some(1000));
}
