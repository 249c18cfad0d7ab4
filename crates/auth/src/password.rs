//! Passwords of rooms: never shown, wiped after use, kept only as a slow hash.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

/// A password as somebody wrote it. It cannot be printed, and its memory is overwritten when it is dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes the text over, without a copy that would stay behind.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// How long it is, in bytes.
    pub fn n_bytes(&self) -> usize {
        self.0.len()
    }

    /// What may be kept of it: a PHC string, which says itself how it was made. It takes [`MEMORY_KIB`] and some
    /// tens of milliseconds of one core. `salt` must be random, and new each time.
    ///
    /// # Panics
    ///
    /// Never: the costs are constants within what Argon2 takes, and so is every length of a password in memory.
    pub fn hash(&self, salt: &[u8; SALT_BYTES]) -> String {
        let hash: PasswordHash = argon2()
            .hash_password_with_salt(self.0.as_bytes(), salt)
            .expect("neither the salt nor the costs are out of bounds");
        hash.to_string()
    }

    /// Whether `hash` was made of the same password. As slow as [`Password::hash`], right or wrong. A text that is
    /// no hash fits no password.
    pub fn fits(&self, hash: &str) -> bool {
        PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(self.0.as_bytes(), &hash).is_ok())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("constants within the bounds of Argon2");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// How long a salt is, in bytes.
pub const SALT_BYTES: usize = 16;

/// What hashing one password takes in memory, in KiB: the least that OWASP recommends for Argon2id, together with
/// [`PASSES`] and [`LANES`]. A room's password is shared, short-lived and checked by a server that relays games
/// beside it, so that more would cost the games more than it costs whoever guesses: those who guess through the
/// server are throttled long before.
pub const MEMORY_KIB: u32 = 19 * 1024;

const PASSES: u32 = 2;

/// One core: the others have games to relay.
const LANES: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[test]
    fn only_the_same_password_fits() {
        let hash = password("sesame").hash(&[7; SALT_BYTES]);
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(password("sesame").fits(&hash));
        for wrong in ["Sesame", "sesame ", "", "sesam"] {
            assert!(!password(wrong).fits(&hash), "{wrong:?}");
        }
        assert_ne!(hash, password("sesame").hash(&[8; SALT_BYTES]), "the salt counts");
        for no_hash in ["", "sesame", "$argon2id$", "$argon2id$v=19$m=1,t=1,p=1$c2FsdA$"] {
            assert!(!password("sesame").fits(no_hash), "{no_hash:?}");
        }
    }

    #[test]
    fn it_cannot_be_printed() {
        assert_eq!(format!("{:?}", password("sesame")), "Password(..)");
    }
}
