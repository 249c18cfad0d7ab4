//! Pages: what a listener answers beside its own routes.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Method, Response};
use signal_fish_hub::CertificateFingerprint;

/// What a listener answers beside its own routes, which come first. Requests are counted before they get here, and the
/// deadline of every request holds for the answer.
pub trait Pages: fmt::Debug + Send + Sync {
    /// The methods that a path answers to, as the `Allow` header spells them; nothing if there is no such page.
    fn allowed(&self, path: &str) -> Option<&'static str>;

    /// The answer to a request with a method that is allowed. Headers that keep browsers from running or showing what is
    /// not meant for them are added, except a `Content-Security-Policy` where the answer has its own.
    fn answer(&self, request: PageRequest) -> PageFuture;
}

/// An answer on its way.
pub type PageFuture = Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>;

/// A request for a page. It has no body: one that has is refused with 413 before anything of it is read.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// One of those that the page allows.
    pub method: Method,
    /// As it was sent: nothing in it is decoded.
    pub path: String,
    /// What came after the question mark, empty if there was none.
    pub query: String,
    /// All of its headers.
    pub headers: HeaderMap,
    /// Where it comes from, before all proxies.
    pub client: IpAddr,
    /// The certificate that the client has proven to own, if it was asked for one and had one.
    pub certificate: Option<CertificateFingerprint>,
}
