//! The hub from outside, without sockets: sessions speak, and their outboxes are read.

mod ending;
mod fan_out;
mod peering;
mod reconnection;
mod rooms;
mod support;
