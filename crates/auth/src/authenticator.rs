//! Which app a connection speaks for, and whether it may.

use std::collections::HashMap;
use std::num::{NonZeroU8, NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use signal_fish_protocol::{AppId, RateLimitInfo};

use crate::budget::{Budget, Exhausted, Quota};

/// An app that may use this server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct App {
    /// The public label that its clients send.
    pub id: AppId,
    /// What its clients are told it is called.
    pub name: Arc<str>,
    /// What all its clients together may do.
    pub limits: AppLimits,
}

/// What the clients of an app may do; nothing means what the server allows to everyone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AppLimits {
    /// The most rooms at a time.
    pub rooms_max: Option<NonZeroU32>,
    /// The most players that one of them may ask for in a room.
    pub players_max: Option<NonZeroU8>,
    /// The most handshakes in a minute.
    pub handshakes_per_minute: Option<NonZeroU32>,
    /// The most bytes of game data that each of its players may send in a while.
    pub relay_bytes_max: Option<NonZeroU64>,
}

/// An app, and what is left of its handshakes.
#[derive(Debug)]
struct Registered {
    app: App,
    handshakes: Option<Budget>,
}

/// Proof that a connection may play, and for which app. Only an [`Authenticator`] makes one.
#[derive(Clone, Debug)]
pub struct Grant {
    app: Option<Arc<Registered>>,
}

impl Grant {
    /// The label that separates the rooms of different apps; all clients of an open server share one.
    pub fn app_id(&self) -> Option<&AppId> {
        self.app.as_ref().map(|registered| &registered.app.id)
    }

    /// What the client is told the app is called.
    pub fn app_name(&self) -> &str {
        self.app.as_ref().map_or("default", |registered| &registered.app.name)
    }

    /// What all clients of the app together may do.
    pub fn limits(&self) -> AppLimits {
        self.app.as_ref().map_or(AppLimits::default(), |registered| registered.app.limits)
    }

    /// How often the app's clients may authenticate, as they are told. Nothing but an app's own rate is held against anyone;
    /// the other numbers are those that clients have always been told.
    pub fn rate_limits(&self) -> RateLimitInfo {
        if self.app.is_none() {
            return RateLimitInfo { per_minute: 1_000, per_hour: 10_000, per_day: 100_000 };
        }
        let per_minute = self.limits().handshakes_per_minute.map_or(1_000, |n| u64::from(n.get()));
        RateLimitInfo { per_minute, per_hour: per_minute * 60, per_day: per_minute * 60 * 24 }
    }
}

/// Why a connection may not play.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The label is no label at all.
    #[error("the app id is malformed: it must have 1 to 256 bytes and no control characters")]
    MalformedAppId,
    /// The label is not on the list.
    #[error("the app id is not allowed on this server")]
    InvalidAppId,
    /// Too many clients of the app have come at once.
    #[error(transparent)]
    TooManyHandshakes(#[from] Exhausted),
}

/// Decides who may play.
#[derive(Clone, Debug)]
pub struct Authenticator {
    /// `None` is open mode: without a list an app id proves nothing.
    allowed: Option<HashMap<AppId, Arc<Registered>>>,
}

impl Authenticator {
    /// Lets everyone in. Authenticating is optional.
    pub const fn open() -> Self {
        Self { allowed: None }
    }

    /// Lets in only who authenticates for one of these apps.
    pub fn allowlist(apps: impl IntoIterator<Item = App>) -> Self {
        let budget = |n_max| Budget::new(Quota { n_max, window: Duration::from_mins(1) });
        let register = |app: App| {
            let handshakes = app.limits.handshakes_per_minute.map(budget);
            (app.id.clone(), Arc::new(Registered { app, handshakes }))
        };
        Self { allowed: Some(apps.into_iter().map(register).collect()) }
    }

