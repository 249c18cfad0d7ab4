//! One planted package for each rule.

use serde_json::json;

use super::*;

const POLICY: &str = r#"
licences = ["Apache-2.0", "ISC", "MIT"]
[duplicates]
twice = "its users do not agree"
[bans]
rkyv = "trusts its bytes"
"#;

/// What is found where these packages are beside some that need all of the policy: name, version, licence, source.
fn found(policy: &str, planted: &[(&str, &str, Option<&str>, Option<&str>)]) -> Vec<String> {
    let sound = [
        ("twice", "1.0.0", Some("MIT"), Some(CRATES_IO)),
        ("twice", "2.0.0", Some("Apache-2.0 AND ISC"), Some(CRATES_IO)),
    ];
    let package = |(n, (name, version, license, source)): (usize, _)| json!({"id": n.to_string(), "name": name, "version": version, "license": license, "source": source});
    let planted = sound.iter().chain(planted).copied().enumerate().map(package);
    let ours = json!({"id": "ours", "name": "ours", "version": "0.1.0", "license": null, "source": null});
    let packages: Vec<_> = planted.chain([ours]).collect();
    let metadata = json!({"packages": packages, "workspace_members": ["ours"]});
    let packages = resolved::parse(&metadata.to_string(), "\nname = \"bad\"\n").unwrap();
    let findings = violations(&Policy::parse(policy.to_owned()).unwrap(), &packages);
    findings.into_iter().map(|found| format!("{}:{}: {}", found.path, found.line, found.advice)).collect()
}

#[track_caller]
fn check_package(license: Option<&str>, source: Option<&str>, expected: Option<&str>) {
    let found = found(POLICY, &[("bad", "1.0.0", license, source)]);
    let expected: Vec<_> =
        expected.into_iter().map(|expected| format!("Cargo.lock:2: bad 1.0.0: {expected}")).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_package_must_be_under_licences_of_the_list() {
    let check =
        |license: &str, expected: Option<&str>| check_package(Some(license), Some(CRATES_IO), expected);
    check("MIT", None);
    check("GPL-3.0-only OR MIT", None);
    check("GPL-3.0-only/MIT", None);
    check("Apache-2.0 WITH LLVM-exception OR MIT", None);
    let advice = |license| format!("do without it, or allow its licence in xtask/audit.toml: `{license}`");
    for license in ["GPL-3.0-only", "MIT AND GPL-3.0-only", "Apache-2.0 WITH LLVM-exception", "MIT-0"] {
        check(license, Some(&advice(license)));
    }
    check("mine alone", Some("do without it: `mine alone` is no licence: unknown term"));
    check_package(None, Some(CRATES_IO), Some("do without it: it names no licence"));
}

#[test]
fn a_package_must_come_from_crates_io() {
    let check = |source: Option<&str>, expected: &str| check_package(Some("MIT"), source, Some(expected));
    check(None, "take it from crates.io, not from a folder outside the workspace");
    let git = "git+https://example.com/bad#1";
    check(Some(git), &format!("take it from crates.io, not from {git}"));
    let other = "registry+https://example.com/index";
    check(Some(other), &format!("take it from crates.io, not from {other}"));
}

#[test]
fn a_package_is_there_once_unless_a_reason_is_listed() {
    let of = |version| ("bad", version, Some("MIT"), Some(CRATES_IO));
    assert_eq!(
        found(POLICY, &[of("1.0.0"), of("2.0.0")]),
        [
            "Cargo.lock:2: bad 1.0.0: there are 1.0.0, 2.0.0: make it one, or list it in xtask/audit.toml under \
             `duplicates` with the reason"
        ]
    );
}

#[test]
fn what_is_banned_is_found_with_the_reason() {
    let rkyv = ("rkyv", "0.8.0", Some("MIT"), Some(CRATES_IO));
    assert_eq!(
        found(POLICY, &[rkyv]),
        [
            "Cargo.lock:1: rkyv 0.8.0: do without it: trusts its bytes; `cargo tree --invert rkyv` says who wants it"
        ]
    );
}

#[test]
fn what_the_policy_allows_without_need_or_reason_has_to_go() {
    let lax = r#"
licences = ["Apache-2.0", "ISC", "MIT", "Zlib"]
[duplicates]
twice = " "
once = "was two"
[bans]
"#;
    assert_eq!(
        found(lax, &[("once", "1.0.0", Some("MIT OR Zlib"), Some(CRATES_IO))]),
        [
            "xtask/audit.toml:5: once: remove it: there are no two versions of it",
            "xtask/audit.toml:2: licences: remove `Zlib`: no package is under it and no other of these",
            "xtask/audit.toml:4: twice: say why",
        ]
    );
}
