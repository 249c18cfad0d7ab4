//! The verb `codegen`: Rust code made from the .proto files, kept in the tree so that a build needs neither.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use crate::finding::{Finding, difference, report};
use crate::workspace::files;

/// What is generated: no rule about length is for it, since nobody writes it.
pub(crate) const GENERATED: &str = "crates/protocol/src/protobuf/generated.rs";

pub(crate) fn write(root: &Path) -> Result<()> {
    fs::write(root.join(GENERATED), generate(root)?).context(GENERATED)?;
    println!("wrote {GENERATED}");
    Ok(())
}

pub(crate) fn check(root: &Path) -> Result<()> {
    let kept = match fs::read_to_string(root.join(GENERATED)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).context(GENERATED),
    };
    report(stale(&kept, &generate(root)?).into_iter().collect())
}

fn stale(kept: &str, made: &str) -> Option<Finding> {
    difference(GENERATED, "this file is stale, run `cargo xtask codegen`", kept, made)
}

fn generate(root: &Path) -> Result<String> {
    let schema = root.join(SCHEMA);
    let prefix = format!("{SCHEMA}/");
    let sources = files(root)?;
    let sources = sources.iter().filter(|path| path.starts_with(&prefix) && path.ends_with(".proto"));
    let compiled = protox::compile(sources.map(|path| root.join(path)), [&schema])?;
    let modules = prost_build::Config::new().generate(
        compiled
            .file
            .into_iter()
            .map(|file| (prost_build::Module::from_protobuf_package_name(file.package()), file))
            .collect(),
    )?;
    let code: String = modules.into_values().collect();
    Ok(format!("{HEADER}\n{code}"))
}

const SCHEMA: &str = "crates/protocol/proto";

const HEADER: &str =
    "//! The messages of the schema as prost wants them: made by `cargo xtask codegen`, not to be edited.\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_file_is_named_with_what_mends_it() {
        assert_eq!(stale("a\nb\n", "a\nb\n"), None);
        let finding = stale("a\nb\n", "a\nc\n").expect("a difference");
        assert_eq!((finding.path.as_str(), finding.line), (GENERATED, 2));
        assert!(finding.advice.starts_with("this file is stale, run `cargo xtask codegen`;"), "{finding:?}");
    }
}
