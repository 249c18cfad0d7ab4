//! Sessions about what our server does not have yet. Delete a line to have its session compared.

/// Names of sessions that are played with the published server alone, to see that they can be played.
pub(crate) const LATER: &[&str] = &[
    // Reconnection.
    "a player comes back to its seat",
    "the authority comes back with its holder",
    "what happened meanwhile is told",
    "a player comes back to a running game",
    "a token is good once, and a new one is given",
    "attempts that are refused",
    "nobody comes back after leaving",
    "the seat or the name was taken meanwhile",
    // Session plans and signals.
    "a mesh of those who can",
    "a host where not all know a mesh",
    "a host that is reached directly",
    "a direct host needs an address that works",
    "the earliest is host where nobody has the authority",
    "the host leaves",
    "late comers must fit the session",
    "signals that are refused",
    // Room operations and moderation.
    "the five ways in and out, with ids",
    "the same id twice is two operations",
    "operations that fail",
    "a player is kicked",
    "a kicked player does not come back to its seat",
    "a ban and its end",
    "moderation that is refused",
    "the authority is given away",
    "a new code for the room",
    // Passwords.
    "a room is made with a password",
    "the password is asked for before the name and the seats",
    "the authority closes and opens its room",
];