    /// What a connection may do that has not authenticated; nothing unless the server is open.
    pub const fn anonymous(&self) -> Option<Grant> {
        match self.allowed {
            None => Some(Grant { app: None }),
            Some(_) => None,
        }
    }

    /// What a connection may do that authenticates for `app_id` at `now`, the time since any fixed moment.
    pub fn authenticate(&self, app_id: &str, now: Duration) -> Result<Grant, Refusal> {
        let app_id = match (&self.allowed, app_id) {
            // Whoever says nothing says no less than who does not authenticate.
            (None, "") => return Ok(Grant { app: None }),
            (None | Some(_), app_id) => AppId::parse(app_id).map_err(|_| Refusal::MalformedAppId)?,
        };
        match &self.allowed {
            None => Ok(Grant { app: None }),
            Some(allowed) => {
                let registered = allowed.get(&app_id).ok_or(Refusal::InvalidAppId)?;
                if let Some(handshakes) = &registered.handshakes {
                    handshakes.spend(now)?;
                }
                Ok(Grant { app: Some(Arc::clone(registered)) })
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
            let grant = open.authenticate(label, Duration::ZERO).unwrap();
            assert_eq!((grant.app_id(), grant.app_name()), (None, "default"));
        }
        assert_eq!(open.authenticate("a\n", Duration::ZERO).unwrap_err(), Refusal::MalformedAppId);
    }

    #[test]
    fn an_allowlist_lets_in_only_who_is_on_it() {
        let demo =
            App { id: AppId::parse("demo").unwrap(), name: "Demo".into(), limits: AppLimits::default() };
        let strict = Authenticator::allowlist([demo]);
        assert!(strict.anonymous().is_none());
        let grant = strict.authenticate("demo", Duration::ZERO).unwrap();
        assert_eq!((grant.app_id().unwrap().as_str(), grant.app_name()), ("demo", "Demo"));
        for (label, refusal) in [
            ("other", Refusal::InvalidAppId),
            ("Demo", Refusal::InvalidAppId),
            ("", Refusal::MalformedAppId),
            ("demo\n", Refusal::MalformedAppId),
        ] {
            assert_eq!(strict.authenticate(label, Duration::ZERO).unwrap_err(), refusal, "{label:?}");
        }
    }

    #[test]
    fn an_app_has_so_many_handshakes_a_minute() {
        let limits = AppLimits { handshakes_per_minute: NonZeroU32::new(2), ..AppLimits::default() };
        let app = |id: &str, limits| App { id: AppId::parse(id).unwrap(), name: id.into(), limits };
        let strict = Authenticator::allowlist([app("busy", limits), app("other", AppLimits::default())]);
        strict.authenticate("busy", Duration::ZERO).unwrap();
        strict.authenticate("busy", Duration::ZERO).unwrap();
        let refused = strict.authenticate("busy", Duration::ZERO).unwrap_err();
        assert_eq!(refused, Refusal::TooManyHandshakes(Exhausted { retry_after: Duration::from_secs(30) }));
        strict.authenticate("other", Duration::ZERO).unwrap();
        strict.authenticate("busy", Duration::from_secs(30)).unwrap();
    }

    #[test]
    fn clients_are_told_the_rate_of_their_app() {
        let limits = AppLimits { handshakes_per_minute: NonZeroU32::new(2), ..AppLimits::default() };
        let app = |id: &str, limits| App { id: AppId::parse(id).unwrap(), name: id.into(), limits };
        let strict = Authenticator::allowlist([app("busy", limits), app("other", AppLimits::default())]);
        for (authenticator, app, rates) in [
            (&strict, "busy", (2, 120, 2_880)),
            (&strict, "other", (1_000, 60_000, 1_440_000)),
            (&Authenticator::open(), "any", (1_000, 10_000, 100_000)),
        ] {
            let told = authenticator.authenticate(app, Duration::ZERO).unwrap().rate_limits();
            assert_eq!((told.per_minute, told.per_hour, told.per_day), rates, "{app}");
        }
    }
}
