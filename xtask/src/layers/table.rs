//! The layer table, `xtask/layers.toml`: each crate's rank, charter and packages from outside.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::finding::{Finding, line_opening_with};

pub(super) struct Table {
    /// By folder name.
    pub(super) layers: BTreeMap<String, Layer>,
    text: String,
}

impl Table {
    pub(super) fn read(root: &Path) -> Result<Self> {
        Self::parse(fs::read_to_string(root.join(PATH)).context(PATH)?)
    }

    pub(super) fn parse(text: String) -> Result<Self> {
        Ok(Self { layers: toml::from_str(&text).context(PATH)?, text })
    }

    /// Something wrong with the section of one crate.
    pub(super) fn finding(&self, folder: &str, advice: impl Into<String>) -> Finding {
        Finding::error(PATH, line_opening_with(&self.text, &format!("[{folder}]")), advice)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layer {
    pub(super) rank: Rank,
    pub(super) charter: String,
    pub(super) outside: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) enum Rank {
    /// Part of the product; lower ranks know nothing of higher ones.
    Product(u8),
    /// For tests only.
    Dev,
    /// Beside the product.
    Out,
}

impl TryFrom<toml::Value> for Rank {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let number = value.as_integer().and_then(|number| u8::try_from(number).ok());
        match (number, value.as_str()) {
            (Some(rank), _) => Ok(Self::Product(rank)),
            (None, Some("dev")) => Ok(Self::Dev),
            (None, Some("out")) => Ok(Self::Out),
            (None, _) => Err(format!("rank is a small number, \"dev\" or \"out\", not {value:?}")),
        }
    }
}

pub(super) const PATH: &str = "xtask/layers.toml";
