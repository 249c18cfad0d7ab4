//! Passwords for TURN servers, which share a secret with this server and need not ask it.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use signal_fish_protocol::PlayerId;

/// The secret that this server shares with TURN servers. It is never shown.
#[derive(Clone)]
pub struct TurnSecret(Hmac<Sha1>);

/// What one player shows to a TURN server, for a while.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnCredential {
    /// When it expires, in seconds since 1970, and the player.
    pub username: String,
    /// The proof that this server has said so.
    pub password: String,
}

impl TurnSecret {
    /// The secret as the TURN server knows it, `static-auth-secret` for coturn.
    pub fn new(secret: &str) -> Self {
        Self(Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length"))
    }

    /// What `player` may use a TURN server with until `expires_at`, which is a time since 1970.
    ///
    /// SHA-1 is what the servers expect; as a keyed hash it is still sound.
    pub fn credential(&self, player: PlayerId, expires_at: Duration) -> TurnCredential {
        let username = format!("{}:{player}", expires_at.as_secs());
        let proof = self.0.clone().chain_update(&username).finalize().into_bytes();
        TurnCredential { username, password: STANDARD.encode(proof) }
    }
}

impl fmt::Debug for TurnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnSecret(..)")
    }
}

impl fmt::Debug for TurnCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnCredential").field("username", &self.username).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use signal_fish_protocol::Uuid;

    use super::*;

    /// The expected value is that of `printf '%s' USERNAME | openssl dgst -sha1 -hmac SECRET -binary | base64`.
    #[test]
    fn a_turn_server_with_the_same_secret_comes_to_the_same_password() {
        let player = PlayerId::new(Uuid::from_u128(1));
        let secret = TurnSecret::new("north wind");
        let credential = secret.credential(player, Duration::from_millis(1_700_000_000_999));
        assert_eq!(credential.username, "1700000000:00000000-0000-0000-0000-000000000001");
        assert_eq!(credential.password, "Q/3oOOjuiIC+EZkOyuQn2tVJqfA=");
        assert!(!format!("{secret:?} {credential:?}").contains(&credential.password));
    }
}
