//! The verb `ci`: everything a submission must pass, cheapest first, in named steps.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail};

use crate::workspace::{cargo, output_of, run_to_end, succeeds};
use crate::{audit, codegen, docs, layers, tidy};

pub(crate) fn run(root: &Path) -> Result<()> {
    let plan = plan(root)?;
    let mut passed = Vec::new();
    for step in plan.steps {
        println!("\n== {}: {}", step.name, step.repeat());
        let start = Instant::now();
        if let Err(error) = step.run(root) {
            bail!("{}", summary(&passed, &plan.not_run, Some((&step, &error))));
        }
        passed.push((step.name, start.elapsed()));
    }
    println!("{}", summary(&passed, &plan.not_run, None));
    Ok(())
}

struct Plan {
    steps: Vec<Step>,
    not_run: Vec<NotRun>,
}

struct Step {
    name: &'static str,
    action: Action,
}

enum Action {
    /// A cargo command; the first word may be a component or a plugin.
    Cargo(&'static [&'static str]),
    /// Another verb of ours, done in this process.
    Verb(&'static str, fn(&Path) -> Result<()>),
}

/// A check that this machine cannot do: said by name, never passed in silence.
struct NotRun {
    name: &'static str,
    why: &'static str,
}

fn plan(root: &Path) -> Result<Plan> {
    let step = |name, args| Step { name, action: Action::Cargo(args) };
    let mut steps = vec![
        step("fmt", &["fmt", "--all", "--check"]),
        Step { name: "layers", action: Action::Verb("layers", layers::check) },
        Step { name: "audit", action: Action::Verb("audit", audit::check) },
        Step { name: "tidy", action: Action::Verb("tidy", tidy::check) },
        Step { name: "codegen", action: Action::Verb("codegen --check", codegen::check) },
        step("clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        step("echo", CLIPPY_OF_ECHO),
        Step { name: "docs", action: Action::Verb("docs --check", docs::check) },
    ];
    let mut not_run = Vec::new();
    if has_advisories(root) {
        steps.push(step("advisories", &["audit", "--no-fetch"]));
    } else {
        not_run.push(NotRun {
            name: "advisories",
            why: "whether a package has a known hole; install cargo-audit and run it once, for its database, first",
        });
    }
    if has_wasm_target(root)? {
        steps.push(step("wasm", &["check", "--package", "signal-fish-protocol", "--target", WASM]));
    } else {
        not_run.push(NotRun {
            name: "wasm",
            why: "whether the protocol builds for browsers; `rustup target add wasm32-unknown-unknown` first",
        });
    }
    not_run.extend(without_tools());
    // The plain runner needs nothing but Rust. It runs the same tests, one binary after the other.
    let tests: &[&str] = if succeeds(&mut cargo(root, &["nextest", "--version"])) {
        &["nextest", "run", "--workspace"]
    } else {
        &["test", "--workspace", "--tests"]
    };
    steps.push(step("tests", tests));
    steps.push(step("doctests", &["test", "--workspace", "--doc"]));
    if has_pip() {
        // Not captured: where pip cannot get the cases, the test says that it was not run.
        const TEST: &[&str] = &[
            "test",
            "--package",
            TRANSPORT,
            "--features",
            "echo",
            "--test",
            "conformance",
            "--",
            "--nocapture",
        ];
        steps.push(step("autobahn", TEST));
    } else {
        not_run.push(NotRun {
            name: "autobahn",
            why: "whether connections pass the cases for WebSocket; `python3 -m pip` has to work first",
        });
    }
    Ok(Plan { steps, not_run })
}

/// The tests that say themselves that they were not run where this machine lacks what they drive.
fn without_tools() -> impl Iterator<Item = NotRun> {
    let has = |tool: &str| succeeds(Command::new(tool).arg("--version"));
    let tools = [
        (has("testssl"), "testssl", "whether TLS has a known weakness; install testssl.sh first"),
        (
            has("chromedriver"),
            "browser",
            "whether the playground works in a browser; install chromium and its chromedriver first",
        ),
        (
            has_published_server(),
            "published",
            "whether ours answers as the published server does; say where that is in SIGNAL_FISH_PUBLISHED",
        ),
    ];
    tools.into_iter().filter(|(is_there, ..)| !is_there).map(|(_, name, why)| NotRun { name, why })
}

fn has_wasm_target(root: &Path) -> Result<bool> {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", WASM]).current_dir(root);
    Ok(Path::new(output_of(&mut rustc)?.trim()).is_dir())
}

/// Whether known holes can be looked up without the network: where cargo-audit is, with the database that it keeps.
fn has_advisories(root: &Path) -> bool {
    let told = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let usual = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo"));
    let has_database = told.or_else(usual).is_some_and(|home| home.join("advisory-db").is_dir());
    has_database && succeeds(&mut cargo(root, &["audit", "--version"]))
}

/// The conformance test gets its cases by it.
fn has_pip() -> bool {
    succeeds(Command::new("python3").args(["-m", "pip", "--version"]))
}

/// Where the differential test looks for it, too.
fn has_published_server() -> bool {
    let told = std::env::var_os("SIGNAL_FISH_PUBLISHED").map(PathBuf::from);
    let installed = || Some(PathBuf::from(std::env::var_os("HOME")?).join(PUBLISHED));
    told.or_else(installed).is_some_and(|binary| binary.is_file())
}

impl Step {
    /// The command that does this step alone.
    fn repeat(&self) -> String {
        match self.action {
            Action::Cargo(args) => format!("cargo {}", args.join(" ")),
            Action::Verb(verb, _) => format!("cargo xtask {verb}"),
        }
    }

    fn run(&self, root: &Path) -> Result<()> {
        match self.action {
            Action::Verb(_, verb) => verb(root),
            Action::Cargo(args) => {
                has_component(root, args[0])?;
                run_to_end(&mut cargo(root, args))
            }
        }
    }
}

/// cargo's own words for a missing component do not say how to get it.
fn has_component(root: &Path, subcommand: &str) -> Result<()> {
    let component = match subcommand {
        "fmt" => "rustfmt",
        "clippy" => "clippy",
        _ => return Ok(()),
    };
    succeeds(&mut cargo(root, &[subcommand, "--version"]))
        .then_some(())
        .with_context(|| format!("{component} is not installed: `rustup component add {component}`"))
}

/// One line per step, and the count as the last line.
fn summary(passed: &[(&str, Duration)], not_run: &[NotRun], failed: Option<(&Step, &Error)>) -> String {
    let title = failed.map_or_else(String::new, |(step, _)| format!("step `{}` failed", step.name));
    let mut lines = vec![title];
    lines.extend(passed.iter().map(|(name, took)| format!("{name:>10} {:>7.1} s", took.as_secs_f64())));
    lines.extend(not_run.iter().map(|NotRun { name, why }| format!("{name:>10} not run: {why}")));
    if let Some((step, error)) = failed {
        lines.push(format!("{:>10} failed: {error:#}", step.name));
        lines.push(format!("{:>10} repeat only it: {}", "", step.repeat()));
    }
    lines.push(format!("ci: {} passed, {} failed", passed.len(), usize::from(failed.is_some())));
    lines.join("\n")
}

/// Where the measuring tools install the published server, below the home directory.
const PUBLISHED: &str = ".cache/signal-fish-perf/inst/bin/signal-fish-server";

/// The crate whose connections say back what they hear with the feature `echo`.
const TRANSPORT: &str = "signal-fish-transport";

const CLIPPY_OF_ECHO: &[&str] =
    &["clippy", "--package", TRANSPORT, "--features", "echo", "--all-targets", "--", "-D", "warnings"];

const WASM: &str = "wasm32-unknown-unknown";

#[cfg(test)]
mod tests {
    use super::*;

    const TOOK: Duration = Duration::from_millis(1_250);

    #[test]
    fn the_summary_names_what_did_not_run_and_ends_with_the_count() {
        let not_run = [NotRun { name: "wasm", why: "no target" }];
        let text = summary(&[("fmt", TOOK), ("tests", TOOK)], &not_run, None);
        assert!(text.contains("fmt     1.2 s\n"), "{text}");
        assert!(text.contains("wasm not run: no target\n"), "{text}");
        assert!(text.ends_with("\nci: 2 passed, 0 failed"), "{text}");
    }

    #[test]
    fn a_failure_says_how_to_repeat_only_that_step() {
        let step = Step { name: "layers", action: Action::Verb("layers", layers::check) };
        let error = Error::msg("3 to mend").context("table");
        let text = summary(&[("fmt", TOOK)], &[], Some((&step, &error)));
        assert!(text.contains("layers failed: table: 3 to mend\n"), "{text}");
        assert!(text.contains("repeat only it: cargo xtask layers\n"), "{text}");
        assert!(text.ends_with("\nci: 1 passed, 1 failed"), "{text}");
    }

    #[test]
    fn every_step_can_be_repeated_by_its_own_command() {
        let step = Step { name: "fmt", action: Action::Cargo(&["fmt", "--all", "--check"]) };
        assert_eq!(step.repeat(), "cargo fmt --all --check");
    }
}
