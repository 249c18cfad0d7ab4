//! Reconnection tokens: who gets one, and what rooms know of it.

use sha2::{Digest as _, Sha256};
use signal_fish_engine::{IssuedToken, TokenHash};
use signal_fish_protocol::ProtocolVersion;

use crate::config::HubConfig;
use crate::link::Link;
use crate::random::Draw;

/// A new token for this connection, if it may come back and can be told.
pub(crate) fn issue(config: &HubConfig, link: &Link, draw: &Draw) -> Option<IssuedToken> {
    let is_shown = link.wire.version >= ProtocolVersion::V3 || link.capabilities.reconnection_token;
    (config.reconnection.is_some() && is_shown).then(|| new(draw))
}

/// A new token, for a player who has shown the last one.
pub(crate) fn new(draw: &Draw) -> IssuedToken {
    let text = draw.token().to_string();
    let hash = hash(&text);
    IssuedToken { text, hash }
}

/// How a room knows a token again. Nothing slower is needed: a token is random, not chosen.
pub(crate) fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token).into())
}
