//! Where certificates and keys lie.

use std::path::{Path, PathBuf};

/// Where certificates and keys lie. All of them are PEM files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    /// What clients are shown, unless they ask for a name that only one of the others has.
    pub certificate: CertificateFiles,
    /// What clients are shown that ask for a name which these are for, and `certificate` is not.
    pub others: Vec<CertificateFiles>,
    /// What clients have to show.
    pub clients: ClientCertificates,
}

/// A certificate and its key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateFiles {
    /// The certificate, followed by those that lead to one that clients know.
    pub chain: PathBuf,
    /// The private key of the first, as PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// What clients have to show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClientCertificates {
    /// Nothing.
    Unasked,
    /// A certificate under one of those in the file `authorities`, or none at all.
    Optional {
        /// The certificates of the authorities.
        authorities: PathBuf,
    },
    /// A certificate under one of those in the file `authorities`.
    Required {
        /// The certificates of the authorities.
        authorities: PathBuf,
    },
}

impl ClientCertificates {
    pub(super) fn authorities(&self) -> Option<&Path> {
        match self {
            Self::Unasked => None,
            Self::Optional { authorities } | Self::Required { authorities } => Some(authorities),
        }
    }
}
