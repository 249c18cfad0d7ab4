//! Envelopes for what must not be read at rest: AES-256-GCM under one of several keys, each with a name.

use std::fmt;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use zeroize::Zeroizing;

/// A key and what it is called in the envelopes that it seals.
#[derive(Clone)]
pub struct SealingKey {
    id: String,
    key: Zeroizing<[u8; 32]>,
}

/// The keys of a server: the first one seals, all of them open.
///
/// To change keys put the new one first and keep the old one behind it for as long as there are envelopes of it.
/// Nonces are random: after 2^32 envelopes a key should be replaced (NIST SP 800-38D, 8.3).
#[derive(Clone, Debug)]
pub struct Keyring(Vec<SealingKey>);

/// Why keys do not make a ring.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// There is none.
    #[error("there is no key")]
    NoKey,
    /// A name must fit between two dots.
    #[error("`{0}` names no key: take 1 to 32 letters, digits, `-` and `_`")]
    BadId(String),
    /// Two keys have one name.
    #[error("two keys are called `{0}`")]
    DuplicateId(String),
    /// It is not what a key looks like. What it looks like instead is nobody's business.
    #[error("the key `{0}` is not 32 bytes in base64")]
    BadKey(String),
}

/// Why something was not sealed or not opened.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SealError {
    /// The system has no random bytes.
    #[error("the system has no random numbers")]
    NoRandomness,
    /// It is not an envelope of this kind.
    #[error("it is not an envelope")]
    Malformed,
    /// The key is not in the ring.
    #[error("it was sealed with the key `{0}`, which is not here")]
    UnknownKey(String),
    /// It was changed, belongs elsewhere, or was sealed with another key of that name.
    #[error("it does not open with the key `{0}`")]
    DoesNotOpen(String),
}

impl SealingKey {
    /// A key of 32 bytes, which `base64` writes with or without padding, in either alphabet.
    ///
    /// # Errors
    ///
    /// The name or the key is not what it should be.
    pub fn parse(id: &str, base64: &str) -> Result<Self, KeyError> {
        let is_id_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=ID_BYTES_MAX).contains(&id.len()) || !id.bytes().all(is_id_byte) {
            return Err(KeyError::BadId(id.to_owned()));
        }
        let bad = || KeyError::BadKey(id.to_owned());
        let in_one_alphabet = |letter| match letter {
            '+' => '-',
            '/' => '_',
            other => other,
        };
        let letters = base64.trim().trim_end_matches('=').chars().map(in_one_alphabet);
        let plain = Zeroizing::new(letters.collect::<String>());
        let bytes = Zeroizing::new(BASE64.decode(plain.as_str()).map_err(|_| bad())?);
        let key = Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| bad())?);
        Ok(Self { id: id.to_owned(), key })
    }
}

impl Keyring {
    /// At least one key, each with a name of its own.
    ///
    /// # Errors
    ///
    /// There is no key, or two have one name.
    pub fn new(keys: Vec<SealingKey>) -> Result<Self, KeyError> {
        if keys.is_empty() {
            return Err(KeyError::NoKey);
        }
        for (at, key) in keys.iter().enumerate() {
            if keys[..at].iter().any(|other| other.id == key.id) {
                return Err(KeyError::DuplicateId(key.id.clone()));
            }
        }
        Ok(Self(keys))
    }

    /// Seals `secret` so that it can only be opened as what belongs to `owner`.
    ///
    /// # Errors
    ///
    /// The system has no random bytes.
    pub fn seal(&self, owner: &str, secret: &str) -> Result<String, SealError> {
        let [SealingKey { id, key }, ..] = self.0.as_slice() else { unreachable!("a ring has a key") };
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
        let aad = aad(id, owner);
        let payload = Payload { msg: secret.as_bytes(), aad: &aad };
        let sealed = cipher(key).encrypt(&Nonce::from(nonce), payload).expect("it is far below 64 GiB");
        Ok(format!("{PREFIX}{id}.{}.{}", BASE64.encode(nonce), BASE64.encode(sealed)))
    }

