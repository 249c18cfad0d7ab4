//! The addresses in `X-Forwarded-For` and `Forwarded`.

use std::net::{IpAddr, SocketAddr};

use hyper::header::{FORWARDED, HeaderMap, HeaderName};

use super::ForwardedHeader;

/// Every hop that the header tells of, the nearest last. Nothing if there is none, or one that is no address.
pub(super) fn hops(header: ForwardedHeader, headers: &HeaderMap) -> Option<Vec<IpAddr>> {
    let (name, hop): (_, fn(&str) -> Option<IpAddr>) = match header {
        ForwardedHeader::None => return None,
        ForwardedHeader::XForwardedFor => (X_FORWARDED_FOR, address),
        ForwardedHeader::Forwarded => (FORWARDED, address_of_element),
    };
    let mut hops = Vec::new();
    for line in headers.get_all(name) {
        for element in split(line.to_str().ok()?, ',')? {
            if hops.len() == HOPS_MAX {
                return None;
            }
            hops.push(hop(element)?);
        }
    }
    Some(hops)
}

/// What `for` says in one element of `Forwarded`.
fn address_of_element(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in split(element, ';')? {
        let (name, value) = pair.split_once('=')?;
        if name.eq_ignore_ascii_case("for") {
            let value = value.strip_prefix('"').map_or(Some(value), |rest| rest.strip_suffix('"'))?;
            // Saying it twice is not allowed.
            found = found.map_or(address(value), |_| None);
            found?;
        }
    }
    found
}

/// An address, perhaps with a port; with brackets around one of IPv6 if it has a port, or even without.
fn address(text: &str) -> Option<IpAddr> {
    let ip = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|addr| addr.ip()));
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    ip.ok().or_else(bare).map(|ip| ip.to_canonical())
}

/// The parts between separators that are not within quotes, without the blanks around them. Nothing if a quote does not
/// end: a client could write one to hide what its proxy adds.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text.split(|c| {
        let splits = c == separator && !is_quoted;
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && is_quoted && !is_escaped;
        splits
    });
    let parts = parts.map(str::trim).collect();
    (!is_quoted).then_some(parts)
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// More proxies than anybody has in a row: what comes before them is the client's invention.
const HOPS_MAX: usize = 32;
