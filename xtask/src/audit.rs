//! The verb `audit`: under which licences packages from elsewhere are, where they come from, and which must not be here.

mod policy;
mod resolved;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use spdx::{Expression, ParseMode};

use crate::finding::{Finding, report};
use policy::Policy;
use resolved::Package;

pub(crate) fn check(root: &Path) -> Result<()> {
    report(violations(&Policy::read(root)?, &resolved::packages(root)?))
}

fn violations(policy: &Policy, packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut needed = BTreeSet::new();
    for package in packages {
        versions.entry(&package.name).or_default().push(&package.version);
        findings.extend(foreign(package));
        findings.extend(banned(policy, package));
        match licences(policy, package) {
            Ok(licences) => needed.extend(licences),
            Err(advice) => findings.push(package.finding(advice)),
        }
    }
    for package in packages {
        let there = &versions[package.name.as_str()];
        if there.len() > 1 && there[0] == package.version && !policy.duplicates.contains_key(&package.name) {
            let versions = there.join(", ");
            findings.push(package.finding(format!(
                "there are {versions}: make it one, or list it in {} under `duplicates` with the reason",
                policy::PATH
            )));
        }
    }
    let is_double = |name: &str| versions.get(name).is_some_and(|versions| versions.len() > 1);
    let single = policy.duplicates.keys().filter(|name| !is_double(name));
    findings.extend(single.map(|name| policy.finding(name, "remove it: there are no two versions of it")));
    let unneeded = policy.licences.iter().filter(|licence| !needed.contains(*licence));
    findings.extend(unneeded.map(|licence| {
        policy
            .finding("licences", format!("remove `{licence}`: no package is under it and no other of these"))
    }));
    let unreasoned = policy.bans.iter().chain(&policy.duplicates).filter(|(_, why)| why.trim().is_empty());
    findings.extend(unreasoned.map(|(name, _)| policy.finding(name, "say why")));
    findings
}

fn foreign(package: &Package) -> Option<Finding> {
    let from = package.source.as_deref().unwrap_or("a folder outside the workspace");
    (from != CRATES_IO).then(|| package.finding(format!("take it from crates.io, not from {from}")))
}

fn banned(policy: &Policy, package: &Package) -> Option<Finding> {
    let why = policy.bans.get(&package.name)?;
    Some(
        package.finding(format!(
            "do without it: {why}; `cargo tree --invert {}` says who wants it",
            package.name
        )),
    )
}

/// The licences of the list without which a package could not be used.
fn licences(policy: &Policy, package: &Package) -> Result<Vec<String>, String> {
    let Some(text) = &package.license else { return Err("do without it: it names no licence".to_owned()) };
    // Some write a slash for OR, as was the custom before SPDX.
    let expression = Expression::parse_mode(text, ParseMode::LAX)
        .map_err(|error| format!("do without it: `{text}` is no licence: {}", error.reason))?;
    let listed = |wanted: &spdx::LicenseReq| policy.licences.contains(&wanted.to_string());
    if !expression.evaluate(listed) {
        return Err(format!("do without it, or allow its licence in {}: `{text}`", policy::PATH));
    }
    let needed = policy
        .licences
        .iter()
        .filter(|licence| !expression.evaluate(|wanted| listed(wanted) && wanted.to_string() != **licence));
    Ok(needed.cloned().collect())
}

/// As cargo writes it.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[cfg(test)]
mod tests;
