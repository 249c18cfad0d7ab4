//! A socket from its acceptance to its first request: it may have to become an encrypted one.

use std::net::SocketAddr;
use std::sync::Arc;

use signal_fish_hub::CertificateFingerprint;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tracing::debug;

use crate::caps::SocketSlot;
use crate::http;
use crate::listener::Endpoint;
use crate::tls::{self, Tls};

/// Who is at the other end of a socket.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) addr: SocketAddr,
    pub(crate) certificate: Option<Box<CertificateFingerprint>>,
}

impl Visitor {
    pub(crate) const fn at(addr: SocketAddr) -> Self {
        Self { addr, certificate: None }
    }
}

/// Serves a socket that was just accepted.
pub(crate) async fn receive<S>(endpoint: Arc<Endpoint>, slot: SocketSlot, peer: SocketAddr, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let visitor = Visitor::at(peer);
    match endpoint.tls.clone() {
        None => http::serve(endpoint, slot, visitor, stream).await,
        // On the heap, so that a plain connection has no room for it.
        Some(tls) => Box::pin(receive_encrypted(endpoint, slot, visitor, stream, tls)).await,
    }
}

async fn receive_encrypted<S>(
    endpoint: Arc<Endpoint>,
    slot: SocketSlot,
    visitor: Visitor,
    stream: S,
    tls: Tls,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let shaken = tokio::select! {
        biased;
        shaken = timeout(endpoint.config.tls_handshake_timeout, tls.accept(stream)) => shaken,
        () = endpoint.stopping() => return,
    };
    match shaken {
        Ok(Ok(stream)) => {
            let certificate = tls::client_certificate(&stream).map(Box::new);
            http::serve(endpoint, slot, Visitor { certificate, ..visitor }, stream).await;
        }
        // The peer has been told, in an alert.
        Ok(Err(error)) => debug!(peer = %visitor.addr, %error, "tls handshake failed"),
        Err(_) => debug!(peer = %visitor.addr, "tls handshake took too long"),
    }
}
