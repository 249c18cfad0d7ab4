//! What a room does, as a pure function of commands and time.
//!
//! Feed a [`Room`] with [`Command`]s and the present moment, and do what the [`Effect`]s say, in their order.
//! The same commands at the same instants always have the same effects: ids, names and random values arrive
//! inside commands, and nothing here asks for the time.
//!
//! `tests/scripts` shows in plain text what each member sees of every command.
//!
//! This crate must not know async, locks, clocks, randomness, sockets, encodings, storage or logging.

mod command;
mod effect;
mod room;

mod roster;
mod step;
mod texts;

mod access;
mod authority;
mod away;
mod lobby;
mod missed;
mod moderation;
mod plan;
mod relay;
mod seats;
mod signalling;
mod spectators;

mod endpoint;
mod expiry;
mod means;
mod snapshot;

pub mod invariant;

pub use access::{BANS_MAX, Ban, PasswordHash, Subject};
pub use away::{AwayRules, IssuedToken, Returning, TokenHash};
pub use command::{Command, Newcomer};
pub use effect::{Audience, Effect, Effects};
pub use means::Means;
pub use plan::SessionRules;
pub use room::{Kept, Room, RoomSetup};
pub use signalling::Signal;
pub use texts::{
    IS_CONNECTED, NO_SEAT, NO_SEAT_KEPT, NOT_AUTHORITY, NOT_WATCHING, TOO_MANY_FAIL, WRONG_PASSWORD,
};

#[cfg(test)]
mod fixture;
