//! The one HTTP request that a socket may make, and what it becomes.

mod answers;
mod binding;
mod origins;
mod readiness;
mod routes;
mod upgrade;

use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1::{self, Parts};
use hyper::service::Service;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use signal_fish_hub::CertificateFingerprint;
use signal_fish_protocol::{ControlEncoding, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};
use tracing::debug;
use uuid::Uuid;

use crate::arrival::Visitor;
use crate::caps::SocketSlot;
use crate::linger::{LINGER, Linger};
use crate::listener::Endpoint;
use crate::pages::{PageRequest, Pages};
use crate::ws;
use readiness::Unready;
use routes::{Route, allows};

pub use binding::TokenBindingConfig;
pub use origins::{Origin, Origins};
pub(crate) use upgrade::Admitted;

type Answer = Response<Full<Bytes>>;

/// Serves one accepted socket: a request and its answer, or the request that makes a WebSocket of it.
///
/// There is one request per connection: probes come seldom, and a connection that may idle between requests is one
/// more thing to limit. The header deadline covers the answer too, which fits into any send buffer.
pub(crate) async fn serve<S>(endpoint: Arc<Endpoint>, slot: SocketSlot, visitor: Visitor, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shared = Arc::clone(&endpoint);
    let deadline = endpoint.config().http_header_timeout;
    let peer = visitor.addr;
    let exchange = Exchange { endpoint, slot, visitor, admitted: OnceLock::new() };
    let mut connection = http1::Builder::new()
        .max_buf_size(HEADER_BYTES_MAX)
        .max_header_size(HEADER_BYTES_MAX)
        // A probe may end its side at once and still wants the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), exchange);
    let answered = tokio::select! {
        biased;
        answered = poll_fn(|cx| connection.poll_without_shutdown(cx)) => answered,
        () = sleep(deadline) => return debug!(%peer, "request took too long"),
        () = shared.stopping() => return,
    };
    match answered {
        Ok(()) => {}
        // It was not HTTP, or too much of it; hyper has said so, with 400 or 431.
        Err(error) if error.is_parse() => debug!(%peer, %error, "request not understood"),
        Err(error) => return debug!(%peer, %error, "request failed"),
    }
    let Parts { io, read_buf, service, .. } = connection.into_parts();
    let mut stream = io.into_inner();
    let Exchange { endpoint, slot, visitor, admitted } = service;
    match admitted.into_inner() {
        // A task of its own, so that the memory of this one, much larger, is freed.
        Some(admitted) => ws::start(&endpoint, slot, admitted, visitor, stream, read_buf),
        None => {
            let mut linger = Linger::default();
            // Too late is as good as ended: there is nothing more to say.
            let _ = timeout(LINGER, poll_fn(|cx| linger.poll(cx, &mut stream))).await;
        }
    }
}

/// One socket while it speaks HTTP.
struct Exchange {
    endpoint: Arc<Endpoint>,
    slot: SocketSlot,
    visitor: Visitor,
    /// Set once the socket may become a WebSocket.
    admitted: OnceLock<Admitted>,
}

/// What a request gets.
enum Reply {
    Now(Answer),
    /// What the pages say.
    ByPages(Arc<dyn Pages>),
}

impl Service<Request<Incoming>> for Exchange {
    type Response = Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let metrics = Arc::clone(&self.endpoint.metrics);
        let note = move |answer: Answer| {
            metrics.answered(answer.status().as_u16());
            Ok(answer)
        };
        match self.answer(&request) {
            Reply::Now(answer) => Box::pin(ready(note(answer))),
            Reply::ByPages(pages) => {
                let Visitor { addr, certificate } = &self.visitor;
                let client = self.endpoint.config().proxies.client(addr.ip(), request.headers());
                let certificate = certificate.as_deref().copied();
                Box::pin(async move { note(answer_page(pages, request, client, certificate).await) })
            }
        }
    }
}

impl Exchange {
    fn route(&self, path: &str) -> Option<Route> {
        let has_websockets = self.endpoint.config().has_websockets;
        Route::of(path).filter(|route| has_websockets || !matches!(route, Route::WebSocket(_)))
    }

