//! What a server says on stdout when it listens: where, and what to try.

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use signal_fish_server::Settings;

/// Prints the greeting. A closed stdout is no reason not to serve.
pub(crate) fn print(addr: SocketAddr, settings: &Settings) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text(addr, settings).as_bytes()).and_then(|()| stdout.flush());
}

/// The address under which this machine reaches a server that listens on `addr`.
pub(crate) fn local_address(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, addr.port())
}

fn text(addr: SocketAddr, settings: &Settings) -> String {
    if addr.port() == 0 {
        return format!("Signal Fish {} listens on Unix sockets.\n", env!("CARGO_PKG_VERSION"));
    }
    let at = local_address(addr);
    let s = if settings.security.transport.tls.enabled { "s" } else { "" };
    let mut lines = vec![
        format!("Signal Fish {} listens on {addr}.", env!("CARGO_PKG_VERSION")),
        String::new(),
        format!("  protocol 2  ws{s}://{at}/v2/ws"),
        format!("  protocol 3  ws{s}://{at}/v3/ws"),
        format!("  health      http{s}://{at}/health"),
    ];
    if settings.has_playground() {
        lines.push(format!("  playground  http{s}://{at}/play"));
    }
    lines.push(String::new());
    let security = &settings.security;
    let app = security.allowed_apps.first().filter(|_| security.enforce_app_id_allowlist);
    let argument = app.map_or_else(String::new, |app| format!(" {}", app.app_id));
    let mut who = match app {
        _ if security.enforce_app_id_allowlist && security.app_auth_path.is_some() => {
            "clients of listed apps".to_owned()
        }
        Some(_) => format!("clients of {} listed app(s)", security.allowed_apps.len()),
        None => "everyone who reaches this port".to_owned(),
    };
    if security.connect_token.required {
        who.push_str(", with a connect token");
    }
    lines.push(format!("Who may play: {who}."));
    // The example speaks no TLS.
    if !settings.security.transport.tls.enabled {
        lines.push("To see two players meet, in another terminal:".to_owned());
        lines.push(format!("  cargo run --release --example two_players -- ws://{at}/v2/ws{argument}"));
    }
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use signal_fish_server::AllowedApp;

    use super::*;

    #[track_caller]
    fn check(addr: &str, settings: &Settings, expected: &[&str], absent: &[&str]) {
        let text = text(addr.parse().unwrap(), settings);
        assert!(text.ends_with('\n'), "what is logged next needs a line of its own: {text:?}");
        for part in expected {
            assert!(text.contains(part), "{part:?} is missing in {text:?}");
        }
        for part in absent {
            assert!(!text.contains(part), "{part:?} is in {text:?}");
        }
    }

    #[test]
    fn it_says_where_to_connect_who_may_and_what_to_try() {
        let version = concat!("Signal Fish ", env!("CARGO_PKG_VERSION"), " ");
        let urls = ["ws://127.0.0.1:80/v2/ws\n", "ws://127.0.0.1:80/v3/ws\n", "http://127.0.0.1:80/health\n"];
        let mut settings = Settings::default();
        check("127.0.0.1:80", &settings, &[version, urls[0], urls[1], urls[2]], &[]);
        check("127.0.0.1:80", &settings, &["http://127.0.0.1:80/play\n"], &[]);
        let open = ["everyone who reaches this port", "two_players -- ws://127.0.0.1:80/v2/ws\n"];
        check("127.0.0.1:80", &settings, &open, &[]);

        let app = serde_json::json!({"app_id": "tanks", "app_name": "Space Tanks"});
        let app: AllowedApp = serde_json::from_value(app).expect("an app");
        settings.security.allowed_apps = vec![app];
        check("127.0.0.1:80", &settings, &open, &["tanks"]);
        settings.security.enforce_app_id_allowlist = true;
        check("127.0.0.1:80", &settings, &[], &["/play"]);
        let listed = ["clients of 1 listed app(s)", "two_players -- ws://127.0.0.1:80/v2/ws tanks\n"];
        check("127.0.0.1:80", &settings, &listed, &["everyone"]);
    }

    #[test]
    fn urls_can_be_used_on_this_machine() {
        let settings = Settings::default();
        check(
            "0.0.0.0:80",
            &settings,
            &["listens on 0.0.0.0:80.", "ws://127.0.0.1:80/v2/ws"],
            &["ws://0.0.0.0"],
        );
        check("[::]:80", &settings, &["listens on [::]:80.", "ws://[::1]:80/v2/ws"], &["ws://[::]"]);
        check("192.0.2.7:80", &settings, &["ws://192.0.2.7:80/v2/ws"], &[]);
    }
}
