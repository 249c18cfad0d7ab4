//! The verb `fuzz`: libFuzzer at everything that reads what a stranger sent.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::workspace::{cargo, run_to_end};

/// Runs the target of this name, or each of them, on so many inputs. With `keep`, what reached new code goes into the
/// corpus of the repository, which the tests replay.
pub(crate) fn run(root: &Path, only: Option<&str>, n_runs: u64, keep: bool) -> Result<()> {
    let corpus = root.join("crates/fuzz/corpus");
    let is_there = cargo(root, &["fuzz", "--version"]).output().is_ok_and(|out| out.status.success());
    ensure!(is_there, "cargo-fuzz is missing: cargo install --locked cargo-fuzz");
    let mut names = Vec::new();
    for folder in fs::read_dir(&corpus).context("the corpus")? {
        names.push(folder?.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| only.is_none_or(|only| only == name));
    names.sort_unstable();
    ensure!(!names.is_empty(), "there is no such target: they are the folders of crates/fuzz/corpus");
    for name in names {
        let (kept, found) = (corpus.join(&name), root.join("target/fuzz/found").join(&name));
        fs::create_dir_all(&found)?;
        println!("{name}");
        run_to_end(libfuzzer(root, &name).args([&found, &kept]).args([
            "--",
            &format!("-runs={n_runs}"),
            "-max_len=8192",
            "-timeout=5",
        ]))?;
        if keep {
            run_to_end(libfuzzer(root, &name).args([&kept, &found]).args(["--", "-merge=1"]))?;
        }
    }
    Ok(())
}

/// Without a sanitizer, which would need another toolchain; there is no unsafe code for it to look at.
fn libfuzzer(root: &Path, name: &str) -> Command {
    let mut run = cargo(root, &["fuzz", "run", "--sanitizer", "none"]);
    // In the one folder for all that is built, although this is a workspace of its own.
    run.args(["--fuzz-dir", "crates/fuzz/libfuzzer", "--target-dir", "target/fuzz/build", "any"]);
    run.env("SIGNAL_FISH_FUZZ", name);
    run
}
