//! Which app a connection speaks for, and whether it may.

use std::collections::HashMap;
use std::sync::Arc;

use signal_fish_protocol::{AppId, RateLimitInfo};

/// An app that may use this server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct App {
    /// The public label that its clients send.
    pub id: AppId,
    /// What its clients are told it is called.
    pub name: Arc<str>,
}

/// Proof that a connection may play, and for which app. Only an [`Authenticator`] makes one.
#[derive(Clone, Debug)]
pub struct Grant {
    app: Option<Arc<App>>,
}

impl Grant {
    /// The label that separates the rooms of different apps; all clients of an open server share one.
    pub fn app_id(&self) -> Option<&AppId> {
        self.app.as_ref().map(|app| &app.id)
    }

    /// What the client is told the app is called.
    pub fn app_name(&self) -> &str {
        self.app.as_ref().map_or("default", |app| &app.name)
    }

    /// How often the app may act, as the client is told.
    pub const fn rate_limits(&self) -> RateLimitInfo {
        RateLimitInfo { per_minute: 1_000, per_hour: 10_000, per_day: 100_000 }
    }
}

/// Why a connection may not play.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The label is malformed, or not on the list.
    #[error("the app id is not allowed on this server")]
    InvalidAppId,
}

/// Decides who may play.
#[derive(Clone, Debug)]
pub struct Authenticator {
    /// `None` is open mode: without a list an app id proves nothing.
    allowed: Option<HashMap<AppId, Arc<App>>>,
}

impl Authenticator {
    /// Lets everyone in. Authenticating is optional.
    pub const fn open() -> Self {
        Self { allowed: None }
    }

    /// Lets in only who authenticates for one of these apps.
    pub fn allowlist(apps: impl IntoIterator<Item = App>) -> Self {
        Self { allowed: Some(apps.into_iter().map(|app| (app.id.clone(), Arc::new(app))).collect()) }
    }

    /// What a connection may do that has not authenticated; nothing unless the server is open.
    pub const fn anonymous(&self) -> Option<Grant> {
        match self.allowed {
            None => Some(Grant { app: None }),
            Some(_) => None,
        }
    }

    /// What a connection may do that authenticates for `app_id`.
    pub fn authenticate(&self, app_id: &str) -> Result<Grant, Refusal> {
        let app_id = match (&self.allowed, app_id) {
            // Whoever says nothing says no less than who does not authenticate.
            (None, "") => return Ok(Grant { app: None }),
            (None | Some(_), app_id) => AppId::parse(app_id).map_err(|_| Refusal::InvalidAppId)?,
        };
        match &self.allowed {
            None => Ok(Grant { app: None }),
            Some(allowed) => {
                let app = allowed.get(&app_id).ok_or(Refusal::InvalidAppId)?;
                Ok(Grant { app: Some(Arc::clone(app)) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_server_lets_everyone_in_as_one_app() {
        let open = Authenticator::open();
        assert!(open.anonymous().is_some());
        for label in ["anything", ""] {
            let grant = open.authenticate(label).unwrap();
            assert_eq!((grant.app_id(), grant.app_name()), (None, "default"));
        }
        assert_eq!(open.authenticate("a\n").unwrap_err(), Refusal::InvalidAppId);
    }

    #[test]
    fn an_allowlist_lets_in_only_who_is_on_it() {
        let demo = App { id: AppId::parse("demo").unwrap(), name: "Demo".into() };
        let strict = Authenticator::allowlist([demo]);
        assert!(strict.anonymous().is_none());
        let grant = strict.authenticate("demo").unwrap();
        assert_eq!((grant.app_id().unwrap().as_str(), grant.app_name()), ("demo", "Demo"));
        for unknown in ["other", "Demo", "", "demo\n"] {
            assert_eq!(strict.authenticate(unknown).unwrap_err(), Refusal::InvalidAppId, "{unknown:?}");
        }
    }
}
