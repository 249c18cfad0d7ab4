//! Files that are part of the program: pages, and what they are made of.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
};
use hyper::{Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::answers::Answer;

/// A file that is part of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Asset {
    kind: &'static str,
    bytes: &'static [u8],
}

/// How all our pages look.
pub(crate) const STYLE: Asset =
    Asset { kind: "text/css; charset=utf-8", bytes: include_bytes!("../assets/style.css") };

impl Asset {
    /// The file, or that the browser has it already. It is asked for each time: another version of the server has
    /// other files under the same names.
    pub(crate) fn answer(self, headers: &HeaderMap) -> Answer {
        let tag = self.tag();
        let is_known = headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .any(|known| known.to_str().is_ok_and(|known| known.split(',').any(|known| known.trim() == tag)));
        let (status, bytes) =
            if is_known { (StatusCode::NOT_MODIFIED, &[][..]) } else { (StatusCode::OK, self.bytes) };
        let mut answer = Response::new(Full::new(Bytes::from_static(bytes)));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(ETAG, HeaderValue::try_from(tag).expect("hexadecimal is ASCII"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(OWN_ALONE));
        answer
    }

    fn tag(self) -> String {
        let hash = Sha256::digest(self.bytes);
        let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("\"{hex}\"")
    }
}

/// A page runs and shows what this server has, and talks to this server alone. No script or style stands in it.
const OWN_ALONE: &str = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let first = STYLE.answer(&HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[CONTENT_TYPE], STYLE.kind);
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, first.headers()[ETAG].clone());
        assert_eq!(STYLE.answer(&headers).status(), StatusCode::NOT_MODIFIED);
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("\"another\""));
        assert_eq!(STYLE.answer(&headers).status(), StatusCode::OK);
    }
}
