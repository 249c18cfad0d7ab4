//! Token binding: every frame of a connection proves that it comes from whoever has made its upgrade.

mod canonical;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a client has sent with its upgrade that the key is made of. It is never shown.
#[derive(Clone)]
pub struct BindingSeed(Zeroizing<[u8; 16]>);

impl BindingSeed {
    /// Reads a `Sec-WebSocket-Key`.
    pub fn parse(base64: &[u8]) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(base64).ok()?);
        bytes.as_slice().try_into().ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }
}

impl fmt::Debug for BindingSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BindingSeed(..)")
    }
}

/// What a client is asked: fresh random bytes, of which and of its seed both sides make the key.
pub type BindingNonce = [u8; 32];

/// What the proofs of one connection are checked against.
pub struct Binding {
    mac: Hmac<Sha256>,
    next_sequence: u64,
    /// SHA-256 of the client's certificate in lower-case hex, if the connection has one.
    fingerprint: Option<Arc<str>>,
    wants_fingerprint: bool,
}

/// Why a frame is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BindingRefusal {
    /// It cannot be read, or in more than one way. Nobody has to be up to anything, so it may be sent anew.
    #[error("the message is not JSON that can be proved: each member once, numbers whole")]
    Unreadable,
    /// It is JSON that cannot have a proof.
    #[error("a message is an object")]
    NotAnObject,
    /// There is no proof, or not one of this kind.
    #[error("the message has no proof of token binding, or one of another kind")]
    NoProof,
    /// It is not the next one.
    #[error("the message is not the next one by its proof of token binding")]
    Sequence,
    /// It is from another client than the certificate says.
    #[error("the proof of token binding names another certificate")]
    Fingerprint,
    /// The proof is of something else.
    #[error("the proof of token binding does not fit the message")]
    Signature,
}

/// A proof as it comes.
#[derive(Deserialize)]
struct Proof<'a> {
    version: u64,
    #[serde(borrow)]
    scheme: Cow<'a, str>,
    sequence: u64,
    #[serde(borrow)]
    signature: Cow<'a, str>,
    fingerprint: Option<String>,
}

#[derive(Deserialize)]
struct BoundText<'a> {
    #[serde(borrow)]
    token_binding: Proof<'a>,
}

#[derive(Deserialize)]
struct BoundBinary<'a> {
    #[serde(borrow)]
    token_binding: Proof<'a>,
    payload: &'a [u8],
}

impl Binding {
    /// The binding of a connection. If it `wants_fingerprint`, each proof has to name the certificate of the client.
    pub fn new(
        seed: &BindingSeed,
        nonce: &BindingNonce,
        fingerprint: Option<Arc<str>>,
        wants_fingerprint: bool,
    ) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        let hkdf = Hkdf::<Sha256>::new(Some(nonce), &*seed.0);
        hkdf.expand(KEY_INFO, &mut *key).expect("the key is not too long for HKDF");
        let mac = Hmac::new_from_slice(&*key).expect("HMAC takes a key of any length");
        Self { mac, next_sequence: FIRST_SEQUENCE, fingerprint, wants_fingerprint }
    }

    /// The first message of the server, before everything else.
    pub fn challenge(nonce: &BindingNonce) -> String {
        let nonce = STANDARD.encode(nonce);
        format!(
            r#"{{"type":"TokenBindingChallenge","data":{{"version":{VERSION},"scheme":"{SCHEME}","nonce":"{nonce}","first_sequence":{FIRST_SEQUENCE}}}}}"#
        )
    }

    /// SHA-256 of the client's certificate in lower-case hex, if the connection has one.
    pub fn fingerprint(&self) -> Option<&str> {
        self.fingerprint.as_deref()
    }

    /// Believes a text message. The proof in it does no harm to those who read on.
    pub fn check_text(&mut self, text: &str) -> Result<(), BindingRefusal> {
        let proved = canonical::of(text, MEMBER).map_err(|_| BindingRefusal::Unreadable)?;
        let proved = proved.ok_or(BindingRefusal::NotAnObject)?;
        let BoundText { token_binding } = serde_json::from_str(text).map_err(|_| BindingRefusal::NoProof)?;
        self.check(&token_binding, JSON_DOMAIN, &proved)
    }

    /// Believes a binary message; what is in it beside the proof.
    pub fn open_binary<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], BindingRefusal> {
        let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
        reader.set_max_depth(DEPTH_MAX);
        let BoundBinary { token_binding, payload } =
            BoundBinary::deserialize(&mut reader).map_err(|_| BindingRefusal::NoProof)?;
        self.check(&token_binding, BINARY_DOMAIN, payload)?;
        Ok(payload)
    }

    fn check(&mut self, proof: &Proof<'_>, domain: &[u8], proved: &[u8]) -> Result<(), BindingRefusal> {
        if proof.version != VERSION || proof.scheme != SCHEME {
            return Err(BindingRefusal::NoProof);
        }
        if proof.sequence != self.next_sequence || proof.sequence > SEQUENCE_MAX {
            return Err(BindingRefusal::Sequence);
        }
        let named = proof.fingerprint.as_deref();
        let is_other = self.fingerprint.is_some() && named.is_some() && named != self.fingerprint.as_deref();
        if is_other || (self.wants_fingerprint && (named.is_none() || self.fingerprint.is_none())) {
            return Err(BindingRefusal::Fingerprint);
        }
        let signature = STANDARD.decode(proof.signature.as_bytes()).map_err(|_| BindingRefusal::Signature)?;
        let mac = self.mac.clone().chain_update(domain).chain_update(proof.sequence.to_be_bytes());
        let mac = mac.chain_update(proved).chain_update(named.unwrap_or_default());
        mac.verify_slice(&signature).map_err(|_| BindingRefusal::Signature)?;
        self.next_sequence += 1;
        Ok(())
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding").field("next_sequence", &self.next_sequence).finish_non_exhaustive()
    }
}

const VERSION: u64 = 2;
const SCHEME: &str = "server_nonce_hkdf_sha256";
const MEMBER: &str = "token_binding";
const KEY_INFO: &[u8] = b"signalfish.tokenbinding.v2/session-key";
const JSON_DOMAIN: &[u8] = b"signalfish.tokenbinding.v2\0json\0";
const BINARY_DOMAIN: &[u8] = b"signalfish.tokenbinding.v2\0binary\0";
const FIRST_SEQUENCE: u64 = 1;

/// The last whole number that every reader of JSON knows exactly. No connection lives to see it.
const SEQUENCE_MAX: u64 = (1 << 53) - 1;

/// How deep a binary envelope may nest in members that are not ours.
const DEPTH_MAX: usize = 128;

#[cfg(test)]
mod tests;
