//! Section `security.transport`: how connections are protected on their way.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use signal_fish_transport::{CertificateFiles, ClientCertificates, Tls, TlsFiles};

use super::problem::Problems;
use super::token_binding::TokenBindingSettings;

/// How connections are protected on their way.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TransportSettings {
    /// Encryption by this server itself.
    pub tls: TlsSettings,
    /// Proofs in every message that it comes from whoever made the connection.
    pub token_binding: TokenBindingSettings,
}

/// Encryption by this server itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSettings {
    /// Whether the port takes TLS connections, and no others.
    #[schemars(extend("x-live" = false))]
    pub enabled: bool,
    /// The PEM file with the certificate, and those that lead to one that clients know. This and every other file is
    /// read again when it changes, and on SIGHUP.
    pub certificate_path: Option<PathBuf>,
    /// The PEM file with the private key of the certificate.
    pub private_key_path: Option<PathBuf>,
    /// More certificates. A client that asks for a name (SNI) is shown the first that is for it,
    /// `certificate_path` before these; who asks for no name, or for an unknown one, is shown that of
    /// `certificate_path`.
    pub additional_certificates: Vec<CertificateSettings>,
    /// The PEM file with the authorities that issue certificates to clients.
    pub client_ca_cert_path: Option<PathBuf>,
    /// Whether clients have to show a certificate.
    pub client_auth: ClientAuth,
    /// Seconds that the handshake of TLS may take.
    #[schemars(range(min = 1, max = 60))]
    pub handshake_timeout_secs: u32,
}

/// A certificate and its key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateSettings {
    /// The PEM file with the certificate, and those that lead to one that clients know.
    pub certificate_path: PathBuf,
    /// The PEM file with the private key of the certificate.
    pub private_key_path: PathBuf,
}

/// Whether clients have to show a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// They are not asked for one.
    #[default]
    None,
    /// One that they show has to be good.
    Optional,
    /// They have to show one.
    Require,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            certificate_path: None,
            private_key_path: None,
            additional_certificates: Vec::new(),
            client_ca_cert_path: None,
            client_auth: ClientAuth::None,
            handshake_timeout_secs: 10,
        }
    }
}

impl TlsSettings {
    /// Where the certificates lie, if there is to be encryption.
    pub(crate) fn files(&self, problems: &mut Problems) -> Option<TlsFiles> {
        if !self.enabled {
            return None;
        }
        let clients = self.clients(problems);
        let mut path = |path: &Option<PathBuf>, name: &str| {
            if path.is_none() {
                let advice = "set the path of a PEM file, since `security.transport.tls.enabled` is true";
                problems.add(key(name), advice);
            }
            path.clone()
        };
        let chain = path(&self.certificate_path, "certificate_path");
        let private = path(&self.private_key_path, "private_key_path");
        let others = self.additional_certificates.iter().map(|certificate| CertificateFiles {
            chain: certificate.certificate_path.clone(),
            key: certificate.private_key_path.clone(),
        });
        let certificate = CertificateFiles { chain: chain?, key: private? };
        Some(TlsFiles { certificate, others: others.collect(), clients: clients? })
    }

    /// Reads the certificates, if there is to be encryption.
    pub(crate) fn load(&self) -> Result<Option<Tls>, Problems> {
        let mut problems = Problems::default();
        let files = self.files(&mut problems);
        let loaded = files.and_then(|files| {
            Tls::load(&files).map_err(|error| problems.add("security.transport.tls", error.to_string())).ok()
        });
        problems.none().map(|()| loaded)
    }

    /// Every file that is named, with its key, whether there is to be encryption or not.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let others = self.additional_certificates.iter();
        let others = others.flat_map(|other| [&other.certificate_path, &other.private_key_path]);
        let of_one = [
            ("security.transport.tls.certificate_path", &self.certificate_path),
            ("security.transport.tls.private_key_path", &self.private_key_path),
            ("security.transport.tls.client_ca_cert_path", &self.client_ca_cert_path),
        ];
        let of_one = of_one.into_iter().filter_map(|(key, path)| Some((key, path.as_deref()?)));
        of_one.chain(others.map(|path| ("security.transport.tls.additional_certificates", path.as_path())))
    }

    fn clients(&self, problems: &mut Problems) -> Option<ClientCertificates> {
        match (self.client_auth, self.client_ca_cert_path.clone()) {
            (ClientAuth::None, None) => Some(ClientCertificates::Unasked),
            (ClientAuth::Optional, Some(authorities)) => Some(ClientCertificates::Optional { authorities }),
            (ClientAuth::Require, Some(authorities)) => Some(ClientCertificates::Required { authorities }),
            (ClientAuth::None, Some(_)) => {
                let advice = "does nothing unless clients are asked for certificates: set \
                              `security.transport.tls.client_auth` to optional or require, or take it out";
                problems.add(key("client_ca_cert_path"), advice);
                None
            }
            (ClientAuth::Optional | ClientAuth::Require, None) => {
                let advice = "set the path of a PEM file, since `security.transport.tls.client_auth` wants \
                              certificates of clients";
                problems.add(key("client_ca_cert_path"), advice);
                None
            }
        }
    }
}

fn key(name: &str) -> String {
    format!("security.transport.tls.{name}")
}
