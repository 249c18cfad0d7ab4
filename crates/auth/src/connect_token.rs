//! Connect tokens: what a studio's own backend signs to say that somebody may come in, for how long, and as what.

use std::num::NonZeroUsize;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use crate::claims::{Claims, Payload};
use crate::jwt_keys::JwtKeys;
use crate::keys::{Algorithm, KeySet};
use crate::used::{NotUsable, Use, UsedTokens};

/// Which connect tokens are believed, and how often.
#[derive(Clone, Debug, Default)]
pub struct TokenRules {
    /// Who signs tokens of our own format, `sfct_v1`.
    pub keys: Option<KeySet>,
    /// Who signs JWTs.
    pub jwt: Option<JwtRules>,
    /// Whether everyone has to show one, unless its app says otherwise.
    pub required: bool,
    /// How many used tokens are remembered until they expire, if each is good only once. When there are more, new ones
    /// are refused.
    pub used_max: Option<NonZeroUsize>,
}

/// Which JWTs are believed.
#[derive(Clone, Debug)]
pub struct JwtRules {
    /// Who signs them.
    pub keys: JwtKeys,
    /// Whom they must be made for: this server, by the name that it has there.
    pub audience: Box<str>,
}

/// Why a token is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// This server takes none, or none of this kind.
    #[error("this server takes no such connect token")]
    NotTaken,
    /// It is too long, or not made of what a token is made of.
    #[error("the connect token is malformed")]
    Malformed,
    /// Nobody who is trusted has signed it.
    #[error("the signature of the connect token does not fit")]
    Signature,
    /// The keys that it would be checked with could not be fetched for too long.
    #[error("connect tokens of this kind cannot be checked now, try again later")]
    NoKeys,
    /// It is too late for it.
    #[error("the connect token has expired")]
    Expired,
    /// It is too early for it.
    #[error("the connect token is not valid yet")]
    TooEarly,
    /// It is valid for longer than a token may be.
    #[error("the connect token is valid for too long")]
    LivesTooLong,
    /// It is for others.
    #[error("the connect token is for another server")]
    OtherAudience,
    /// It is for another app.
    #[error("the connect token is for another app")]
    OtherApp,
    /// It was used before.
    #[error("the connect token was used before")]
    Used,
    /// So many came that one more could not be remembered.
    #[error("too many connect tokens are in use, try again later")]
    TooManyUsed,
}

/// A token that is believed.
pub(crate) struct Believed {
    pub(crate) claims: Claims,
    /// There if it is good only once.
    pub(crate) used: Option<Use>,
}

impl TokenRules {
    /// Checks `token`, shown for `app_id` at `now`, in seconds since 1970.
    pub(crate) fn verify(
        &self,
        used: &Arc<UsedTokens>,
        token: &str,
        app_id: &str,
        now: i64,
    ) -> Result<Believed, TokenRefusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefusal::Malformed);
        }
        let is_ours = token.starts_with(PREFIX);
        let (payload, expires) = match (&self.keys, &self.jwt) {
            (Some(keys), _) if is_ours => verify_ours(keys, token, now)?,
            (_, Some(jwt)) if !is_ours => jwt.verify(token, now)?,
            _ => return Err(TokenRefusal::NotTaken),
        };
        if !bool::from(payload.app_id.as_bytes().ct_eq(app_id.as_bytes())) {
            return Err(TokenRefusal::OtherApp);
        }
        let used = match self.used_max {
            Some(n_max) => {
                let nonce = if is_ours { &payload.nonce } else { &payload.jti };
                let nonce = nonce.as_deref().ok_or(TokenRefusal::Malformed)?;
                let taken = used.take((app_id, nonce), (now, expires), n_max);
                Some(taken.map_err(TokenRefusal::from)?)
            }
            None => None,
        };
        let claims = payload.claims();
        if claims.session_ends.is_some_and(|ends| ends <= now) {
            return Err(TokenRefusal::Expired);
        }
        Ok(Believed { claims, used })
    }
}

impl From<NotUsable> for TokenRefusal {
    fn from(why: NotUsable) -> Self {
        match why {
            NotUsable::Used => Self::Used,
            NotUsable::Full => Self::TooManyUsed,
        }
    }
}

