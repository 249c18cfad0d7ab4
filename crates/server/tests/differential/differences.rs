//! What our server says otherwise than the published one, on purpose, and why.

use serde_json::Value;

use crate::client::kind_of;

/// A step of a session at which the servers differ.
pub(crate) struct Difference {
    /// What the scripts call it.
    pub(crate) name: &'static str,
    /// The messages of the published server in which it shows, to everyone who hears something else from ours.
    published: &'static str,
    /// Those of ours.
    ours: &'static str,
    /// Why ours is better.
    why: &'static str,
    /// What is left of a message without it. In that the servers agree.
    without: fn(Value) -> Option<Value>,
}

/// Every difference that a script shows, at the steps that name it and nowhere else.
pub(crate) const NAMED: &[Difference] = &[
    Difference {
        name: "leaving without a seat",
        published: "nothing",
        ours: "RoomLeft",
        why: "the published client waits for this answer and does nothing else until it comes",
        without: |heard| but_for("RoomLeft", heard),
    },
    Difference {
        name: "the peers of one who comes back",
        published: "nothing",
        ours: "PlayerJoined",
        why: "the published client forgets a peer at PlayerLeft and takes later messages that name it for faults",
        without: |heard| but_for("PlayerJoined", heard),
    },
    Difference {
        name: "the peers of one who comes back with the authority",
        published: "PlayerReconnected",
        ours: "PlayerJoined",
        why: "as for any peer; and it has the authority when AuthorityChanged says so, not before",
        without: |mut heard| {
            if heard["type"] == "PlayerReconnected" {
                heard["data"]["player"]["is_authority"] = false.into();
            }
            but_for("PlayerJoined", heard)
        },
    },
    Difference {
        name: "one who comes back to a game with the authority",
        published: "AuthorityChanged",
        ours: "AuthorityChanged",
        why: "it is settled who speaks for the room before a plan is told, as the contract has it; the published server tells the plan first",
        without: |heard| but_for("AuthorityChanged", heard),
    },
    Difference {
        name: "the peers of one who comes back to a game with the authority",
        published: "PlayerReconnected, AuthorityChanged",
        ours: "PlayerJoined, AuthorityChanged",
        why: "as for the one who comes back, and as for the peers of any",
        without: |heard| {
            (named("the peers of one who comes back with the authority").without)(heard)
                .and_then(|heard| but_for("AuthorityChanged", heard))
        },
    },
    Difference {
        name: "one who came back while others were away",
        published: "nothing",
        ours: "Reconnected",
        why: "what is missed is what the peers were told, to be read in the same way",
        without: without_the_joining_of_those_who_came_back,
    },
    Difference {
        name: "the next token",
        published: "nothing",
        ours: "Reconnected",
        why: "on version 2 too: whoever came with a token can be told the next one, and is lost without it",
        without: |heard| without_member("reconnection_token", heard),
    },
    Difference {
        name: "coming back to another room",
        published: "ReconnectionFailed RECONNECTION_TOKEN_INVALID",
        ours: "ReconnectionFailed RECONNECTION_FAILED",
        why: "seats are kept by their rooms: none keeps one for this player under that id, and no list of all who are away has to be kept beside the rooms to say more",
        without: |heard| but_for("ReconnectionFailed", heard),
    },
    Difference {
        name: "coming back with another app",
        published: "ReconnectionFailed ROOM_NOT_FOUND",
        ours: "ReconnectionFailed RECONNECTION_FAILED",
        why: "for an app the rooms of others are not there, whatever token it shows, and it is told what anybody is told who comes back to a room that is not there",
        without: |heard| but_for("ReconnectionFailed", heard),
    },
    Difference {
        name: "coming back after a kick",
        published: "ReconnectionFailed RECONNECTION_FAILED",
        ours: "ReconnectionFailed KICKED",
        why: "the contract has this code for a seat that was kicked; the published server keeps to it only if the player was away",
        without: |heard| but_for("ReconnectionFailed", heard),
    },
    Difference {
        name: "kicking again who was away",
        published: "RoomOperationResult PlayerKicked",
        ours: "RoomOperationResult OperationFailed KICK_TARGET_NOT_FOUND",
        why: "the contract lets a kick find who plays or may come back, and this one may not any more; after the kick of a player who was there the published server says the same",
        without: |heard| but_for("RoomOperationResult", heard),
    },
    Difference {
        name: "a server that keeps no seats",
        published: "ProtocolInfo",
        ours: "nothing",
        why: "the published server announces the capability reconnection although nobody can come back",
        without: |heard| without_capability("reconnection", heard),
    },
    Difference {
        name: "leaving a room that has a new code",
        published: "SpectatorLeft",
        ours: "nothing",
        why: "who came by the old code was not told the new one, and the published client takes any but its own for a fault; the member is optional",
        without: without_code_of_what_was_watched,
    },
    Difference {
        name: "access to a room without a password said",
        published: "RoomOperationResult RoomAccessUpdated",
        ours: "RoomOperationResult OperationFailed INVALID_INPUT",
        why: "a member that is misspelt must not open a room: the contract wants a string or null",
        without: |_| None,
    },
    Difference {
        name: "watching a room to its end",
        published: "PlayerLeft",
        ours: "SpectatorLeft",
        why: "all are gone at once, so that nobody needs to hear who else is; and the room is named in full, as to those who leave by themselves",
        without: |heard| but_for("PlayerLeft", heard).and_then(without_code_of_what_was_watched),
    },
    Difference {
        name: "an operation that cannot be read",
        published: "Error INVALID_INPUT",
        ours: "RoomOperationResult OperationFailed INVALID_INPUT",
        why: "whoever gave it an id waits for a result with that id, and would wait for ever",
        without: |heard| but_for("RoomOperationResult", heard).and_then(|heard| but_for("Error", heard)),
    },
    Difference {
        name: "a second try after a refused version",
        published: "close 1000",
        ours: "Authenticated, ProtocolInfo",
        why: "a client that is told which versions there are may ask for one of them on the same connection",
        without: |_| None,
    },
    Difference {
        name: "when to come back",
        published: "GoingAway",
        ours: "GoingAway",
        why: "the published server repeats its grace, in which nobody can come back; the contract says 30 seconds",
        without: |heard| without_member("retry_after_secs", heard),
    },
    Difference {
        name: "the handshakes of an app",
        published: "AuthenticationError RATE_LIMIT_EXCEEDED",
        ours: "Authenticated, ProtocolInfo",
        why: "the published server refuses from half of the rate on that it tells clients; ours lets that many come at once",
        without: |_| None,
    },
    Difference {
        name: "a loss while the server drains",
        published: "nothing",
        ours: "PlayerLeft, AuthorityChanged",
        why: "the game goes on until the end, and who is left sees who is gone",
        without: |heard| but_for("PlayerLeft", heard).and_then(|heard| but_for("AuthorityChanged", heard)),
    },
    Difference {
        name: "leaving while the server drains",
        published: "close 4000",
        ours: "RoomLeft",
        why: "the published client waits for this answer, and whoever stays should hear who leaves",
        without: |_| None,
    },
    Difference {
        name: "a room of no particular size in an app of small ones",
        published: "RoomJoinFailed INVALID_MAX_PLAYERS",
        ours: "RoomJoined, LobbyStateChanged",
        why: "who asks for no size does not ask for too much, and gets what the app may have",
        without: |_| None,
    },
    Difference {
        name: "rooms under codes of one's own",
        published: "RoomJoined, LobbyStateChanged",
        ours: "RoomJoinFailed RATE_LIMIT_EXCEEDED",
        why: "a limit on new rooms that a code of one's own gets around is none",
        without: |_| None,
    },
    Difference {
        name: "a code that another app uses",
        published: "RoomJoinFailed ROOM_NOT_FOUND",
        ours: "RoomJoined, LobbyStateChanged",
        why: "each app has codes of its own, so that none can take those of another",
        without: |_| None,
    },
    Difference {
        name: "apps of an open server",
        published: "RoomJoinFailed ROOM_NOT_FOUND",
        ours: "RoomJoined",
        why: "without an allowlist an app id proves nothing, and clients that skip Authenticate must meet those that do not",
        without: |_| None,
    },
    Difference {
        name: "a newcomer while the server drains",
        published: "nothing",
        ours: "PlayerJoined",
        why: "who is not told of a player takes what it sends for a fault",
        without: |heard| but_for("PlayerJoined", heard),
    },
];

