//! TLS: which certificates are shown, which clients are let in, and how both change while the server runs.

mod files;
mod load;
mod renewal;
mod server_names;

use std::convert::Infallible;
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

/// The certificates of a server, as they were when their files could last be read. Clones share them.
#[derive(Clone, Debug)]
pub struct Tls(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    files: TlsFiles,
    /// What the files were like when they were first read.
    stamps: Vec<renewal::Stamp>,
    /// What new connections get. Those that are there keep what they began with.
    current: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// One of them cannot be read, or does not hold what it should; the text names it.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let stamps = renewal::stamps_of(&files);
        let current = ArcSwap::from(load::server_config(&files)?);
        Ok(Self(Arc::new(Loaded { files, stamps, current })))
    }

    /// Reads the files again. New connections get what is in them; those that are there are not touched. Where a file
    /// is not sound, nothing changes, and the log says why.
    pub fn reload(&self) {
        renewal::reload(&self.0);
    }

    /// Reloads whenever a file changes, for ever.
    pub(crate) async fn follow(&self) -> Infallible {
        renewal::follow(&self.0).await
    }

    /// Makes `stream` an encrypted one. Takes as long as the peer wants.
    pub(crate) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(self.0.current.load_full()).accept(stream).await
    }
}

/// The certificate that the client has shown, if any.
pub(crate) fn client_certificate<S>(stream: &TlsStream<S>) -> Option<CertificateFingerprint> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates().and_then(<[_]>::first).map(|leaf| CertificateFingerprint::of(leaf))
}
