//! Which web pages may use the server: a browser says for each request which page makes it.

use std::net::Ipv4Addr;

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, Request, StatusCode};

use super::Answer;
use super::answers;
use super::routes::Route;

/// Which web pages may use the server. What comes from no page, as games that are no web pages do, always may.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origins {
    /// All.
    Any,
    /// Those of these origins, as browsers write them, and our own on a host without a name.
    Listed(Vec<Origin>),
}

/// Where web pages come from, as browsers write it: scheme, host and, unless it is the usual one, port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin(HeaderValue);

impl Origin {
    /// Takes `null`, or an origin exactly as browsers write it: there is one way only, so that comparing is enough.
    pub fn parse(text: &str) -> Option<Self> {
        let is_canonical = text == "null" || is_canonical(text);
        is_canonical.then(|| HeaderValue::try_from(text).ok().map(Self))?
    }
}

impl Origins {
    /// Whether a request with these headers may become a WebSocket.
    pub(super) fn admit(&self, headers: &HeaderMap) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(_) => {
                let mut origins = headers.get_all(ORIGIN).iter();
                let first = origins.next();
                // Two are the work of somebody who hopes that we look at another than the browser wrote.
                origins.next().is_none()
                    && first.is_none_or(|origin| self.lists(origin) || is_own(headers, origin))
            }
        }
    }

    /// The answer to a browser that asks whether a page may make a request, if this is such a question.
    pub(super) fn preflight<B>(&self, route: Route, request: &Request<B>) -> Option<Answer> {
        let headers = request.headers();
        let asks = request.method() == Method::OPTIONS
            && headers.contains_key(ORIGIN)
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        asks.then(|| {
            let head = answers::head(StatusCode::NO_CONTENT)
                .header(ACCESS_CONTROL_ALLOW_METHODS, route.allowed())
                .header(ACCESS_CONTROL_ALLOW_HEADERS, "*");
            answers::empty(head)
        })
    }

    /// Lets the page that has made the request see the answer, if it may.
    pub(super) fn share(&self, headers: &HeaderMap, answer: &mut Answer) {
        let shared = match self {
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::Listed(_) => {
                // What is kept in between must not be shown to another page.
                answer.headers_mut().append(VARY, HeaderValue::from_static("origin"));
                headers.get(ORIGIN).filter(|_| self.admit(headers)).cloned()
            }
        };
        if let Some(origin) = shared {
            answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
    }

    fn lists(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(listed) => listed.iter().any(|Origin(one)| one == origin),
        }
    }
}

/// Whether a page comes from the host to which the request goes, as our own pages do. Only where that is an address or
/// `localhost`: a name can be made to mean this machine by whoever owns it, and then the page is its own.
fn is_own(headers: &HeaderMap, origin: &HeaderValue) -> bool {
    let authority = origin.to_str().ok().and_then(|text| Some(text.split_once("://")?.1));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let Some(authority) = authority.filter(|_| host == authority) else { return false };
    let host = match authority.rsplit_once(':') {
        // The colons of an IPv6 address are followed by its bracket.
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    };
    host == "localhost" || host.parse::<Ipv4Addr>().is_ok() || host.starts_with('[')
}

fn is_canonical(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let usual_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let host = match rest.rsplit_once(':') {
        // The colons of an IPv6 address are followed by its bracket.
        Some((host, port)) if !port.ends_with(']') => {
            let is_port =
                port.parse().is_ok_and(|number: u16| number != usual_port && number.to_string() == port);
            if !is_port {
                return false;
            }
            host
        }
        _ => rest,
    };
    is_host(host)
}

/// A name or an address in the spelling of browsers.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse().is_ok_and(|ip: std::net::Ipv6Addr| ip.to_string() == address);
    }
    let is_label = |label: &str| {
        let is_of_name = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        !label.is_empty() && label.bytes().all(is_of_name)
    };
    host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_taken_in_one_spelling_only() {
        for good in [
            "http://localhost:3000",
            "https://play.example",
            "https://play.example:8443",
            "http://127.0.0.1:5173",
            "http://[::1]:5173",
            "https://[2001:db8::1]",
            "null",
        ] {
            assert!(Origin::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "*",
            "play.example",
            "https://play.example/",
            "https://Play.example",
            "HTTPS://play.example",
            "https://play.example:443",
            "http://play.example:80",
            "https://play.example:08443",
            "https://play.example:",
            "https://play.example:65536",
            "https://me@play.example",
            "https://*.example",
            "https://play..example",
            "https://[0::1]",
            "https://[::1",
            "ws://play.example",
            "https://",
            "https://a b",
            "Null",
        ] {
            assert!(Origin::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn pages_are_admitted_by_exact_origin_and_others_always() {
        let listed = Origins::Listed(vec![Origin::parse("https://play.example").unwrap()]);
        let with = |origins: &[&str]| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(ORIGIN, origin.parse().unwrap());
            }
            headers
        };
        for (origins, is_admitted) in [
            (&[][..], true),
            (&["https://play.example"], true),
            (&["https://play.example:8443"], false),
            (&["http://play.example"], false),
            (&["https://evil.play.example"], false),
            (&["https://play.example.evil"], false),
            (&["null"], false),
            (&[""], false),
            (&["https://play.example", "https://play.example"], false),
        ] {
            assert_eq!(listed.admit(&with(origins)), is_admitted, "{origins:?}");
            assert!(Origins::Any.admit(&with(origins)));
        }
        assert!(!Origins::Listed(Vec::new()).admit(&with(&["https://play.example"])));
        assert!(Origins::Listed(Vec::new()).admit(&with(&[])));
    }

    #[test]
    fn our_own_pages_are_admitted_where_the_host_has_no_name() {
        let listed = Origins::Listed(Vec::new());
        for (host, origin, is_admitted) in [
            ("127.0.0.1:3536", "http://127.0.0.1:3536", true),
            ("127.0.0.1", "http://127.0.0.1", true),
            ("localhost:3536", "http://localhost:3536", true),
            ("[::1]:3536", "http://[::1]:3536", true),
            ("[::1]", "https://[::1]", true),
            ("192.0.2.7:3536", "https://192.0.2.7:3536", true),
            ("127.0.0.1:3536", "http://127.0.0.1:8080", false),
            ("127.0.0.1:3536", "http://localhost:3536", false),
            ("127.0.0.1:3536", "null", false),
            // The owner of the name can make it mean this machine once the page is there.
            ("evil.example:3536", "http://evil.example:3536", false),
            ("localhost.evil.example", "http://localhost.evil.example", false),
            ("127.0.0.1.evil.example", "http://127.0.0.1.evil.example", false),
        ] {
            let headers = [(HOST, host), (ORIGIN, origin)];
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
            assert_eq!(listed.admit(&HeaderMap::from_iter(headers)), is_admitted, "{origin} to {host}");
        }
        let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("http://127.0.0.1"))]);
        assert!(!listed.admit(&headers), "no host at all");
    }
}
