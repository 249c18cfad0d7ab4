//! The verb `release`: whether what is here could be published as the version that it says.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use toml::Table;

use crate::finding::{Finding, difference, line_opening_with, report};
use crate::workspace::{cargo, output_of, run_to_end};

/// Publishes nothing. Every complaint about the texts comes at once; packaging takes longest and comes last.
pub(crate) fn dry_run(root: &Path) -> Result<()> {
    let manifest = read(root, "Cargo.toml")?;
    let workspace: Table = manifest.parse().context("Cargo.toml")?;
    let version = version_of(&workspace).context("`workspace.package.version` is missing in Cargo.toml")?;
    let json = output_of(&mut cargo(root, &["metadata", "--format-version", "1", "--no-deps", "--locked"]))?;
    let Metadata { packages } = serde_json::from_str(&json).context("the output of cargo metadata")?;

    let mut findings = misfits(&packages, version);
    findings.extend(strayed(&manifest, &workspace, version));
    findings.extend(unsaid(&read(root, CHANGELOG)?, version));
    for licence in LICENCES {
        let kept = read(root, &format!("docs/licences/{licence}"))?;
        let path = format!("crates/protocol/{licence}");
        let advice = format!("copy docs/licences/{licence} here, which is packaged with the crate");
        findings.extend(difference(&path, &advice, &read(root, &path)?, &kept));
    }
    report(findings)?;

    // What is packaged is built alone: without the workspace, as whoever depends on it will.
    run_to_end(&mut cargo(root, &["package", "--locked", "--package", PUBLISHED]))?;
    println!("{version} could be released");
    Ok(())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

fn read(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| path.to_owned())
}

fn version_of(workspace: &Table) -> Option<&str> {
    workspace.get("workspace")?.get("package")?.get("version")?.as_str()
}

/// Packages with a version or a licence of their own.
fn misfits(packages: &[Package], version: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Package { name, version: own, license } in packages {
        if own != version {
            findings.push(Finding::error("Cargo.toml", 1, format!("{name} is {own} and not {version}")));
        }
        if license.as_deref() != Some(LICENCE) {
            findings.push(Finding::error("Cargo.toml", 1, format!("{name} is not under {LICENCE}")));
        }
    }
    findings
}

/// Crates of the workspace that others in it ask for in another version.
fn strayed(manifest: &str, workspace: &Table, version: &str) -> Vec<Finding> {
    let dependencies = workspace.get("workspace").and_then(|table| table.get("dependencies")?.as_table());
    let ours = dependencies.into_iter().flatten().filter(|(_, asked)| asked.get("path").is_some());
    ours.filter(|(_, asked)| asked.get("version").and_then(|asked| asked.as_str()) != Some(version))
        .map(|(name, _)| {
            let line = line_opening_with(manifest, &format!("{name} = "));
            Finding::error("Cargo.toml", line, format!("ask for {name} in version {version}"))
        })
        .collect()
}

/// A version of which the changelog says nothing.
fn unsaid(changelog: &str, version: &str) -> Option<Finding> {
    let title = format!("## {version}");
    let mut rest = changelog.lines().skip_while(|line| *line != title).skip(1);
    let says_something =
        rest.find(|line| !line.trim().is_empty()).is_some_and(|line| !line.starts_with("## "));
    (!says_something).then(|| Finding::error(CHANGELOG, 1, format!("say under `{title}` what is new")))
}

const CHANGELOG: &str = "docs/changelog.md";
const LICENCE: &str = "MIT OR Apache-2.0";
const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// The one crate that others are meant to depend on from the registry.
const PUBLISHED: &str = "signal-fish-protocol";

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(findings: impl IntoIterator<Item = Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| format!("{}: {}", finding.line, finding.advice)).collect()
    }

    #[test]
    fn a_version_needs_words_in_the_changelog() {
        let check = |text: &str, is_said: bool| {
            assert_eq!(unsaid(text, "1.2.0").is_none(), is_said, "{text:?}");
        };
        check("# Changelog\n\n## 1.2.0\n\n- New.\n\n## 1.1.0\n", true);
        check("## 1.2.0\n\n## 1.1.0\n\n- New.\n", false);
        check("## 1.2.0\n\n", false);
        check("## 1.2.0-rc.1\n\n- New.\n", false);
        check("## 1.1.0\n\n- See 1.2.0\n", false);
    }

    #[test]
    fn all_packages_have_the_version_and_the_licence_of_the_workspace() {
        let package = |name: &str, version: &str, license: Option<&str>| Package {
            name: name.to_owned(),
            version: version.to_owned(),
            license: license.map(str::to_owned),
        };
        let packages = [
            package("good", "1.2.0", Some(LICENCE)),
            package("old", "1.1.0", Some(LICENCE)),
            package("bare", "1.2.0", None),
        ];
        let expected = ["1: old is 1.1.0 and not 1.2.0", "1: bare is not under MIT OR Apache-2.0"];
        assert_eq!(advice(misfits(&packages, "1.2.0")), expected);
    }

    #[test]
    fn crates_of_the_workspace_ask_for_each_other_in_its_version() {
        let manifest = "[workspace.dependencies]\ngood = { path = \"a\", version = \"1.2.0\" }\n\
                        old = { path = \"b\", version = \"1.1.0\" }\nserde = \"1.0\"\n";
        let workspace = manifest.parse().unwrap();
        assert_eq!(advice(strayed(manifest, &workspace, "1.2.0")), ["3: ask for old in version 1.2.0"]);
    }

    #[test]
    fn the_version_is_the_workspaces() {
        let workspace = "[workspace.package]\nversion = \"1.2.0\"\n".parse().unwrap();
        assert_eq!(version_of(&workspace), Some("1.2.0"));
    }
}