    /// Opens what [`Keyring::seal`] has sealed for the same owner.
    ///
    /// # Errors
    ///
    /// It is no envelope, was sealed with a key that is not here, or is not what was sealed.
    pub fn open(&self, owner: &str, envelope: &str) -> Result<String, SealError> {
        let mut parts = envelope.strip_prefix(PREFIX).ok_or(SealError::Malformed)?.split('.');
        let (Some(id), Some(nonce), Some(sealed), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SealError::Malformed);
        };
        let nonce = BASE64.decode(nonce).map_err(|_| SealError::Malformed)?;
        let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).map_err(|_| SealError::Malformed)?;
        let sealed = BASE64.decode(sealed).map_err(|_| SealError::Malformed)?;
        let key = self.0.iter().find(|key| key.id == id);
        let SealingKey { key, .. } = key.ok_or_else(|| SealError::UnknownKey(id.to_owned()))?;
        let aad = aad(id, owner);
        let payload = Payload { msg: &sealed, aad: &aad };
        let does_not_open = || SealError::DoesNotOpen(id.to_owned());
        let opened = cipher(key).decrypt(&Nonce::from(nonce), payload).map_err(|_| does_not_open())?;
        String::from_utf8(opened).map_err(|_| does_not_open())
    }

    /// Whether this is an envelope, as opposed to what was kept before there were keys.
    pub fn is_envelope(text: &str) -> bool {
        text.starts_with(PREFIX)
    }
}

/// Shows the name, which is in every envelope, and not the key.
impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingKey").field("id", &self.id).finish_non_exhaustive()
    }
}

fn cipher(key: &[u8; 32]) -> Aes256Gcm {
    Aes256Gcm::new(key.into())
}

/// Whatever else an envelope says is sealed too: it cannot be moved to another owner, or said to be of another key.
fn aad(id: &str, owner: &str) -> Vec<u8> {
    format!("{PREFIX}{id}.{owner}").into_bytes()
}

/// The kind of envelope. No hash of a password begins like this.
const PREFIX: &str = "sealed1.";
const NONCE_BYTES: usize = 12;
const ID_BYTES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, byte: u8) -> SealingKey {
        SealingKey::parse(id, &BASE64.encode([byte; 32])).unwrap()
    }

    fn ring(keys: &[(&str, u8)]) -> Keyring {
        Keyring::new(keys.iter().map(|(id, byte)| key(id, *byte)).collect()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_owner_only() {
        let ring = ring(&[("a", 1)]);
        let envelope = ring.seal("room 1", "a hash").unwrap();
        assert!(Keyring::is_envelope(&envelope) && !envelope.contains("a hash"));
        assert_eq!(ring.open("room 1", &envelope).as_deref(), Ok("a hash"));
        assert_eq!(ring.open("room 2", &envelope), Err(SealError::DoesNotOpen("a".into())));
        assert_ne!(ring.seal("room 1", "a hash").unwrap(), envelope, "each has a nonce of its own");
    }

    #[test]
    fn keys_are_changed_with_both_in_the_ring() {
        let (old, both, new) = (ring(&[("a", 1)]), ring(&[("b", 2), ("a", 1)]), ring(&[("b", 2)]));
        let before = old.seal("room", "x").unwrap();
        assert_eq!(both.open("room", &before).as_deref(), Ok("x"));
        let after = both.seal("room", "x").unwrap();
        assert_eq!(new.open("room", &after).as_deref(), Ok("x"));
        assert_eq!(new.open("room", &before), Err(SealError::UnknownKey("a".into())));
        assert_eq!(ring(&[("a", 9)]).open("room", &before), Err(SealError::DoesNotOpen("a".into())));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let ring = ring(&[("a", 1), ("b", 2)]);
        let envelope = ring.seal("room", "secret").unwrap();
        for at in 0..envelope.len() {
            let mut changed = envelope.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(ring.open("room", &changed).is_err(), "{at}: {changed}");
        }
        for malformed in
            ["", "sealed1.", "sealed1.a.b", "sealed1.a.AAAA.AAAA", "sealed2.a.b.c", "$argon2id$v=19"]
        {
            assert_eq!(ring.open("room", malformed), Err(SealError::Malformed), "{malformed}");
        }
    }

    #[test]
    fn keys_that_make_no_ring_say_why_and_are_not_shown() {
        assert_eq!(Keyring::new(vec![]).unwrap_err(), KeyError::NoKey);
        let twice = Keyring::new(vec![key("a", 1), key("a", 2)]);
        assert_eq!(twice.unwrap_err(), KeyError::DuplicateId("a".into()));
        for id in ["", "a.b", "a b", &"a".repeat(33)] {
            assert_eq!(SealingKey::parse(id, "").unwrap_err(), KeyError::BadId(id.into()));
        }
        for wrong in ["", "AAAA", "not base64!", &BASE64.encode([7; 33])] {
            assert_eq!(SealingKey::parse("a", wrong).unwrap_err(), KeyError::BadKey("a".into()));
        }
        assert_eq!(format!("{:?}", key("a", 7)), r#"SealingKey { id: "a", .. }"#);
        let padded = format!("{}=", BASE64.encode([255; 32]).replace('_', "/"));
        assert!(SealingKey::parse("a", &padded).is_ok());
    }
}
