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

mod authority;
mod away;
mod lobby;
mod missed;
mod relay;
mod seats;
mod spectators;

mod expiry;
mod snapshot;

pub mod invariant;

pub use away::{AwayRules, IssuedToken, Returning, TokenHash};
pub use command::{Command, Newcomer};
pub use effect::{Audience, Effect, Effects};
pub use room::{Room, RoomSetup};

#[cfg(test)]
mod fixture;
