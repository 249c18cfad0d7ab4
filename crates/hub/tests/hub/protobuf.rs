//! Connections that speak protobuf, in rooms with others that do not.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use signal_fish_hub::{Frame, HubConfig};
use signal_fish_protocol::protobuf::{BinaryGameDataIn, BinaryGameDataOut, ClientFrame, ServerFrame};
use signal_fish_protocol::{
    Authenticate, BinaryEnvelope, ClientMessage, CloseCode, DeliveryClass, Epoch, ErrorCode,
    GameDataEncoding, GameDataIn, GameDataOut, JoinRoom, OperationId, Payload, RoomOperationResult,
    RoomResult, ServerMessage, Uuid,
};

use crate::support::{Client, V2, V3, hub, parse, parse_protobuf};

/// One of each form: JSON on v2 and v3, MessagePack on v3, protobuf with JSON and with MessagePack.
struct Mixed {
    v2: Client,
    v3: Client,
    packed: Client,
    proto: Client,
    proto_packed: Client,
}

impl Mixed {
    async fn gather(code: &str) -> Self {
        let hub = hub(HubConfig::default()).await;
        let mut packed = Client::packed(&hub, V3).await;
        packed.join(code, "packed").await;
        let mut proto = Client::protobuf(&hub, GameDataEncoding::Json).await;
        proto.join_in_protobuf(code, "proto").await;
        let mut proto_packed = Client::protobuf(&hub, GameDataEncoding::MessagePack).await;
        proto_packed.join_in_protobuf(code, "proto packed").await;
        let v2 = Client::seated(&hub, V2, code, "v2").await;
        let v3 = Client::seated(&hub, V3, code, "v3").await;
        let mixed = Self { v2, v3, packed, proto, proto_packed };
        mixed.drain();
        mixed
    }

    fn drain(&self) {
        for client in [&self.v2, &self.v3, &self.packed, &self.proto, &self.proto_packed] {
            drop(client.take());
        }
    }
}

/// The only frame that is queued.
fn only(client: &Client) -> Frame {
    let (mut frames, _) = client.take();
    assert_eq!(frames.len(), 1, "{frames:?}");
    frames.remove(0)
}

fn game_data(frame: &Frame) -> GameDataOut<'static> {
    let frame = parse_protobuf(frame);
    let ServerFrame::Message(ServerMessage::GameData(data)) = frame else { panic!("got {frame:?}") };
    data
}

