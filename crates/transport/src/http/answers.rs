//! The answers that are no WebSocket.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::response::Builder;
use hyper::{Response, StatusCode};

use super::Answer;
use super::readiness::Unready;

/// No path of ours. A mistyped probe must not look healthy, so this is no banner.
pub(super) fn not_found() -> Answer {
    text(head(StatusCode::NOT_FOUND), "there is nothing here: / says what there is\n")
}

pub(super) fn method_not_allowed(allowed: &'static str) -> Answer {
    let head = head(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, allowed);
    text(head, "this path does not answer that method: Allow says which it does\n")
}

pub(super) fn health(is_alive: bool) -> Answer {
    if is_alive {
        text(head(StatusCode::OK), "OK")
    } else {
        text(head(StatusCode::SERVICE_UNAVAILABLE), "the event loop does not get its turn\n")
    }
}

pub(super) fn readiness(unready: Option<Unready>) -> Answer {
    let with = |status| head(status).header(CACHE_CONTROL, "no-store");
    match unready {
        None => empty(with(StatusCode::OK)),
        Some(unready) => text(with(StatusCode::SERVICE_UNAVAILABLE), unready.reason()),
    }
}

pub(super) fn client_config(outbound_bytes_max: usize) -> Answer {
    let json = format!(r#"{{"max_outbound_message_size":{outbound_bytes_max}}}"#);
    let head = head(StatusCode::OK).header(CACHE_CONTROL, "no-store");
    finish(head.header(CONTENT_TYPE, "application/json"), json)
}

pub(super) fn banner() -> Answer {
    text(head(StatusCode::OK), BANNER)
}

/// This address has asked too often; it may again after `seconds`.
pub(super) fn too_often(seconds: u64) -> Answer {
    let head = head(StatusCode::TOO_MANY_REQUESTS).header(RETRY_AFTER, seconds);
    text(head, "too many requests from your address: ask again after Retry-After seconds\n")
}

/// The head of an answer after which the connection ends. None of ours is more than text, and browsers are told so:
/// whatever gets into one is neither run nor shown within another page.
pub(super) fn head(status: StatusCode) -> Builder {
    Response::builder()
        .status(status)
        .header(CONNECTION, "close")
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(CONTENT_SECURITY_POLICY, NOTHING_RUNS)
        .header(REFERRER_POLICY, "no-referrer")
}

/// The same for the answer of a page, which may say itself what browsers may run of it.
pub(super) fn protect(answer: &mut Answer) {
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NOTHING_RUNS));
}

/// A page was sent something, which none reads.
pub(super) fn body_unwanted() -> Answer {
    text(head(StatusCode::PAYLOAD_TOO_LARGE), "send the request without a body\n")
}

/// An answer without a body.
pub(super) fn empty(head: Builder) -> Answer {
    finish(head, Bytes::new())
}

/// An answer that people read.
pub(super) fn text(head: Builder, body: &'static str) -> Answer {
    finish(head.header(CONTENT_TYPE, "text/plain; charset=utf-8"), body)
}

fn finish(head: Builder, body: impl Into<Bytes>) -> Answer {
    head.body(Full::new(body.into())).expect("every header above is a constant")
}

const NOTHING_RUNS: &str = "default-src 'none'; frame-ancestors 'none'";

const BANNER: &str = "\
Signal Fish: rooms, lobby and relay for multiplayer games.

/v2/ws             WebSocket, protocol 2 unless the client asks for 3
/v3/ws             WebSocket, protocol 3
/health            200 while the server runs
/readyz            200 while it takes new connections, 503 while it drains
/v3/client-config  limits that a client may want to know, as JSON
";
