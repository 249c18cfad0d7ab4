//! The MessagePack map in which binary game data reaches its recipients.

use rmp::decode::{read_bin_len, read_int, read_map_len, read_str_len};
use rmp::encode::{write_bin, write_map_len, write_str, write_uint};

use crate::frame::RelayStamp;
use crate::ids::{Epoch, PlayerId, SenderStamp};
use crate::version::{GameDataEncoding, ProtocolVersion};

/// A binary frame as a recipient reads it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BinaryEnvelope<'a> {
    /// The sender.
    pub from_player: PlayerId,
    /// The format of the payload.
    pub encoding: GameDataEncoding,
    /// The sender's bytes.
    pub payload: &'a [u8],
    /// The sender's membership and number. Only on v3.
    pub stamp: Option<SenderStamp>,
}

/// Why a binary frame is not an envelope.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// The bytes end early or are of the wrong kind.
    #[error("not a MessagePack envelope")]
    Malformed,
    /// A member that does not belong, or comes twice.
    #[error("unexpected member")]
    MemberUnexpected,
    /// A member that must be there.
    #[error("{0} is missing")]
    MemberMissing(&'static str),
    /// Bytes after the end.
    #[error("bytes after the envelope")]
    TrailingBytes,
}

impl<'a> BinaryEnvelope<'a> {
    /// Reads the envelope of a frame. Members may come in any order, each at most once.
    pub fn decode(frame: &'a [u8]) -> Result<Self, EnvelopeError> {
        let mut rest = frame;
        let mut members = Members::default();
        for _ in 0..read_map_len(&mut rest).map_err(malformed)? {
            members.read_one(&mut rest)?;
        }
        if !rest.is_empty() {
            return Err(EnvelopeError::TrailingBytes);
        }
        members.finish()
    }
}

/// Appends the envelope: three members on v2, five on v3.
pub(crate) fn write(
    out: &mut Vec<u8>,
    version: ProtocolVersion,
    relay: &RelayStamp,
    encoding: GameDataEncoding,
    payload: &[u8],
) {
    let n_members = match version {
        ProtocolVersion::V2 => 3,
        ProtocolVersion::V3 => 5,
    };
    write_map_len(out, n_members).expect(INFALLIBLE);
    write_str(out, "from_player").expect(INFALLIBLE);
    write_bin(out, relay.from.uuid().as_bytes()).expect(INFALLIBLE);
    write_str(out, "encoding").expect(INFALLIBLE);
    write_str(out, encoding.token()).expect(INFALLIBLE);
    write_str(out, "payload").expect(INFALLIBLE);
    write_bin(out, payload).expect(INFALLIBLE);
    match version {
        ProtocolVersion::V2 => {}
        ProtocolVersion::V3 => {
            write_str(out, "seq").expect(INFALLIBLE);
            write_uint(out, relay.stamp.seq).expect(INFALLIBLE);
            write_str(out, "epoch").expect(INFALLIBLE);
            write_uint(out, relay.stamp.epoch.number().into()).expect(INFALLIBLE);
        }
    }
}

#[derive(Default)]
struct Members<'a> {
    from_player: Option<PlayerId>,
    encoding: Option<GameDataEncoding>,
    payload: Option<&'a [u8]>,
    seq: Option<u64>,
    epoch: Option<Epoch>,
}

impl<'a> Members<'a> {
    fn read_one(&mut self, rest: &mut &'a [u8]) -> Result<(), EnvelopeError> {
        let taken_before = match take_str(rest)? {
            b"from_player" => {
                let id = uuid::Uuid::from_slice(take_bin(rest)?).map_err(|_| EnvelopeError::Malformed)?;
                self.from_player.replace(PlayerId::new(id)).is_some()
            }
            b"encoding" => {
                let token = take_str(rest)?;
                let encoding = GameDataEncoding::ALL
                    .iter()
                    .copied()
                    .find(|encoding| encoding.token().as_bytes() == token);
                self.encoding.replace(encoding.ok_or(EnvelopeError::Malformed)?).is_some()
            }
            b"payload" => self.payload.replace(take_bin(rest)?).is_some(),
            b"seq" => self.seq.replace(read_int(rest).map_err(malformed)?).is_some(),
            b"epoch" => {
                let epoch = Epoch::new(read_int(rest).map_err(malformed)?);
                self.epoch.replace(epoch.ok_or(EnvelopeError::Malformed)?).is_some()
            }
            _ => return Err(EnvelopeError::MemberUnexpected),
        };
        if taken_before { Err(EnvelopeError::MemberUnexpected) } else { Ok(()) }
    }

