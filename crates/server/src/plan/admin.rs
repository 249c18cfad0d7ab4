//! Who may look after the server, and on which port.

use std::net::{Ipv4Addr, SocketAddr};

use signal_fish_console::Operators;

use super::access::read;
use crate::settings::{AdminSettings, Problems, Settings};

/// Who may look after the server, and on which port.
#[derive(Clone, Debug)]
pub(crate) struct AdminPlan {
    pub(crate) operators: Operators,
    /// The port for operators alone; nothing if they come to that of the players.
    pub(crate) addr: Option<SocketAddr>,
    pub(crate) has_playground: bool,
}

pub(super) fn admin(settings: &Settings, problems: &mut Problems) -> AdminPlan {
    let AdminSettings { bind, port, token: _, token_path: _, client_certificates, playground: _ } =
        &settings.admin;
    let token = token(&settings.admin, problems);
    for (index, text) in client_certificates.iter().enumerate() {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let advice = "set the SHA-256 of a certificate: 64 hexadecimal digits without colons";
            problems.add(format!("admin.client_certificates[{index}]"), advice);
        }
    }
    if bind.is_some() && port.is_none() {
        problems.add("admin.bind", "set `admin.port` too, or leave this out");
    }
    let operators = Operators::new(token.as_deref(), client_certificates);
    if port.is_some() && !operators.exist() {
        let advice = "set `admin.token` or `admin.client_certificates`: without, nobody may use the port";
        problems.add("admin.port", advice);
    }
    let bind = bind.unwrap_or(Ipv4Addr::LOCALHOST.into());
    if !bind.to_canonical().is_loopback() && !settings.security.transport.tls.enabled {
        let advice = format!(
            "other machines can reach {bind}, and the token would come there for all to read: set \
             `security.transport.tls.enabled`, or leave this out and let a proxy of this machine encrypt"
        );
        problems.add("admin.bind", advice);
    }
    AdminPlan {
        operators,
        addr: port.map(|port| SocketAddr::new(bind, port)),
        has_playground: settings.has_playground(),
    }
}

fn token(settings: &AdminSettings, problems: &mut Problems) -> Option<String> {
    let (key, token) = match (&settings.token, &settings.token_path) {
        (None, None) => return None,
        (Some(_), Some(_)) => {
            problems.add("admin.token_path", "set this or `admin.token`, not both");
            return None;
        }
        (Some(token), None) => ("admin.token", token.reveal().to_owned()),
        (None, Some(path)) => match read(path).map(String::from_utf8) {
            // Files end with a line break.
            Ok(Ok(text)) => ("admin.token_path", text.trim_end().to_owned()),
            Ok(Err(_)) => {
                problems.add("admin.token_path", format!("{} is not text", path.display()));
                return None;
            }
            Err(error) => {
                problems.add("admin.token_path", format!("cannot read {}: {error}", path.display()));
                return None;
            }
        },
    };
    let is_sendable = token.bytes().all(|byte| byte.is_ascii_graphic());
    if token.len() < TOKEN_BYTES_MIN || !is_sendable {
        let advice =
            "set at least 16 letters, digits or signs without blanks: `openssl rand -hex 32` makes one";
        problems.add(key, advice);
    }
    Some(token)
}

/// Less could be guessed by trying.
const TOKEN_BYTES_MIN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(change: impl FnOnce(&mut Settings)) -> Result<AdminPlan, String> {
        let mut settings = Settings::default();
        change(&mut settings);
        let mut problems = Problems::default();
        let plan = admin(&settings, &mut problems);
        problems.none().map(|()| plan).map_err(|problems| problems.to_string())
    }

    #[test]
    fn nobody_is_an_operator_unless_the_settings_say_who() {
        let plan = planned(|_| {}).unwrap();
        assert!(!plan.operators.exist() && plan.addr.is_none());
        let token = || Some("0123456789abcdef".to_owned().into());
        let plan = planned(|settings| settings.admin.token = token()).unwrap();
        assert!(plan.operators.exist() && plan.addr.is_none());
    }

    #[test]
    fn a_token_that_could_be_guessed_or_not_be_sent_is_refused() {
        for bad in ["", "short", "with blanks in between"] {
            let error = planned(|settings| settings.admin.token = Some(bad.to_owned().into())).unwrap_err();
            assert!(error.starts_with("admin.token: set at least 16"), "{error}");
        }
    }

    #[test]
    fn a_port_for_nobody_is_a_mistake() {
        let error = planned(|settings| settings.admin.port = Some(0)).unwrap_err();
        assert!(error.starts_with("admin.port: set `admin.token`"), "{error}");
    }

    #[test]
    fn a_token_does_not_go_unencrypted_to_an_address_that_others_reach() {
        let reached = |bind: &str, encrypted| {
            planned(|settings| {
                settings.admin.token = Some("0123456789abcdef".to_owned().into());
                (settings.admin.port, settings.admin.bind) = (Some(0), bind.parse().ok());
                settings.security.transport.tls.enabled = encrypted;
            })
        };
        let error = reached("0.0.0.0", false).unwrap_err();
        assert!(error.starts_with("admin.bind: other machines can reach 0.0.0.0"), "{error}");
        assert!(reached("0.0.0.0", true).is_ok() && reached("::1", false).is_ok());
    }

    #[test]
    fn the_playground_is_open_only_where_nobody_else_comes() {
        assert!(planned(|_| {}).unwrap().has_playground);
        let public = planned(|settings| settings.server.bind = Ipv4Addr::UNSPECIFIED.into());
        assert!(!public.unwrap().has_playground);
        let closed = planned(|settings| settings.security.enforce_app_id_allowlist = true);
        assert!(!closed.unwrap().has_playground);
    }
}
