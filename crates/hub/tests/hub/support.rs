//! Clients without sockets: they speak to the hub and read what is queued for them.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use signal_fish_auth::{Authenticator, Quota};
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Frame, FrameKind, Hub, HubConfig, Session, Source, Taken};
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
        Self::connect_from(hub, version, LOCALHOST)
    }

    pub(crate) fn connect_protobuf(hub: &Hub) -> Self {
        Self { session: hub.connect_protobuf(Source::of(LOCALHOST)) }
    }

    pub(crate) fn connect_from(hub: &Hub, version: ProtocolVersion, ip: IpAddr) -> Self {
        Self { session: hub.connect(version, Source::of(ip)) }
    }

    /// One that has asked for MessagePack.
    pub(crate) async fn packed(hub: &Hub, version: ProtocolVersion) -> Self {
        let mut client = Self::connect(hub, version);
        client.say("Authenticate", json!({"app_id": "x", "game_data_format": "message_pack"})).await;
        assert_eq!(client.hear_types(), ["Authenticated", "ProtocolInfo"]);
        client
    }

    /// One that gives its room operations ids.
    pub(crate) async fn operating(hub: &Hub) -> Self {
        let mut client = Self::connect(hub, V3);
        let request = json!({"app_id": "x", "requested_capabilities": ["room_operation_ids"]});
        client.say("Authenticate", request).await;
        let info = client.hear().swap_remove(1);
        let capabilities = info["data"]["capabilities"].as_array().expect("a list").clone();
        assert!(capabilities.contains(&json!("room_operation_ids")), "{info}");
        client
    }

    /// Asks for an operation; the result, and whatever else there is to hear. There is one result, it has the id of
    /// the request, and nothing says the same in the plain form.
    pub(crate) async fn operate(&mut self, operation: Value) -> (Value, Vec<Value>) {
        let id = uuid::Uuid::new_v4().to_string();
        self.say("RoomOperation", json!({"operation_id": id, "operation": operation})).await;
        self.result_of(&id)
    }

    /// The one result of that operation, and whatever else there is to hear.
    pub(crate) fn result_of(&self, id: &str) -> (Value, Vec<Value>) {
        let (mut results, others): (Vec<_>, Vec<_>) =
            self.hear().into_iter().partition(|message| message["type"] == "RoomOperationResult");
        assert_eq!(results.len(), 1, "{results:?} beside {others:?}");
        let result = results.swap_remove(0)["data"].take();
        assert_eq!(result["operation_id"], id);
        let is_plain_answer = |message: &Value| {
            let kind = message["type"].as_str().expect("a type");
            ANSWERS.contains(&kind)
        };
        assert!(!others.iter().any(is_plain_answer), "{others:?}");
        (result["result"].clone(), others)
    }

    /// Says something that has to wait, and does not wait for it: what is left to do, for [`Client::finish`].
    pub(crate) fn begin(&mut self, message: &str, data: Value) -> impl Future<Output = ()> {
        let text = json!({"type": message, "data": data}).to_string();
        let now = now();
        let entry = self.session.on_text(now, &text).expect("it may have to wait");
        let mut waiting = Box::pin(self.session.enter(now, entry));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(cx).is_pending(), "{text} need not wait");
        waiting
    }

    /// One that speaks protobuf, with this format of game data.
    pub(crate) async fn protobuf(hub: &Hub, format: GameDataEncoding) -> Self {
        let mut client = Self::connect_protobuf(hub);
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
        let (frame, now) = (ClientFrame::Message(message).encode(), now());
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
        self.say_at(now(), message, data).await;
    }

    /// Says something at that moment, whatever time it is.
    pub(crate) async fn say_at(&mut self, now: Instant, message: &str, data: Value) {
        let mut text = json!({"type": message});
        if !data.is_null() {
            text["data"] = data;
        }
        if let Some(entry) = self.session.on_text(now, &text.to_string()) {
            self.session.enter(now, entry).await;
        }
    }

    pub(crate) fn say_game_data(&mut self, text: &str) {
        assert!(self.session.on_text(now(), text).is_none());
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

/// The clock of the hub's own tasks: in some tests time is made.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
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

/// What plain messages are answered with, and operations must not be.
const ANSWERS: [&str; 9] = [
    "RoomJoined",
    "RoomJoinFailed",
    "RoomLeft",
    "Reconnected",
    "ReconnectionFailed",
    "SpectatorJoined",
    "SpectatorJoinFailed",
    "SpectatorLeft",
    "Error",
];

pub(crate) const V2: ProtocolVersion = ProtocolVersion::V2;
pub(crate) const V3: ProtocolVersion = ProtocolVersion::V3;

/// What is no limit for a test.
pub(crate) const PLENTY: Quota =
    Quota { n_max: NonZeroU32::new(100_000).expect("not zero"), window: Duration::from_mins(1) };

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
