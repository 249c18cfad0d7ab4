//! What settings say about who is at the other end: proxies in front, and the web pages that may use the server.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use signal_fish_transport::{ForwardedHeader, Origin, Origins, Proxies};

use super::problem::Problems;
use super::security::SecuritySettings;

/// The header in which trusted proxies say where a request comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForwardedHeaderSetting {
    /// They do not say.
    None,
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded`, the header of RFC 7239.
    Forwarded,
}

/// Who may say where a connection comes from.
pub(crate) fn proxies(security: &SecuritySettings, problems: &mut Problems) -> Proxies {
    let mut trusted = Vec::new();
    for (index, text) in security.trusted_proxies.iter().enumerate() {
        match network(text) {
            Some(network) => trusted.push(network),
            None => {
                let advice = format!("set an IP address, or a network like 10.0.0.0/8, not {text:?}");
                problems.add(format!("security.trusted_proxies[{index}]"), advice);
            }
        }
    }
    if security.proxy_protocol && security.trusted_proxies.is_empty() {
        let advice = "is for trusted proxies, and there is none: list them in `security.trusted_proxies`";
        problems.add("security.proxy_protocol", advice);
    }
    let header = match security.forwarded_header {
        ForwardedHeaderSetting::None => ForwardedHeader::None,
        ForwardedHeaderSetting::XForwardedFor => ForwardedHeader::XForwardedFor,
        ForwardedHeaderSetting::Forwarded => ForwardedHeader::Forwarded,
    };
    Proxies { trusted, header, announce: security.proxy_protocol }
}

/// Which web pages may use the server.
pub(crate) fn origins(security: &SecuritySettings, problems: &mut Problems) -> Origins {
    let text = security.cors_origins.trim();
    if text == "*" {
        return Origins::Any;
    }
    let mut origins = Vec::new();
    for one in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
        match Origin::parse(one) {
            Some(origin) => origins.push(origin),
            None => {
                let advice = format!(
                    "set * alone, or origins as browsers write them (https://play.example, without a path, \
                     in lower case, without the usual port), not {one:?}"
                );
                problems.add("security.cors_origins", advice);
            }
        }
    }
    Origins::Listed(origins)
}

/// A network, or one address.
fn network(text: &str) -> Option<IpNet> {
    let of_one = || text.parse::<IpAddr>().ok().map(|ip| IpNet::from(ip.to_canonical()));
    text.parse().ok().or_else(of_one)
}
