//! What our server says otherwise than the published one, on purpose, and why.

use serde_json::Value;

/// A step of a session at which the servers differ.
pub(crate) struct Difference {
    /// What the scripts call it.
    pub(crate) name: &'static str,
    /// What those hear from the published server who hear something else from ours.
    pub(crate) published: &'static str,
    pub(crate) ours: &'static str,
    /// Why ours is better.
    pub(crate) why: &'static str,
}

/// Every difference that a script shows, at the steps that name it and nowhere else.
pub(crate) const NAMED: &[Difference] = &[
    Difference {
        name: "leaving without a seat",
        published: "Ada hears nothing",
        ours: "Ada hears RoomLeft",
        why: "the published client waits for this answer and does nothing else until it comes",
    },
    Difference {
        name: "the peer of one who comes back",
        published: "Ada hears PlayerReconnected",
        ours: "Ada hears PlayerJoined, PlayerReconnected",
        why: BACK,
    },
    Difference {
        name: "the peer of one who comes back to a game",
        published: "Ada hears PlayerReconnected, SessionPlan",
        ours: "Ada hears PlayerJoined, PlayerReconnected, SessionPlan",
        why: BACK,
    },
    Difference {
        name: "the peers of one who comes back with the authority",
        published: "Bob hears PlayerReconnected, AuthorityChanged; Cat hears PlayerReconnected, AuthorityChanged",
        ours: "Bob hears PlayerJoined, PlayerReconnected, AuthorityChanged; Cat hears PlayerJoined, PlayerReconnected, AuthorityChanged",
        why: BACK,
    },
    Difference {
        name: "a seat of another room",
        published: "Cat hears ReconnectionFailed RECONNECTION_TOKEN_INVALID",
        ours: "Cat hears ReconnectionFailed RECONNECTION_FAILED",
        why: "rooms keep their own lost seats, so that none is found where there is no such room",
    },
    Difference {
        name: "an operation that cannot be read",
        published: "Ada hears Error INVALID_INPUT",
        ours: "Ada hears RoomOperationResult OperationFailed INVALID_INPUT",
        why: "whoever gave it an id waits for a result with that id, and would wait for ever",
    },
    Difference {
        name: "a kicked player who wants its seat back",
        published: "Bea hears ReconnectionFailed RECONNECTION_FAILED",
        ours: "Bea hears ReconnectionFailed KICKED",
        why: "the contract has a code for it, and a player who is told need not try again",
    },
    Difference {
        name: "a second try after a refused version",
        published: "Ada hears close 1000",
        ours: "Ada hears Authenticated, ProtocolInfo",
        why: "a client that is told which versions there are may ask for one of them on the same connection",
    },
    Difference {
        name: "the rates of an app",
        published: "Ada hears Authenticated, ProtocolInfo",
        ours: "Ada hears Authenticated, ProtocolInfo",
        why: "apps have no handshake rates of their own here, so that all are told the same",
    },
    Difference {
        name: "when to come back",
        published: "Bob hears GoingAway; Wim hears GoingAway",
        ours: "Bob hears GoingAway; Wim hears GoingAway",
        why: "the published server repeats its grace, in which nobody can come back; the contract says 30 seconds",
    },
    Difference {
        name: "a newcomer while the server drains",
        published: "Ada hears nothing; Bob hears nothing",
        ours: "Ada hears PlayerJoined; Bob hears PlayerJoined",
        why: "who is not told of a player takes what it sends for a fault",
    },
];

const BACK: &str =
    "the published client forgets a peer at PlayerLeft and takes later messages that name it for faults";

/// Something in messages that is not compared in any session.
struct Overlooked {
    take_away: fn(&mut Value),
    why: &'static str,
}

const OVERLOOKED: &[Overlooked] = &[Overlooked {
    take_away: |data| {
        if let Some(object) = data.as_object_mut() {
            object.remove("notes");
        }
    },
    why: "advice about SDKs is a text of the deployment",
}];

/// The difference with this name.
#[track_caller]
pub(crate) fn named(name: &str) -> &'static Difference {
    NAMED
        .iter()
        .find(|difference| difference.name == name)
        .unwrap_or_else(|| panic!("no difference {name:?}"))
}

/// A message without what is overlooked everywhere.
pub(crate) fn overlook(mut heard: Value) -> Value {
    OVERLOOKED.iter().for_each(|overlooked| (overlooked.take_away)(&mut heard["data"]));
    heard
}

/// Whether every entry of the tables has its reason.
pub(crate) fn all_have_reasons() -> bool {
    let reasons = NAMED
        .iter()
        .map(|difference| difference.why)
        .chain(OVERLOOKED.iter().map(|overlooked| overlooked.why));
    reasons.map(str::len).all(|len| len > 20)
}
