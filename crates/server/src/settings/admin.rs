//! Section `admin`: a second port, for operators alone.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::Problems;
use super::secret::Secret;
use crate::plan;

/// A second port, for operators alone: plain HTTP, without WebSockets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// The address of the port.
    pub bind: IpAddr,
    /// The port; null for none.
    pub port: Option<NonZeroU16>,
    /// What operators show to be let in, at least 16 characters. It has to be set where there is a port.
    pub token: Option<Secret>,
    /// The file that has the token, in place of `admin.token`.
    pub token_path: Option<PathBuf>,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self { bind: Ipv4Addr::LOCALHOST.into(), port: None, token: None, token_path: None }
    }
}

impl AdminSettings {
    /// Where the port is, if there is one.
    pub(crate) fn addr(&self) -> Option<SocketAddr> {
        self.port.map(|port| SocketAddr::new(self.bind, port.get()))
    }

    /// What operators show to be let in. Nobody is let in without.
    pub(crate) fn token(&self, problems: &mut Problems) -> Option<Secret> {
        let (key, token) = match (&self.token, &self.token_path) {
            (Some(_), Some(_)) => {
                problems.add("admin", "set only one of `token` and `token_path`");
                return None;
            }
            (Some(token), None) => ("admin.token", token.clone()),
            (None, Some(path)) => ("admin.token_path", read(path, problems)?),
            (None, None) if self.port.is_some() => {
                problems
                    .add("admin.token", "set it too, since `admin.port` is set: nobody is let in without");
                return None;
            }
            (None, None) => return None,
        };
        if token.reveal().chars().count() < TOKEN_CHARS_MIN || token.reveal().trim() != token.reveal() {
            let advice =
                format!("set at least {TOKEN_CHARS_MIN} characters, without white space around them");
            problems.add(key, advice);
            return None;
        }
        Some(token)
    }
}

/// The token in a file, which may end with a line break.
fn read(path: &Path, problems: &mut Problems) -> Option<Secret> {
    let text = plan::read(path).map_err(|error| format!("cannot be read: {error}"));
    let text = text.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned()));
    let origin = path.display().to_string();
    let text = text.map_err(|advice| problems.add_from(Some(&origin), "admin.token_path", advice)).ok()?;
    Some(text.trim_end().to_owned().into())
}

/// What nobody guesses who may try a few hundred times a second.
const TOKEN_CHARS_MIN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn token(settings: &AdminSettings) -> Result<Option<Secret>, String> {
        let mut problems = Problems::default();
        let token = settings.token(&mut problems);
        problems.none().map(|()| token).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_port_for_operators_is_never_open() {
        let off = AdminSettings::default();
        assert_eq!((off.addr(), token(&off)), (None, Ok(None)));
        let open = AdminSettings { port: NonZeroU16::new(4_061), ..off.clone() };
        assert!(token(&open).unwrap_err().starts_with("admin.token: set it too"));
        let with = |text: &str| AdminSettings { token: Some(text.to_owned().into()), ..open.clone() };
        assert_eq!(token(&with("0123456789abcdef")).unwrap().unwrap().reveal(), "0123456789abcdef");
        for weak in ["", "0123456789abcde", " 0123456789abcdef"] {
            let error = token(&with(weak)).unwrap_err();
            assert!(
                error.starts_with("admin.token: set at least 16")
                    && (weak.is_empty() || !error.contains(weak))
            );
        }
        let path = std::env::temp_dir().join(format!("signal-fish-{}-token", std::process::id()));
        std::fs::write(&path, "fedcba9876543210\n").unwrap();
        let from_file = AdminSettings { token_path: Some(path.clone()), ..open.clone() };
        assert_eq!(token(&from_file).unwrap().unwrap().reveal(), "fedcba9876543210");
        let both = AdminSettings { token_path: Some(path.clone()), ..with("0123456789abcdef") };
        assert_eq!(token(&both).unwrap_err(), "admin: set only one of `token` and `token_path`");
        std::fs::remove_file(path).unwrap();
    }
}
