//! What a running server can be told anew: all settings of which the reference says so, and the files that they name.
//! No connection ends because of it.

use std::collections::hash_map::DefaultHasher;
use std::fmt;
use std::hash::{Hash as _, Hasher as _};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signal_fish_hub::Hub;
use signal_fish_transport::{Controls, Tls};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use crate::plan::{self, Plan};
use crate::server::{Drain, refuse_exposure};
use crate::settings::{Loaded, Problems, Reloaded, Settings, Sources};
use crate::surroundings::OnReload;

/// Tells a running server anew what it goes by. Clones are for the same server.
#[derive(Clone, Debug)]
pub struct Reloader(Arc<Parts>);

/// The parts of a server that can be told something while it runs.
pub(crate) struct Parts {
    pub(crate) hub: Hub,
    pub(crate) controls: Controls,
    /// Those of the port for operators.
    pub(crate) admin: Controls,
    /// The TCP addresses that players come in at, which may be others than those of the settings.
    pub(crate) bound: Vec<IpAddr>,
    pub(crate) tls: Option<Tls>,
    /// Where settings come from, if that is known.
    pub(crate) sources: Option<Sources>,
    pub(crate) on_reload: Option<OnReload>,
    /// What the file of the operators' token looked like at the start, whose token counts until the next one.
    pub(crate) operators_token: Option<Look>,
    pub(crate) current: Mutex<Current>,
    /// Apart from the rest: a server that stops does not wait until files are read.
    pub(crate) drain: Mutex<Drain>,
}

/// What the server goes by.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Current {
    pub(crate) settings: Settings,
    /// What the files that the settings name looked like when they were last read, good or bad.
    pub(crate) seen: Vec<Look>,
}

