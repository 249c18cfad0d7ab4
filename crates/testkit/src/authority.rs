//! An authority that issues certificates for the length of a test.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, crypto::ring};

/// An authority, and a directory for what it issues. The directory goes with it.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: PathBuf,
}

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Authority {
    /// `name` is the test's own: no other may write into its directory.
    pub fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("signal-fish-{}-{name}", std::process::id()));
        fs::create_dir_all(&dir).expect("a directory for temporary files");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, new_key()).expect("it is well-formed");
        write(&dir.join(CERTIFICATE), &issuer.pem());
        Self { issuer, dir }
    }

    /// Issues a certificate for `names`, into files that are called after the first. What was in them is replaced.
    pub fn issue(&self, names: &[&str]) -> Issued {
        let key = new_key();
        let file = names[0].replace('*', "any");
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let params = CertificateParams::new(names).expect("names of a test are names");
        let certificate = params.signed_by(&key, &self.issuer).expect("it is well-formed");
        let issued =
            Issued { chain: self.path(&format!("{file}.pem")), key: self.path(&format!("{file}.key")) };
        write(&issued.chain, &certificate.pem());
        write(&issued.key, &key.serialize_pem());
        issued
    }

    /// Its own certificate, as a PEM file.
    pub fn certificate(&self) -> PathBuf {
        self.path(CERTIFICATE)
    }

    /// The path of a file in its directory.
    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.join(file)
    }

    /// A client that trusts this authority alone, and shows `own` if it is asked.
    pub fn client(
        &self,
        own: Option<&Issued>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("it is well-formed");
        let builder = ClientConfig::builder_with_provider(ring::default_provider().into());
        let builder = builder.with_protocol_versions(versions).expect("ring knows every version");
        let builder = builder.with_root_certificates(roots);
        let Some(own) = own else { return builder.with_no_client_auth() };
        let key = PrivateKeyDer::from_pem_file(&own.key).expect("this wrote it");
        builder.with_client_auth_cert(vec![own.der()], key).expect("it is the key of the certificate")
    }
}

impl Issued {
    /// The certificate as it is shown.
    pub fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(&self.chain).expect("an authority wrote it")
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // What is left in a directory for temporary files is no reason to fail.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("the system has random numbers")
}

/// At once, as programs that renew certificates do: a server may look at any moment.
fn write(path: &Path, content: &str) {
    let beside = path.with_extension("new");
    fs::write(&beside, content).and_then(|()| fs::rename(&beside, path)).expect("the directory is writable");
}

const CERTIFICATE: &str = "authority.pem";
