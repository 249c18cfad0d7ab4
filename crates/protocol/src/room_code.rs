//! The short code by which players find a room.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use crate::limits;

/// Why a text is not a room code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a room code has exactly {length} letters or digits")]
pub struct RoomCodeError {
    length: usize,
}

/// A room code: ASCII letters and digits, upper case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RoomCode(Arc<str>);

impl RoomCode {
    /// Takes `text` in any case if it has exactly `length` letters and digits.
    pub fn parse(text: &str, length: usize) -> Result<Self, RoomCodeError> {
        if text.len() != length || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(RoomCodeError { length });
        }
        Ok(Self(text.to_ascii_uppercase().into()))
    }

    /// Takes `text` in any case and of any length that a server may have chosen.
    pub(crate) fn parse_any(text: &str) -> Result<Self, RoomCodeError> {
        Self::parse(text, text.len().clamp(1, limits::ROOM_CODE_LENGTH_MAX))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for RoomCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for RoomCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse_any(&text).map_err(serde::de::Error::custom)
    }
}

/// How a server makes and reads room codes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomCodeFormat {
    length: usize,
    prefix: Box<str>,
}

impl RoomCodeFormat {
    /// Codes of `length` characters that start with `prefix` when the server makes them.
    /// The prefix must leave room for at least one more character.
    pub fn new(length: usize, prefix: &str) -> Result<Self, RoomCodeError> {
        let fits = (1..=limits::ROOM_CODE_LENGTH_MAX).contains(&length) && prefix.len() < length;
        if !fits || !prefix.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(RoomCodeError { length });
        }
        Ok(Self { length, prefix: prefix.to_ascii_uppercase().into() })
    }

    /// Takes a code that a client chose or was told.
    pub fn parse(&self, text: &str) -> Result<RoomCode, RoomCodeError> {
        RoomCode::parse(text, self.length)
    }

    /// Makes a code out of random bytes, without characters that people confuse (0, 1, I, O).
    pub fn generate(&self, random: &[u8; limits::ROOM_CODE_LENGTH_MAX]) -> RoomCode {
        let fresh = random.iter().map(|&byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
        RoomCode(self.prefix.chars().chain(fresh).take(self.length).collect::<String>().into())
    }
}

impl Default for RoomCodeFormat {
    fn default() -> Self {
        Self { length: limits::ROOM_CODE_LENGTH, prefix: "".into() }
    }
}

/// 32 characters, so that the remainder of a random byte is not biased.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_codes_are_upper_cased_and_checked() {
        let format = RoomCodeFormat::default();
        assert_eq!(format.parse("k7pq2m").unwrap().as_str(), "K7PQ2M");
        assert_eq!(format.parse("0O1I0O").unwrap().as_str(), "0O1I0O");
        for bad in ["", "ABCDE", "ABCDEFG", "ABC-EF", "ABCDÉ", "ABC EF", "ABCDE\0"] {
            assert!(format.parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn generated_codes_use_every_character_of_the_alphabet_and_no_other() {
        let format = RoomCodeFormat::default();
        let mut seen = std::collections::BTreeSet::new();
        for start in 0..=255u8 {
            let random = std::array::from_fn(|i| start.wrapping_add(u8::try_from(i).unwrap()));
            let code = format.generate(&random);
            assert_eq!(code.as_str().len(), 6);
            seen.extend(code.as_str().bytes());
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ALPHABET);
    }

    #[test]
    fn a_prefix_leads_generated_codes_and_must_leave_room() {
        let format = RoomCodeFormat::new(6, "eu").unwrap();
        assert_eq!(format.generate(&[0; limits::ROOM_CODE_LENGTH_MAX]).as_str(), "EU2222");
        assert!(RoomCodeFormat::new(6, "europe").is_err());
        assert!(RoomCodeFormat::new(6, "e-").is_err());
        assert!(RoomCodeFormat::new(0, "").is_err());
    }
}
