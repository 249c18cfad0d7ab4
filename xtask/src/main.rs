//! Every chore of the project as a verb: `cargo xtask <verb>`.
#![expect(clippy::print_stdout, reason = "a chore reports to the person at the terminal")]

mod audit;
mod bench;
mod ci;
mod codegen;
mod docs;
mod finding;
mod fuzz;
mod layers;
mod release;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The chores of the Signal Fish workspace.")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Everything a submission must pass: format, lints, layers, audit, tidy, docs and every test
    Ci,
    /// Hold every Cargo.toml to the layer table in xtask/layers.toml
    Layers,
    /// Hold every package from elsewhere to xtask/audit.toml: licences, versions, sources, bans
    Audit,
    /// Hold every source file to the rules of the house that rustc and clippy do not know
    Tidy,
    /// Write the Rust code of the protobuf messages from the schema in crates/protocol/proto
    Codegen {
        /// Write nothing: fail if the code is stale
        #[arg(long)]
        check: bool,
    },
    /// Write the reference pages in docs/reference from the code
    Docs {
        /// Write nothing: fail if a page is stale, a relative link leads nowhere, or a part of the protocol has no test
        #[arg(long)]
        check: bool,
    },
    /// Run the criterion benches
    Bench {
        /// Run only the benches whose name contains this
        filter: Option<String>,
        /// Stop a bench as soon as its estimate looks steady: minutes become seconds, noise grows
        #[arg(long)]
        quick: bool,
    },
    /// Throw arbitrary bytes at everything that reads what a stranger sent
    Fuzz {
        /// Only this target: a folder of crates/fuzz/corpus
        target: Option<String>,
        /// So many inputs for each target
        #[arg(long, default_value_t = 1_000_000)]
        runs: u64,
        /// Keep what reached new code in the corpus, which the tests replay
        #[arg(long)]
        keep: bool,
    },
    /// Check versions, changelog and licences, and that the protocol's crate packages and builds on its own
    Release {
        /// Publish nothing: that is done by hand
        #[arg(long, required = true)]
        dry_run: bool,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        // Not by returning it: a backtrace of the chore helps nobody to mend what it found.
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<()> {
    let root = workspace::root();
    match verb {
        Verb::Ci => ci::run(&root),
        Verb::Layers => layers::check(&root),
        Verb::Audit => audit::check(&root),
        Verb::Tidy => tidy::check(&root),
        Verb::Codegen { check: false } => codegen::write(&root),
        Verb::Codegen { check: true } => codegen::check(&root),
        Verb::Docs { check: false } => docs::write(&root),
        Verb::Docs { check: true } => docs::check(&root),
        Verb::Bench { filter, quick } => bench::run(&root, filter.as_deref(), quick),
        Verb::Fuzz { target, runs, keep } => fuzz::run(&root, target.as_deref(), runs, keep),
        // Without the flag clap refuses.
        Verb::Release { dry_run: _ } => release::dry_run(&root),
    }
}
