//! The answers that are no WebSocket.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use hyper::http::response::Builder;
use hyper::{Response, StatusCode};

use super::Answer;
use super::routes::Route;

/// No path of ours. A mistyped probe must not look healthy, so this is no banner.
pub(super) fn not_found() -> Answer {
    text(head(StatusCode::NOT_FOUND), "there is nothing here: / says what there is\n")
}

pub(super) fn method_not_allowed(route: Route) -> Answer {
    let head = head(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, route.allowed());
    text(head, "this path does not answer that method: Allow says which it does\n")
}

pub(super) fn health() -> Answer {
    text(head(StatusCode::OK), "OK")
}

pub(super) fn readiness(is_draining: bool) -> Answer {
    let status = if is_draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    finish(head(status).header(CACHE_CONTROL, "no-store"), Bytes::new())
}

pub(super) fn client_config(outbound_bytes_max: usize) -> Answer {
    let json = format!(r#"{{"max_outbound_message_size":{outbound_bytes_max}}}"#);
    let head = head(StatusCode::OK).header(CACHE_CONTROL, "no-store");
    finish(head.header(CONTENT_TYPE, "application/json"), json)
}

pub(super) fn banner() -> Answer {
    text(head(StatusCode::OK), BANNER)
}

/// The head of an answer after which the connection ends.
pub(super) fn head(status: StatusCode) -> Builder {
    Response::builder().status(status).header(CONNECTION, "close")
}

/// An answer that people read.
pub(super) fn text(head: Builder, body: &'static str) -> Answer {
    finish(head.header(CONTENT_TYPE, "text/plain; charset=utf-8"), body)
}

fn finish(head: Builder, body: impl Into<Bytes>) -> Answer {
    head.body(Full::new(body.into())).expect("every header above is a constant")
}

const BANNER: &str = "\
Signal Fish: rooms, lobby and relay for multiplayer games.

/v2/ws             WebSocket, protocol 2 unless the client asks for 3
/v3/ws             WebSocket, protocol 3
/health            200 while the server runs
/readyz            200 while it takes new connections, 503 while it drains
/v3/client-config  limits that a client may want to know, as JSON
";
