//! Clients without sockets: they speak to the hub and read what is queued for them.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use serde_json::{Value, json};
use signal_fish_auth::Authenticator;
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Frame, FrameKind, Hub, HubConfig, Session, Taken};
use signal_fish_protocol::protobuf::{ClientFrame, ServerFrame};
use signal_fish_protocol::{
    Authenticate, ClientMessage, CloseCode, GameDataEncoding, JoinRoom, ProtocolVersion, ServerMessage,
};
use signal_fish_storage::MemoryDatabase;

/// A hub with its defaults, memory only, open to all.
pub(crate) async fn hub(config: HubConfig) -> Hub {
    Hub::start(config, Authenticator::open(), Arc::new(MemoryDatabase::default()), Arc::new(LocalCoordinator))
        .await
        .expect("memory can be read")
}

/// A connection, without the connection.
pub(crate) struct Client {
    pub(crate) session: Session,
}

impl Client {
    pub(crate) fn connect(hub: &Hub, version: ProtocolVersion) -> Self {
        Self { session: hub.connect(version) }
    }

    /// One that has asked for MessagePack.
    pub(crate) async fn packed(hub: &Hub, version: ProtocolVersion) -> Self {
        let mut client = Self::connect(hub, version);
        client.say("Authenticate", json!({"app_id": "x", "game_data_format": "message_pack"})).await;
        assert_eq!(client.hear_types(), ["Authenticated", "ProtocolInfo"]);
        client
    }

    /// One that speaks protobuf, with this format of game data.
    pub(crate) async fn protobuf(hub: &Hub, format: GameDataEncoding) -> Self {
        let mut client = Self { session: hub.connect_protobuf() };
        let request =
            Authenticate { app_id: "x".into(), game_data_format: Some(format), ..Authenticate::default() };
        client.say_message(ClientMessage::Authenticate(request)).await;
        let heard = client.hear_messages();
        assert_eq!(
            heard.iter().map(ServerMessage::kind).collect::<Vec<_>>(),
            ["Authenticated", "ProtocolInfo"]
        );
        client
    }

    /// As [`Client::join`], in protobuf.
    pub(crate) async fn join_in_protobuf(&mut self, code: &str, name: &str) {
        let (game_name, room_code, player_name) = ("tanks".into(), Some(code.into()), name.into());
        let request = JoinRoom { game_name, room_code, player_name, ..JoinRoom::default() };
        self.say_message(ClientMessage::JoinRoom(request)).await;
        assert_eq!(self.hear_messages()[0].kind(), "RoomJoined");
    }

    /// Says something in protobuf.
    pub(crate) async fn say_message(&mut self, message: ClientMessage<'static>) {
        let (frame, now) = (ClientFrame::Message(message).encode(), Instant::now());
        if let Some(entry) = self.session.on_binary(now, &frame) {
            self.session.enter(now, entry).await;
        }
    }

    /// All that is queued, which must be protobuf.
    pub(crate) fn hear_frames(&self) -> Vec<ServerFrame<'static>> {
        self.take().0.iter().map(parse_protobuf).collect()
    }

    /// All that is queued, which must be protobuf and no binary game data.
    pub(crate) fn hear_messages(&self) -> Vec<ServerMessage<'static>> {
        let messages = self.hear_frames().into_iter().map(|frame| match frame {
            ServerFrame::Message(message) => message,
            ServerFrame::Binary(data) => panic!("binary game data: {data:?}"),
        });
        messages.collect()
    }

    /// A player of the room with this code, which is made for the first of them. Nothing is left to hear.
    pub(crate) async fn seated(hub: &Hub, version: ProtocolVersion, code: &str, name: &str) -> Self {
        let mut client = Self::connect(hub, version);
        client.join(code, name).await;
        client
    }

    pub(crate) async fn join(&mut self, code: &str, name: &str) {
        self.say("JoinRoom", json!({"game_name": "tanks", "room_code": code, "player_name": name})).await;
        let heard = self.hear();
        assert_eq!(heard[0]["type"], "RoomJoined", "{heard:?}");
    }

    pub(crate) async fn say(&mut self, message: &str, data: Value) {
        let mut text = json!({"type": message});
        if !data.is_null() {
            text["data"] = data;
        }
        let now = Instant::now();
        if let Some(entry) = self.session.on_text(now, &text.to_string()) {
            self.session.enter(now, entry).await;
        }
    }

    pub(crate) fn say_game_data(&mut self, text: &str) {
        assert!(self.session.on_text(Instant::now(), text).is_none());
    }

    /// All that is queued, and the end if that has come.
    pub(crate) fn take(&self) -> (Vec<Frame>, Option<CloseCode>) {
        let (mut frames, cx) = (Vec::new(), Context::from_waker(Waker::noop()));
        loop {
            match self.session.outbox().poll_take(&cx, &mut frames, usize::MAX) {
                Poll::Ready(Taken::Frames) => {}
                Poll::Ready(Taken::Ending(code)) => return (frames, Some(code)),
                Poll::Pending => return (frames, None),
            }
        }
    }

    /// All that is queued, which must be text.
    pub(crate) fn hear(&self) -> Vec<Value> {
        self.take().0.iter().map(parse).collect()
    }

    pub(crate) fn hear_types(&self) -> Vec<String> {
        self.hear().iter().map(|message| message["type"].as_str().expect("a type").to_owned()).collect()
    }
}

pub(crate) fn parse(frame: &Frame) -> Value {
    assert_eq!(frame.kind, FrameKind::Text);
    serde_json::from_slice(&frame.bytes).expect("text messages are JSON")
}

pub(crate) fn parse_protobuf(frame: &Frame) -> ServerFrame<'static> {
    assert_eq!(frame.kind, FrameKind::Binary);
    ServerFrame::decode(&frame.bytes).expect("binary messages are frames")
}

/// Lets the hub's own tasks do what they have to do now.
pub(crate) async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

pub(crate) const V2: ProtocolVersion = ProtocolVersion::V2;
pub(crate) const V3: ProtocolVersion = ProtocolVersion::V3;