/// Something that the published server does not have, so that there is nothing to compare.
pub(crate) struct Addition {
    /// What the sessions about it call it.
    pub(crate) name: &'static str,
    /// Why ours has it.
    why: &'static str,
}

/// Everything that sessions with our server alone are about.
pub(crate) const ADDED: &[Addition] = &[Addition {
    name: "reconnection_token",
    why: "version 2 clients that ask for this capability can come back, too; all others see what they always saw",
}];

/// A member of messages that is not compared in any session.
struct Overlooked {
    member: &'static str,
    why: &'static str,
}

const OVERLOOKED: &[Overlooked] =
    &[Overlooked { member: "notes", why: "advice about SDKs is a text of the deployment" }];

impl Difference {
    /// Whether one who has heard these has heard this difference and no other.
    pub(crate) fn explains(&self, theirs: &[Value], ours: &[Value]) -> bool {
        let ((published, their_rest), (mine, our_rest)) = (self.part(theirs), self.part(ours));
        (&*published, &*mine) == (self.published, self.ours) && their_rest == our_rest
    }

    /// The kinds of the messages in which it shows, and what is left of all of them.
    fn part(&self, heard: &[Value]) -> (String, Vec<Value>) {
        let (mut shows_in, mut rest) = (Vec::new(), Vec::new());
        for heard in heard.iter().cloned().map(overlook) {
            let left = (self.without)(heard.clone());
            if left.as_ref() != Some(&heard) {
                shows_in.push(kind_of(&heard));
            }
            rest.extend(left);
        }
        (listed(&shows_in), rest)
    }
}

