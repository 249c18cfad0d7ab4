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
pub(crate) const NAMED: &[Difference] = &[Difference {
    name: "leaving without a seat",
    published: "Ada hears nothing",
    ours: "Ada hears RoomLeft",
    why: "the published client waits for this answer and does nothing else until it comes",
}];

/// Something in messages that is not compared in any session.
struct Overlooked {
    take_away: fn(&mut Value),
    why: &'static str,
}

const OVERLOOKED: &[Overlooked] = &[
    Overlooked {
        take_away: |data| {
            if let Some(object) = data.as_object_mut() {
                object.remove("reconnection_token");
            }
        },
        why: "our server keeps no seats of lost connections yet",
    },
    Overlooked {
        take_away: |data| {
            if let Some(capabilities) = data["capabilities"].as_array_mut() {
                capabilities
                    .retain(|capability| capability != "reconnection" && capability != "room_operation_ids");
            }
        },
        why: "our server does not have these capabilities yet",
    },
];

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
