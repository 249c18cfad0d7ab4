//! Which addresses of players others can connect to.

use std::net::IpAddr;

use signal_fish_protocol::ConnectionInfo;

/// Host and port of a player, if it said where it listens in a way that others can use.
pub(crate) fn usable(info: Option<&ConnectionInfo>) -> Option<(&str, u16)> {
    match info? {
        ConnectionInfo::Direct { host, port } if *port != 0 && is_host(host) => Some((host, *port)),
        ConnectionInfo::Direct { .. }
        | ConnectionInfo::UnityRelay { .. }
        | ConnectionInfo::Relay { .. }
        | ConnectionInfo::Webrtc { .. }
        | ConnectionInfo::Custom { .. } => None,
    }
}

fn is_host(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => !address.is_unspecified(),
        Err(_) => is_dns_name(host),
    }
}

/// No more than every resolver takes.
fn is_dns_name(name: &str) -> bool {
    name.len() <= DNS_NAME_BYTES_MAX && name.split('.').all(is_dns_label)
}

fn is_dns_label(label: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = label.as_bytes();
    bytes.len() <= DNS_LABEL_BYTES_MAX
        && is_end(bytes.first())
        && is_end(bytes.last())
        && bytes.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

const DNS_NAME_BYTES_MAX: usize = 253;
const DNS_LABEL_BYTES_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_plain_names_can_be_used() {
        let label = "x".repeat(63);
        let longest = [label.as_str(), &label, &label, &label[..61]].join(".");
        assert_eq!(longest.len(), 253);
        for host in ["203.0.113.9", "::1", "localhost", "a-1.example.com", &longest] {
            let info = ConnectionInfo::Direct { host: host.to_owned(), port: 1 };
            assert_eq!(usable(Some(&info)), Some((host, 1)));
        }
        for host in [
            "",
            "0.0.0.0",
            "::",
            " localhost",
            "localhost ",
            "example.com.",
            "a..b",
            "-a.example",
            "a-.example",
            "a_b",
            "[::1]",
            "bücher.example",
            &format!("{longest}x"),
            &"x".repeat(64),
        ] {
            let info = ConnectionInfo::Direct { host: host.to_owned(), port: 1 };
            assert_eq!(usable(Some(&info)), None, "{host:?}");
        }
        assert_eq!(usable(Some(&ConnectionInfo::Direct { host: "localhost".to_owned(), port: 0 })), None);
        assert_eq!(usable(Some(&ConnectionInfo::Webrtc { sdp: None, ice_candidates: Vec::new() })), None);
        assert_eq!(usable(None), None);
    }
}
