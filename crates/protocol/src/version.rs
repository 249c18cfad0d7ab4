//! What a connection negotiates: the protocol version, the encoding of its messages and the format of its game data.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The protocol version of one connection. It decides which messages and members that connection sees.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ProtocolVersion {
    /// The frozen wire of the first clients.
    V2,
    /// v2 plus stamps, session plans, reconnection tokens, room operations and delivery classes.
    V3,
}

impl ProtocolVersion {
    /// The oldest version this crate speaks.
    pub const OLDEST: Self = Self::V2;
    /// The newest version this crate speaks.
    pub const NEWEST: Self = Self::V3;

    /// Its number on the wire.
    pub const fn number(self) -> u16 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }

    /// The newest version that is not above `number`, or nothing if even the oldest is.
    pub const fn at_most(number: u16) -> Option<Self> {
        match number {
            0 | 1 => None,
            2 => Some(Self::V2),
            3.. => Some(Self::V3),
        }
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// How a connection writes its messages, settled with the WebSocket upgrade.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ControlEncoding {
    /// JSON in text frames; binary frames hold game data alone.
    #[default]
    Json,
    /// Protobuf, everything in binary frames. It knows no version below 3.
    Protobuf,
}

/// How a connection writes its game data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GameDataEncoding {
    /// Text frames with JSON.
    #[default]
    Json,
    /// Binary frames with MessagePack.
    MessagePack,
    /// Binary frames with rkyv archives, which the server never opens.
    Rkyv,
    /// Binary frames with protobuf messages, which the server never opens.
    Protobuf,
}

impl GameDataEncoding {
    /// Every encoding, in the order of the reference page.
    pub const ALL: &'static [Self] = &[Self::Json, Self::MessagePack, Self::Rkyv, Self::Protobuf];

    /// Its spelling on the wire.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MessagePack => "message_pack",
            Self::Rkyv => "rkyv",
            Self::Protobuf => "protobuf",
        }
    }
}