#[tokio::test]
async fn text_reaches_everyone_in_its_own_form() {
    let mut room = Mixed::gather("MIXED1").await;
    room.v2.say_game_data(r#"{"type":"GameData","data":{"data":{"x" : 1.50}}}"#);
    let from_player = room.v2.session.player();
    let (proto, proto_packed) = (only(&room.proto), only(&room.proto_packed));
    assert!(Arc::ptr_eq(&proto.bytes, &proto_packed.bytes), "one frame for both");
    let expected = GameDataOut {
        from_player,
        data: Payload::parse(r#"{"x" : 1.50}"#).unwrap(),
        seq: Some(1),
        epoch: Some(Epoch::FIRST),
        class: None,
        key: None,
    };
    assert_eq!(game_data(&proto), expected);
    let v3 = only(&room.v3);
    assert!(proto.bytes.len() < v3.bytes.len() / 2, "{} and {} bytes", proto.bytes.len(), v3.bytes.len());
    assert_eq!(parse(&v3)["data"]["from_player"], from_player.to_string());

    let data = Payload::parse("[1, 2]").unwrap();
    let latest = GameDataIn { data, class: Some(DeliveryClass::Latest), key: Some(7) };
    room.drain();
    room.proto.say_message(ClientMessage::GameData(latest)).await;
    let from_player = room.proto.session.player();
    let v3 = json!({"from_player": from_player, "data": [1, 2], "seq": 1, "epoch": 1, "class": "latest", "key": 7});
    assert_eq!(parse(&only(&room.v3))["data"], v3);
    assert_eq!(parse(&only(&room.packed))["data"], v3);
    assert_eq!(parse(&only(&room.v2))["data"], json!({"from_player": from_player, "data": [1, 2]}));
    let heard = game_data(&only(&room.proto_packed));
    assert_eq!(
        (heard.data.as_str(), heard.class, heard.key),
        ("[1, 2]", Some(DeliveryClass::Latest), Some(7))
    );
}

#[tokio::test]
async fn binary_reaches_everyone_in_its_own_form_or_as_json() {
    let mut room = Mixed::gather("MIXED2").await;
    let frame = |payload: &'static [u8], class, key| {
        ClientFrame::Binary(BinaryGameDataIn { payload: Cow::Borrowed(payload), class, key }).encode()
    };
    let volatile = frame(&[0x92, 1, 2], Some(DeliveryClass::Volatile), None);
    assert!(room.proto_packed.session.on_binary(Instant::now(), &volatile).is_none());
    let from = room.proto_packed.session.player();
    let packed = only(&room.packed);
    let envelope = BinaryEnvelope::decode(&packed.bytes).unwrap();
    assert_eq!((envelope.from_player, envelope.payload), (from, &[0x92, 1, 2][..]));
    assert_eq!(parse(&only(&room.v2))["data"], json!({"from_player": from, "data": [1, 2]}));
    assert_eq!(parse(&only(&room.v3))["data"]["class"], "volatile");
    assert_eq!(game_data(&only(&room.proto)).data.as_str(), "[1,2]");

    assert!(room.packed.session.on_binary(Instant::now(), &[0xC3]).is_none());
    let expected = BinaryGameDataOut {
        from_player: room.packed.session.player(),
        payload: Cow::Borrowed(&[0xC3]),
        seq: 1,
        epoch: Epoch::FIRST,
        class: None,
        key: None,
        encoding: GameDataEncoding::MessagePack,
    };
    assert_eq!(room.proto_packed.hear_frames(), [ServerFrame::Binary(expected)]);
    assert_eq!(game_data(&only(&room.proto)).data.as_str(), "true");

    // What JSON cannot say is a gap for who reads JSON, in any encoding.
    room.drain();
    assert!(room.packed.session.on_binary(Instant::now(), &[0xC4, 1, 0]).is_none());
    let told: Vec<_> = room.proto.hear_messages().iter().map(ServerMessage::kind).collect();
    assert_eq!(told, ["DeliveryReport", "Error"]);

    room.drain();
    for (bad, code) in [
        (frame(&[1], Some(DeliveryClass::Latest), None), ErrorCode::InvalidDeliveryClass),
        (frame(&[1], None, Some(1)), ErrorCode::InvalidDeliveryClass),
    ] {
        assert!(room.proto_packed.session.on_binary(Instant::now(), &bad).is_none());
        expect_error(&room.proto_packed, code);
    }
    assert!(room.proto.session.on_binary(Instant::now(), &frame(&[1], None, None)).is_none());
    expect_error(&room.proto, ErrorCode::InvalidInput);
}

#[track_caller]
fn expect_error(client: &Client, code: ErrorCode) {
    match &client.hear_messages()[..] {
        [ServerMessage::Error(error)] => assert_eq!(error.error_code, Some(code), "{error:?}"),
        other => panic!("awaited one error, got {other:?}"),
    }
}

#[tokio::test]
async fn what_is_not_a_frame_is_refused_like_a_text_that_is_no_message() {
    let hub = hub(HubConfig::default()).await;
    let mut client = Client::connect_protobuf(&hub);
    for bad in [&b""[..], b"\xff", b"\x9a\x06\x00", b"{\"type\":\"Ping\"}", b"\x0a\x02\x0a\x05"] {
        assert!(client.session.on_binary(Instant::now(), bad).is_none());
        expect_error(&client, ErrorCode::InvalidInput);
    }
    client.say("Ping", json!(null)).await;
    expect_error(&client, ErrorCode::InvalidInput);
    client.say_message(ClientMessage::Ping).await;
    assert_eq!(client.hear_messages(), [ServerMessage::Pong], "none of it did any harm");
}

#[tokio::test]
async fn protobuf_means_protocol_3() {
    let hub_of = |versions| hub(HubConfig { versions, ..HubConfig::default() });
    assert!(hub_of((V2, V3)).await.speaks_protobuf());
    assert!(!hub_of((V2, V2)).await.speaks_protobuf());
    let mut client = Client::connect_protobuf(&hub_of((V2, V3)).await);
    let authenticate = |protocol_version| {
        let app_id = "x".to_owned();
        ClientMessage::Authenticate(Authenticate { app_id, protocol_version, ..Authenticate::default() })
    };
    client.say_message(authenticate(Some(2))).await;
    match &client.hear_messages()[..] {
        [ServerMessage::AuthenticationError(error)] => {
            assert_eq!(error.error_code, ErrorCode::UnsupportedProtocolVersion);
        }
        other => panic!("awaited a refusal, got {other:?}"),
    }
    client.say_message(authenticate(Some(4))).await;
    match &client.hear_messages()[..] {
        [ServerMessage::Authenticated(_), ServerMessage::ProtocolInfo(info)] => {
            assert_eq!(info.v3.as_ref().map(|v3| v3.protocol_version), Some(3));
        }
        other => panic!("awaited an agreement, got {other:?}"),
    }
}

#[tokio::test]
async fn broadcasts_notices_and_farewells_are_protobuf_too() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = Client::protobuf(&hub, GameDataEncoding::Json).await;
    ada.join_in_protobuf("MIXED3", "Ada").await;
    let _bob = Client::seated(&hub, V2, "MIXED3", "Bob").await;
    match &ada.hear_messages()[..] {
        [ServerMessage::PlayerJoined(joined)] => {
            assert_eq!((&*joined.player.name, joined.player.seq), ("Bob", Some(0)));
            assert!(joined.player.connected_at.is_none());
        }
        other => panic!("awaited Bob, got {other:?}"),
    }
    let again = JoinRoom { game_name: "tanks".into(), player_name: "Ada".into(), ..JoinRoom::default() };
    ada.say_message(ClientMessage::JoinRoom(again)).await;
    assert!(matches!(&ada.hear_messages()[..], [ServerMessage::RoomJoinFailed(_)]));
    hub.drain(Duration::from_secs(1), Duration::from_secs(2));
    assert!(matches!(&ada.hear_messages()[..], [ServerMessage::GoingAway(_)]));
    ada.session.end(CloseCode::IdleTimeout);
    let (frames, ending) = ada.take();
    assert_eq!(ending, Some(CloseCode::IdleTimeout));
    let farewell = parse_protobuf(&frames[0]);
    let ServerFrame::Message(ServerMessage::Error(error)) = farewell else { panic!("got {farewell:?}") };
    assert_eq!(error.error_code, Some(ErrorCode::ConnectionIdleTimeout));
}

