//! One HTTP/1.1 request and its answer, byte by byte: no client library would send the broken ones.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use crate::{PATIENCE, deadline, remaining};

/// The answer to one request.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Response {
    /// The value of the first header of that name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Fails unless the answer asks to come back after a whole number of seconds above zero.
    #[track_caller]
    pub fn assert_says_when_to_retry(&self) {
        let seconds = self.header("retry-after").and_then(|value| value.parse::<u32>().ok());
        assert!(seconds.is_some_and(|seconds| seconds > 0), "no usable Retry-After in {self:?}");
    }
}

/// Sends one request on a connection of its own and reads the whole answer.
#[track_caller]
pub fn http(addr: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    match http_bytes(addr, &request(method, path, &addr.to_string(), headers)) {
        Some(response) => response,
        None => panic!("{method} {path} on {addr}: closed without an answer"),
    }
}

/// Sends bytes, a request or not, on a connection of its own; the answer, unless the server hangs up without one.
#[track_caller]
pub fn http_bytes(addr: SocketAddr, bytes: &[u8]) -> Option<Response> {
    match connect(addr).and_then(|stream| exchange(stream, bytes)) {
        Ok((response, _, _)) => Some(response),
        Err(error) if hung_up(&error) => None,
        Err(error) => {
            let sent = String::from_utf8_lossy(&bytes[..bytes.len().min(N_SHOWN)]);
            panic!("no answer on {addr} to {sent:?}: {error}")
        }
    }
}

/// A request without a body. The connection is asked to close after it unless a header says otherwise.
pub(crate) fn request(method: &str, path: &str, host: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("connection")) {
        head.push_str("Connection: close\r\n");
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

pub(crate) fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&addr, PATIENCE)
}

/// Sends `bytes` and reads the answer to them; also hands over the stream with what came after the head, for the
/// case that it is a WebSocket now.
pub(crate) fn exchange(mut stream: TcpStream, bytes: &[u8]) -> io::Result<(Response, TcpStream, Vec<u8>)> {
    let until = deadline();
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // A server may answer before it has read everything, and hang up.
    match stream.write_all(bytes) {
        Err(error) if !hung_up(&error) => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut bytes = Vec::new();
    let head_len = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if read_some(&mut stream, &mut bytes, until)? == 0 {
            let got = String::from_utf8_lossy(&bytes).into_owned();
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("closed after {got:?}")));
        }
    };
    let mut rest = bytes.split_off(head_len);
    let mut response = parse_head(&bytes)?;
    if response.status != 101 {
        let expected = response.header("content-length").and_then(|len| len.parse().ok());
        while expected.is_none_or(|len: usize| rest.len() < len)
            && read_some(&mut stream, &mut rest, until)? > 0
        {}
        response.body = String::from_utf8_lossy(&rest).into_owned();
    }
    Ok((response, stream, rest))
}

/// Whether the other side has ended the connection, politely or not.
pub(crate) fn hung_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

/// Appends what the socket has; zero at the end of the stream.
pub(crate) fn read_some(stream: &mut TcpStream, bytes: &mut Vec<u8>, until: Instant) -> io::Result<usize> {
    let mut chunk = [0; 16 * 1024];
    stream.set_read_timeout(Some(remaining(until)))?;
    loop {
        match stream.read(&mut chunk) {
            Ok(n) => {
                bytes.extend_from_slice(&chunk[..n]);
                return Ok(n);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn parse_head(bytes: &[u8]) -> io::Result<Response> {
    let bad = || io::Error::new(io::ErrorKind::InvalidData, format!("{:?}", String::from_utf8_lossy(bytes)));
    let text = std::str::from_utf8(bytes).map_err(|_| bad())?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Ok(Response { status: status.ok_or_else(bad)?, headers, body: String::new() })
}

/// How much of a request is repeated when it failed, in bytes.
const N_SHOWN: usize = 200;
