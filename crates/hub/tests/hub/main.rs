//! The hub from outside, without sockets: sessions speak, and their outboxes are read.

mod deadlines;
mod ending;
mod fan_out;
mod rooms;
mod support;
