//! Which app a connection speaks for, and whether it may.

use std::collections::HashMap;
use std::num::{NonZeroU8, NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use signal_fish_protocol::{AppId, RateLimitInfo, RoomCode, Timestamp};

use crate::app_usage::{AppShare, AppUsage};
use crate::budget::{Budget, Exhausted, Quota};
use crate::claims::{Claims, Role};
use crate::connect_token::{Believed, TokenRefusal, TokenRules};
use crate::jwt_keys::JwtKeys;
use crate::used::{Use, UsedTokens};

/// An app that may use this server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct App {
    /// The public label that its clients send.
    pub id: AppId,
    /// What its clients are told it is called.
    pub name: Arc<str>,
    /// What all its clients together may do.
    pub limits: AppLimits,
    /// Whether its clients have to show a connect token; nothing means what the server wants of everyone.
    pub requires_token: Option<bool>,
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
    /// The most connections at a time.
    pub connections_max: Option<NonZeroU32>,
    /// The most messages that each of its players may send into a room in a while.
    pub messages_max: Option<NonZeroU32>,
    /// The most bytes of game data that each of its players may send in a while.
    pub relay_bytes_max: Option<NonZeroU64>,
    /// The most messages that all its players together may send into rooms in a while.
    pub messages_max_of_all: Option<NonZeroU64>,
    /// The most bytes of game data that all its players together may send in a while.
    pub relay_bytes_max_of_all: Option<NonZeroU64>,
}

/// An app, what is left of its handshakes, and what its clients use up.
#[derive(Debug)]
struct Registered {
    app: App,
    handshakes: Option<Arc<Budget>>,
    usage: Arc<AppUsage>,
}

impl Registered {
    /// A place for one more connection.
    fn place(&self) -> Result<Place, Refusal> {
        let n_max = self.app.limits.connections_max.map_or(u32::MAX, NonZeroU32::get);
        let one_more = |n: u32| (n < n_max).then_some(n + 1);
        let taken = self.usage.n_connections.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.map_err(|_| Refusal::TooManyConnections)?;
        Ok(Place(Arc::clone(&self.usage)))
    }
}

/// One of the connections of an app, until it is dropped.
#[derive(Debug)]
struct Place(Arc<AppUsage>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.n_connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// When something happens, by the two clocks that matter here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The time since any fixed moment, which must not go back.
    pub steady: Duration,
    /// The time of day, which tokens go by.
    pub wall: Timestamp,
}

/// Proof that a connection may play, and for which app. Only an [`Authenticator`] makes one.
#[derive(Debug)]
pub struct Grant {
    app: Option<Arc<Registered>>,
    token: Option<Box<TokenGrant>>,
    /// Held for as long as the grant is.
    _place: Option<Place>,
}

/// What was granted because of a token.
#[derive(Clone, Debug)]
struct TokenGrant {
    claims: Claims,
    /// By the steady clock: setting the time of day must not end a game.
    ends: Option<Duration>,
}

/// A grant that is not used yet. Unless it is, by [`Admission::accept`], a token that is good only once stays good.
pub struct Admission {
    grant: Grant,
    used: Option<Use>,
}

impl Admission {
    /// What is granted.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The client comes in.
    pub fn accept(self) -> Grant {
        if let Some(used) = self.used {
            used.keep();
        }
        self.grant
    }
}

impl Grant {
    const ANONYMOUS: Self = Self { app: None, token: None, _place: None };

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

    /// Its part of what all clients of the app together may send in each such `window`, if that is limited.
    pub fn share(&self, window: Duration) -> Option<AppShare> {
        let registered = self.app.as_ref()?;
        AppShare::of(&registered.usage, registered.app.limits, window)
    }

    /// Who the client is to whoever has made its token, if that says so.
    pub fn subject(&self) -> Option<&str> {
        self.claims()?.subject.as_deref()
    }

    /// Whether it may enter the room with this code, or make one that has it.
    pub fn may_enter(&self, code: &RoomCode) -> bool {
        let only = self.claims().and_then(|claims| claims.room.as_deref());
        only.is_none_or(|only| only.eq_ignore_ascii_case(code.as_str()))
    }

    /// Whether it may enter only one room.
    pub fn is_for_one_room(&self) -> bool {
        self.claims().is_some_and(|claims| claims.room.is_some())
    }

    /// Whether it may play, and not only watch.
    pub fn may_play(&self) -> bool {
        self.claims().and_then(|claims| claims.role) != Some(Role::Spectator)
    }

    /// When its connection has to end, by the steady clock.
    pub fn ends(&self) -> Option<Duration> {
        self.token.as_ref()?.ends
    }

