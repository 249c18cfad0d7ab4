//! Which apps come in, and how often.

use super::*;
use crate::{FetchedKeys, JwtRules};

const START: Moment = at(0);

const fn at(secs: u64) -> Moment {
    Moment { steady: Duration::from_secs(secs), wall: Timestamp::UNIX_EPOCH }
}

fn authenticate(authenticator: &Authenticator, app_id: &str, now: Moment) -> Result<Grant, Refusal> {
    authenticator.authenticate(app_id, None, now).map(Admission::accept)
}

fn app(id: &str, limits: AppLimits) -> App {
    App { id: AppId::parse(id).unwrap(), name: id.to_uppercase().into(), limits, requires_token: None }
}

#[test]
fn an_open_server_lets_everyone_in_as_one_app() {
    let open = Authenticator::open();
    assert!(open.anonymous().is_some());
    for label in ["anything", ""] {
        let grant = authenticate(&open, label, START).unwrap();
        assert_eq!((grant.app_id(), grant.app_name()), (None, "default"));
    }
    assert_eq!(authenticate(&open, "a\n", START).unwrap_err(), Refusal::MalformedAppId);
}

#[test]
fn an_allowlist_lets_in_only_who_is_on_it() {
    let strict = Authenticator::allowlist([app("demo", AppLimits::default())]);
    assert!(strict.anonymous().is_none());
    let grant = authenticate(&strict, "demo", START).unwrap();
    assert_eq!((grant.app_id().unwrap().as_str(), grant.app_name()), ("demo", "DEMO"));
    for (label, refusal) in [
        ("other", Refusal::InvalidAppId),
        ("Demo", Refusal::InvalidAppId),
        ("", Refusal::MalformedAppId),
        ("demo\n", Refusal::MalformedAppId),
    ] {
        assert_eq!(authenticate(&strict, label, START).unwrap_err(), refusal, "{label:?}");
    }
}

#[test]
fn an_app_has_so_many_handshakes_a_minute() {
    let limits = AppLimits { handshakes_per_minute: NonZeroU32::new(2), ..AppLimits::default() };
    let strict = Authenticator::allowlist([app("busy", limits), app("other", AppLimits::default())]);
    authenticate(&strict, "busy", START).unwrap();
    authenticate(&strict, "busy", START).unwrap();
    let refused = authenticate(&strict, "busy", START).unwrap_err();
    assert_eq!(refused, Refusal::TooManyHandshakes(Exhausted { retry_after: Duration::from_secs(30) }));
    authenticate(&strict, "other", START).unwrap();
    authenticate(&strict, "busy", at(30)).unwrap();
}

#[test]
fn a_list_that_is_replaced_resets_no_budget() {
    let limits = AppLimits { handshakes_per_minute: NonZeroU32::new(1), ..AppLimits::default() };
    let before = Authenticator::allowlist([app("busy", limits), app("gone", limits)]);
    authenticate(&before, "busy", START).unwrap();
    let renamed = App { name: "Busier".into(), ..app("busy", limits) };
    for busy in [app("busy", limits), renamed] {
        let after = Authenticator::allowlist([busy, app("new", limits)]).succeeding(&before);
        assert!(matches!(authenticate(&after, "busy", START), Err(Refusal::TooManyHandshakes(_))));
        assert_eq!(authenticate(&after, "gone", START).unwrap_err(), Refusal::InvalidAppId);
        authenticate(&after, "new", START).unwrap();
    }
    // Not by way of being off the list for a while, either.
    let without = Authenticator::allowlist([app("new", limits)]).succeeding(&before);
    for between in [without, Authenticator::open().succeeding(&before)] {
        let again = Authenticator::allowlist([app("busy", limits)]).succeeding(&between);
        assert!(matches!(authenticate(&again, "busy", START), Err(Refusal::TooManyHandshakes(_))));
    }
    let more = AppLimits { handshakes_per_minute: NonZeroU32::new(2), ..limits };
    let after = Authenticator::allowlist([app("busy", more)]).succeeding(&before);
    authenticate(&after, "busy", START).unwrap();
}

#[test]
fn an_app_has_so_many_connections_whatever_list_they_came_by() {
    let limits = AppLimits { connections_max: NonZeroU32::new(2), ..AppLimits::default() };
    let before = Authenticator::allowlist([app("small", AppLimits::default())]);
    let early = authenticate(&before, "small", START).unwrap();
    let after = Authenticator::allowlist([app("small", limits)]).succeeding(&before);
    let _late = authenticate(&after, "small", START).unwrap();
    assert_eq!(authenticate(&after, "small", START).unwrap_err(), Refusal::TooManyConnections);
    drop(early);
    authenticate(&after, "small", START).unwrap();
}

#[test]
fn clients_are_told_the_rate_of_their_app() {
    let limits = AppLimits { handshakes_per_minute: NonZeroU32::new(2), ..AppLimits::default() };
    let strict = Authenticator::allowlist([app("busy", limits), app("other", AppLimits::default())]);
    for (authenticator, app, rates) in [
        (&strict, "busy", (2, 120, 2_880)),
        (&strict, "other", (1_000, 60_000, 1_440_000)),
        (&Authenticator::open(), "any", (1_000, 10_000, 100_000)),
    ] {
        let told = authenticate(authenticator, app, START).unwrap().rate_limits();
        assert_eq!((told.per_minute, told.per_hour, told.per_day), rates, "{app}");
    }
}

#[test]
fn keys_that_are_fetched_stay_the_same_when_all_else_is_read_again() {
    let rules = |fetched: &Arc<FetchedKeys>| TokenRules {
        jwt: Some(JwtRules { keys: JwtKeys::Fetched(Arc::clone(fetched)), audience: "a".into() }),
        ..TokenRules::default()
    };
    let [first, second] = [(); 2].map(|()| Arc::new(FetchedKeys::new(|| {})));
    let before = Authenticator::open().with_tokens(rules(&first));
    let after = Authenticator::open().with_tokens(rules(&second)).succeeding(&before);
    let JwtKeys::Fetched(kept) = &after.tokens.jwt.as_ref().unwrap().keys else { panic!("{after:?}") };
    assert!(Arc::ptr_eq(kept, &first));
}
