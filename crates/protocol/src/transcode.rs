//! MessagePack game data for recipients that read JSON.

use rmp::Marker;

use crate::json::plain_prefix;
use crate::limits;
use crate::payload::Payload;

/// Why MessagePack game data has no JSON form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TranscodeError {
    /// The bytes end early, or are no value, or a text is not UTF-8.
    #[error("not MessagePack")]
    Malformed,
    /// More than [`limits::MESSAGE_PACK_DEPTH_MAX`] arrays and maps inside each other.
    #[error("nested too deep")]
    TooDeep,
    /// A byte string, an extension, or a key that is not a text.
    #[error("{0} has no JSON form")]
    NoJsonForm(&'static str),
    /// Bytes after the value.
    #[error("bytes after the value")]
    TrailingBytes,
}

/// Writes one MessagePack value as JSON, with maps and arrays in their order.
///
/// Byte strings, extensions and keys that are not texts have no JSON form. Numbers keep their value; infinite
/// ones and those that are none become `null`.
pub fn message_pack_to_json(bytes: &[u8]) -> Result<Payload<'static>, TranscodeError> {
    let mut transcoder = Transcoder { rest: bytes, json: Vec::with_capacity(bytes.len() * 2) };
    transcoder.value(limits::MESSAGE_PACK_DEPTH_MAX)?;
    if !transcoder.rest.is_empty() {
        return Err(TranscodeError::TrailingBytes);
    }
    // Checks all texts at once: each stands between quotes, so that no two broken ones make a good one.
    let json = String::from_utf8(transcoder.json).map_err(|_| TranscodeError::Malformed)?;
    Ok(Payload::from_written(json))
}

struct Transcoder<'a> {
    rest: &'a [u8],
    json: Vec<u8>,
}

