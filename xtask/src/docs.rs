//! The verb `docs`: reference pages made from the code, links that lead somewhere, and tests that exist.

mod links;
mod pages;
mod tested;

use std::path::Path;

use anyhow::Result;

use crate::finding::report;
use crate::workspace::files;

pub(crate) fn write(root: &Path) -> Result<()> {
    pages::write(root)
}

pub(crate) fn check(root: &Path) -> Result<()> {
    let mut findings = pages::stale(root)?;
    findings.extend(links::broken(root, &files(root)?)?);
    findings.extend(tested::wrong(root)?);
    report(findings)
}
