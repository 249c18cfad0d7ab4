//! TLS: which certificates are shown, which clients are let in, and how both change while the server runs.

mod files;
mod load;
mod server_names;

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use signal_fish_hub::CertificateFingerprint;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub use files::{CertificateFiles, ClientCertificates, TlsFiles};
pub use load::TlsError;

/// The certificates of a server. Clones share them, also when they are renewed.
#[derive(Clone, Debug)]
pub struct Tls(Arc<ArcSwap<ServerConfig>>);

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// One of them cannot be read, or does not hold what it should; the text names it.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(ArcSwap::from(load::server_config(files)?))))
    }

    /// New connections get what `renewed` has from now on. Those that are there keep what they began with.
    pub fn renew(&self, renewed: &Self) {
        self.0.store(renewed.0.load_full());
    }

    /// Makes `stream` an encrypted one. Takes as long as the peer wants.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(self.0.load_full()).accept(stream).await
    }
}

/// The certificate that the client has shown, if any.
pub(crate) fn client_certificate<S>(stream: &TlsStream<S>) -> Option<CertificateFingerprint> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates().and_then(<[_]>::first).map(|leaf| CertificateFingerprint::of(leaf))
}
