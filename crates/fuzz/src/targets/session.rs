//! Frames into sessions: four clients of all kinds say anything, in any order.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use signal_fish_auth::Authenticator;
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Frame, FrameKind, Hub, HubConfig, Session, Source, Taken};
use signal_fish_protocol::protobuf::ServerFrame;
use signal_fish_protocol::{BinaryEnvelope, ProtocolVersion, ServerMessage};
use signal_fish_storage::MemoryDatabase;

/// Bytes are lines, separated by 0xFF, which no text holds. The first byte of a line says who does what, the rest is
/// what it says. `$0` to `$3` in it stand for the players, `$r` for the room and `$t` for the token that somebody got
/// last.
pub(super) fn session(bytes: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without I/O asks the system for nothing").block_on(play(bytes));
}

async fn play(bytes: &[u8]) {
    let (database, coordinator) = (Arc::<MemoryDatabase>::default(), Arc::new(LocalCoordinator));
    let hub = Hub::start(HubConfig::default(), Authenticator::open(), database, coordinator).await;
    let hub = hub.expect("memory can be read");
    let mut clients: Vec<_> = (0..4).map(|number| Some(connect(&hub, number))).collect();
    let mut told = Told::default();
    for line in bytes.split(|&byte| byte == 0xFF).take(LINES_MAX) {
        let Some((&head, frame)) = line.split_first() else { continue };
        let number = usize::from(head & 3);
        match head >> 2 & 7 {
            0 => tokio::time::advance(Duration::from_secs(frame.len() as u64)).await,
            // Its connection is lost, and another one of its kind comes.
            1 => clients[number] = Some(connect(&hub, number)),
            kind => {
                let frame = told.fill(&clients, frame);
                if let Some(session) = &mut clients[number] {
                    say(session, &frame, kind == 2).await;
                }
            }
        }
        for (number, client) in clients.iter_mut().enumerate() {
            if client.as_ref().is_some_and(|session| told.has_ended(session, number)) {
                *client = None;
            }
        }
    }
    drop(clients);
    assert_eq!(hub.n_sessions(), 0);
}

async fn say(session: &mut Session, frame: &[u8], as_binary: bool) {
    let now = tokio::time::Instant::now().into_std();
    let entry = match str::from_utf8(frame) {
        Ok(text) if !as_binary => session.on_text(now, text),
        Ok(_) | Err(_) => session.on_binary(now, frame),
    };
    if let Some(entry) = entry {
        session.enter(now, entry).await;
    }
}

fn connect(hub: &Hub, number: usize) -> Session {
    let source = Source::of(IpAddr::from([127, 0, 0, 1]));
    match number {
        0 => hub.connect(ProtocolVersion::V2, source),
        PROTOBUF => hub.connect_protobuf(source),
        _ => hub.connect(ProtocolVersion::V3, source),
    }
}

/// What the server has made up.
#[derive(Default)]
struct Told {
    room: String,
    token: String,
}

impl Told {
    fn fill<'a>(&self, clients: &[Option<Session>], frame: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(text) = str::from_utf8(frame).ok().filter(|text| text.contains('$')) else {
            return frame.into();
        };
        let mut text = text.replace("$r", &self.room).replace("$t", &self.token);
        for (number, client) in clients.iter().enumerate() {
            if let Some(session) = client {
                text = text.replace(&format!("${number}"), &session.player().to_string());
            }
        }
        text.into_bytes().into()
    }

    /// Reads all that this client was told, which must make sense to it; whether its connection is over.
    fn has_ended(&mut self, session: &Session, number: usize) -> bool {
        let (mut frames, cx) = (Vec::new(), Context::from_waker(Waker::noop()));
        let has_ended = loop {
            match session.outbox().poll_take(&cx, &mut frames, usize::MAX) {
                Poll::Ready(Taken::Frames) => {}
                Poll::Ready(Taken::Ending(_)) => break true,
                Poll::Pending => break false,
            }
        };
        frames.iter().for_each(|frame| self.read(frame, number));
        has_ended
    }

    fn read(&mut self, Frame { kind, bytes }: &Frame, number: usize) {
        match kind {
            FrameKind::Text => {
                let text = str::from_utf8(bytes).expect("text is UTF-8");
                let message = ServerMessage::decode(text);
                self.learn(&message.unwrap_or_else(|error| panic!("{text}: {error}")));
            }
            FrameKind::Binary if number == PROTOBUF => {
                match ServerFrame::decode(bytes).unwrap_or_else(|error| panic!("{bytes:?}: {error}")) {
                    ServerFrame::Message(message) => self.learn(&message),
                    ServerFrame::Binary(_) => {}
                }
            }
            FrameKind::Binary => assert!(BinaryEnvelope::decode(bytes).is_ok(), "{bytes:?}"),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "two of them make something up")]
    fn learn(&mut self, message: &ServerMessage<'_>) {
        let snapshot = match message {
            ServerMessage::RoomJoined(snapshot) => snapshot,
            ServerMessage::Reconnected(back) => &back.snapshot,
            _ => return,
        };
        self.room = snapshot.room_id.to_string();
        self.token = snapshot.reconnection_token.clone().unwrap_or_default().into_text();
    }
}

/// The client that speaks protobuf.
const PROTOBUF: usize = 3;

/// Enough for a whole game, and soon done.
const LINES_MAX: usize = 64;
