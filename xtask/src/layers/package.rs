//! The crates of the workspace and what each declares to depend on, as `cargo metadata` tells it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::workspace::{cargo, output_of};

pub(super) struct Package {
    pub(super) name: String,
    /// Path of its `Cargo.toml`, relative to the workspace.
    pub(super) manifest: String,
    /// Content of its `Cargo.toml`, to name lines.
    pub(super) text: String,
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(super) struct Dependency {
    /// Of the package; a rename does not change it.
    pub(super) name: String,
    #[serde(deserialize_with = "kind_or_normal")]
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Normal,
    Dev,
    Build,
}

impl Package {
    /// The last part of the folder's path: the crate's name in the layer table.
    pub(super) fn folder(&self) -> &str {
        self.manifest.rsplit('/').nth(1).unwrap_or(&self.name)
    }
}

pub(super) fn members(root: &Path) -> Result<Vec<Package>> {
    // `--no-deps` needs neither the network nor a lock file: the declarations are enough.
    let json = output_of(&mut cargo(root, &["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Metadata = serde_json::from_str(&json).context("the output of cargo metadata")?;
    metadata.packages.into_iter().map(|package| package.relative_to(&metadata.workspace_root)).collect()
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<AbsolutePackage>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct AbsolutePackage {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
}

impl AbsolutePackage {
    fn relative_to(self, root: &Path) -> Result<Package> {
        let text = fs::read_to_string(&self.manifest_path)
            .with_context(|| self.manifest_path.display().to_string())?;
        let manifest = self.manifest_path.strip_prefix(root).unwrap_or(&self.manifest_path);
        let manifest = manifest.to_string_lossy().replace('\\', "/");
        Ok(Package { name: self.name, manifest, text, dependencies: self.dependencies })
    }
}

fn kind_or_normal<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    // cargo writes a normal dependency as null.
    Ok(Option::deserialize(deserializer)?.unwrap_or(Kind::Normal))
}
