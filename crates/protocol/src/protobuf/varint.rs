//! Numbers as protobuf writes them: seven bits in each byte, the lowest first.

/// How many bytes `number` takes.
#[inline]
pub(super) const fn len(number: u64) -> usize {
    // Seven bits a byte, and one byte for 0: the same as dividing by seven and rounding up.
    ((64 - (number | 1).leading_zeros()) as usize * 9 + 64) / 64
}

/// Takes a number from the front of `rest`, unless it ends early or is longer than any number has to be.
#[inline]
pub(super) fn take(rest: &mut &[u8]) -> Option<u64> {
    match *rest.split_off_first()? {
        only @ 0..0x80 => Some(only.into()),
        first => take_more(rest, first),
    }
}

fn take_more(rest: &mut &[u8], first: u8) -> Option<u64> {
    let mut number = u64::from(first & 0x7F);
    for shift in (7..63).step_by(7) {
        let byte = *rest.split_off_first()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    match *rest.split_off_first()? {
        last @ 0..=1 => Some(number | u64::from(last) << 63),
        _ => None,
    }
}

/// A few fields, put together where no allocation is needed and then taken over at once.
pub(super) struct Fields {
    bytes: [u8; Self::BYTES_MAX],
    n_bytes: usize,
}

impl Fields {
    /// What the caller keeps to.
    pub(super) const BYTES_MAX: usize = 48;

    pub(super) const fn new() -> Self {
        Self { bytes: [0; Self::BYTES_MAX], n_bytes: 0 }
    }

    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.bytes[self.n_bytes] = byte;
        self.n_bytes += 1;
    }

    #[inline]
    pub(super) fn push_number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.push(number as u8);
    }

    /// Pushes the bytes of an id.
    #[inline]
    pub(super) fn push_id(&mut self, id: &[u8; 16]) {
        self.bytes[self.n_bytes..][..id.len()].copy_from_slice(id);
        self.n_bytes += id.len();
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.n_bytes]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_come_back() {
        for bits in 0..=64 {
            for number in
                [(1u128 << bits) - 1, 1u128 << bits].into_iter().filter_map(|n| u64::try_from(n).ok())
            {
                let mut fields = Fields::new();
                fields.push_number(number);
                let mut bytes = fields.as_slice().to_vec();
                assert_eq!(bytes.len(), len(number), "{number}");
                let mut as_prost_writes = Vec::new();
                prost::encoding::encode_varint(number, &mut as_prost_writes);
                assert_eq!(bytes, as_prost_writes);
                for cut in 0..bytes.len() {
                    assert_eq!(take(&mut &bytes[..cut]), None);
                }
                bytes.push(7);
                let mut rest = &bytes[..];
                assert_eq!(take(&mut rest), Some(number));
                assert_eq!(rest, [7]);
            }
        }
    }

    #[test]
    fn numbers_that_no_64_bits_hold_are_none() {
        assert_eq!(take(&mut &[[0xFF; 9].as_slice(), &[2]].concat()[..]), None);
        assert_eq!(take(&mut &[0xFF; 20][..]), None);
    }
}
