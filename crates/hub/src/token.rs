//! Reconnection tokens: who gets one, and what rooms know of it.

use sha2::{Digest as _, Sha256};
use signal_fish_engine::{IssuedToken, TokenHash};
use signal_fish_protocol::ProtocolVersion;

use crate::link::Link;
use crate::random::Draw;
use crate::session::Session;

/// A new token for a session that is `link`, if it may come back and can be told.
pub(crate) fn issue(session: &Session, link: &Link, draw: &Draw) -> Option<IssuedToken> {
    let config = &session.shared.config;
    let is_shown = link.wire.version >= ProtocolVersion::V3 || link.capabilities.reconnection_token;
    (config.reconnection.is_some() && is_shown).then(|| new(session, draw))
}

/// A new token, for a player who has shown this session the last one.
pub(crate) fn new(session: &Session, draw: &Draw) -> IssuedToken {
    session.shared.metrics.figures.tokens_issued.increment(1);
    let text = draw.token().to_string();
    let hash = hash(session, &text);
    IssuedToken { text, hash }
}

/// How a room knows a token again that this session was given or shows. Nothing slower is needed: a token is random,
/// not chosen.
///
/// To connections without token binding, to those with it, and to those of another certificate, the same token is
/// another one: who has only seen it cannot use it.
pub(crate) fn hash(session: &Session, token: &str) -> TokenHash {
    let mut hash = Sha256::new();
    match &session.binding {
        None => hash.update([PLAIN]),
        Some(binding) => {
            let fingerprint = binding.fingerprint().unwrap_or_default();
            hash.update([BOUND]);
            // What is presented as a token may be any text: it comes last, and nothing before it can be part of it.
            hash.update((fingerprint.len() as u64).to_be_bytes());
            hash.update(fingerprint);
        }
    }
    TokenHash(hash.chain_update(token).finalize().into())
}

/// What a hash begins with: of which kind of connection the token is.
const PLAIN: u8 = 0;
const BOUND: u8 = 1;
