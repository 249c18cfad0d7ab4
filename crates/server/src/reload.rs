//! What a running server can be told anew: who may play, and the certificates that it shows. No connection ends
//! because of it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signal_fish_hub::Hub;
use signal_fish_transport::Tls;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::plan::{self, Plan};
use crate::settings::{Problems, SecuritySettings, Settings};

/// Tells a running server anew who may play.
#[derive(Clone, Debug)]
pub struct Reloader {
    hub: Hub,
    tls: Option<Tls>,
    current: Arc<Mutex<Current>>,
}

/// What the server goes by.
#[derive(Debug)]
struct Current {
    settings: Settings,
    /// What the files that they name looked like when they were last read, good or bad.
    seen: Vec<Look>,
}

/// What a file has in it, as far as a change would show; nothing if it cannot be read.
type Look = Option<u64>;

impl Reloader {
    /// `seen` are the files of `settings` from before they were read.
    pub(crate) fn new(hub: Hub, settings: Settings, seen: Vec<Look>, tls: Option<Tls>) -> Self {
        Self { hub, tls, current: Arc::new(Mutex::new(Current { settings, seen })) }
    }

    /// Decides by these settings, and the files that they name, who may play from now on, and reads the certificates
    /// again, whose errors it logs. Says what of the settings would need a restart. Reads files.
    ///
    /// # Errors
    ///
    /// The settings are not sound. Nothing has changed then.
    pub fn apply(&self, settings: &Settings) -> Result<Vec<String>, Problems> {
        let notices = self.apply_to(&mut self.current(), settings)?;
        if let Some(tls) = &self.tls {
            tls.reload();
        }
        Ok(notices)
    }

    /// Applies changes of files, for as long as it is awaited.
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

    fn look_again(&self) {
        // Kept to the end, so that nothing that is applied in between is undone.
        let current = &mut self.current();
        let seen = look(&current.settings.security);
        if seen == current.seen {
            return;
        }
        // Also if it is bad, which is said once.
        current.seen = seen;
        let settings = current.settings.clone();
        match self.apply_to(current, &settings) {
            Ok(_) => info!("files have changed, who may play was read again"),
            Err(problems) => {
                for problem in problems.iter() {
                    warn!(%problem, "a file has changed but is not sound, who may play stays as it was");
                }
            }
        }
    }

    fn apply_to(&self, current: &mut Current, settings: &Settings) -> Result<Vec<String>, Problems> {
        let jwks_url = |settings: &Settings| settings.security.connect_token.jwt.jwks_url.clone();
        if jwks_url(settings) != jwks_url(&current.settings) {
            let mut problems = Problems::default();
            problems.add("security.connect_token.jwt.jwks_url", "cannot change before a restart");
            return Err(problems);
        }
        // Before they are read, so that no change goes unnoticed.
        let seen = look(&settings.security);
        self.hub.authenticate_by(Plan::new(settings)?.authenticator);
        let needs_restart = without_access(settings) != without_access(&current.settings);
        // The rest stays as it is in force, to be compared with next time too.
        current.settings.security = access_of(&settings.security, &current.settings.security);
        current.seen = seen;
        let notice = "settings beside those of who may play have changed, which needs a restart";
        Ok(needs_restart.then(|| notice.to_owned()).into_iter().collect())
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the files of these settings look like now.
pub(crate) fn look(settings: &SecuritySettings) -> Vec<Look> {
    let looks = plan::files(settings).map(|path| {
        let bytes = plan::read(path).ok()?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Some(hasher.finish())
    });
    looks.collect()
}

/// `settings` with the members of `access` that say who may play.
fn access_of(access: &SecuritySettings, settings: &SecuritySettings) -> SecuritySettings {
    SecuritySettings {
        enforce_app_id_allowlist: access.enforce_app_id_allowlist,
        allowed_apps: access.allowed_apps.clone(),
        app_auth_path: access.app_auth_path.clone(),
        connect_token: access.connect_token.clone(),
        ..settings.clone()
    }
}

/// What would need a restart to change.
fn without_access(settings: &Settings) -> Settings {
    let security = access_of(&SecuritySettings::default(), &settings.security);
    Settings { security, ..settings.clone() }
}

/// How long a change of a file may go unnoticed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
