//! The wire format from outside: its exact bytes, what readers forgive, and laws that hold for every message.

mod contract;
mod forgiveness;
mod generate;
mod golden;
mod properties;
mod protobuf;
mod readable;
mod samples;
