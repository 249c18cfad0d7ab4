//! Game data as the sender wrote it: checked, never taken apart.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::limits;

/// One JSON value, byte for byte as its sender wrote it.
///
/// It is known to be readable by every client: no number out of range, no lone surrogate, no nesting
/// deeper than [`limits::PAYLOAD_DEPTH_MAX`]. One reader that chokes on a frame would find a hole in the sequence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payload<'a>(Cow<'a, str>);

impl<'a> Payload<'a> {
    /// Takes `json` if it is exactly one readable value.
    pub fn parse(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<Readable>(json)?;
        Ok(Self(Cow::Borrowed(json.trim_matches(JSON_SPACE))))
    }

    /// Takes the value at the start of `text`; gives it and what follows.
    pub(crate) fn split_from(text: &'a str) -> Option<(Self, &'a str)> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Readable>();
        values.next()?.ok()?;
        let (value, rest) = text.split_at(values.byte_offset());
        Some((Self(Cow::Borrowed(value.trim_matches(JSON_SPACE))), rest))
    }

    /// Takes JSON that this crate has just written itself.
    pub(crate) fn from_written(json: String) -> Payload<'static> {
        Payload(Cow::Owned(json))
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same payload, independent of the frame it came in.
    pub fn into_owned(self) -> Payload<'static> {
        Payload(Cow::Owned(self.0.into_owned()))
    }
}

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Payload<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(D::Error::custom)
    }
}

const JSON_SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Proof that a value was read to its end, with everything serde_json checks when it builds a tree, but no tree.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Within { depth_left: limits::PAYLOAD_DEPTH_MAX }.deserialize(deserializer)?;
        Ok(Self)
    }
}

#[derive(Clone, Copy)]
struct Within {
    depth_left: usize,
}

impl Within {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left }),
            None => Err(E::custom("nested too deep")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Within {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while members.next_key_seed(inner)?.is_some() {
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_stay_as_they_were_written() {
        for json in ["1", "1.50", "\"\\u00e9\"", "{ \"b\" : 1,\t\"a\":[ ] }", "18446744073709551616", "null"] {
            assert_eq!(Payload::parse(json).unwrap().as_str(), json);
        }
        assert_eq!(Payload::parse(" \n[1] ").unwrap().as_str(), "[1]");
    }

    #[test]
    fn what_some_client_could_not_read_is_refused() {
        for json in ["", "nul", "1 2", "{\"a\":}", "1e400", "\"\\ud800\"", "[1,]", "\"\u{1}\"", "{\"\\udc00\":1}"] {
            assert!(Payload::parse(json).is_err(), "{json:?}");
        }
    }

    #[test]
    fn nesting_is_bounded_by_the_whole_frame() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Payload::parse(&nested(limits::PAYLOAD_DEPTH_MAX)).is_ok());
        assert!(Payload::parse(&nested(limits::PAYLOAD_DEPTH_MAX + 1)).is_err());
        assert!(Payload::parse(&nested(100_000)).is_err());
    }

    #[test]
    fn a_value_is_split_from_what_follows() {
        let (value, rest) = Payload::split_from("{\"a\":\"}}\"} }}").unwrap();
        assert_eq!((value.as_str(), rest), ("{\"a\":\"}}\"}", " }}"));
        assert!(Payload::split_from("}").is_none());
    }
}
