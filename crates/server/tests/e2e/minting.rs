//! What a studio's backend does: it signs tokens for its players.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use p256::ecdsa;
use serde_json::{Value, json};

/// Somebody who signs tokens, each with a key of its own.
pub(crate) struct Minter(SigningKey);

impl Minter {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }

    /// The public key as settings have it.
    pub(crate) fn public_key(&self) -> String {
        STANDARD.encode(self.0.verifying_key())
    }

    /// The public key in a JWKS.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": URL_SAFE_NO_PAD.encode(self.0.verifying_key())})
    }

    /// A token for [`APP`] that is good for a minute, and different from all others, with some members replaced.
    pub(crate) fn token(&self, changes: &Value) -> String {
        let nonce = uuid::Uuid::new_v4().to_string();
        let payload = with(json!({"app_id": APP, "exp": now() + 60, "nonce": nonce}), changes);
        let signed = format!("sfct_v1.{}", URL_SAFE_NO_PAD.encode(payload.to_string()));
        let signature = self.0.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The same as a JWT for [`AUDIENCE`], signed with EdDSA.
    pub(crate) fn jwt(&self, changes: &Value) -> String {
        jwt("EdDSA", changes, |message| self.0.sign(message).to_bytes().to_vec())
    }

    /// The same, that names its key.
    pub(crate) fn jwt_of(&self, kid: &str, changes: &Value) -> String {
        let header = json!({"alg": "EdDSA", "kid": kid});
        signed(&header, changes, |message| self.0.sign(message).to_bytes().to_vec())
    }
}

/// A key of the other kind, for JWTs alone.
pub(crate) struct P256Minter(ecdsa::SigningKey);

impl P256Minter {
    pub(crate) fn new(seed: u8) -> Self {
        Self(ecdsa::SigningKey::from_slice(&[seed; 32]).expect("a number within the order of the curve"))
    }

    pub(crate) fn jwk(&self, kid: &str) -> Value {
        let point = self.0.verifying_key().to_sec1_point(false);
        let [x, y] =
            [point.x(), point.y()].map(|part| URL_SAFE_NO_PAD.encode(part.expect("it is not compressed")));
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": y})
    }

    pub(crate) fn jwt(&self, changes: &Value) -> String {
        jwt("ES256", changes, |message| {
            let signature: ecdsa::Signature = self.0.sign(message);
            signature.to_bytes().to_vec()
        })
    }
}

/// A JWT whose header says `alg`, signed by `sign`.
pub(crate) fn jwt(alg: &str, changes: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    signed(&json!({"alg": alg, "typ": "JWT"}), changes, sign)
}

fn signed(header: &Value, changes: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let jti = uuid::Uuid::new_v4().to_string();
    let payload = json!({"app_id": APP, "aud": AUDIENCE, "exp": now() + 3_600, "nbf": now(), "jti": jti});
    let [header, payload] =
        [header.clone(), with(payload, changes)].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{payload}");
    let signature = sign(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A file of this content that is this test's alone, replaced as a whole.
pub(crate) fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let new = path.with_extension("new");
    std::fs::write(&new, content)
        .and_then(|()| std::fs::rename(&new, &path))
        .expect("the directory is for tests");
    path
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    i64::try_from(now.as_secs()).expect("it is not that late")
}

fn with(mut payload: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("members to replace") {
        payload[name] = value.clone();
    }
    payload
}

pub(crate) const APP: &str = "tanks";
pub(crate) const AUDIENCE: &str = "signal-fish";
