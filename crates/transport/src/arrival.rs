//! A socket from its acceptance to its first request: a proxy may announce it, and it may have to be encrypted.

use std::net::SocketAddr;
use std::sync::Arc;

use signal_fish_hub::CertificateFingerprint;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tracing::debug;

use crate::caps::SocketSlot;
use crate::http;
use crate::listener::Endpoint;
use crate::metrics::Handshake;
use crate::proxies::announcement;
use crate::tls::{self, Tls};

/// Who is at the other end of a socket.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) addr: SocketAddr,
    pub(crate) certificate: Option<Box<CertificateFingerprint>>,
}

/// Serves a socket that was just accepted.
pub(crate) async fn receive<S>(endpoint: Arc<Endpoint>, slot: SocketSlot, peer: SocketAddr, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // What is seldom is on the heap, so that other connections have no room for it.
    if endpoint.config().proxies.announce_from(peer.ip()) {
        Box::pin(receive_announced(endpoint, slot, peer, stream)).await;
    } else {
        receive_from(endpoint, slot, peer, stream).await;
    }
}

async fn receive_announced<S>(endpoint: Arc<Endpoint>, mut slot: SocketSlot, proxy: SocketAddr, mut stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let deadline = endpoint.config().http_header_timeout;
    let announced = tokio::select! {
        biased;
        announced = timeout(deadline, announcement::read(&mut stream)) => announced,
        () = endpoint.stopping() => return,
    };
    let addr = match announced {
        Ok(Ok(addr)) => addr.unwrap_or(proxy),
        Ok(Err(error)) => return debug!(%proxy, %error, "a proxy was not understood"),
        Err(_) => return debug!(%proxy, "a proxy said nothing for too long"),
    };
    if let Some(ip) = endpoint.counted(addr.ip())
        && let Err(hit) = slot.attribute(ip)
    {
        endpoint.metrics.figures.sockets_refused.row(hit as usize).increment(1);
        return debug!(peer = %addr, ?hit, "too many sockets, closing one unread");
    }
    receive_from(endpoint, slot, addr, stream).await;
}

async fn receive_from<S>(endpoint: Arc<Endpoint>, slot: SocketSlot, addr: SocketAddr, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let visitor = Visitor { addr, certificate: None };
    match endpoint.tls.clone() {
        None => http::serve(endpoint, slot, visitor, stream).await,
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
    let peer = visitor.addr;
    if let Some(ip) = endpoint.counted(peer.ip())
        && let Err(exhausted) = endpoint.rates.take_tls_handshake(ip)
    {
        endpoint.metrics.shook_hands(Handshake::TooOften);
        // Saying so in words would take the handshake.
        return debug!(%peer, %exhausted, "too many tls handshakes, closing one unread");
    }
    let deadline = endpoint.config().tls_handshake_timeout;
    let shaken = tokio::select! {
        biased;
        shaken = timeout(deadline, tls.accept(stream)) => shaken,
        () = endpoint.stopping() => return,
    };
    endpoint.metrics.shook_hands(match &shaken {
        Ok(Ok(_)) => Handshake::Done,
        Ok(Err(_)) => Handshake::Failed,
        Err(_) => Handshake::TimedOut,
    });
    match shaken {
        Ok(Ok(stream)) => {
            let certificate = tls::client_certificate(&stream).map(Box::new);
            http::serve(endpoint, slot, Visitor { certificate, ..visitor }, stream).await;
        }
        // The peer has been told, in an alert.
        Ok(Err(error)) => debug!(%peer, %error, "tls handshake failed"),
        Err(_) => debug!(%peer, "tls handshake took too long"),
    }
}
