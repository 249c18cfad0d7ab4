//! How single members are written and read: the schema knows fewer types than the messages do.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::ids::{Epoch, OperationId, PlayerId, RoomId, SessionGeneration};
use crate::payload::Payload;
use crate::room_code::RoomCode;
use crate::secret::Secret;

/// A member of a message that the schema writes as `W`.
pub(super) trait Member<W>: Sized {
    fn write(&self) -> W;
    fn read(written: W) -> Result<Self, Misfit>;
}

/// A field is missing or has a value that it must not have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// The message and its member, as far as they are known.
    at: Option<(&'static str, &'static str)>,
    why: Cow<'static, str>,
}

impl Misfit {
    pub(super) const MISSING: Self = Self::new("is missing");
    pub(super) const OUT_OF_RANGE: Self = Self::new("is out of range");
    pub(super) const UNKNOWN_VALUE: Self = Self::new("has an unknown value");

    const fn new(why: &'static str) -> Self {
        Self { at: None, why: Cow::Borrowed(why) }
    }

    pub(super) fn because(why: impl fmt::Display) -> Self {
        Self { at: None, why: format!("does not fit: {why}").into() }
    }

    /// The same, at its place; the innermost one that is told stays.
    pub(super) fn at(self, message: &'static str, member: &'static str) -> Self {
        Self { at: self.at.or(Some((message, member))), ..self }
    }
}

impl std::error::Error for Misfit {}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((message, member)) => write!(f, "{member} of {message} {}", self.why),
            None => write!(f, "a value {}", self.why),
        }
    }
}

impl<T: Member<W>, W> Member<Option<W>> for Option<T> {
    fn write(&self) -> Option<W> {
        self.as_ref().map(Member::write)
    }

    fn read(written: Option<W>) -> Result<Self, Misfit> {
        written.map(Member::read).transpose()
    }
}

impl<T: Member<W>, W> Member<Vec<W>> for Vec<T> {
    fn write(&self) -> Vec<W> {
        self.iter().map(Member::write).collect()
    }

    fn read(written: Vec<W>) -> Result<Self, Misfit> {
        written.into_iter().map(Member::read).collect()
    }
}

macro_rules! same {
    ($($Type:ty)+) => {$(
        impl Member<$Type> for $Type {
            fn write(&self) -> $Type {
                self.clone()
            }

            fn read(written: $Type) -> Result<Self, Misfit> {
                Ok(written)
            }
        }
    )+};
}

macro_rules! narrower {
    ($($Type:ty as $Written:ty: $proof:literal,)+) => {$(
        impl Member<$Written> for $Type {
            fn write(&self) -> $Written {
                (*self).try_into().expect($proof)
            }

            fn read(written: $Written) -> Result<Self, Misfit> {
                written.try_into().map_err(|_| Misfit::OUT_OF_RANGE)
            }
        }
    )+};
}

macro_rules! uuids {
    ($($Id:ident)+) => {$(
        impl Member<Vec<u8>> for $Id {
            fn write(&self) -> Vec<u8> {
                self.uuid().as_bytes().to_vec()
            }

            fn read(written: Vec<u8>) -> Result<Self, Misfit> {
                Uuid::from_slice(&written).map(Self::new).map_err(Misfit::because)
            }
        }
    )+};
}

same!(bool u32 u64 String);
narrower! {
    u8 as u32: "32 bits are more",
    u16 as u32: "32 bits are more",
    usize as u64: "no machine has more than 64 bits",
}
uuids!(PlayerId RoomId SessionGeneration OperationId);

impl Member<String> for Secret {
    fn write(&self) -> String {
        self.reveal().to_owned()
    }

    fn read(written: String) -> Result<Self, Misfit> {
        Ok(written.into())
    }
}

/// 0 stands for none: epochs begin at 1.
impl Member<u32> for Option<Epoch> {
    fn write(&self) -> u32 {
        self.map_or(0, Epoch::number)
    }

    fn read(written: u32) -> Result<Self, Misfit> {
        Ok(Epoch::new(written))
    }
}

impl Member<u32> for Epoch {
    fn write(&self) -> u32 {
        self.number()
    }

    fn read(written: u32) -> Result<Self, Misfit> {
        Self::new(written).ok_or(Misfit::MISSING)
    }
}

/// For the number of a game message: 0 stands for none, since they begin at 1.
impl Member<u64> for Option<u64> {
    fn write(&self) -> u64 {
        self.unwrap_or(0)
    }

    fn read(written: u64) -> Result<Self, Misfit> {
        Ok((written > 0).then_some(written))
    }
}

impl Member<String> for Arc<str> {
    fn write(&self) -> String {
        self.as_ref().to_owned()
    }

    fn read(written: String) -> Result<Self, Misfit> {
        Ok(written.into())
    }
}

impl Member<String> for RoomCode {
    fn write(&self) -> String {
        self.as_str().to_owned()
    }

    fn read(written: String) -> Result<Self, Misfit> {
        Self::parse_any(&written).map_err(Misfit::because)
    }
}

impl Member<String> for Payload<'_> {
    fn write(&self) -> String {
        self.as_str().to_owned()
    }

    fn read(written: String) -> Result<Self, Misfit> {
        Payload::parse(&written).map(Payload::into_owned).map_err(Misfit::because)
    }
}

impl Member<String> for Vec<char> {
    fn write(&self) -> String {
        self.iter().collect()
    }

    fn read(written: String) -> Result<Self, Misfit> {
        Ok(written.chars().collect())
    }
}

impl Member<Vec<u8>> for Cow<'_, [u8]> {
    fn write(&self) -> Vec<u8> {
        self.to_vec()
    }

    fn read(written: Vec<u8>) -> Result<Self, Misfit> {
        Ok(written.into())
    }
}
