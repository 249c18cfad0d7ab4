//! Clients without sockets: they speak to the hub and read what is queued for them.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use serde_json::{Value, json};
use signal_fish_auth::Authenticator;
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Frame, FrameKind, Hub, HubConfig, Session, Taken};
use signal_fish_protocol::{CloseCode, ProtocolVersion};
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
        let now = now();
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

/// Lets the hub's own tasks do what they have to do now.
pub(crate) async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

pub(crate) const V2: ProtocolVersion = ProtocolVersion::V2;
pub(crate) const V3: ProtocolVersion = ProtocolVersion::V3;
