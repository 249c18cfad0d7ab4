//! Who is at the other end of a connection, as far as the network tells.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::source::Source;

/// Who is at the other end of a connection, as far as the network tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// Where it comes from.
    pub source: Source,
    /// The certificate that it has proven to own, if it was asked for one and had one. Boxed, since few have.
    pub certificate: Option<Box<CertificateFingerprint>>,
}

impl From<Source> for Caller {
    fn from(source: Source) -> Self {
        Self { source, certificate: None }
    }
}

/// The SHA-256 of a certificate: what it is known by, whoever has issued it. It shows as lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CertificateFingerprint([u8; 32]);

impl CertificateFingerprint {
    /// That of a certificate in DER.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

impl fmt::Display for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CertificateFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateFingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_shows_as_operators_know_it() {
        let fingerprint = CertificateFingerprint::of(b"abc").to_string();
        assert_eq!(fingerprint, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
