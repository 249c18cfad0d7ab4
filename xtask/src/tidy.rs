//! The verb `tidy`: the rules of the house that rustc and clippy do not know.

mod shape;
mod source;
mod test_code;
mod text;
mod toolchain;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::codegen;
use crate::finding::{Finding, report};
use crate::workspace::files;
use source::{Source, TestFiles};

pub(crate) fn check(root: &Path) -> Result<()> {
    let mut texts = Vec::new();
    for path in files(root)? {
        let bytes = fs::read(root.join(&path)).with_context(|| path.clone())?;
        // What is not UTF-8 is a picture or a recording; no rule is about those.
        if let Ok(text) = String::from_utf8(bytes) {
            texts.push((path, text));
        }
    }
    report(findings(&texts))
}

/// Everything to mend in these files, given as path and text.
fn findings(texts: &[(String, String)]) -> Vec<Finding> {
    let mut findings = toolchain::findings(texts);
    let mut sources = Vec::new();
    for (path, text) in texts {
        findings.extend(text::mentions_of_elsewhere(path, text));
        if path.ends_with(".rs") {
            findings.extend(text::header(path, text));
            if path == codegen::GENERATED {
                // Its shape is not ours to choose; that it is not edited, `codegen --check` holds.
                continue;
            }
            findings.extend(text::length(path, text));
            match Source::parse(path, text) {
                Ok(source) => sources.push(source),
                Err(finding) => findings.push(finding),
            }
        }
    }
    let test_files = TestFiles::among(&sources);
    for source in &sources {
        findings.extend(shape::findings(source));
        findings.extend(test_code::findings(source, test_files.kind_of(&source.path)));
    }
    findings
}

#[cfg(test)]
mod tests;
