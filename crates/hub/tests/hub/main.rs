//! The hub from outside, without sockets: sessions speak, and their outboxes are read.

mod banned;
mod binding;
mod budgets;
mod deadlines;
mod ending;
mod fan_out;
mod figures;
mod guessing;
mod operations;
mod passwords;
mod peering;
mod protobuf;
mod reconfiguring;
mod reconnection;
mod rooms;
mod rotation;
mod support;
