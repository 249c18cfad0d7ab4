//! The reference pages: printed by the server's example `reference`, kept in `docs/reference`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use crate::finding::{Finding, difference};
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
        findings.extend(difference(&path, STALE, &kept, &generate(root, page)?));
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

const PAGES: [&str; 5] = ["messages", "error-codes", "close-codes", "config", "metrics"];

const STALE: &str = "this page is stale, run `cargo xtask docs`";
