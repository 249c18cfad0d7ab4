//! Rules about the plain text of a file: its first line, its length, and what it must not point at.

use crate::finding::Finding;

pub(super) fn header(path: &str, text: &str) -> Option<Finding> {
    let said = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("//!"))
        .is_some_and(|doc| !doc.trim().is_empty());
    (!said).then(|| Finding::error(path, 1, "open the file with one `//!` line that a stranger understands"))
}

pub(super) fn length(path: &str, text: &str) -> Option<Finding> {
    let n_lines = text.lines().count();
    let advice =
        format!("split this file of {n_lines} lines at its second noun; {FILE_LINES_SOFT} is the aim");
    if n_lines > FILE_LINES_MAX {
        Some(Finding::error(path, n_lines, advice))
    } else {
        (n_lines > FILE_LINES_SOFT).then(|| Finding::warning(path, n_lines, advice))
    }
}

pub(super) fn mentions_of_elsewhere(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for needle in ELSEWHERE.into_iter().filter(|needle| mentions(line, needle)) {
            let advice =
                format!("say it here or link inside the repository: `{needle}` exists on no other machine");
            findings.push(Finding::error(path, index + 1, advice));
        }
    }
    findings
}

/// Whether `line` holds `needle` as the start of a path, not as the middle of a longer one (`net/work/x`).
fn mentions(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.'))
    })
}

/// A second noun hides in a file this long: worth a look.
const FILE_LINES_SOFT: usize = 400;
/// Nobody reads a file longer than this.
const FILE_LINES_MAX: usize = 600;

/// Places that only the authors' machines have. Glued together here so that this file does not contain them.
pub(super) const ELSEWHERE: [&str; 2] = [concat!("../", "shared"), concat!("/", "work/")];
