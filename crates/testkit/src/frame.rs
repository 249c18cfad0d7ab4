//! WebSocket frames as bytes: well-formed ones, and on request every kind of broken one.

use std::io;

/// The frame kinds of RFC 6455, and any other four bits for tests that break the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opcode(pub u8);

impl Opcode {
    /// The rest of a message whose first frame had no FIN bit.
    pub const CONTINUATION: Self = Self(0x0);
    /// A text message.
    pub const TEXT: Self = Self(0x1);
    /// A binary message.
    pub const BINARY: Self = Self(0x2);
    /// The closing handshake.
    pub const CLOSE: Self = Self(0x8);
    /// A ping, to be answered by a pong with the same payload.
    pub const PING: Self = Self(0x9);
    /// The answer to a ping.
    pub const PONG: Self = Self(0xA);
}

/// One frame, as a client sends it or as it came from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// The three reserved bits, in the low bits of the byte.
    pub reserved: u8,
    /// What the frame is.
    pub opcode: Opcode,
    /// Whether the payload is masked on the wire, as every client frame must be.
    pub masked: bool,
    /// The unmasked payload.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A complete, masked frame.
    pub fn new(opcode: Opcode, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin: true, reserved: 0, opcode, masked: true, payload: payload.into() }
    }

    /// A complete text message.
    pub fn text(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::TEXT, payload)
    }

    /// A complete binary message.
    pub fn binary(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::BINARY, payload)
    }

    /// A continuation that ends its message.
    pub fn last(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Opcode::CONTINUATION, payload)
    }

    /// The same frame with more to follow.
    pub fn unfinished(mut self) -> Self {
        self.fin = false;
        self
    }

    /// The same frame without the mask that the protocol demands of clients.
    pub fn unmasked(mut self) -> Self {
        self.masked = false;
        self
    }

    /// The same frame with reserved bits set.
    pub fn with_reserved(mut self, bits: u8) -> Self {
        self.reserved = bits & 0x7;
        self
    }

    /// The bytes of this frame on the wire.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.payload.len() + 14);
        out.push(u8::from(self.fin) << 7 | self.reserved << 4 | self.opcode.0 & 0xF);
        let mask_bit = u8::from(self.masked) << 7;
        match self.payload.len() {
            len @ 0..=125 => out.push(mask_bit | len as u8),
            len @ 126..=0xFFFF => {
                out.push(mask_bit | 126);
                out.extend_from_slice(&(len as u16).to_be_bytes());
            }
            len => {
                out.push(mask_bit | 127);
                out.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        if self.masked {
            out.extend_from_slice(&MASK);
            out.extend(self.payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
        } else {
            out.extend_from_slice(&self.payload);
        }
        out
    }

    /// Takes one frame off the front of `bytes`, or nothing when it is not complete yet. The frame must be one that
    /// a server may send: unmasked, no reserved bits, a known opcode, the shortest length form.
    pub fn take_from_server(bytes: &mut Vec<u8>) -> io::Result<Option<Self>> {
        let Some((payload_len, header_len)) = server_header(bytes)? else { return Ok(None) };
        let end = header_len + payload_len;
        if bytes.len() < end {
            return Ok(None);
        }
        let frame = Self {
            fin: bytes[0] & 0x80 != 0,
            reserved: bytes[0] >> 4 & 0x7,
            opcode: Opcode(bytes[0] & 0xF),
            masked: false,
            payload: bytes[header_len..end].to_vec(),
        };
        bytes.drain(..end);
        if frame.reserved != 0 {
            return Err(broken(format!("reserved bits in a server frame: {:#b}", frame.reserved)));
        }
        if !matches!(frame.opcode.0, 0x0..=0x2 | 0x8..=0xA) {
            return Err(broken(format!("unknown opcode in a server frame: {:#x}", frame.opcode.0)));
        }
        Ok(Some(frame))
    }
}

/// Payload length and header length, once the header is complete.
fn server_header(bytes: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let Some(&second) = bytes.get(1) else { return Ok(None) };
    if second & 0x80 != 0 {
        return Err(broken("the server masked a frame".to_owned()));
    }
    let header = match second & 0x7F {
        126 => bytes.get(2..4).map(|len| (be(len), 4, 126)),
        127 => bytes.get(2..10).map(|len| (be(len), 10, 0x1_0000)),
        len => Some((u64::from(len), 2, 0)),
    };
    let Some((len, header_len, shortest)) = header else { return Ok(None) };
    if len < shortest {
        return Err(broken(format!("a payload of {len} bytes with a {header_len} byte header")));
    }
    let len = usize::try_from(len).map_err(|_| broken(format!("a payload of {len} bytes")))?;
    Ok(Some((len, header_len)))
}

fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn broken(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Any mask will do: it protects proxies from browsers, not servers from tests.
const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