/// What a token of our own says, and when it expires.
fn verify_ours(keys: &KeySet, token: &str, now: i64) -> Result<(Payload, i64), TokenRefusal> {
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
    let payload: Payload = json(signed.strip_prefix(PREFIX).ok_or(TokenRefusal::Malformed)?)?;
    let has_nonce = payload.nonce.as_ref().is_some_and(|nonce| (1..=NONCE_BYTES_MAX).contains(&nonce.len()));
    if !has_nonce {
        return Err(TokenRefusal::Malformed);
    }
    let signature = bytes(signature)?;
    if !keys.verify(payload.kid.as_deref(), Algorithm::Ed25519, signed.as_bytes(), &signature) {
        return Err(TokenRefusal::Signature);
    }
    let expires = payload.exp;
    if expires <= now {
        return Err(TokenRefusal::Expired);
    }
    if expires.saturating_sub(now) > LIFETIME_SECS_MAX {
        return Err(TokenRefusal::LivesTooLong);
    }
    Ok((payload, expires))
}

/// The head of a JWT. What it says of algorithms that are not ours is not understood, so it is refused.
#[derive(Deserialize)]
struct JwtHeader {
    alg: Algorithm,
    kid: Option<String>,
    /// Extensions that have to be understood. None is.
    crit: Option<serde::de::IgnoredAny>,
}

impl JwtRules {
    /// What a JWT says, and when it expires.
    fn verify(&self, token: &str, now: i64) -> Result<(Payload, i64), TokenRefusal> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenRefusal::Malformed)?;
        let header: JwtHeader = json(header)?;
        if header.crit.is_some() {
            return Err(TokenRefusal::Malformed);
        }
        let payload: Payload = json(payload)?;
        let signature = bytes(signature)?;
        self.check_signature(&header, signed.as_bytes(), &signature)?;
        let expires = payload.exp.saturating_add(CLOCK_SKEW_SECS);
        if expires <= now {
            return Err(TokenRefusal::Expired);
        }
        if payload.nbf.is_some_and(|nbf| nbf.saturating_sub(CLOCK_SKEW_SECS) > now) {
            return Err(TokenRefusal::TooEarly);
        }
        if !payload.aud.as_ref().is_some_and(|audience| audience.contains(&self.audience)) {
            return Err(TokenRefusal::OtherAudience);
        }
        Ok((payload, expires))
    }

    fn check_signature(
        &self,
        header: &JwtHeader,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenRefusal> {
        let id = header.kid.as_deref();
        let fits = |keys: &KeySet| keys.verify(id, header.alg, message, signature);
        let fits = match &self.keys {
            JwtKeys::Fixed(keys) => fits(keys),
            JwtKeys::Fetched(fetched) => {
                let keys = fetched.load().ok_or(TokenRefusal::NoKeys)?;
                if id.is_some_and(|id| !keys.has(id)) {
                    fetched.report_unknown();
                }
                fits(&keys)
            }
        };
        if fits { Ok(()) } else { Err(TokenRefusal::Signature) }
    }
}

fn json<T: for<'de> Deserialize<'de>>(base64url: &str) -> Result<T, TokenRefusal> {
    let bytes = bytes(base64url)?;
    // Where a member is passed over, serde_json would not look whether it is UTF-8.
    let text = str::from_utf8(&bytes).map_err(|_| TokenRefusal::Malformed)?;
    serde_json::from_str(text).map_err(|_| TokenRefusal::Malformed)
}

fn bytes(base64url: &str) -> Result<Vec<u8>, TokenRefusal> {
    URL_SAFE_NO_PAD.decode(base64url).map_err(|_| TokenRefusal::Malformed)
}

/// How a token of our own begins.
const PREFIX: &str = "sfct_v1.";

/// As long as a client may send one.
const TOKEN_BYTES_MAX: usize = 2_048;

const NONCE_BYTES_MAX: usize = 128;

/// Five minutes, and one for clocks that differ.
const LIFETIME_SECS_MAX: i64 = 300 + 60;

/// How much the clock of those who make JWTs may differ from ours.
const CLOCK_SKEW_SECS: i64 = 30;

#[cfg(test)]
mod tests;
