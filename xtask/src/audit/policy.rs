//! What packages from elsewhere are held to, `xtask/audit.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::finding::{Finding, line_opening_with};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) licences: Vec<String>,
    /// Packages with more than one version, and why.
    pub(super) duplicates: BTreeMap<String, String>,
    /// Packages that must not be there, and why.
    pub(super) bans: BTreeMap<String, String>,
    /// The file, to name lines.
    #[serde(skip)]
    pub(super) text: String,
}

impl Policy {
    pub(super) fn read(root: &Path) -> Result<Self> {
        Self::parse(fs::read_to_string(root.join(PATH)).context(PATH)?)
    }

    pub(super) fn parse(text: String) -> Result<Self> {
        let policy: Self = toml::from_str(&text).context(PATH)?;
        Ok(Self { text, ..policy })
    }

    /// Something wrong with the line that opens with `key`.
    pub(super) fn finding(&self, key: &str, advice: impl AsRef<str>) -> Finding {
        let line = line_opening_with(&self.text, &format!("{key} ="));
        Finding::error(PATH, line, format!("{key}: {}", advice.as_ref()))
    }
}

pub(super) const PATH: &str = "xtask/audit.toml";
