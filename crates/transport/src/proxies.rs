//! Proxies in front of the server, and who they say is behind them.

pub(crate) mod announcement;
mod forwarded;

use std::net::IpAddr;

use hyper::header::HeaderMap;
use ipnet::IpNet;

/// Proxies in front of the server. What others say about where they come from is not believed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Proxies {
    /// Where they are.
    pub trusted: Vec<IpNet>,
    /// Which header of a request tells where it comes from. Only one that the proxies write themselves may be named:
    /// another would be what the client has sent.
    pub header: ForwardedHeader,
    /// Whether they begin every connection with the PROXY protocol, version 1 or 2.
    pub announce: bool,
}

/// The header that tells which way a request has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ForwardedHeader {
    /// None does.
    None,
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Proxies {
    /// Whether there is a trusted proxy at this address.
    pub(crate) fn are_at(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.trusted.iter().any(|network| network.contains(&ip))
    }

    /// Whether a connection from this address begins with the PROXY protocol.
    pub(crate) fn announce_from(&self, ip: IpAddr) -> bool {
        self.announce && self.are_at(ip)
    }

    /// Where a request comes from that came from `from` last: the nearest address on its way that is no proxy. If the
    /// proxies say nothing, or something that cannot be understood, that is `from` itself.
    pub(crate) fn client(&self, from: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.are_at(from) {
            return from;
        }
        let Some(hops) = forwarded::hops(self.header, headers) else { return from };
        // Every proxy adds whom it heard from at the end, so the end is what trusted ones have written.
        let nearest = hops.iter().rev().find(|&&hop| !self.are_at(hop));
        nearest.or(hops.first()).copied().unwrap_or(from)
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderName;

    use super::*;

    const PROXY: &str = "10.0.0.1";

    /// Where a request comes from, as an address or a network that is trusted, with these headers.
    #[track_caller]
    fn check(header: ForwardedHeader, from: &str, headers: &[(&'static str, &str)], expected: &str) {
        let trusted = ["10.0.0.0/8", "2001:db8:aaaa::/48"].map(|network| network.parse().unwrap());
        let proxies = Proxies { trusted: trusted.into(), header, announce: false };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let client = proxies.client(from.parse().unwrap(), &map);
        assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{headers:?}");
    }

    #[track_caller]
    fn check_x(value: &str, expected: &str) {
        check(ForwardedHeader::XForwardedFor, PROXY, &[("x-forwarded-for", value)], expected);
    }

    #[track_caller]
    fn check_standard(value: &str, expected: &str) {
        check(ForwardedHeader::Forwarded, PROXY, &[("forwarded", value)], expected);
    }

    #[test]
    fn nothing_is_believed_of_others() {
        for header in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded, ForwardedHeader::None] {
            let told = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")];
            check(header, "198.51.100.1", &told, "198.51.100.1");
        }
        let told = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")];
        check(ForwardedHeader::None, PROXY, &told, PROXY);
    }

    #[test]
    fn the_nearest_hop_that_is_no_proxy_counts() {
        check_x("192.0.2.1", "192.0.2.1");
        check_x("1.1.1.1, 192.0.2.1", "192.0.2.1");
        check_x("1.1.1.1, 192.0.2.1 ,10.9.9.9, 2001:db8:aaaa::1", "192.0.2.1");
        check_x("10.9.9.9, 10.0.0.7", "10.9.9.9");
        check_x("[2001:db8::5]:4711", "2001:db8::5");
        check_x("192.0.2.1:4711", "192.0.2.1");
        check_x("::ffff:192.0.2.1", "192.0.2.1");
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.1, 10.3.3.3")];
        check(ForwardedHeader::XForwardedFor, "::ffff:10.0.0.1", &lines, "192.0.2.1");
    }

    #[test]
    fn what_cannot_be_understood_is_the_proxy_itself() {
        let many = vec!["192.0.2.1"; 33].join(",");
        for value in
            ["", ",", "unknown", "1.1.1.1, unknown", "nonsense, 192.0.2.1", "192.0.2.1,", "192.0.2", &many]
        {
            check_x(value, PROXY);
        }
        for value in
            ["", "for", "for=", "for=unknown", "for=_hidden", "by=10.0.0.1", "for=\"192.0.2.1", "for=1;for=2"]
        {
            check_standard(value, PROXY);
        }
        check(ForwardedHeader::XForwardedFor, PROXY, &[("forwarded", "for=192.0.2.1")], PROXY);
    }

    #[test]
    fn a_client_cannot_hide_behind_a_quote_what_its_proxy_adds() {
        for written in ["for=6.6.6.6;x=\"", "for=6.6.6.6;x=\"\\", "for=6.6.6.6;x=\"\\\"", "\""] {
            for added in ["for=192.0.2.1", "for=\"192.0.2.1:47\""] {
                check_standard(&format!("{written}, {added}"), PROXY);
            }
        }
    }

    #[test]
    fn the_standard_header_is_read_with_its_quotes() {
        check_standard("for=192.0.2.1", "192.0.2.1");
        check_standard("For=1.1.1.1, FOR=\"192.0.2.1:47\" ;proto=https;by=10.0.0.1", "192.0.2.1");
        check_standard("proto=http ; for=\"[2001:db8:cafe::17]:4711\", for=10.0.0.9", "2001:db8:cafe::17");
        check_standard("for=192.0.2.1;host=\"a, for=6.6.6.6\"", "192.0.2.1");
        check_standard("for=192.0.2.1;host=\"a\\\", for=6.6.6.6\"", "192.0.2.1");
    }
}
