//! Arbitrary bytes for everything that reads what a stranger sent: what must hold whatever they are.
//!
//! Each target takes any bytes and panics if something is wrong. `cargo xtask fuzz` lets libFuzzer look for such bytes;
//! the tests of this crate replay what it found worth keeping, which is in `corpus/<target>`.

mod targets;

pub use targets::{TARGETS, Target};
