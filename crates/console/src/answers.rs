//! The answers to those who ask for a page: JSON, and what is wrong with a request and how to change it.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use serde::Serialize;

/// What a page answers.
pub(crate) type Answer = Response<Full<Bytes>>;

/// What is wrong with a request, as problem details (RFC 9457).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Problem {
    /// The status code again, for those who read the body alone.
    pub(crate) status: u16,
    /// What is wrong.
    pub(crate) title: &'static str,
    /// What to change.
    pub(crate) detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status: status.as_u16(), title, detail: detail.into() }
    }

    pub(crate) fn answer(&self) -> Answer {
        let status = StatusCode::from_u16(self.status).expect("it was made of one");
        let mut answer = body(status, "application/problem+json", serialized(self));
        if status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        answer
    }
}

/// Something as JSON, true for this moment alone.
pub(crate) fn json(value: &impl Serialize) -> Answer {
    body(StatusCode::OK, "application/json", serialized(value))
}

/// `bytes` of that content type, true for this moment alone.
pub(crate) fn body(status: StatusCode, kind: &'static str, bytes: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(bytes.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn serialized(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("nothing that is answered has keys that are no text")
}
