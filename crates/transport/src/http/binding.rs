//! Token binding, as far as an upgrade settles it: the subprotocol, the seed and the certificate.

use hyper::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL};
use signal_fish_auth::BindingSeed;
use signal_fish_hub::Bind;

use super::Answer;
use super::upgrade::{Refusal, offered};

/// How connections are bound, where that is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenBindingConfig {
    /// Whether every connection has to be.
    pub required: bool,
    /// Whether clients have to show a certificate, and to name it in every proof.
    pub wants_fingerprint: bool,
}

/// What a client wants, and what it gets: the subprotocol in `answer`, and what the connection is bound to. Nothing if it
/// wants nothing of the kind.
pub(super) fn settle(
    config: Option<TokenBindingConfig>,
    has_certificate: bool,
    headers: &HeaderMap,
    answer: &mut Answer,
) -> Result<Option<Bind>, Refusal> {
    let Some(TokenBindingConfig { required, wants_fingerprint }) = config else { return Ok(None) };
    if !offered(headers).any(|token| token == SUBPROTOCOL) {
        let is_of_kind =
            |token: &str| token.get(..FAMILY.len()).is_some_and(|start| start.eq_ignore_ascii_case(FAMILY));
        return if offered(headers).any(is_of_kind) {
            Err(Refusal::UnknownBinding)
        } else if required {
            Err(Refusal::Unbound)
        } else {
            Ok(None)
        };
    }
    let seed = headers.get(SEC_WEBSOCKET_KEY).and_then(|key| BindingSeed::parse(key.as_bytes()));
    let seed =
        seed.ok_or(Refusal::Malformed { advice: "send 16 random bytes in base64 as `Sec-WebSocket-Key`\n" })?;
    if wants_fingerprint && !has_certificate {
        return Err(Refusal::NoCertificate);
    }
    answer.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    Ok(Some(Bind { seed, wants_fingerprint }))
}

/// The one version there is.
const SUBPROTOCOL: &str = "signalfish.tokenbinding.v2";

/// What every version begins with.
const FAMILY: &str = "signalfish.tokenbinding.";
