//! What a check found, where, and what to do instead.

use anyhow::{Result, bail};

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) severity: Severity,
    pub(crate) advice: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Error,
    Warning,
}

impl Finding {
    pub(crate) fn error(path: &str, line: usize, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, severity: Severity::Error, advice: advice.into() }
    }

    pub(crate) fn warning(path: &str, line: usize, advice: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, line, advice) }
    }
}

/// Prints everything that was found; fails if any of it is an error.
pub(crate) fn report(mut findings: Vec<Finding>) -> Result<()> {
    findings.sort();
    let mut n_errors = 0;
    for Finding { path, line, severity, advice } in &findings {
        match severity {
            Severity::Error => {
                n_errors += 1;
                eprintln!("{path}:{line}: {advice}");
            }
            Severity::Warning => eprintln!("{path}:{line}: warning: {advice}"),
        }
    }
    if n_errors > 0 {
        bail!("{n_errors} to mend, listed above");
    }
    Ok(())
}

/// The number of the first line that opens with `start`, or 1 if none does.
pub(crate) fn line_opening_with(text: &str, start: &str) -> usize {
    text.lines().position(|line| line.starts_with(start)).map_or(1, |index| index + 1)
}
