//! Who and what is meant: ids that cannot be mixed up, and the stamps of a sender.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$meta:meta])* $Name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $Name(Uuid);

        impl $Name {
            /// The id with this value.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Its value.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }
    };
}

uuid_id! {
    /// One player or spectator: the identity a connection has in rooms.
    PlayerId
}
uuid_id! {
    /// One room, for as long as it lives; its code may change, this does not.
    RoomId
}
uuid_id! {
    /// One publication of a session plan. Every publication has its own.
    SessionGeneration
}

/// The id a client gives to a room operation; the server only echoes it.
///
/// On the wire it must be the canonical lower-case hyphenated text: clients compare it as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct OperationId(Uuid);

impl OperationId {
    /// The id with this value.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// Its value.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<'de> Deserialize<'de> for OperationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let mut canonical = [0; uuid::fmt::Hyphenated::LENGTH];
        match Uuid::parse_str(&text) {
            Ok(uuid) if uuid.as_hyphenated().encode_lower(&mut canonical) == &*text => Ok(Self(uuid)),
            Ok(_) | Err(_) => Err(D::Error::custom("must be a UUID in lower case with hyphens")),
        }
    }
}

/// One membership of one sender: it goes up each time its connection joins a room, so that frames of an
/// earlier stay cannot be taken for later ones. 1 to 2^32 − 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(NonZeroU32);

impl Epoch {
    /// The epoch of a connection's first room.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The epoch with this number, unless it is 0.
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.0.get()
    }

    /// The epoch of the next room; the last one that fits stays itself.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Which frame of which membership: `seq` starts at 1 in each epoch and counts every accepted frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SenderStamp {
    /// The sender's membership.
    pub epoch: Epoch,
    /// The number of the frame in it; 0 stands for "nothing sent yet".
    pub seq: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_any_spelling_and_written_in_one() {
        let canonical = "\"5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01\"";
        for spelling in [
            canonical,
            "\"5F0E4C1A-2B39-4C55-9A11-0D6F1E7A9B01\"",
            "\"5f0e4c1a2b394c559a110d6f1e7a9b01\"",
            "\"{5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01}\"",
            "\"urn:uuid:5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01\"",
        ] {
            let id: PlayerId = serde_json::from_str(spelling).unwrap();
            assert_eq!(serde_json::to_string(&id).unwrap(), canonical);
            let operation: Result<OperationId, _> = serde_json::from_str(spelling);
            assert_eq!(operation.is_ok(), spelling == canonical, "{spelling}");
        }
    }

    #[test]
    fn epoch_zero_does_not_exist_and_the_last_one_stays() {
        assert_eq!(Epoch::new(0), None);
        assert!(serde_json::from_str::<Epoch>("0").is_err());
        assert_eq!(Epoch::FIRST.next().number(), 2);
        let last = Epoch::new(u32::MAX).unwrap();
        assert_eq!(last.next(), last);
    }
}
