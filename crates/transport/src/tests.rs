//! Servers without a port and clients without manners, for the tests of this crate.

mod closing;
mod deadlines;
mod edges;
mod encrypted;
mod http;
mod limits;
mod listener;
mod talk;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use signal_fish_auth::Authenticator;
use signal_fish_coordination::{LocalCoordinator, RoomOperationCoordinator};
use signal_fish_hub::{Hub, HubConfig};
use signal_fish_storage::MemoryDatabase;
use signal_fish_testkit::{Frame, Opcode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::sleep;

use crate::listener::Endpoint;
use crate::{ConnectionConfig, ListenerConfig, Tls};

/// What a server consists of, before it runs.
struct Parts {
    hub: HubConfig,
    authenticator: Authenticator,
    coordinator: Arc<dyn RoomOperationCoordinator>,
    listener: ListenerConfig,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            hub: HubConfig::default(),
            authenticator: Authenticator::open(),
            coordinator: Arc::new(LocalCoordinator),
            listener: ListenerConfig::default(),
        }
    }
}

impl Parts {
    async fn hub(self) -> (Hub, ListenerConfig) {
        let database = Arc::new(MemoryDatabase::default());
        let hub = Hub::start(self.hub, self.authenticator, database, self.coordinator).await;
        (hub.expect("an empty database has no broken rooms"), self.listener)
    }

    async fn start(self) -> Server {
        self.start_with(None).await
    }

    async fn start_with(self, tls: Option<Tls>) -> Server {
        let (hub, config) = self.hub().await;
        Server { endpoint: Endpoint::new(hub, config, tls) }
    }
}

/// A server whose sockets are pipes, so that time can be paused.
pub(crate) struct Server {
    pub(crate) endpoint: Arc<Endpoint>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Parts::default().start().await
    }

    /// A server whose connections have these deadlines and no others.
    async fn with(connection: ConnectionConfig) -> Self {
        let listener = ListenerConfig { connection, ..ListenerConfig::default() };
        Parts { listener, ..Parts::default() }.start().await
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.endpoint.hub
    }

    /// The client's end of a new socket that keeps up to `capacity` bytes in each direction.
    fn open(&self, capacity: usize) -> DuplexStream {
        let (client, server) = duplex(capacity);
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let slot = self
            .endpoint
            .caps
            .admit_socket(self.endpoint.counted(peer.ip()))
            .expect("no test opens too many");
        tokio::spawn(crate::arrival::receive(Arc::clone(&self.endpoint), slot, peer, server));
        client
    }

    async fn connect(&self) -> Client<DuplexStream> {
        self.connect_with(64 * 1024, &[]).await
    }

    /// Upgrades, and sends `first` together with the request.
    async fn connect_with(&self, capacity: usize, first: &[Frame]) -> Client<DuplexStream> {
        upgrade(self.open(capacity), first).await
    }

    /// Until all sockets have ended. Sessions must be gone by then.
    async fn emptied(&self) {
        self.endpoint.caps.emptied().await;
        assert_eq!(self.hub().n_sessions(), 0);
    }
}

/// A WebSocket client that does nothing by itself.
struct Client<S> {
    stream: S,
    unread: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn send(&mut self, frames: &[Frame]) {
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::encode).collect();
        self.stream.write_all(&bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    async fn say(&mut self, text: &str) {
        self.send(&[Frame::text(text)]).await;
    }

    /// The next frame, or nothing at the end of the stream.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = Frame::take_from_server(&mut self.unread).unwrap() {
                return Some(frame);
            }
            if self.stream.read_buf(&mut self.unread).await.ok()? == 0 {
                return None;
            }
        }
    }

    #[track_caller]
    fn expect(frame: Option<Frame>, opcode: Opcode) -> Vec<u8> {
        match frame {
            Some(frame) if frame.opcode == opcode => frame.payload,
            other => panic!("awaited {opcode:?}, but got {other:?}"),
        }
    }

    async fn text(&mut self) -> String {
        String::from_utf8(Self::expect(self.next().await, Opcode::TEXT)).unwrap()
    }

    /// The next message must be text that contains `part`.
    async fn text_with(&mut self, part: &str) -> String {
        let text = self.text().await;
        assert!(text.contains(part), "no {part} in {text}");
        text
    }

    /// The next frame must be a close with `code`, and then the stream must end. The client ends it too.
    async fn closed(mut self, code: u16, reason: &str) {
        let payload = Self::expect(self.next().await, Opcode::CLOSE);
        let (number, text) = payload.split_at(2);
        assert_eq!(number, code.to_be_bytes(), "{}", String::from_utf8_lossy(text));
        assert_eq!(text, reason.as_bytes());
        assert_eq!(self.next().await, None);
    }

    async fn pong_to(&mut self, payload: &[u8]) {
        self.send(&[Frame::new(Opcode::PONG, payload)]).await;
    }
}

/// Makes a WebSocket of `stream`, and sends `first` together with the request.
async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, first: &[Frame]) -> Client<S> {
    let mut request = upgrade_request("/v2/ws").into_bytes();
    request.extend(first.iter().flat_map(Frame::encode));
    stream.write_all(&request).await.unwrap();
    stream.flush().await.unwrap();
    let (head, unread) = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    Client { stream, unread }
}

fn upgrade_request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// The head of an HTTP answer, and what came after it.
async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(at + 4);
            return (String::from_utf8(bytes).unwrap(), rest);
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "{:?}", String::from_utf8_lossy(&bytes));
    }
}

/// A connection that is never ended for its silence.
pub(crate) const PATIENT: ConnectionConfig = ConnectionConfig {
    inbound_bytes_max: 65_536,
    auth_timeout: Duration::from_secs(10),
    idle_timeout: None,
    activity_timeout: None,
    ping_interval: None,
    pong_timeout: Duration::from_secs(5),
    stall_timeout: Duration::from_secs(15),
};

pub(crate) const PING: &str = r#"{"type":"Ping"}"#;
