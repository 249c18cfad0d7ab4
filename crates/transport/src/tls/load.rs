//! From PEM files to what rustls wants, or a sentence about the file that is in the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier, danger::ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};

use super::files::{CertificateFiles, ClientCertificates, TlsFiles};
use super::server_names::ByServerName;

/// Why there is no TLS: which file, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not there, or may not be read.
    #[error("{}: cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file is not PEM, or not the right PEM.
    #[error("{}: {wrong}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        wrong: String,
    },
    /// A key belongs to another certificate.
    #[error("{}: is not the key of the certificate in {}", key.display(), chain.display())]
    Mismatch {
        /// The file of the key.
        key: PathBuf,
        /// The file of the certificate.
        chain: PathBuf,
    },
    /// The library could not be set up.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// Reads all files.
pub(super) fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let certificate = certified(&files.certificate, &provider)?;
    let others: Result<Vec<_>, _> = files.others.iter().map(|files| certified(files, &provider)).collect();
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_client_cert_verifier(verifier(&files.clients, &provider)?)
        .with_cert_resolver(Arc::new(ByServerName::new(certificate, others?)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // What a returning client needs lies with the client, encrypted: it costs no memory, and a whole server's clients
    // come back faster. The key for it is new with every reading of the files, so that a client whose authority was
    // taken out of them cannot come back that way.
    config.ticketer = ring::Ticketer::new()?;
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}

fn certified(files: &CertificateFiles, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let CertificateFiles { chain, key } = files;
    let certificates = certificates(chain)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| of_pem(key, "private key", error))?;
    match CertifiedKey::from_der(certificates, private, provider) {
        Ok(certified) => Ok(Arc::new(certified)),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(TlsError::Mismatch { key: key.clone(), chain: chain.clone() })
        }
        Err(rustls::Error::InvalidCertificate(error)) => {
            Err(unusable(chain, format!("holds a certificate that cannot be used: {error}")))
        }
        Err(error) => Err(unusable(key, format!("holds a private key that cannot be used: {error}"))),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = |error| of_pem(path, "certificate", error);
    let all: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(read)?.collect();
    match all.map_err(read)? {
        none if none.is_empty() => Err(of_pem(path, "certificate", pem::Error::NoItemsFound)),
        some => Ok(some),
    }
}

fn verifier(
    clients: &ClientCertificates,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let Some(path) = clients.authorities() else { return Ok(WebPkiClientVerifier::no_client_auth()) };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let bad = |error| unusable(path, format!("holds a certificate that cannot be used: {error}"));
        roots.add(certificate).map_err(bad)?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let built = match clients {
        ClientCertificates::Optional { .. } => builder.allow_unauthenticated().build(),
        ClientCertificates::Unasked | ClientCertificates::Required { .. } => builder.build(),
    };
    built.map_err(|error: VerifierBuilderError| unusable(path, error.to_string()))
}

fn of_pem(path: &Path, wanted: &str, error: pem::Error) -> TlsError {
    if let pem::Error::Io(error) = error {
        return TlsError::Unreadable { path: path.to_owned(), error };
    }
    let wrong = if matches!(error, pem::Error::NoItemsFound) {
        format!("holds no {wanted} in PEM")
    } else {
        format!("is not sound PEM: {error}")
    };
    unusable(path, wrong)
}

fn unusable(path: &Path, wrong: String) -> TlsError {
    TlsError::Unusable { path: path.to_owned(), wrong }
}
