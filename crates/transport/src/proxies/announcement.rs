//! The PROXY protocol: a proxy says in front of everything else for whom it connects.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads an announcement off the beginning of a connection, and not a byte more. Nothing, if the proxy speaks for
/// itself: it looks whether we are there, or it does not know.
///
/// # Errors
///
/// There is none, or one that cannot be understood. The connection is of no use then.
pub(crate) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<SocketAddr>> {
    // As long as what tells version 2, and shorter than anything in version 1.
    let mut head = [0; SIGNATURE.len()];
    stream.read_exact(&mut head).await?;
    if &head == SIGNATURE {
        read_binary(stream).await
    } else if head.starts_with(b"PROXY ") {
        read_line(stream, &head).await
    } else {
        Err(malformed("a trusted proxy did not begin with the PROXY protocol"))
    }
}

/// Version 1: one line of text.
async fn read_line<S: AsyncRead + Unpin>(stream: &mut S, head: &[u8]) -> io::Result<Option<SocketAddr>> {
    let mut line = Vec::with_capacity(LINE_BYTES_MAX);
    line.extend_from_slice(head);
    // One by one, since what comes after the line is not ours.
    while !line.ends_with(b"\r\n") {
        if line.len() == LINE_BYTES_MAX {
            return Err(malformed("the line of the PROXY protocol does not end"));
        }
        line.push(stream.read_u8().await?);
    }
    let line = std::str::from_utf8(&line).ok().and_then(|line| line.strip_suffix("\r\n"));
    parse_line(line.unwrap_or_default()).ok_or_else(|| malformed("bad line of the PROXY protocol"))
}

/// Version 2: bytes.
async fn read_binary<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<SocketAddr>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let [command, family, len @ ..] = head;
    let mut body = vec![0; u16::from_be_bytes(len).into()];
    if body.len() > BODY_BYTES_MAX {
        return Err(malformed("the header of the PROXY protocol is too long"));
    }
    stream.read_exact(&mut body).await?;
    parse_binary(command, family, &body).ok_or_else(|| malformed("bad header of the PROXY protocol"))
}

/// Outer nothing: it is malformed. Inner nothing: it names nobody.
#[expect(clippy::option_option, reason = "both mean something, and only here")]
fn parse_line(line: &str) -> Option<Option<SocketAddr>> {
    let mut words = line.strip_prefix("PROXY ")?.split(' ');
    let family = words.next()?;
    if family == "UNKNOWN" {
        return Some(None);
    }
    let [source, target]: [IpAddr; 2] = [words.next()?.parse().ok()?, words.next()?.parse().ok()?];
    let [port, _]: [u16; 2] = [words.next()?.parse().ok()?, words.next()?.parse().ok()?];
    let is_of_family = match family {
        "TCP4" => source.is_ipv4() && target.is_ipv4(),
        "TCP6" => source.is_ipv6() && target.is_ipv6(),
        _ => false,
    };
    (is_of_family && words.next().is_none()).then(|| Some(SocketAddr::new(source.to_canonical(), port)))
}

#[expect(clippy::option_option, reason = "both mean something, and only here")]
fn parse_binary(command: u8, family: u8, body: &[u8]) -> Option<Option<SocketAddr>> {
    const LOCAL: u8 = 0x20;
    const PROXY: u8 = 0x21;
    const TCP4: u8 = 0x11;
    const TCP6: u8 = 0x21;
    match (command, family) {
        // Source and target, then their ports; what comes behind them is not for us.
        (PROXY, TCP4) => {
            let (source, rest) = body.split_first_chunk::<4>()?;
            let (port, _) = rest.get(4..8)?.split_first_chunk()?;
            Some(Some(SocketAddr::from((*source, u16::from_be_bytes(*port)))))
        }
        (PROXY, TCP6) => {
            let (source, rest) = body.split_first_chunk::<16>()?;
            let (port, _) = rest.get(16..20)?.split_first_chunk()?;
            let source = IpAddr::from(*source).to_canonical();
            Some(Some(SocketAddr::new(source, u16::from_be_bytes(*port))))
        }
        // Families that have no address we could count by: unknown ones, datagrams and sockets of a file system.
        (LOCAL, _) | (PROXY, 0x00 | 0x12 | 0x22 | 0x31 | 0x32) => Some(None),
        _ => None,
    }
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// What the longest line takes, by the specification.
const LINE_BYTES_MAX: usize = 107;

/// Proxies may add what they like; ours would not add more than a certificate.
const BODY_BYTES_MAX: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of `bytes`, and what is left of them.
    async fn read_of(mut bytes: &[u8]) -> (Result<Option<String>, ErrorKind>, Vec<u8>) {
        let read = read(&mut bytes).await.map_err(|error| error.kind());
        (read.map(|addr| addr.map(|addr| addr.to_string())), bytes.to_vec())
    }

    fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family][..], &len, body].concat()
    }

    const V4: [u8; 12] = [192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x67, 0, 80];

    fn v6() -> Vec<u8> {
        let mut body = vec![0; 36];
        body[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        body[15] = 7;
        body[32..34].copy_from_slice(&[0x12, 0x67]);
        body
    }

    #[tokio::test]
    async fn both_versions_tell_where_a_client_is_and_leave_the_rest() {
        let with_more = [&V4[..], &[4, 0, 1, 9]].concat();
        for (announcement, expected) in [
            (b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\n".to_vec(), Some("192.0.2.1:4711")),
            (b"PROXY TCP6 2001:db8::7 ::1 4711 80\r\n".to_vec(), Some("[2001:db8::7]:4711")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN a b c d\r\n".to_vec(), None),
            (binary(0x21, 0x11, &V4), Some("192.0.2.1:4711")),
            (binary(0x21, 0x11, &with_more), Some("192.0.2.1:4711")),
            (binary(0x21, 0x21, &v6()), Some("[2001:db8::7]:4711")),
            (binary(0x20, 0x00, &[]), None),
            (binary(0x20, 0x11, &V4), None),
            (binary(0x21, 0x31, &[0; 216]), None),
        ] {
            let (read, rest) = read_of(&[&announcement[..], b"GET /"].concat()).await;
            assert_eq!(read, Ok(expected.map(str::to_owned)), "{announcement:?}");
            assert_eq!(rest, b"GET /");
        }
    }

    #[tokio::test]
    async fn what_is_no_announcement_is_an_error() {
        for bytes in [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 4711 80 90\r\n".to_vec(),
            b"PROXY TCP4 2001:db8::7 ::1 4711 80\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.256 10.0.0.1 4711 80\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 10.0.0.1 65536 80\r\n".to_vec(),
            b"PROXY TCP5 192.0.2.1 10.0.0.1 4711 80\r\n".to_vec(),
            b"PROXY \xff\xff\xff\xff\xff\xff\xff\xff\r\n".to_vec(),
            [b"PROXY ", &[b'x'; 200][..]].concat(),
            binary(0x21, 0x11, &V4[..11]),
            binary(0x21, 0x21, &v6()[..17]),
            binary(0x22, 0x11, &V4),
            binary(0x31, 0x11, &V4),
            binary(0x21, 0x99, &V4),
            binary(0x21, 0x11, &[0; BODY_BYTES_MAX + 1]),
        ] {
            assert_eq!(read_of(&bytes).await.0, Err(ErrorKind::InvalidData), "{bytes:?}");
        }
        let whole = binary(0x21, 0x11, &V4);
        for n_bytes in 0..whole.len() {
            assert_eq!(read_of(&whole[..n_bytes]).await.0, Err(ErrorKind::UnexpectedEof));
        }
    }
}