    fn answer<B: Body>(&self, request: &Request<B>) -> Reply {
        let (config, rates) = (self.endpoint.config(), &self.endpoint.rates);
        let client = config.proxies.client(self.visitor.addr.ip(), request.headers());
        let route = self.route(request.uri().path());
        if let Some(Route::WebSocket(version)) = route
            && request.method() == Method::GET
        {
            return Reply::Now(self.upgrade(version, client, request));
        }
        let mut answer = match (rates.take_request(client), route) {
            (Err(exhausted), _) => answers::too_often(exhausted.seconds()),
            (Ok(()), Some(route)) => self.answer_plainly(route, request),
            (Ok(()), None) => return self.find_page(request),
        };
        config.origins.share(request.headers(), &mut answer);
        Reply::Now(answer)
    }

    fn find_page<B: Body>(&self, request: &Request<B>) -> Reply {
        let config = self.endpoint.config();
        let pages = config.pages.as_ref();
        match pages.and_then(|pages| Some((pages, pages.allowed(request.uri().path())?))) {
            None => Reply::Now(answers::not_found()),
            Some((_, allowed)) if !allows(allowed, request.method()) => {
                Reply::Now(answers::method_not_allowed(allowed))
            }
            // Nobody has said yet who they are, and no page wants one.
            Some(_) if !request.body().is_end_stream() => Reply::Now(answers::body_unwanted()),
            Some((pages, _)) => Reply::ByPages(Arc::clone(pages)),
        }
    }

    fn answer_plainly<B: Body>(&self, route: Route, request: &Request<B>) -> Answer {
        if !route.allows(request.method()) {
            let preflight = self.endpoint.config().origins.preflight(route, request);
            return preflight.unwrap_or_else(|| answers::method_not_allowed(route.allowed()));
        }
        let hub = &self.endpoint.hub;
        match route {
            // Without GET, which it does not allow.
            Route::WebSocket(_) => answers::method_not_allowed(route.allowed()),
            Route::Health => answers::health(self.endpoint.pulse.is_there()),
            Route::Readiness => answers::readiness(Unready::of(&self.endpoint)),
            Route::ClientConfig => answers::client_config(hub.config().outbox.message_bytes_max),
            Route::Banner => answers::banner(),
        }
    }

    fn upgrade<B: Body>(&self, version: ProtocolVersion, client: IpAddr, request: &Request<B>) -> Answer {
        let id = Uuid::new_v4();
        let admitted =
            upgrade::admit(&self.endpoint, &self.slot, client, request).and_then(|(slot, mut answer)| {
                let (config, headers) = (self.endpoint.config().token_binding, request.headers());
                let has_certificate = self.visitor.certificate.is_some();
                let bind = binding::settle(config, has_certificate, headers, &mut answer)?;
                // The answer can name one subprotocol, and protobuf is another.
                let encoding = match bind {
                    Some(_) => ControlEncoding::Json,
                    None => upgrade::settle_encoding(&self.endpoint, headers, &mut answer),
                };
                Ok((Admitted { version, encoding, id, client, slot, bind }, answer))
            });
        let (mut answer, outcome) = match admitted {
            Ok((admitted, answer)) => {
                self.admitted.get_or_init(|| admitted);
                (answer, "accepted")
            }
            Err(refusal) => {
                debug!(%id, peer = %self.visitor.addr, %client, ?refusal, "upgrade refused");
                (refusal.answer(self.endpoint.config().retry_after), refusal.outcome())
            }
        };
        self.endpoint.metrics.upgraded(outcome);
        upgrade::mark(&mut answer, id, outcome, self.endpoint.hub.config().outbox.message_bytes_max);
        answer
    }
}

async fn answer_page(
    pages: Arc<dyn Pages>,
    request: Request<Incoming>,
    client: IpAddr,
    certificate: Option<CertificateFingerprint>,
) -> Answer {
    let (head, _) = request.into_parts();
    let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let (method, headers) = (head.method, head.headers);
    let mut answer = pages.answer(PageRequest { method, path, query, headers, client, certificate }).await;
    answers::protect(&mut answer);
    answer
}

/// The longest request line with headers; a browser's upgrade takes about one kilobyte.
const HEADER_BYTES_MAX: usize = 16 * 1024;