#[tokio::test]
async fn a_message_costs_one_allocation_more_where_protobuf_is_read_and_none_to_read_it() {
    let mut room = Mixed::gather("MIXED4").await;
    let data = GameDataIn { data: Payload::parse("[1]").unwrap(), class: None, key: None };
    let frame = ClientFrame::Message(ClientMessage::GameData(data)).encode();
    for counted in [false, false, true] {
        room.drain();
        let session = &mut room.proto.session;
        let said = allocation_counter::measure(|| drop(session.on_binary(Instant::now(), &frame)));
        if counted {
            assert_eq!(said.count_total, 3, "v2, v3, protobuf: {said:?}");
        }
    }
}

#[tokio::test]
async fn hostile_frames_take_no_more_memory_than_a_small_multiple_of_their_length() {
    let hub = hub(HubConfig::default()).await;
    let mut client = Client::connect_protobuf(&hub);
    // A field of the outermost message, with `body` for its value.
    let field = |tag: &[u8], body: Vec<u8>| {
        let len = body.len();
        let len = [len as u8 | 0x80, (len >> 7) as u8 | 0x80, (len >> 14) as u8];
        [tag, &len, &body].concat()
    };
    for (what, frame) in [
        ("empty capabilities", field(b"\x82\x01", field(b"\x42", [0x0A, 0].repeat(30_000)))),
        ("packed transports", field(b"\x82\x01", field(b"\x32", field(b"\x0a", vec![1; 60_000])))),
        ("empty candidates", field(b"\x4a", field(b"\x0a", field(b"\x22", [0x12, 0].repeat(30_000))))),
        ("deep JSON", field(b"\x0a", field(b"\x0a", vec![b'['; 60_000]))),
        ("deep custom JSON", field(b"\x4a", field(b"\x0a", field(b"\x2a", vec![b'['; 60_000])))),
        ("unknown groups in groups", [0xA3, 0x06].repeat(30_000)),
        ("a length of four gigabytes", b"\x0a\xff\xff\xff\xff\x0f".to_vec()),
    ] {
        let session = &mut client.session;
        let hears = || drop(session.on_binary(Instant::now(), &frame));
        let taken = allocation_counter::measure(hears).bytes_max;
        let allowed = 4_096 + 64 * frame.len() as u64;
        assert!(taken <= allowed, "{what}: {taken} bytes for a frame of {}", frame.len());
        drop(client.take());
    }
}

#[tokio::test]
async fn an_operation_that_cannot_be_read_has_a_result_if_its_id_can() {
    let hub = hub(HubConfig::default()).await;
    let mut asking = Client::connect_protobuf(&hub);
    let capabilities = Some(vec!["room_operation_ids".to_owned()]);
    let request =
        Authenticate { app_id: "x".into(), requested_capabilities: capabilities, ..Authenticate::default() };
    asking.say_message(ClientMessage::Authenticate(request)).await;
    asking.take();
    let mut plain = Client::protobuf(&hub, GameDataEncoding::Json).await;
    let operation_id = OperationId::new(Uuid::new_v4());
    let id = [&[0x0A, 16][..], operation_id.uuid().as_bytes()].concat();
    // Nothing to do, nobody to kick, half a message of an unknown kind, a field of the wrong type.
    for operation in [&[][..], &[0x3A, 0], &[0xFA, 0x0F, 1, 0xFF], &[0x3A, 2, 0x08, 1], &[0x38, 1]] {
        let frame = [&[0x7A, (id.len() + operation.len()) as u8][..], &id, operation].concat();
        assert!(ClientFrame::decode(&frame).is_err(), "{operation:?}");
        for client in [&mut asking, &mut plain] {
            assert!(client.session.on_binary(Instant::now(), &frame).is_none());
        }
        let heard = asking.hear_messages();
        let [ServerMessage::RoomOperationResult(RoomOperationResult { operation_id: answered, result })] =
            &heard[..]
        else {
            panic!("{operation:?}: {heard:?}")
        };
        assert_eq!(*answered, operation_id);
        let RoomResult::OperationFailed(failed) = result else { panic!("{operation:?}: {result:?}") };
        assert_eq!(failed.error_code, Some(ErrorCode::InvalidInput));
        let heard = plain.hear_messages();
        assert!(matches!(&heard[..], [ServerMessage::Error(_)]), "{operation:?}: {heard:?}");
    }
}
