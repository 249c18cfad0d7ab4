//! Why a connection ends.

use std::fmt;
use std::io::ErrorKind;

use signal_fish_protocol::CloseCode;

/// Why there is nothing more to talk about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Parting {
    /// The hub has said everything and wants the connection closed.
    Dismissed(CloseCode),
    /// What came was broken, or nothing came, or nothing could be written.
    Failed(CloseCode),
    /// The peer closed. The answer to that is due.
    PeerClosed,
    /// The stream is of no more use.
    Lost(ErrorKind),
}

impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dismissed(code) | Self::Failed(code) => {
                write!(f, "closed with {} {}", code.number(), code.reason())
            }
            Self::PeerClosed => f.write_str("closed by the peer"),
            Self::Lost(kind) => write!(f, "lost: {kind}"),
        }
    }
}