/// The start of a value: all of a number, how many bytes or values follow of anything else.
enum Head {
    Word(&'static str),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(u64),
    Array(u64),
    Map(u64),
    Opaque(&'static str),
}

impl<'a> Transcoder<'a> {
    fn value(&mut self, depth_left: usize) -> Result<(), TranscodeError> {
        match self.head()? {
            Head::Word(word) => self.write(word),
            Head::Unsigned(number) => self.write(itoa::Buffer::new().format(number)),
            Head::Signed(number) => self.write(itoa::Buffer::new().format(number)),
            Head::Float(number) => serde_json::to_writer(&mut self.json, &number).expect(INFALLIBLE),
            Head::Text(n_bytes) => self.text(n_bytes)?,
            Head::Array(n_items) => self.items(*b"[]", n_items, depth_left, Self::value)?,
            Head::Map(n_members) => self.items(*b"{}", n_members, depth_left, Self::member)?,
            Head::Opaque(what) => return Err(TranscodeError::NoJsonForm(what)),
        }
        Ok(())
    }

    fn member(&mut self, depth_left: usize) -> Result<(), TranscodeError> {
        match self.head()? {
            Head::Text(n_bytes) => self.text(n_bytes)?,
            Head::Word(_)
            | Head::Unsigned(_)
            | Head::Signed(_)
            | Head::Float(_)
            | Head::Array(_)
            | Head::Map(_)
            | Head::Opaque(_) => {
                return Err(TranscodeError::NoJsonForm("a key that is not a text"));
            }
        }
        self.json.push(b':');
        self.value(depth_left)
    }

    fn items(
        &mut self,
        [open, close]: [u8; 2],
        n_items: u64,
        depth_left: usize,
        item: fn(&mut Self, usize) -> Result<(), TranscodeError>,
    ) -> Result<(), TranscodeError> {
        let depth_left = depth_left.checked_sub(1).ok_or(TranscodeError::TooDeep)?;
        self.json.push(open);
        for index in 0..n_items {
            if index > 0 {
                self.json.push(b',');
            }
            item(self, depth_left)?;
        }
        self.json.push(close);
        Ok(())
    }

    fn text(&mut self, n_bytes: u64) -> Result<(), TranscodeError> {
        let text = self.take(n_bytes)?;
        if plain_prefix(text) == text.len() {
            self.json.push(b'"');
            self.json.extend_from_slice(text);
            self.json.push(b'"');
        } else {
            let text = str::from_utf8(text).map_err(|_| TranscodeError::Malformed)?;
            serde_json::to_writer(&mut self.json, text).expect(INFALLIBLE);
        }
        Ok(())
    }

    fn write(&mut self, json: &str) {
        self.json.extend_from_slice(json.as_bytes());
    }

    fn head(&mut self) -> Result<Head, TranscodeError> {
        let [first] = self.chunk()?;
        Ok(match Marker::from_u8(first) {
            Marker::Null => Head::Word("null"),
            Marker::False => Head::Word("false"),
            Marker::True => Head::Word("true"),
            Marker::FixPos(number) => Head::Unsigned(number.into()),
            Marker::U8 => Head::Unsigned(self.unsigned::<1>()?),
            Marker::U16 => Head::Unsigned(self.unsigned::<2>()?),
            Marker::U32 => Head::Unsigned(self.unsigned::<4>()?),
            Marker::U64 => Head::Unsigned(self.unsigned::<8>()?),
            Marker::FixNeg(number) => Head::Signed(number.into()),
            Marker::I8 => Head::Signed(i8::from_be_bytes(self.chunk()?).into()),
            Marker::I16 => Head::Signed(i16::from_be_bytes(self.chunk()?).into()),
            Marker::I32 => Head::Signed(i32::from_be_bytes(self.chunk()?).into()),
            Marker::I64 => Head::Signed(i64::from_be_bytes(self.chunk()?)),
            // Not as short as an f32 could be, but every reader of doubles gets the very value that was sent.
            Marker::F32 => Head::Float(f32::from_be_bytes(self.chunk()?).into()),
            Marker::F64 => Head::Float(f64::from_be_bytes(self.chunk()?)),
            Marker::FixStr(n_bytes) => Head::Text(n_bytes.into()),
            Marker::Str8 => Head::Text(self.unsigned::<1>()?),
            Marker::Str16 => Head::Text(self.unsigned::<2>()?),
            Marker::Str32 => Head::Text(self.unsigned::<4>()?),
            Marker::FixArray(n_items) => Head::Array(n_items.into()),
            Marker::Array16 => Head::Array(self.unsigned::<2>()?),
            Marker::Array32 => Head::Array(self.unsigned::<4>()?),
            Marker::FixMap(n_members) => Head::Map(n_members.into()),
            Marker::Map16 => Head::Map(self.unsigned::<2>()?),
            Marker::Map32 => Head::Map(self.unsigned::<4>()?),
            Marker::Bin8 | Marker::Bin16 | Marker::Bin32 => Head::Opaque("a byte string"),
            Marker::FixExt1 | Marker::FixExt2 | Marker::FixExt4 | Marker::FixExt8 | Marker::FixExt16 => {
                Head::Opaque("an extension")
            }
            Marker::Ext8 | Marker::Ext16 | Marker::Ext32 => Head::Opaque("an extension"),
            Marker::Reserved => return Err(TranscodeError::Malformed),
        })
    }

    fn unsigned<const N_BYTES: usize>(&mut self) -> Result<u64, TranscodeError> {
        let bytes = self.chunk::<N_BYTES>()?;
        Ok(bytes.into_iter().fold(0, |number, byte| number << 8 | u64::from(byte)))
    }

    fn chunk<const N_BYTES: usize>(&mut self) -> Result<[u8; N_BYTES], TranscodeError> {
        let (chunk, rest) = self.rest.split_first_chunk().ok_or(TranscodeError::Malformed)?;
        self.rest = rest;
        Ok(*chunk)
    }

    fn take(&mut self, n_bytes: u64) -> Result<&'a [u8], TranscodeError> {
        let n_bytes = usize::try_from(n_bytes).map_err(|_| TranscodeError::Malformed)?;
        self.rest.split_off(..n_bytes).ok_or(TranscodeError::Malformed)
    }
}

const INFALLIBLE: &str = "writing to memory cannot fail";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_json_in_their_order() {
        for (bytes, json) in [
            (&b"\xc0"[..], "null"),
            (b"\x93\xc2\xc3\x07", "[false,true,7]"),
            (b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615"),
            (b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", "-9223372036854775808"),
            (b"\x92\xe0\xd0\x80", "[-32,-128]"),
            (b"\xca\x3f\x80\x00\x00", "1.0"),
            (b"\xca\x3d\xcc\xcc\xcd", "0.10000000149011612"),
            (b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "null"),
            (b"\x82\xa1b\x90\xa1a\x80", r#"{"b":[],"a":{}}"#),
            (b"\xd9\x05a\"\n\xc3\xa9", "\"a\\\"\\né\""),
        ] {
            assert_eq!(message_pack_to_json(bytes).unwrap().as_str(), json);
        }
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        for (bytes, why) in [
            (&b""[..], TranscodeError::Malformed),
            (b"\xc1", TranscodeError::Malformed),
            (b"\xa2a", TranscodeError::Malformed),
            (b"\xa1\xff", TranscodeError::Malformed),
            (b"\xdd\xff\xff\xff\xff\xc0", TranscodeError::Malformed),
            (b"\x92\xa1\xc3\xa1\xa9", TranscodeError::Malformed),
            (b"\xc0\xc0", TranscodeError::TrailingBytes),
            (b"\xc4\x01a", TranscodeError::NoJsonForm("a byte string")),
            (b"\xd4\x01a", TranscodeError::NoJsonForm("an extension")),
            (b"\x81\x07\xc0", TranscodeError::NoJsonForm("a key that is not a text")),
        ] {
            assert_eq!(message_pack_to_json(bytes), Err(why), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn what_is_written_is_not_too_deep_for_a_payload() {
        let nested = |depth| message_pack_to_json(&[vec![0x91; depth], vec![0xc0]].concat());
        let deepest = nested(limits::MESSAGE_PACK_DEPTH_MAX).unwrap();
        assert!(Payload::parse(deepest.as_str()).is_ok());
        assert_eq!(nested(limits::MESSAGE_PACK_DEPTH_MAX + 1), Err(TranscodeError::TooDeep));
        assert_eq!(nested(1_000_000), Err(TranscodeError::TooDeep));
    }
}
