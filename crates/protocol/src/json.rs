//! Passes over JSON text and checks it, without building anything.

use crate::limits::PAYLOAD_DEPTH_MAX;

/// What is wrong with a JSON text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("the text ends early")]
    EndsEarly,
    #[error("not JSON")]
    NotJson,
    #[error("control character in a string")]
    ControlCharacter,
    #[error("bad escape in a string")]
    BadEscape,
    #[error("number out of range")]
    NumberOutOfRange,
    #[error("nested too deep")]
    TooDeep,
    #[error("something follows the value")]
    TrailingText,
}

/// A place in a JSON text, between two tokens of it.
///
/// It moves over what serde_json would make a tree of, if that nests no deeper than [`PAYLOAD_DEPTH_MAX`].
/// After a flaw it stands behind the byte that shows it.
#[derive(Clone, Copy)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes it has moved over.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Moves over a value and gives its text.
    pub(crate) fn value(&mut self) -> Result<&'a str, Flaw> {
        // A copy stays in registers; what is behind a reference would be stored with every step.
        let mut scanner = *self;
        let value = scanner.pass_value();
        *self = scanner;
        value
    }

    /// Moves over a name without escapes and the colon behind it; gives the name.
    pub(crate) fn plain_name(&mut self) -> Option<&'a str> {
        let name = self.plain_string()?;
        self.expect(b':').ok()?;
        Some(name)
    }

    /// Moves over a string without escapes and gives what is between its quotes.
    pub(crate) fn plain_string(&mut self) -> Option<&'a str> {
        self.expect(b'"').ok()?;
        let start = self.at;
        self.at += plain_prefix(&self.text.as_bytes()[start..]);
        let string = &self.text[start..self.at];
        (self.next() == Ok(b'"')).then_some(string)
    }

    /// Moves over white space and `expected`.
    pub(crate) fn expect(&mut self, expected: u8) -> Result<(), Flaw> {
        if self.token()? == expected { Ok(()) } else { Err(Flaw::NotJson) }
    }

    /// Moves over white space, and over `wanted` if that comes next.
    pub(crate) fn skip(&mut self, wanted: u8) -> Result<bool, Flaw> {
        let found = self.token()? == wanted;
        self.at -= usize::from(!found);
        Ok(found)
    }

    /// Moves over white space up to the end of the text.
    pub(crate) fn end(&mut self) -> Result<(), Flaw> {
        match self.token() {
            Err(_) => Ok(()),
            Ok(_) => Err(Flaw::TrailingText),
        }
    }

    #[inline(always)]
    fn pass_value(&mut self) -> Result<&'a str, Flaw> {
        let mut token = self.token()?;
        let start = self.at - 1;
        let mut open = Open::default();
        loop {
            match token {
                b'"' => self.rest_of_string()?,
                b'-' | b'0'..=b'9' => self.rest_of_number(token)?,
                b'{' => {
                    open.push(Container::Object)?;
                    if !self.skip(b'}')? {
                        self.name()?;
                        token = self.token()?;
                        continue;
                    }
                    open.pop();
                }
                b'[' => {
                    open.push(Container::Array)?;
                    if !self.skip(b']')? {
                        token = self.token()?;
                        continue;
                    }
                    open.pop();
                }
                b't' => self.rest_of_word(b"rue")?,
                b'f' => self.rest_of_word(b"alse")?,
                b'n' => self.rest_of_word(b"ull")?,
                _ => return Err(Flaw::NotJson),
            }
            // A value has ended, and with it perhaps what it is in.
            loop {
                let Some(container) = open.innermost() else {
                    return Ok(&self.text[start..self.at]);
                };
                match (self.token()?, container) {
                    (b',', Container::Array) => break,
                    (b',', Container::Object) => {
                        self.name()?;
                        break;
                    }
                    (b']', Container::Array) | (b'}', Container::Object) => open.pop(),
                    _ => return Err(Flaw::NotJson),
                }
            }
            token = self.token()?;
        }
    }

    /// Moves over white space and one byte more.
    #[inline(always)]
    fn token(&mut self) -> Result<u8, Flaw> {
        loop {
            let byte = self.next()?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(byte);
            }
        }
    }

    #[inline(always)]
    fn next(&mut self) -> Result<u8, Flaw> {
        let byte = *self.text.as_bytes().get(self.at).ok_or(Flaw::EndsEarly)?;
        self.at += 1;
        Ok(byte)
    }

    /// The byte that comes next. At the end of the text it is 0, which belongs to no token.
    #[inline(always)]
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Moves over a name and the colon behind it.
    #[inline(always)]
    fn name(&mut self) -> Result<(), Flaw> {
        self.expect(b'"')?;
        self.rest_of_string()?;
        self.expect(b':')
    }

    #[inline(always)]
    fn rest_of_string(&mut self) -> Result<(), Flaw> {
        loop {
            self.at += plain_prefix(&self.text.as_bytes()[self.at..]);
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => self.at = self.end_of_escape()?,
                _ => return Err(Flaw::ControlCharacter),
            }
        }
    }

    fn end_of_escape(mut self) -> Result<usize, Flaw> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
            b'u' => match self.code_unit()? {
                0xDC00..=0xDFFF => return Err(Flaw::BadEscape),
                0xD800..=0xDBFF => {
                    self.rest_of_word(b"\\u").map_err(|_| Flaw::BadEscape)?;
                    if !matches!(self.code_unit()?, 0xDC00..=0xDFFF) {
                        return Err(Flaw::BadEscape);
                    }
                }
                _ => {}
            },
            _ => return Err(Flaw::BadEscape),
        }
        Ok(self.at)
    }

    fn code_unit(&mut self) -> Result<u32, Flaw> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.next()?).to_digit(16).ok_or(Flaw::BadEscape)?;
            unit = unit * 16 + digit;
        }
        Ok(unit)
    }

    fn rest_of_word(&mut self, rest: &[u8]) -> Result<(), Flaw> {
        for expected in rest {
            if self.next()? != *expected {
                return Err(Flaw::NotJson);
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn rest_of_number(&mut self, first: u8) -> Result<(), Flaw> {
        let start = self.at - 1;
        match if first == b'-' { self.next()? } else { first } {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return Err(Flaw::NotJson),
        }
        let n_whole = self.at - start;
        if self.peek() == b'.' {
            self.at += 1;
            self.some_digits()?;
        }
        let mut n_exponent = 0;
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            let exponent = self.at;
            self.some_digits()?;
            n_exponent = self.at - exponent;
        }
        // Up to 10^(200 + 99) the range of a double is not in sight.
        if n_whole > 200 || n_exponent > 2 { self.check_range(start) } else { Ok(()) }
    }

    #[inline(always)]
    fn digits(&mut self) {
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
    }

    #[inline(always)]
    fn some_digits(&mut self) -> Result<(), Flaw> {
        if !self.next()?.is_ascii_digit() {
            return Err(Flaw::NotJson);
        }
        self.digits();
        Ok(())
    }

    /// Where the range ends is for those to say who will read the number.
    #[cold]
    fn check_range(self, start: usize) -> Result<(), Flaw> {
        match serde_json::from_str::<f64>(&self.text[start..self.at]) {
            Ok(_) => Ok(()),
            Err(_) => Err(Flaw::NumberOutOfRange),
        }
    }
}

/// How many bytes at the start of `bytes` may stand in a JSON string as they are.
#[inline(always)]
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let mut n_plain = 0;
    while let Some(word) = bytes[n_plain..].first_chunk() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return n_plain + special.trailing_zeros() as usize / 8;
        }
        n_plain += 8;
    }
    let is_plain = |byte: &&u8| !matches!(byte, 0..0x20 | b'"' | b'\\');
    n_plain + bytes[n_plain..].iter().take_while(is_plain).count()
}

/// The top bit of the lowest byte that is below space, a quote or a backslash; none if no byte is.
/// Above the lowest one further bits may be set, since subtraction borrows.
#[inline(always)]
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xFF;
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    (below(word, b' ') | equal(b'"') | equal(b'\\')) & (ONES << 7)
}

#[derive(Clone, Copy)]
enum Container {
    Array,
    Object,
}

/// Which containers a place is inside of, one bit each.
#[derive(Default)]
struct Open {
    depth: usize,
    objects: u128,
}

impl Open {
    fn push(&mut self, container: Container) -> Result<(), Flaw> {
        const { assert!(PAYLOAD_DEPTH_MAX <= u128::BITS as usize) };
        if self.depth == PAYLOAD_DEPTH_MAX {
            return Err(Flaw::TooDeep);
        }
        self.depth += 1;
        self.objects = self.objects << 1 | u128::from(matches!(container, Container::Object));
        Ok(())
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.objects >>= 1;
    }

    fn innermost(&self) -> Option<Container> {
        match (self.depth, self.objects & 1) {
            (0, _) => None,
            (_, 0) => Some(Container::Array),
            _ => Some(Container::Object),
        }
    }
}