/// A file by the key that names it, and what it has in it as far as a change would show; nothing if it cannot be read.
pub(crate) type Look = (&'static str, Option<u64>);

impl Reloader {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Reads all settings again from where they come, and the files that they name, and applies what a running server
    /// takes over. Without known sources the settings stay and their files alone are read. The log says what came of it.
    /// Reads files, so it is not for the thread of a runtime.
    ///
    /// # Errors
    ///
    /// The settings, or the files that they name, are not sound. Nothing has changed then.
    pub fn reload(&self) -> Result<Reloaded, Problems> {
        // Held while they are read, so that of two reloads the later one is the last.
        let current = &mut self.current();
        let reloaded = match &self.0.sources {
            Some(sources) => Settings::load(sources).and_then(|Loaded { settings, notices }| {
                Ok(Reloaded { notices, ..self.apply_to(current, &settings)? })
            }),
            None => {
                let settings = current.settings.clone();
                self.apply_to(current, &settings)
            }
        };
        match &reloaded {
            Ok(Reloaded { applied, needs_restart, notices }) => {
                info!(?applied, "the settings were read again");
                if !needs_restart.is_empty() {
                    warn!(?needs_restart, "settings have changed that come into force at the next start");
                }
                notices.iter().for_each(|notice| warn!("{notice}"));
            }
            Err(problems) => problems.iter().for_each(|problem| {
                error!(%problem, "the settings were read again but are not sound, nothing has changed");
            }),
        }
        reloaded
    }

    /// Applies these settings as [`Reloader::reload`] does, without a word in the log.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn apply(&self, settings: &Settings) -> Result<Reloaded, Problems> {
        self.apply_to(&mut self.current(), settings)
    }

    /// How the server is to end, as things stand.
    pub(crate) fn drain(&self) -> Drain {
        *self.0.drain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies changes of files, for as long as it is awaited.
    ///
    /// It looks at them instead of waiting for the system to tell: files that are links into a directory which is
    /// exchanged as a whole, as in a Kubernetes secret, change without an event of their own.
    pub(crate) async fn watch(&self) -> ! {
        let mut ticks = interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let reloader = self.clone();
            // A disk may take its time. Should the look fail by a panic, the next one will not be worse.
            let _ = spawn_blocking(move || reloader.look_again()).await;
        }
    }

    /// Who may play and the certificates are read each by themselves: a registry that is broken for weeks must not keep
    /// a certificate from being renewed.
    fn look_again(&self) {
        // Nobody waits for a slow disk while nothing has changed.
        let before = self.current().clone();
        let seen = look(&before.settings);
        let changed = keys_that_differ(&before.seen, &seen);
        let (tls, others): (Vec<_>, Vec<_>) = changed.into_iter().partition(|key| key.starts_with(TLS));
        let (token, access): (Vec<_>, Vec<_>) = others.into_iter().partition(|&key| key == OPERATORS_TOKEN);
        let current = &mut *self.current();
        if *current != before {
            // A reload came between, and may have read what is newer. The next look tells.
            return;
        }
        // Also if they are bad, which is said once.
        current.seen = seen;
        if !token.is_empty() {
            warn!(needs_restart = ?token, "a file has changed that comes into force at the next start");
        }
        if !access.is_empty() {
            self.read_access_again(&current.settings);
        }
        if !tls.is_empty() {
            self.read_certificates_again(&current.settings);
        }
    }

    fn read_access_again(&self, settings: &Settings) {
        let mut problems = Problems::default();
        // Nothing else of the settings has a say: it may be broken, and an app is to be revoked all the same.
        let (authenticator, _) = plan::authenticator(&settings.security, &mut problems);
        match problems.none() {
            Ok(()) => {
                self.0.hub.authenticate_by(authenticator);
                info!("files have changed, who may play was read again");
            }
            Err(problems) => problems.iter().for_each(|problem| {
                warn!(%problem, "a file has changed but is not sound, who may play stays as it was");
            }),
        }
    }

    fn read_certificates_again(&self, settings: &Settings) {
        let Some(tls) = &self.0.tls else { return };
        match settings.security.transport.tls.load() {
            Ok(renewed) => {
                renewed.iter().for_each(|renewed| tls.renew(renewed));
                info!("the certificates were read again, new connections get them");
            }
            Err(problems) => problems.iter().for_each(|problem| {
                error!(%problem, "the certificates were read again but cannot be used, the old ones stay");
            }),
        }
    }

    fn apply_to(&self, current: &mut Current, wanted: &Settings) -> Result<Reloaded, Problems> {
        // Also what is not taken over has to be sound: the next start depends on it.
        Plan::new(wanted)?;
        let (settings, mut reloaded) = current.settings.updated(wanted);
        // Before they are read, so that no change goes unnoticed.
        let seen = look(&settings);
        let plan = Plan::new(&settings).map_err(Problems::until_a_restart)?;
        refuse_exposure(&settings, &self.0.bound)?;
        let renewed = settings.security.transport.tls.load()?;

        // From here on nothing fails.
        let parts = &*self.0;
        parts.hub.authenticate_by(plan.authenticator);
        parts.hub.reconfigure(plan.hub);
        parts.admin.apply(plan.listener.clone());
        parts.controls.apply(plan.listener);
        if let (Some(tls), Some(renewed)) = (&parts.tls, &renewed) {
            tls.renew(renewed);
        }
        for key in keys_that_differ(&current.seen, &seen) {
            if key != OPERATORS_TOKEN && !reloaded.applied.iter().any(|applied| applied == key) {
                reloaded.applied.push(key.to_owned());
            }
        }
        let has_other_path = reloaded.needs_restart.iter().any(|key| key == OPERATORS_TOKEN);
        if operators_token(&seen) != parts.operators_token && !has_other_path {
            reloaded.needs_restart.push(OPERATORS_TOKEN.to_owned());
        }
        if let Some(on_reload) = &parts.on_reload {
            on_reload(&settings);
        }
        *parts.drain.lock().unwrap_or_else(PoisonError::into_inner) = plan.drain;
        *current = Current { settings, seen };
        Ok(reloaded)
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// What the files of these settings look like now.
pub(crate) fn look(settings: &Settings) -> Vec<Look> {
    let of_operators = settings.admin.token_path.iter().map(|path| (OPERATORS_TOKEN, path.as_path()));
    let looks = plan::files(&settings.security).chain(of_operators).map(|(key, path)| {
        let hash = plan::read(path).ok().map(|bytes| {
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            hasher.finish()
        });
        (key, hash)
    });
    looks.collect()
}

/// The keys of files that are not the same in both, each once.
fn keys_that_differ(before: &[Look], now: &[Look]) -> Vec<&'static str> {
    let of_one = |a: &[Look], b: &[Look]| -> Vec<_> {
        a.iter().filter(|look| !b.contains(look)).map(|(key, _)| *key).collect()
    };
    let mut keys = [of_one(before, now), of_one(now, before)].concat();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The file of the operators' token among them.
pub(crate) fn operators_token(seen: &[Look]) -> Option<Look> {
    seen.iter().copied().find(|(key, _)| *key == OPERATORS_TOKEN)
}

/// The key of the only file whose content needs a restart.
const OPERATORS_TOKEN: &str = "admin.token_path";

/// The section of certificates.
const TLS: &str = "security.transport.tls.";

/// How long a change of a file may go unnoticed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;
    use crate::{InheritedSocket, InheritedSockets, Server, Surroundings};

    async fn inherited(addr: Ipv4Addr, settings: &Settings) -> Server {
        let players = vec![InheritedSocket::Tcp(TcpListener::bind((addr, 0)).unwrap())];
        let sockets = InheritedSockets { players, ..InheritedSockets::default() };
        Server::start_in(Surroundings { sockets, ..Surroundings::default() }, settings).await.unwrap()
    }

    #[tokio::test]
    async fn a_reload_does_not_open_a_public_socket_that_was_inherited_to_everyone() {
        let mut closed = Settings::default();
        closed.security.allow_open = true;
        let open = Settings::default();
        let public = inherited(Ipv4Addr::UNSPECIFIED, &closed).await.reloader();
        let refused = public.apply(&open).unwrap_err().to_string();
        assert!(refused.contains("security.allow_open"), "{refused}");
        assert_eq!(public.apply(&closed), Ok(Reloaded::default()), "nothing has changed");
        let own = inherited(Ipv4Addr::LOCALHOST, &closed).await.reloader();
        assert_eq!(
            own.apply(&open).map(|reloaded| reloaded.applied),
            Ok(vec!["security.allow_open".to_owned()])
        );
    }

    #[tokio::test]
    async fn another_token_of_operators_is_said_to_need_a_restart_until_there_is_one() {
        let path = std::env::temp_dir().join(format!("signal-fish-reload-{}-token", std::process::id()));
        std::fs::write(&path, "the-first-token-of-some").unwrap();
        let mut settings = Settings::default();
        settings.admin.token_path = Some(path.clone());
        let reloader = inherited(Ipv4Addr::LOCALHOST, &settings).await.reloader();
        assert_eq!(reloader.apply(&settings), Ok(Reloaded::default()));
        std::fs::write(&path, "the-second-token-of-some").unwrap();
        for _ in 0..2 {
            let Reloaded { applied, needs_restart, .. } = reloader.apply(&settings).unwrap();
            assert_eq!((applied, needs_restart), (vec![], vec![OPERATORS_TOKEN.to_owned()]));
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_file_that_comes_goes_or_changes_is_named_once() {
        let (a, b) = (("a", Some(1)), ("b", None));
        assert_eq!(keys_that_differ(&[a, b], &[a, b]), [""; 0]);
        assert_eq!(keys_that_differ(&[a, b], &[("a", Some(2)), ("b", Some(1))]), ["a", "b"]);
        assert_eq!(keys_that_differ(&[a], &[a, b]), ["b"]);
        assert_eq!(keys_that_differ(&[a, b], &[]), ["a", "b"]);
    }
}
