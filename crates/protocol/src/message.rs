//! The outer form of every message: `{"type": "<Name>", "data": {…}}`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// Why a text frame is not a message.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, a member missing, of the wrong type or with an unknown value.
    #[error("malformed message: {0}")]
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

            pub(crate) fn from_tagged(
                tagged: &$crate::message::Tagged<$lt>,
            ) -> Result<Self, $crate::message::DecodeError> {
                match &*tagged.kind {
                    $(stringify!($Kind) => $crate::message::body!(tagged, $Kind $(, $Body)?),)+
                    other => Err($crate::message::DecodeError::UnknownType(other.chars().take(64).collect())),
                }
            }
        }

        impl<'de: $lt, $lt> serde::Deserialize<'de> for $Name<$lt> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let tagged = $crate::message::Tagged::deserialize(deserializer)?;
                Self::from_tagged(&tagged).map_err(serde::de::Error::custom)
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
            Some(data) => Ok(Self::$Kind(serde_json::from_str(data.get())?)),
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
