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
    if config.reconnection.is_none() || !is_shown {
        return None;
    }
    let text = draw.token().to_string();
    let hash = hash(&text);
    Some(IssuedToken { text, hash })
}

/// How a room knows a token again. Nothing slower is needed: a token is random, not chosen.
pub(crate) fn hash(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token).into())
}
