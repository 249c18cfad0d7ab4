//! The hub from outside, without sockets: sessions speak, and their outboxes are read.

mod ending;
mod fan_out;
mod protobuf;
mod rooms;
mod support;
