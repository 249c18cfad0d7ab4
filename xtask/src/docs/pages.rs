//! The reference pages: printed by the server's example `reference`, kept in `docs/reference`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use crate::finding::Finding;
use crate::workspace::{cargo, output_of};

pub(super) fn write(root: &Path) -> Result<()> {
    for page in PAGES {
        let path = path_of(page);
        let file = root.join(&path);
        fs::create_dir_all(file.parent().expect("pages live in a folder"))?;
        fs::write(&file, generate(root, page)?).with_context(|| path.clone())?;
        println!("wrote {path}");
    }
    Ok(())
}

pub(super) fn stale(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for page in PAGES {
        let path = path_of(page);
        let kept = match fs::read_to_string(root.join(&path)) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).context(path),
        };
        findings.extend(difference(&path, &kept, &generate(root, page)?));
    }
    Ok(findings)
}

fn path_of(page: &str) -> String {
    format!("docs/reference/{page}.md")
}

fn generate(root: &Path, page: &str) -> Result<String> {
    let args = ["run", "--quiet", "--package", "signal-fish-server", "--example", "reference", "--", page];
    output_of(&mut cargo(root, &args)).with_context(|| format!("cannot make the page `{page}`"))
}

fn difference(path: &str, kept: &str, made: &str) -> Option<Finding> {
    if kept == made {
        return None;
    }
    let n_same = kept.lines().zip(made.lines()).take_while(|(kept, made)| kept == made).count();
    let shown = |text: &str, sign: char| -> String {
        text.lines().skip(n_same).take(DIFF_LINES).map(|line| format!("\n    {sign} {line}")).collect()
    };
    let diff = shown(kept, '-') + &shown(made, '+');
    let advice = format!("this page is stale, run `cargo xtask docs`; it first differs here:{diff}");
    Some(Finding::error(path, n_same + 1, advice))
}

const PAGES: [&str; 4] = ["messages", "error-codes", "close-codes", "config"];

/// So many differing lines tell what changed; the rest is in `git diff` after mending.
const DIFF_LINES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kept: &str, made: &str, expected: Option<(usize, &str)>) {
        let found = difference("page.md", kept, made).map(|finding| (finding.line, finding.advice));
        let expected = expected.map(|(line, diff)| {
            (line, format!("this page is stale, run `cargo xtask docs`; it first differs here:{diff}"))
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn a_stale_page_is_named_with_its_first_differing_lines() {
        check("a\nb\n", "a\nb\n", None);
        check("a\nb\nc\n", "a\nB\nc\n", Some((2, "\n    - b\n    - c\n    + B\n    + c")));
        check("1\n2\n3\n4\n5\n", "", Some((1, "\n    - 1\n    - 2\n    - 3")));
        check("", "a\n", Some((1, "\n    + a")));
        check("a", "a\n", Some((2, "")));
    }
}