    fn finish(self) -> Result<BinaryEnvelope<'a>, EnvelopeError> {
        let stamp = match (self.epoch, self.seq) {
            (Some(epoch), Some(seq)) if seq > 0 => Some(SenderStamp { epoch, seq }),
            (None, None) => None,
            (Some(_), Some(_)) => return Err(EnvelopeError::Malformed),
            (Some(_), None) => return Err(EnvelopeError::MemberMissing("seq")),
            (None, Some(_)) => return Err(EnvelopeError::MemberMissing("epoch")),
        };
        Ok(BinaryEnvelope {
            from_player: self.from_player.ok_or(EnvelopeError::MemberMissing("from_player"))?,
            encoding: self.encoding.ok_or(EnvelopeError::MemberMissing("encoding"))?,
            payload: self.payload.ok_or(EnvelopeError::MemberMissing("payload"))?,
            stamp,
        })
    }
}

fn take_str<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], EnvelopeError> {
    let length = read_str_len(rest).map_err(malformed)?;
    take(rest, length)
}

fn take_bin<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], EnvelopeError> {
    let length = read_bin_len(rest).map_err(malformed)?;
    take(rest, length)
}

fn take<'a>(rest: &mut &'a [u8], length: u32) -> Result<&'a [u8], EnvelopeError> {
    let length = usize::try_from(length).map_err(malformed)?;
    rest.split_off(..length).ok_or(EnvelopeError::Malformed)
}

fn malformed<E>(_: E) -> EnvelopeError {
    EnvelopeError::Malformed
}

/// More than any envelope adds to its payload, in bytes.
pub(crate) const OVERHEAD: usize = 96;

const INFALLIBLE: &str = "writing to memory cannot fail";

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &[u8] = b"\xabfrom_player\xc4\x10_\x0eL\x1a+9LU\x9a\x11\ro\x1ez\x9b\x01";
    const ENCODING: &[u8] = b"\xa8encoding\xacmessage_pack";
    const PAYLOAD: &[u8] = b"\xa7payload\xc4\x01\x07";
    const SEQ: &[u8] = b"\xa3seq\x02";
    const EPOCH: &[u8] = b"\xa5epoch\xce\x00\x00\x00\x01";

    fn read(members: &[&[u8]]) -> Result<Option<SenderStamp>, EnvelopeError> {
        let n_members = u8::try_from(members.len()).unwrap();
        let frame = [&[0x80 | n_members], &members.concat()[..]].concat();
        BinaryEnvelope::decode(&frame).map(|envelope| envelope.stamp)
    }

    #[test]
    fn members_come_in_any_order_and_numbers_in_any_width() {
        let stamp = Some(SenderStamp { epoch: Epoch::FIRST, seq: 2 });
        assert_eq!(read(&[FROM, ENCODING, PAYLOAD]), Ok(None));
        assert_eq!(read(&[FROM, ENCODING, PAYLOAD, SEQ, EPOCH]), Ok(stamp));
        assert_eq!(read(&[EPOCH, PAYLOAD, SEQ, FROM, ENCODING]), Ok(stamp));
    }

    #[test]
    fn members_are_all_there_once_and_no_others() {
        use EnvelopeError::{Malformed, MemberMissing, MemberUnexpected, TrailingBytes};
        for (members, why) in [
            (&[ENCODING, PAYLOAD][..], MemberMissing("from_player")),
            (&[FROM, PAYLOAD], MemberMissing("encoding")),
            (&[FROM, ENCODING], MemberMissing("payload")),
            (&[FROM, ENCODING, PAYLOAD, SEQ], MemberMissing("epoch")),
            (&[FROM, ENCODING, PAYLOAD, EPOCH], MemberMissing("seq")),
            (&[FROM, ENCODING, PAYLOAD, PAYLOAD], MemberUnexpected),
            (&[FROM, ENCODING, PAYLOAD, b"\xa1x\xc0"], MemberUnexpected),
            (&[FROM, ENCODING, PAYLOAD, b"\xa3seq\x00", EPOCH], Malformed),
            (&[FROM, ENCODING, PAYLOAD, SEQ, b"\xa5epoch\x00"], Malformed),
            (&[FROM, b"\xa8encoding\xa4cbor", PAYLOAD], Malformed),
            (&[b"\xabfrom_player\xc4\x02ab", ENCODING, PAYLOAD], Malformed),
            (&[FROM, ENCODING, b"\xa7payload\xa1x"], Malformed),
            (&[FROM, ENCODING, b"\xa7payload\xc6\xff\xff\xff\xff"], Malformed),
            (&[FROM, ENCODING, &[PAYLOAD, b"\x00"].concat()], TrailingBytes),
        ] {
            assert_eq!(read(members), Err(why), "{:?}", members.concat().escape_ascii().to_string());
        }
    }
}
