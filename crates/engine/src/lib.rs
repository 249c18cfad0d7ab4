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

mod access;
mod authority;
mod lobby;
mod moderation;
mod relay;
mod seats;
mod spectators;

mod expiry;
mod snapshot;

pub mod invariant;

pub use access::{BANS_MAX, PasswordHash, WRONG_PASSWORD};
pub use command::{Command, Newcomer};
pub use effect::{Audience, Effect, Effects};
pub use moderation::NOT_AUTHORITY;
pub use room::{Room, RoomSetup};

#[cfg(test)]
mod fixture;