/// Kinds of messages as the scripts list them.
pub(crate) fn listed(kinds: &[String]) -> String {
    if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") }
}

/// Everything but messages of this type.
fn but_for(kind: &str, heard: Value) -> Option<Value> {
    (heard["type"] != kind).then_some(heard)
}

/// The message without this member of its data.
fn without_member(member: &str, mut heard: Value) -> Option<Value> {
    if let Some(data) = heard.pointer_mut("/data").and_then(Value::as_object_mut) {
        data.remove(member);
    }
    Some(heard)
}

fn without_code_of_what_was_watched(heard: Value) -> Option<Value> {
    if heard["type"] == "SpectatorLeft" { without_member("room_code", heard) } else { Some(heard) }
}

/// The message without this capability among those that are announced.
fn without_capability(name: &str, mut heard: Value) -> Option<Value> {
    if let Some(capabilities) = heard.pointer_mut("/data/capabilities").and_then(Value::as_array_mut) {
        capabilities.retain(|capability| capability != name);
    }
    Some(heard)
}

/// The message without each missed `PlayerJoined` that says of whom the `PlayerReconnected` behind it is.
fn without_the_joining_of_those_who_came_back(mut heard: Value) -> Option<Value> {
    if let Some(missed) = heard.pointer_mut("/data/missed_events").and_then(Value::as_array_mut) {
        let behind: Vec<_> = missed.iter().skip(1).cloned().chain([Value::Null]).collect();
        let mut behind = behind.iter();
        missed.retain(|event| {
            let next = behind.next().expect("there are as many");
            let is_of_one = event["data"]["player"]["id"] == next["data"]["player_id"];
            !(event["type"] == "PlayerJoined" && next["type"] == "PlayerReconnected" && is_of_one)
        });
    }
    Some(heard)
}

/// The difference with this name.
#[track_caller]
pub(crate) fn named(name: &str) -> &'static Difference {
    NAMED
        .iter()
        .find(|difference| difference.name == name)
        .unwrap_or_else(|| panic!("no difference {name:?}"))
}

/// A message without what is overlooked everywhere.
pub(crate) fn overlook(heard: Value) -> Value {
    let mut members = OVERLOOKED.iter().map(|overlooked| overlooked.member);
    members.try_fold(heard, |heard, member| without_member(member, heard)).expect("no message is taken away")
}

/// Whether every entry of the tables has its reason.
pub(crate) fn all_have_reasons() -> bool {
    let named = NAMED.iter().map(|difference| difference.why);
    let added = ADDED.iter().map(|addition| addition.why);
    let overlooked = OVERLOOKED.iter().map(|overlooked| overlooked.why);
    named.chain(added).chain(overlooked).all(|why| why.len() > 20)
}
