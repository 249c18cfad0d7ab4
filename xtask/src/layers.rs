//! The verb `layers`: who may depend on whom, and on which packages from outside.

mod package;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::finding::{Finding, line_opening_with, report};
use package::{Dependency, Kind, Package};
use table::{Layer, Rank, Table};

pub(crate) fn check(root: &Path) -> Result<()> {
    report(violations(&Table::read(root)?, &package::members(root)?))
}

fn violations(table: &Table, members: &[Package]) -> Vec<Finding> {
    let folder_of: BTreeMap<&str, &str> =
        members.iter().map(|member| (member.name.as_str(), member.folder())).collect();
    let mut findings = Vec::new();
    for (folder, layer) in &table.layers {
        if layer.charter.trim().is_empty() {
            findings.push(table.finding(folder, "say in one sentence what the crate is for, as `charter`"));
        }
        if !folder_of.values().any(|member| member == folder) {
            let advice = format!("remove `[{folder}]`: no crate of the workspace lives in such a folder");
            findings.push(table.finding(folder, advice));
        }
    }
    for member in members {
        findings.extend(misnamed(member));
        let Some(layer) = table.layers.get(member.folder()) else {
            let advice = format!("give `{}` a rank in {}", member.folder(), table::PATH);
            findings.push(Finding::error(&member.manifest, 1, advice));
            continue;
        };
        for dependency in &member.dependencies {
            let broken = match folder_of.get(dependency.name.as_str()) {
                Some(&target) => inside_rule(layer, target, table.layers.get(target), dependency.kind),
                None => outside_rule(layer, dependency),
            };
            findings.extend(broken.map(|advice| {
                let line = line_opening_with(&member.text, &dependency.name);
                Finding::error(&member.manifest, line, advice)
            }));
        }
        findings.extend(unused(table, layer, member));
    }
    findings
}

/// Folders carry no prefix, packages do; a crate outside `crates` is named like its folder.
fn misnamed(member: &Package) -> Option<Finding> {
    let folder = member.folder();
    let bare = folder.strip_prefix("signal-fish-").unwrap_or(folder);
    let in_crates = member.manifest.starts_with("crates/");
    let name = if in_crates { format!("signal-fish-{bare}") } else { bare.to_owned() };
    if in_crates && bare != folder {
        return Some(Finding::error(&member.manifest, 1, format!("name the folder `crates/{bare}`")));
    }
    let line = line_opening_with(&member.text, "name");
    (member.name != name).then(|| {
        Finding::error(&member.manifest, line, format!("name the package `{name}`, after its folder"))
    })
}

fn inside_rule(from: &Layer, target: &str, to: Option<&Layer>, kind: Kind) -> Option<String> {
    // A target without a rank is reported once, at its own manifest.
    let to = to?;
    match (from.rank, to.rank, kind) {
        (_, Rank::Out, Kind::Normal | Kind::Dev | Kind::Build) => {
            Some(format!("drop `{target}`: it stands beside the product, nothing depends on it"))
        }
        (Rank::Out, Rank::Product(_) | Rank::Dev, Kind::Normal | Kind::Dev | Kind::Build) => {
            Some(format!("drop `{target}`: chores must run even when the product does not build"))
        }
        (Rank::Product(_) | Rank::Dev, Rank::Product(_) | Rank::Dev, Kind::Dev) => None,
        (Rank::Product(_) | Rank::Dev, Rank::Dev, Kind::Normal | Kind::Build) => {
            Some(format!("move `{target}` to [dev-dependencies]: it is for tests only"))
        }
        (Rank::Dev, Rank::Product(_), Kind::Normal | Kind::Build) => None,
        (Rank::Product(ours), Rank::Product(theirs), Kind::Normal | Kind::Build) => {
            (theirs >= ours).then(|| {
                format!(
                    "depend down, never sideways: `{target}` has rank {theirs}, this crate {ours}; move what \
                     both need to a lower rank, or let a higher one connect them"
                )
            })
        }
    }
}

fn outside_rule(from: &Layer, dependency: &Dependency) -> Option<String> {
    let name = &dependency.name;
    (dependency.kind == Kind::Normal && !from.outside.contains(name)).then(|| {
        format!("do without `{name}`, or add it to this crate's `outside` in {} with a reason", table::PATH)
    })
}

fn unused(table: &Table, layer: &Layer, member: &Package) -> Vec<Finding> {
    let used =
        |name: &&String| member.dependencies.iter().any(|dep| dep.kind == Kind::Normal && dep.name == **name);
    let stale = |name: &String| {
        let advice = format!("remove `{name}` from `outside`: this crate does not depend on it");
        table.finding(member.folder(), advice)
    };
    layer.outside.iter().filter(|name| !used(name)).map(stale).collect()
}

#[cfg(test)]
mod tests;