    fn claims(&self) -> Option<&Claims> {
        self.token.as_ref().map(|token| &token.claims)
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
    /// The app has as many connections as it may have.
    #[error("this app has as many connections as it may have, try again later")]
    TooManyConnections,
    /// There has to be a connect token, and there is none.
    #[error("this app wants a connect token")]
    TokenRequired,
    /// The connect token is not believed.
    #[error(transparent)]
    Token(#[from] TokenRefusal),
}

/// Decides who may play.
#[derive(Clone, Debug)]
pub struct Authenticator {
    /// `None` is open mode: without a list an app id proves nothing.
    allowed: Option<HashMap<AppId, Arc<Registered>>>,
    /// Apps that were listed before, and may be again: what they have used up is not forgotten.
    gone: HashMap<AppId, Arc<Registered>>,
    tokens: TokenRules,
    used: Arc<UsedTokens>,
}

impl Authenticator {
    /// Lets everyone in. Authenticating is optional.
    pub fn open() -> Self {
        Self { allowed: None, gone: HashMap::new(), tokens: TokenRules::default(), used: Arc::default() }
    }

    /// Lets in only who authenticates for one of these apps.
    pub fn allowlist(apps: impl IntoIterator<Item = App>) -> Self {
        let budget = |n_max| Arc::new(Budget::new(Quota { n_max, window: Duration::from_mins(1) }));
        let register = |app: App| {
            let handshakes = app.limits.handshakes_per_minute.map(budget);
            (app.id.clone(), Arc::new(Registered { app, handshakes, usage: Arc::default() }))
        };
        Self { allowed: Some(apps.into_iter().map(register).collect()), ..Self::open() }
    }

    /// The same, that believes connect tokens by these rules.
    #[must_use]
    pub fn with_tokens(self, tokens: TokenRules) -> Self {
        Self { tokens, ..self }
    }

    /// The same, that takes over from `before`: budgets that were spent stay spent, connections that are there count,
    /// tokens that were used stay used, and keys that were fetched stay those that are replaced.
    #[must_use]
    pub fn succeeding(mut self, before: &Self) -> Self {
        self.used = Arc::clone(&before.used);
        if let (Some(own), Some(earlier)) = (&mut self.tokens.jwt, &before.tokens.jwt)
            && let (JwtKeys::Fetched(own), JwtKeys::Fetched(earlier)) = (&mut own.keys, &earlier.keys)
        {
            *own = Arc::clone(earlier);
        }
        let known = || before.allowed.iter().flatten().chain(&before.gone);
        self.gone = known().map(|(id, earlier)| (id.clone(), Arc::clone(earlier))).collect();
        for (id, registered) in self.allowed.iter_mut().flatten() {
            let Some(earlier) = &self.gone.remove(id) else { continue };
            if earlier.app == registered.app {
                *registered = Arc::clone(earlier);
                continue;
            }
            let rate = |registered: &Registered| registered.app.limits.handshakes_per_minute;
            let from = if rate(earlier) == rate(registered) { earlier } else { &*registered };
            let (app, handshakes) = (registered.app.clone(), from.handshakes.clone());
            let usage = Arc::clone(&earlier.usage);
            *registered = Arc::new(Registered { app, handshakes, usage });
        }
        self
    }

    /// What a connection may do that has not authenticated; nothing unless the server is open.
    pub fn anonymous(&self) -> Option<Grant> {
        (self.allowed.is_none() && !self.tokens.required).then_some(Grant::ANONYMOUS)
    }

    /// What a connection may do that authenticates for `app_id` and may have shown a connect token.
    ///
    /// Handshakes are counted after the token was checked: those without one cannot use up what is there for others.
    pub fn authenticate(&self, app_id: &str, token: Option<&str>, now: Moment) -> Result<Admission, Refusal> {
        let app = match &self.allowed {
            // Whoever says nothing says no less than who does not authenticate.
            None if app_id.is_empty() => None,
            allowed => {
                let id = AppId::parse(app_id).map_err(|_| Refusal::MalformedAppId)?;
                let registered =
                    |allowed: &HashMap<_, _>| allowed.get(&id).cloned().ok_or(Refusal::InvalidAppId);
                allowed.as_ref().map(registered).transpose()?
            }
        };
        let (token, used) = self.check_token(app.as_deref(), app_id, token, now)?;
        let place = app.as_deref().map(Registered::place).transpose()?;
        if let Some(handshakes) = app.as_ref().and_then(|registered| registered.handshakes.as_ref()) {
            handshakes.spend(now.steady)?;
        }
        Ok(Admission { grant: Grant { app, token, _place: place }, used })
    }

    fn check_token(
        &self,
        app: Option<&Registered>,
        app_id: &str,
        token: Option<&str>,
        now: Moment,
    ) -> Result<(Option<Box<TokenGrant>>, Option<Use>), Refusal> {
        let Some(token) = token else {
            let required = app.and_then(|registered| registered.app.requires_token);
            let required = required.unwrap_or(self.tokens.required);
            return if required { Err(Refusal::TokenRequired) } else { Ok((None, None)) };
        };
        let wall = now.wall.as_second();
        let Believed { claims, used } = self.tokens.verify(&self.used, token, app_id, wall)?;
        let left = |ends: i64| Duration::from_secs(u64::try_from(ends.saturating_sub(wall)).unwrap_or(0));
        let ends = claims.session_ends.map(|ends| now.steady.saturating_add(left(ends)));
        Ok((Some(Box::new(TokenGrant { claims, ends })), used))
    }
}

#[cfg(test)]
mod tests;
