//! A WebSocket as a client sees it, one frame at a time and without manners of its own.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use crate::frame::Frame;
use crate::http::{self, Response, exchange, read_some};

/// One upgraded connection. Answers nothing by itself, not even a ping.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Socket {
    /// The headers of a well-formed upgrade, to send as they are or to spoil one by one.
    pub const UPGRADE: [(&str, &str); 4] = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    /// Upgrades a new connection; an answer other than 101 comes back as it is.
    #[track_caller]
    pub fn open(addr: SocketAddr, path: &str) -> Result<Self, Response> {
        match http::connect(addr) {
            Ok(stream) => Self::upgrade(stream, path, &[]),
            Err(error) => panic!("connecting to {addr}: {error}"),
        }
    }

    /// As [`Socket::open`], with a subprotocol that the server must take.
    #[track_caller]
    pub fn open_offering(addr: SocketAddr, path: &str, subprotocol: &str) -> Result<Self, Response> {
        match http::connect(addr) {
            Ok(stream) => Self::upgrade_offering(stream, path, &[], Some(subprotocol)),
            Err(error) => panic!("connecting to {addr}: {error}"),
        }
    }

    /// Upgrades a connection that the caller has made, and sends `first` together with the request.
    #[track_caller]
    pub fn upgrade(stream: TcpStream, path: &str, first: &[Frame]) -> Result<Self, Response> {
        Self::upgrade_offering(stream, path, first, None)
    }

    #[track_caller]
    fn upgrade_offering(
        stream: TcpStream,
        path: &str,
        first: &[Frame],
        subprotocol: Option<&str>,
    ) -> Result<Self, Response> {
        let host = stream.peer_addr().map_or_else(|_| "localhost".to_owned(), |addr| addr.to_string());
        let offer = subprotocol.map(|subprotocol| ("Sec-WebSocket-Protocol", subprotocol));
        let headers: Vec<_> = Self::UPGRADE.into_iter().chain(offer).collect();
        let mut bytes = http::request("GET", path, &host, &headers);
        bytes.extend(first.iter().flat_map(Frame::encode));
        let (response, stream, unread) = match exchange(stream, &bytes) {
            Ok(answer) => answer,
            Err(error) => panic!("upgrading {path} on {host}: {error}"),
        };
        if response.status != 101 {
            return Err(response);
        }
        // The key above is the example of RFC 6455, section 1.3; so is the answer to it.
        assert_eq!(response.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert_eq!(response.header("sec-websocket-protocol"), subprotocol, "what was offered, if anything");
        assert_eq!(response.header("sec-websocket-extensions"), None, "none was offered");
        Ok(Self { stream, unread })
    }

    /// The next frame; an error when the deadline passes, the stream ends or the server breaks the framing rules.
    pub fn read(&mut self, until: Instant) -> io::Result<Frame> {
        loop {
            if let Some(frame) = Frame::take_from_server(&mut self.unread)? {
                return Ok(frame);
            }
            if read_some(&mut self.stream, &mut self.unread, until)? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server ended the stream"));
            }
        }
    }

    /// Sends bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }
}
