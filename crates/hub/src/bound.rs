//! Connections with token binding: each message has to prove that it comes from whoever made the connection.

use std::time::Instant;

use signal_fish_auth::{Binding, BindingNonce, BindingRefusal, BindingSeed};
use signal_fish_protocol::ErrorCode;

use crate::frame::{Frame, FrameKind};
use crate::session::Session;

/// What a connection is bound to.
#[derive(Clone, Debug)]
pub struct Bind {
    /// What the client has sent with its upgrade.
    pub seed: BindingSeed,
    /// Whether each proof has to name the certificate that the client has shown.
    pub wants_fingerprint: bool,
}

/// The system has no random bytes for a challenge.
#[derive(Debug, thiserror::Error)]
#[error("the system has no random bytes: {0}")]
pub struct NotBound(#[from] getrandom::Error);

/// Wants a proof with every message from now on, and challenges the client for it.
pub(crate) fn bind(session: &mut Session, now: Instant, bind: Bind) -> Result<(), NotBound> {
    let mut nonce = BindingNonce::default();
    getrandom::fill(&mut nonce)?;
    let Bind { seed, wants_fingerprint } = bind;
    let certificate = session.caller.certificate.as_ref();
    let fingerprint = certificate.map(|certificate| certificate.to_string().into());
    session.binding = Some(Box::new(Binding::new(&seed, &nonce, fingerprint, wants_fingerprint)));
    let challenge = Frame::new(FrameKind::Text, Binding::challenge(&nonce).into_bytes());
    session.link.outbox.push(now, challenge);
    Ok(())
}

/// Whether a text message may be heard; if not, the client is told why.
pub(crate) fn admits_text(session: &mut Session, now: Instant, text: &str) -> bool {
    let checked = session.binding.as_mut().map_or(Ok(()), |binding| binding.check_text(text));
    checked.map_err(|refusal| refuse(session, now, refusal)).is_ok()
}

/// What may be heard of a binary message, if anything; else the client is told why.
pub(crate) fn open<'a>(session: &mut Session, now: Instant, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let opened = session.binding.as_mut().map_or(Ok(bytes), |binding| binding.open_binary(bytes));
    opened.map_err(|refusal| refuse(session, now, refusal)).ok()
}

fn refuse(session: &mut Session, now: Instant, refusal: BindingRefusal) {
    let (code, may_go_on) = match refusal {
        BindingRefusal::Unreadable => (ErrorCode::InvalidInput, true),
        BindingRefusal::NotAnObject => (ErrorCode::InvalidInput, false),
        BindingRefusal::NoProof
        | BindingRefusal::Sequence
        | BindingRefusal::Fingerprint
        | BindingRefusal::Signature => (ErrorCode::Unauthorized, false),
    };
    session.refuse(now, code, refusal.to_string());
    if !may_go_on {
        session.turn_away();
    }
}
