//! The hub from outside, without sockets: sessions speak, and their outboxes are read.

mod binding;
mod budgets;
mod deadlines;
mod ending;
mod fan_out;
mod figures;
mod operations;
mod passwords;
mod peering;
mod protobuf;
mod reconnection;
mod rooms;
mod rotation;
mod support;
