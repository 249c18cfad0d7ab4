//! The compiler that the manifests promise is the compiler that everybody uses.

use crate::finding::{Finding, line_opening_with};

pub(super) fn findings(texts: &[(String, String)]) -> Vec<Finding> {
    let toolchain = texts.iter().find(|(path, _)| path == "rust-toolchain.toml");
    let channel = toolchain.and_then(|(_, text)| string_at(text, &["toolchain", "channel"]));
    let Some(channel) = channel else {
        return vec![Finding::error(
            "rust-toolchain.toml",
            1,
            "name the compiler here, as `toolchain.channel`",
        )];
    };
    let manifests = texts.iter().filter(|(path, _)| path == "Cargo.toml" || path.ends_with("/Cargo.toml"));
    manifests.flat_map(|(path, text)| promises_other(path, text, &channel)).collect()
}

fn promises_other(path: &str, text: &str, channel: &str) -> Option<Finding> {
    let promised = string_at(text, &["workspace", "package", "rust-version"])
        .or_else(|| string_at(text, &["package", "rust-version"]));
    // A crate that promises nothing itself inherits or follows the workspace; the workspace must promise.
    let differs = promised.as_ref().map_or(path == "Cargo.toml", |version| version != channel);
    differs.then(|| {
        let advice = format!("set `rust-version = \"{channel}\"`, the channel of rust-toolchain.toml");
        Finding::error(path, line_opening_with(text, "rust-version"), advice)
    })
}

fn string_at(text: &str, keys: &[&str]) -> Option<String> {
    let mut value = toml::Value::Table(text.parse().ok()?);
    for key in keys {
        value = value.get(key)?.clone();
    }
    value.as_str().map(str::to_owned)
}
