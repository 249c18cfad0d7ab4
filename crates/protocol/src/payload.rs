//! Game data as the sender wrote it: checked, never taken apart.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::json::{Flaw, Scanner};

/// One JSON value, byte for byte as its sender wrote it.
///
/// It is known to be readable by every client: no number out of range, no lone surrogate, no nesting
/// deeper than [`crate::limits::PAYLOAD_DEPTH_MAX`]. One reader that chokes on a frame would find a hole in the sequence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payload<'a>(Cow<'a, str>);

impl<'a> Payload<'a> {
    /// Takes `json` if it is exactly one readable value.
    pub fn parse(json: &'a str) -> Result<Self, PayloadError> {
        let mut scanner = Scanner::new(json);
        let mut read = || {
            let value = scanner.value()?;
            scanner.end()?;
            Ok(value)
        };
        match read() {
            Ok(value) => Ok(Self::from_checked(value)),
            Err(flaw) => Err(PayloadError { flaw, at: scanner.at() }),
        }
    }

    /// Takes what a scanner has called a value.
    pub(crate) fn from_checked(value: &'a str) -> Self {
        Self(Cow::Borrowed(value))
    }

    /// Takes JSON that this crate has just written itself.
    pub(crate) fn from_written(json: String) -> Payload<'static> {
        Payload(Cow::Owned(json))
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same payload, borrowed from this one.
    pub fn as_borrowed(&self) -> Payload<'_> {
        Payload(Cow::Borrowed(&self.0))
    }

    /// The same payload, independent of the frame it came in.
    pub fn into_owned(self) -> Payload<'static> {
        Payload(Cow::Owned(self.0.into_owned()))
    }
}

/// Why a text is not a payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{flaw} at byte {at}")]
pub struct PayloadError {
    flaw: Flaw,
    at: usize,
}

/// For serde_json only: no other format can take JSON as it is written.
impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// For serde_json only, and only from a text in memory.
impl<'de: 'a, 'a> Deserialize<'de> for Payload<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(|error| D::Error::custom(error.flaw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PAYLOAD_DEPTH_MAX;

    #[test]
    fn payloads_stay_as_they_were_written() {
        for json in [
            "1",
            "-0.50e-3",
            "18446744073709551616",
            "1e308",
            "0e999",
            "0.1e-999",
            "null",
            r#""\u00e9\ud83d\ude00\/""#,
            "{ \"b\" : 1,\t\"a\":[ ] }",
            "[{},[[]],{\"\":\"\u{7f}\u{2028}\"}]",
        ] {
            assert_eq!(Payload::parse(json).unwrap().as_str(), json);
        }
        assert_eq!(Payload::parse(" \n[1]\r\t").unwrap().as_str(), "[1]");
    }

    #[test]
    fn what_some_client_could_not_read_is_refused() {
        for (json, why) in [
            ("", "the text ends early at byte 0"),
            ("\"abc", "the text ends early at byte 4"),
            ("[1,", "the text ends early at byte 3"),
            ("nul", "the text ends early at byte 3"),
            ("none", "not JSON at byte 2"),
            ("[1,]", "not JSON at byte 4"),
            ("{\"a\":}", "not JSON at byte 6"),
            ("[1}", "not JSON at byte 3"),
            ("01", "something follows the value at byte 2"),
            ("1.", "the text ends early at byte 2"),
            ("-a", "not JSON at byte 2"),
            ("1e+x", "not JSON at byte 4"),
            ("1 2", "something follows the value at byte 3"),
            ("\u{feff}1", "not JSON at byte 1"),
            ("1e400", "number out of range at byte 5"),
            ("\"\u{1}\"", "control character in a string at byte 2"),
            (r#""\x""#, "bad escape in a string at byte 2"),
            (r#""\u12g4""#, "bad escape in a string at byte 2"),
            (r#""\ud800""#, "bad escape in a string at byte 2"),
            (r#""\ud800\u0041""#, "bad escape in a string at byte 2"),
            (r#"{"\udc00":1}"#, "bad escape in a string at byte 3"),
        ] {
            assert_eq!(Payload::parse(json).unwrap_err().to_string(), why, "{json:?}");
        }
    }

    #[test]
    fn nesting_is_bounded_by_the_whole_frame() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Payload::parse(&nested(PAYLOAD_DEPTH_MAX)).is_ok());
        let mixed = r#"{"":["#.repeat(PAYLOAD_DEPTH_MAX / 2) + "0" + &"]}".repeat(PAYLOAD_DEPTH_MAX / 2);
        assert!(Payload::parse(&mixed).is_ok());
        for too_deep in [nested(PAYLOAD_DEPTH_MAX + 1), nested(100_000), format!("[[{mixed}]]")] {
            let error = Payload::parse(&too_deep).unwrap_err();
            assert_eq!(error.flaw, Flaw::TooDeep);
        }
    }
}
