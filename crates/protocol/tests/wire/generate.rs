//! Random texts and random messages.

mod frames;
mod json;
mod messages;
mod parts;

pub(crate) use frames::{game_data_frame, message_pack};
pub(crate) use json::{damaged, json_text, json_text_or_worse};
pub(crate) use messages::{client_message, server_message};
pub(crate) use parts::{game_data, payload, relay_stamp, version};

/// A strategy for a struct out of one strategy for each member.
macro_rules! built {
    ($Name:ident { $($member:ident: $strategy:expr),+ $(,)? }) => {
        ($($strategy,)+).prop_map(|($($member,)+)| $Name { $($member),+ })
    };
}

use built;
