//! The pages that say which test holds each part of the protocol and each defence: the tests exist, nothing is without.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use pulldown_cmark::{Event, Parser, Tag};

use super::links::resolve;
use crate::finding::Finding;

/// What is wrong with the pages. Whether their links lead somewhere is looked at where all links are.
pub(super) fn wrong(root: &Path) -> Result<Vec<Finding>> {
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| path.to_owned());
    let mut findings = Vec::new();
    for page in [PAGE, SECURITY] {
        findings.extend(wrong_rows(page, &read(page)?, |file| fs::read_to_string(root.join(file)).ok()));
    }
    let page = read(PAGE)?;
    for path in REFERENCES {
        findings.extend(missing(&page, &read(path)?));
    }
    Ok(findings)
}

/// Rows that name no test, and tests that are not where the page says.
fn wrong_rows(path: &str, page: &str, read: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (row, line) in page.lines().zip(1..).filter(|(row, _)| is_row(row)) {
        let links = links(row);
        let tests: Vec<_> = links.iter().filter(|(text, _)| !text.ends_with(".rs")).collect();
        if tests.is_empty() {
            findings.push(Finding::error(path, line, "name a test for this row"));
        }
        for (name, link) in tests {
            let Some(file) = resolve(path, link) else { continue };
            if read(&file).is_some_and(|source| !has_test(&file, &source, name)) {
                findings.push(Finding::error(path, line, format!("`{file}` has no test `{name}`")));
            }
        }
    }
    findings
}

/// Messages and codes that this page of the reference has and no row names.
fn missing(page: &str, reference: &str) -> Vec<Finding> {
    let rows: String = page.lines().filter(|row| is_row(row)).collect();
    let named: BTreeSet<_> = rows.split('`').skip(1).step_by(2).flat_map(|code| code.split(' ')).collect();
    let listed = reference.lines().filter_map(|line| {
        let first_cell = || line.strip_prefix("| `")?.split('`').next();
        line.strip_prefix("### ").or_else(first_cell).filter(|name| !name.starts_with(char::is_lowercase))
    });
    listed
        .filter(|name| !named.contains(name))
        .map(|name| Finding::error(PAGE, 1, format!("give `{name}` a row with its tests")))
        .collect()
}

/// A line of a table that is neither its head nor the rule below that.
fn is_row(line: &str) -> bool {
    line.starts_with("| ") && !line.starts_with("| what ")
}

/// The text and the target of each link.
fn links(row: &str) -> Vec<(&str, String)> {
    let events = Parser::new(row).into_offset_iter();
    let links = events.filter_map(|(event, range)| {
        let Event::Start(Tag::Link { dest_url, .. }) = event else { return None };
        let (text, _) = row[range].strip_prefix('[')?.split_once("](")?;
        Some((text, dest_url.into_string()))
    });
    links.collect()
}

/// In Rust a test is a function that is marked as one; in a script it is the beginning of a comment.
fn has_test(file: &str, source: &str, name: &str) -> bool {
    if file.ends_with(".txt") {
        return source.lines().any(|line| line.strip_prefix("# ").is_some_and(|text| text.starts_with(name)));
    }
    let head = format!("fn {name}(");
    let mut is_marked = false;
    source.lines().map(str::trim_start).any(|line| {
        let is_test = is_marked && line.trim_start_matches("async ").starts_with(&head);
        is_marked =
            line.starts_with("#[") && line.contains("test") || is_marked && line.starts_with(['#', '/']);
        is_test
    })
}

const PAGE: &str = "docs/protocol-tests.md";

/// Attacks, what they get, and the tests that show it.
const SECURITY: &str = "docs/security.md";

/// Where the messages and the codes are listed.
const REFERENCES: [&str; 3] =
    ["docs/reference/messages.md", "docs/reference/error-codes.md", "docs/reference/close-codes.md"];

#[cfg(test)]
mod tests {
    use super::*;

    const RUST: &str = "#[test]\nfn it_works() {}\n\n/// It goes.\n#[tokio::test]\nasync fn it_goes() {}\n\nfn helper() {}\n";

    fn check(row: &str, expected: &[&str]) {
        let read = |file: &str| match file {
            "crates/hub/tests/it.rs" => Some(RUST.to_owned()),
            "crates/engine/a.txt" => Some("# Ada comes in. Bob too.\nAda joins\n".to_owned()),
            _ => None,
        };
        let found: Vec<_> = wrong_rows(PAGE, row, read).into_iter().map(|finding| finding.advice).collect();
        assert_eq!(found, expected, "in {row:?}");
    }

    #[test]
    fn tests_are_looked_for_where_the_row_says() {
        check("| a | [it_works](../crates/hub/tests/it.rs), [it_goes](../crates/hub/tests/it.rs) |", &[]);
        check("| a | [Ada comes in](../crates/engine/a.txt) |", &[]);
        check(
            "| a | [it](../crates/hub/tests/it.rs), [helper](../crates/hub/tests/it.rs) |",
            &["`crates/hub/tests/it.rs` has no test `it`", "`crates/hub/tests/it.rs` has no test `helper`"],
        );
        check("| a | [Bob too](../crates/engine/a.txt) |", &["`crates/engine/a.txt` has no test `Bob too`"]);
    }

    #[test]
    fn every_row_has_a_test() {
        check("| a | [it.rs](../crates/hub/tests/it.rs) | |", &["name a test for this row"]);
        check("| what | where | tests |\n|---|---|---|\n\nA word.\n", &[]);
    }

    #[test]
    fn what_the_reference_lists_has_a_row() {
        let reference =
            "# Codes\n\n### Ping\n\n| code | meaning |\n| `ROOM_FULL` | |\n| `4001` | |\n| `key` | |\n";
        let missing = |page: &str| -> Vec<_> {
            missing(page, reference).into_iter().map(|finding| finding.advice).collect()
        };
        assert_eq!(missing("| `Ping`, `ROOM_FULL` `4001` | [it](../it.rs) |\n"), [] as [&str; 0]);
        assert_eq!(missing("| `Ping 4001` | |\n`ROOM_FULL`\n"), ["give `ROOM_FULL` a row with its tests"]);
    }
}
