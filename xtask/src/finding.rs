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

/// Where `kept` first differs from `made`, with `advice` and what differs there.
pub(crate) fn difference(path: &str, advice: &str, kept: &str, made: &str) -> Option<Finding> {
    if kept == made {
        return None;
    }
    let n_same = kept.lines().zip(made.lines()).take_while(|(kept, made)| kept == made).count();
    let shown = |text: &str, sign: char| -> String {
        text.lines().skip(n_same).take(DIFF_LINES).map(|line| format!("\n    {sign} {line}")).collect()
    };
    let diff = shown(kept, '-') + &shown(made, '+');
    Some(Finding::error(path, n_same + 1, format!("{advice}; it first differs here:{diff}")))
}

/// So many differing lines tell what changed; the rest is in `git diff` after mending.
const DIFF_LINES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kept: &str, made: &str, expected: Option<(usize, &str)>) {
        let found = difference("page.md", "write it anew", kept, made);
        let found = found.map(|finding| (finding.line, finding.advice));
        let expected =
            expected.map(|(line, diff)| (line, format!("write it anew; it first differs here:{diff}")));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_difference_is_named_with_its_first_lines() {
        check("a\nb\n", "a\nb\n", None);
        check("a\nb\nc\n", "a\nB\nc\n", Some((2, "\n    - b\n    - c\n    + B\n    + c")));
        check("1\n2\n3\n4\n5\n", "", Some((1, "\n    - 1\n    - 2\n    - 3")));
        check("", "a\n", Some((1, "\n    + a")));
        check("a", "a\n", Some((2, "")));
    }
}
