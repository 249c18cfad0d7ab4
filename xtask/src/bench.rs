//! The verb `bench`: the criterion benches of the whole workspace.

use std::path::Path;

use anyhow::Result;

use crate::workspace::{cargo, run_to_end};

pub(crate) fn run(root: &Path, filter: Option<&str>, quick: bool) -> Result<()> {
    // Only bench targets: the unit-test harness, which plain `cargo bench` also starts, refuses criterion's flags.
    let mut bench = cargo(root, &["bench", "--workspace", "--bench", "*", "--"]);
    bench.args(quick.then_some("--quick")).args(filter);
    run_to_end(&mut bench)
}
