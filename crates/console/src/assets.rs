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
pub(crate) const STYLE: Asset = Asset::new(CSS, include_bytes!("../assets/style.css"));

// What each file is for is its first line.
pub(crate) const PLAY: Asset = Asset::new(HTML, include_bytes!("../assets/play.html"));
pub(crate) const PLAY_STYLE: Asset = Asset::new(CSS, include_bytes!("../assets/play/play.css"));
pub(crate) const FISH: Asset = Asset::new(SVG, include_bytes!("../assets/play/fish.svg"));
pub(crate) const MAIN: Asset = Asset::new(SCRIPT, include_bytes!("../assets/play/main.js"));
pub(crate) const PANE: Asset = Asset::new(SCRIPT, include_bytes!("../assets/play/pane.js"));
pub(crate) const CLIENT: Asset = Asset::new(SCRIPT, include_bytes!("../assets/play/client.js"));
pub(crate) const ROOM: Asset = Asset::new(SCRIPT, include_bytes!("../assets/play/room.js"));
pub(crate) const RTC: Asset = Asset::new(SCRIPT, include_bytes!("../assets/play/rtc.js"));
pub(crate) const POND: Asset = Asset::new(SCRIPT, include_bytes!("../assets/play/pond.js"));
pub(crate) const METERS: Asset = Asset::new(SCRIPT, include_bytes!("../assets/play/meters.js"));
pub(crate) const LOG: Asset = Asset::new(SCRIPT, include_bytes!("../assets/play/log.js"));
pub(crate) const MEANINGS: Asset = Asset::new(SCRIPT, include_bytes!("../assets/play/meanings.js"));
pub(crate) const DOM: Asset = Asset::new(SCRIPT, include_bytes!("../assets/common/dom.js"));
pub(crate) const PLOT: Asset = Asset::new(SCRIPT, include_bytes!("../assets/common/plot.js"));

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

impl Asset {
    const fn new(kind: &'static str, bytes: &'static [u8]) -> Self {
        Self { kind, bytes }
    }

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
    use signal_fish_protocol::{ClientMessage, ServerMessage};

    use super::*;

    #[test]
    fn the_log_of_the_playground_knows_every_message() {
        let text = str::from_utf8(MEANINGS.bytes).unwrap();
        let (sent, received) = text.split_once("const RECEIVED").expect("two tables");
        for (table, kinds) in [(sent, ClientMessage::KINDS), (received, ServerMessage::KINDS)] {
            let entry =
                |line: &str| line.strip_prefix("  ")?.split_once(": (").map(|(name, _)| name.to_owned());
            let mut told: Vec<_> = table.lines().filter_map(entry).collect();
            let mut kinds: Vec<_> = kinds.iter().map(|(name, _)| *name).collect();
            told.sort_unstable();
            kinds.sort_unstable();
            assert_eq!(told, kinds);
        }
    }

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
