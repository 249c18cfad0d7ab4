//! Game data in and out, by hand: nearly every frame is game data, and prost would copy each payload.

use std::borrow::Cow;
use std::str;

use super::varint::{self, Fields};
use super::{BinaryGameDataIn, Member as _};
use crate::delivery::DeliveryClass;
use crate::frame::RelayStamp;
use crate::game_data::GameDataIn;
use crate::payload::Payload;
use crate::version::GameDataEncoding;

/// Game data as it was read; small, so that moving it costs nothing.
pub(super) enum GameData<'a> {
    Text(GameDataIn<'a>),
    Binary(BinaryGameDataIn<'a>),
}

/// Reads a whole frame. `None` says nothing about the frame: it is for the general reader, which knows all
/// messages, fields that come twice or are unknown, and what to call an error.
pub(super) fn read(frame: &[u8]) -> Option<GameData<'_>> {
    let mut rest = frame;
    let kind = *rest.split_off_first()?;
    let mut body = take_bytes(&mut rest)?;
    if !rest.is_empty() {
        return None;
    }
    match kind {
        TEXT => {
            let (data, class, key) = read_body(&mut body)?;
            let data = Payload::parse(str::from_utf8(data).ok()?).ok()?;
            Some(GameData::Text(GameDataIn { data, class, key }))
        }
        BINARY => {
            let (payload, class, key) = read_body(&mut body)?;
            Some(GameData::Binary(BinaryGameDataIn { payload: Cow::Borrowed(payload), class, key }))
        }
        _ => None,
    }
}

type Body<'a> = (&'a [u8], Option<DeliveryClass>, Option<u32>);

#[inline]
fn read_body<'a>(rest: &mut &'a [u8]) -> Option<Body<'a>> {
    let (mut data, mut class, mut key) = (None, None, None);
    while let Some(tag) = rest.split_off_first() {
        let again = match *tag {
            IN_DATA => data.replace(take_bytes(rest)?).is_some(),
            IN_CLASS => {
                let number = varint::take(rest)?;
                let written = |class: &DeliveryClass| number_of(class.write()) == number;
                class.replace(DeliveryClass::ALL.into_iter().find(written)?).is_some()
            }
            IN_KEY => key.replace(u32::try_from(varint::take(rest)?).ok()?).is_some(),
            _ => return None,
        };
        if again {
            return None;
        }
    }
    Some((data?, class, key))
}

#[inline]
fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = varint::take(rest)?;
    rest.split_off(..usize::try_from(length).ok()?)
}

/// Appends the frame for JSON game data: the same bytes as [`crate::ServerMessage::GameData`] encoded.
pub fn text_relay(out: &mut Vec<u8>, relay: &RelayStamp, payload: &Payload<'_>) {
    write(out, TEXT, relay, payload.as_str().as_bytes(), None);
}

/// Appends the frame for binary game data in `encoding`: the same bytes as [`super::BinaryGameDataOut`] encoded.
pub fn binary_relay(out: &mut Vec<u8>, relay: &RelayStamp, encoding: GameDataEncoding, payload: &[u8]) {
    write(out, BINARY, relay, payload, Some(encoding));
}

/// Fields go by number; what is 0 or empty, and need not be told from nothing, is not written.
fn write(out: &mut Vec<u8>, kind: u8, relay: &RelayStamp, data: &[u8], encoding: Option<GameDataEncoding>) {
    let mut tail = Fields::new();
    let mut put = |field, number| {
        tail.push(field);
        tail.push_number(number);
    };
    if relay.stamp.seq > 0 {
        put(OUT_SEQ, relay.stamp.seq);
    }
    put(OUT_EPOCH, relay.stamp.epoch.number().into());
    if let Some(class) = relay.label.written_class() {
        put(OUT_CLASS, number_of(class.write()));
    }
    if let Some(key) = relay.label.key() {
        put(OUT_KEY, key.into());
    }
    if let Some(encoding) = encoding {
        put(OUT_ENCODING, number_of(encoding.write()));
    }
    let tail = tail.as_slice();

    let from = relay.from.uuid().into_bytes();
    let data_len = data.len() as u64;
    let n_data = if data.is_empty() { 0 } else { 1 + varint::len(data_len) + data.len() };
    let mut head = Fields::new();
    head.push(kind);
    head.push_number((2 + from.len() + n_data + tail.len()) as u64);
    head.push(OUT_FROM_PLAYER);
    head.push(from.len() as u8);
    head.push_id(&from);
    if !data.is_empty() {
        head.push(OUT_DATA);
        head.push_number(data_len);
    }
    let head = head.as_slice();

    out.reserve(head.len() + data.len() + tail.len());
    out.extend_from_slice(head);
    out.extend_from_slice(data);
    out.extend_from_slice(tail);
}

/// The numbers of values are small and positive.
fn number_of(value: i32) -> u64 {
    value.unsigned_abs().into()
}

/// The first byte of a field with this number in the schema, if it holds a number itself.
const fn number(field: u8) -> u8 {
    field << 3
}

/// The same, if it holds bytes.
const fn bytes(field: u8) -> u8 {
    field << 3 | 2
}

// Of `ClientFrame` and `ServerFrame`.
const TEXT: u8 = bytes(1);
const BINARY: u8 = bytes(2);

// Of `GameDataIn` and `BinaryGameDataIn`.
const IN_DATA: u8 = bytes(1);
const IN_CLASS: u8 = number(2);
const IN_KEY: u8 = number(3);

// Of `GameDataOut` and `BinaryGameDataOut`.
const OUT_FROM_PLAYER: u8 = bytes(1);
const OUT_DATA: u8 = bytes(2);
const OUT_SEQ: u8 = number(3);
const OUT_EPOCH: u8 = number(4);
const OUT_CLASS: u8 = number(5);
const OUT_KEY: u8 = number(6);
const OUT_ENCODING: u8 = number(7);
