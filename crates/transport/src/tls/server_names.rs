//! Several certificates behind one port: which one a client sees.

use std::sync::Arc;

use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Shows each client a certificate for the name that it asks for (SNI).
#[derive(Debug)]
pub(super) struct ByServerName {
    /// In the order in which they are looked at. Never empty; the first is for those who ask for no name, or for one
    /// that none is for.
    all: Vec<Arc<CertifiedKey>>,
}

impl ByServerName {
    pub(super) fn new(first: Arc<CertifiedKey>, others: Vec<Arc<CertifiedKey>>) -> Self {
        Self { all: [vec![first], others].concat() }
    }

    fn choose(&self, name: Option<&str>) -> &Arc<CertifiedKey> {
        let first = &self.all[0];
        // The usual case: nothing to choose from.
        if self.all.len() == 1 {
            return first;
        }
        let Some(name) = name.and_then(|name| ServerName::try_from(name).ok()) else { return first };
        self.all.iter().find(|certified| is_for(certified, &name)).unwrap_or(first)
    }
}

impl ResolvesServerCert for ByServerName {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(self.choose(client_hello.server_name())))
    }
}

/// By the rules that the client will apply: its alternative names count, wildcards among them.
fn is_for(certified: &CertifiedKey, name: &ServerName<'_>) -> bool {
    certified
        .end_entity_cert()
        .and_then(ParsedCertificate::try_from)
        .and_then(|certificate| verify_server_name(&certificate, name))
        .is_ok()
}
