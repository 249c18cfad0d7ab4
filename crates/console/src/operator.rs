//! Who is an operator: whoever shows the token, or a certificate that is listed.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use signal_fish_hub::CertificateFingerprint;
use subtle::ConstantTimeEq;

/// How operators prove who they are. By default nobody can.
#[derive(Clone, Default)]
pub struct Operators {
    /// Hashes have one length: that of the token does not show in how long it takes to compare.
    token: Option<[u8; 32]>,
    certificates: Vec<String>,
}

impl Operators {
    /// Those who show `token` as a bearer token, or own a certificate whose SHA-256 is among `certificates`, as
    /// hexadecimal.
    pub fn new(token: Option<&str>, certificates: &[String]) -> Self {
        Self {
            token: token.map(|token| Sha256::digest(token).into()),
            certificates: certificates.iter().map(|text| text.to_ascii_lowercase()).collect(),
        }
    }

    /// Whether there can be any.
    pub const fn exist(&self) -> bool {
        self.token.is_some() || !self.certificates.is_empty()
    }

    /// Whether whoever sends these headers, and owns this certificate, is one.
    pub(crate) fn admit(&self, headers: &HeaderMap, certificate: Option<CertificateFingerprint>) -> bool {
        let is_listed = certificate.is_some_and(|shown| self.certificates.contains(&shown.to_string()));
        is_listed
            || self.token.is_some_and(|token| {
                let shown = headers.get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
                shown.is_some_and(|shown| Sha256::digest(shown).as_slice().ct_eq(&token).into())
            })
    }
}

impl fmt::Debug for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operators").finish_non_exhaustive()
    }
}

/// The token of an `Authorization` header; the name of the scheme is written in any case.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| token.trim_ascii())
}

const SCHEME: &[u8] = b"Bearer ";

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn admits(operators: &Operators, shown: &'static str) -> bool {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(shown))]);
        operators.admit(&headers, None)
    }

    #[test]
    fn only_the_whole_token_counts() {
        let operators = Operators::new(Some("let me in, please"), &[]);
        assert!(operators.exist());
        for right in ["Bearer let me in, please", "bearer let me in, please"] {
            assert!(admits(&operators, right), "{right}");
        }
        for wrong in
            ["", "Bearer", "Bearer ", "Bearer let me in", "Basic let me in, please", "let me in, please"]
        {
            assert!(!admits(&operators, wrong), "{wrong}");
        }
    }

    #[test]
    fn nobody_is_an_operator_by_default() {
        let nobody = Operators::default();
        assert!(!nobody.exist() && !admits(&nobody, "Bearer ") && !nobody.admit(&HeaderMap::new(), None));
    }

    #[test]
    fn a_listed_certificate_is_as_good_as_the_token() {
        let listed = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD".to_owned();
        let operators = Operators::new(None, &[listed]);
        assert!(operators.admit(&HeaderMap::new(), Some(CertificateFingerprint::of(b"abc"))));
        assert!(!operators.admit(&HeaderMap::new(), Some(CertificateFingerprint::of(b"abd"))));
    }
}
