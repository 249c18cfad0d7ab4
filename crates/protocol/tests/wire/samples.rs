//! One value of everything that can be said, with all that can be in it; where members may be left out, also
//! one with as little as possible.

mod client;
mod parts;
mod server;

pub(crate) use client::{client_messages, room_operations};
pub(crate) use parts::*;
pub(crate) use server::{room_results, server_messages};

/// What sets a sample apart from others of its kind, and the sample.
pub(crate) type Sample<T> = (&'static str, T);
