//! Every package from elsewhere that the workspace may use on any system, as `cargo metadata` tells it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::finding::{Finding, line_opening_with};
use crate::workspace::{cargo, output_of};

#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) license: Option<String>,
    /// Nothing where it is a folder.
    pub(super) source: Option<String>,
    id: String,
    /// Where the lock file first names it.
    #[serde(skip)]
    pub(super) line: usize,
}

impl Package {
    /// Something wrong with it.
    pub(super) fn finding(&self, advice: impl AsRef<str>) -> Finding {
        let advice = format!("{} {}: {}", self.name, self.version, advice.as_ref());
        Finding::error(LOCK, self.line, advice)
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
}

pub(super) fn packages(root: &Path) -> Result<Vec<Package>> {
    let args = ["metadata", "--format-version", "1", "--all-features", "--locked"];
    let json = output_of(&mut cargo(root, &args))?;
    let lock = fs::read_to_string(root.join(LOCK)).context(LOCK)?;
    parse(&json, &lock)
}

pub(super) fn parse(metadata: &str, lock: &str) -> Result<Vec<Package>> {
    let Metadata { mut packages, workspace_members } =
        serde_json::from_str(metadata).context("the output of cargo metadata")?;
    packages.retain(|package| !workspace_members.contains(&package.id));
    for package in &mut packages {
        package.line = line_opening_with(lock, &format!("name = {:?}", package.name));
    }
    Ok(packages)
}

const LOCK: &str = "Cargo.lock";
