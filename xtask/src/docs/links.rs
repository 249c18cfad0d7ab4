//! Relative links between the Markdown files of the repository, each followed to its end.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use pulldown_cmark::{Event, Parser, Tag};

use crate::finding::Finding;

pub(super) fn broken(root: &Path, files: &[String]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in files.iter().filter(|path| is_checked(path)) {
        let text = fs::read_to_string(root.join(path)).with_context(|| path.clone())?;
        findings.extend(broken_in(path, &text, |target| root.join(target).exists()));
    }
    Ok(findings)
}

fn is_checked(path: &str) -> bool {
    let folders = ["docs/", "crates/", "deploy/"];
    path == "README.md" || path.ends_with(".md") && folders.iter().any(|folder| path.starts_with(folder))
}

fn broken_in(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (event, range) in Parser::new(text).into_offset_iter() {
        let (Event::Start(Tag::Link { dest_url: link, .. })
        | Event::Start(Tag::Image { dest_url: link, .. })) = event
        else {
            continue;
        };
        let Some(target) = file_meant_by(&link) else { continue };
        if !resolve(path, target).is_some_and(|target| exists(&target)) {
            let line = text[..range.start].lines().count().max(1);
            findings.push(Finding::error(path, line, format!("point `{link}` at a file that exists")));
        }
    }
    findings
}

/// The path in a link, without its anchor; nothing for another site or a place on the same page.
fn file_meant_by(link: &str) -> Option<&str> {
    let path = link.split(['#', '?']).next().unwrap_or(link);
    let has_scheme = path.split('/').next().is_some_and(|first| first.contains(':'));
    (!path.is_empty() && !has_scheme && !path.starts_with("//")).then_some(path)
}

/// From the root of the repository; nothing if the link leaves it.
pub(super) fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { from.split('/').collect() };
    // Relative to the folder of the file that holds the link.
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every file that exists in these tests.
    const FILES: [&str; 4] = ["README.md", "docs/style.md", "docs/adr/0001-one.md", "docs/adr"];

    fn check(path: &str, text: &str, expected: &[&str]) {
        let found: Vec<_> = broken_in(path, text, |target| FILES.contains(&target))
            .into_iter()
            .map(|finding| format!("{}: {}", finding.line, finding.advice))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|found| {
                let (line, link) = found.split_once(' ').expect("a line number and a link");
                format!("{line}: point `{link}` at a file that exists")
            })
            .collect();
        assert_eq!(found, expected, "in {text:?}");
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        for link in ["style.md", "./style.md#rules", "adr/0001-one.md", "adr/", "../README.md", "/README.md"]
        {
            check("docs/architecture.md", &format!("See [it]({link}).\n"), &[]);
        }
        for link in ["https://example.org/x.md", "mailto:a@example.org", "#here", "//example.org/x"] {
            check("README.md", &format!("See [it]({link}).\n"), &[]);
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_named_with_their_line() {
        check("README.md", "One.\n\nSee [it](gone.md#a).\n", &["3 gone.md#a"]);
        check("README.md", "[a](gone.md) and ![b](gone.png)\n", &["1 gone.md", "1 gone.png"]);
        check("README.md", "See [it][ref].\n\n[ref]: gone.md\n", &["1 gone.md"]);
        check("docs/style.md", "[up](../../README.md)\n", &["1 ../../README.md"]);
    }

    #[test]
    fn code_is_not_a_link() {
        check("README.md", "`[a](gone.md)`\n\n```text\n[a](gone.md)\n```\n", &[]);
    }

    #[test]
    fn the_readme_and_the_folders_of_the_project_are_checked() {
        for path in ["README.md", "docs/adr/0001-one.md", "crates/hub/README.md", "deploy/README.md"] {
            assert!(is_checked(path), "{path}");
        }
        for path in ["LICENSE.md", "docs/picture.png"] {
            assert!(!is_checked(path), "{path}");
        }
    }
}
