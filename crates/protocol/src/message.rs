//! The outer form of every message: `{"type": "<Name>", "data": {…}}`.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::explain::{broken, explain, of_message};

/// Why a text frame is not a message.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, a member missing, of the wrong type or with an unknown value.
    #[error("malformed message: {}", of_message(.0))]
    Malformed(#[from] serde_json::Error),
    /// A message type that does not exist.
    #[error("unknown message type {0:?}")]
    UnknownType(String),
    /// `data` is missing in a message that has some.
    #[error("{0} needs data")]
    DataMissing(&'static str),
    /// `data` is there in a message that has none.
    #[error("{0} takes no data")]
    DataUnexpected(&'static str),
}

/// The two members of a message, the second one still unread.
///
/// Members may come in any order, so that the type is not always known when the data passes by.
#[derive(Deserialize)]
pub(crate) struct Tagged<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) data: Option<&'a RawValue>,
}

/// Reads an object. What serde derives takes an array of its members just as well.
pub(crate) fn from_object<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, serde_json::Error> {
    if !json.trim_ascii_start().starts_with('{') {
        return Err(broken(json).unwrap_or_else(|| serde_json::Error::custom(" must be an object")));
    }
    serde_json::from_str(json).map_err(|_| broken(json).unwrap_or_else(|| explain::<T>(json)))
}

/// Reads a member that is an object of several kinds. Which member of it is wrong, serde has lost on the way.
pub(crate) fn object<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let json = <&RawValue>::deserialize(deserializer)?;
    from_object(json.get()).map_err(|words| match words.to_string().strip_prefix(" must ") {
        Some(rest) if json.get().starts_with('{') => {
            D::Error::custom(format_args!(" has a member that must {rest}"))
        }
        Some(_) | None => D::Error::custom(words),
    })
}

/// Reads an optional member that may be absent but not null.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Reads an optional member that may be null but not absent.
pub(crate) fn written<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer)
}

/// Defines an enum of messages, with how each is read, written and called.
///
/// Each line is a doc comment, the name, and the body in parentheses where there is one.
macro_rules! messages {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident<$lt:lifetime> {
            $($(#[doc = $doc:literal])+ $Kind:ident $(($Body:ty))?,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $Name<$lt> {
            $($(#[doc = $doc])+ $Kind $(($Body))?,)+
        }

        impl<$lt> $Name<$lt> {
            /// Every message: its name on the wire and what it is for, in the order of the reference page.
            pub const KINDS: &'static [(&'static str, &'static str)] =
                &[$((stringify!($Kind), concat!($($doc),+).trim_ascii_start()),)+];

            /// The name of this message on the wire.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$Kind { .. } => stringify!($Kind),)+
                }
            }

            pub(crate) fn read(json: &$lt str) -> Result<Self, $crate::message::DecodeError> {
                let tagged: $crate::message::Tagged<$lt> = $crate::message::from_object(json)?;
                match &*tagged.kind {
                    $(stringify!($Kind) => $crate::message::body!(tagged, $Kind $(, $Body)?),)+
                    other => Err($crate::message::DecodeError::UnknownType(other.chars().take(64).collect())),
                }
            }
        }

        /// For serde_json only, and only from a text in memory.
        impl<'de: $lt, $lt> serde::Deserialize<'de> for $Name<$lt> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = <&serde_json::value::RawValue>::deserialize(deserializer)?;
                Self::read(json.get()).map_err(serde::de::Error::custom)
            }
        }

        impl serde::Serialize for $Name<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                let mut message = serializer.serialize_struct(stringify!($Name), 2)?;
                message.serialize_field("type", self.kind())?;
                match self {
                    $($crate::message::pattern!($Kind, body $(, $Body)?) =>
                        $crate::message::write_body!(message, body $(, $Body)?),)+
                }
                message.end()
            }
        }
    };
}

macro_rules! body {
    ($tagged:ident, $Kind:ident) => {
        match $tagged.data {
            None => Ok(Self::$Kind),
            Some(_) => Err($crate::message::DecodeError::DataUnexpected(stringify!($Kind))),
        }
    };
    ($tagged:ident, $Kind:ident, $Body:ty) => {
        match $tagged.data {
            Some(data) => match $crate::message::from_object(data.get()) {
                Ok(body) => Ok(Self::$Kind(body)),
                Err(words) => Err($crate::explain::within("data", &words).into()),
            },
            None => Err($crate::message::DecodeError::DataMissing(stringify!($Kind))),
        }
    };
}

macro_rules! pattern {
    ($Kind:ident, $body:ident) => {
        Self::$Kind
    };
    ($Kind:ident, $body:ident, $Body:ty) => {
        Self::$Kind($body)
    };
}

macro_rules! write_body {
    ($message:ident, $body:ident) => {
        $message.skip_field("data")?
    };
    ($message:ident, $body:ident, $Body:ty) => {
        $message.serialize_field("data", $body)?
    };
}

pub(crate) use {body, messages, pattern, write_body};
