//! Each rule of the layer table, seen to catch what breaks it.

use super::*;

const TABLE: &str = r#"
[low]
rank = 0
charter = "Lowest."
outside = ["serde"]

[left]
rank = 1
charter = "Beside right."
outside = []

[right]
rank = 1
charter = "Beside left."
outside = []

[testkit]
rank = "dev"
charter = "For tests."
outside = []

[xtask]
rank = "out"
charter = "Chores."
outside = []
"#;

/// What is found when `package` with the lines `dependencies` replaces its namesake in a correct workspace.
/// A line is `name` or `kind name`.
fn check(folder: &str, dependencies: &[&str], expected: &[&str]) {
    let mut members = correct_workspace();
    let member = members.iter_mut().find(|member| member.folder() == folder).expect("a folder of the table");
    member.dependencies = dependencies.iter().map(|line| dependency(line)).collect();
    check_members(TABLE, &members, expected);
}

fn check_members(table: &str, members: &[Package], expected: &[&str]) {
    let table = Table::parse(table.to_owned()).unwrap();
    let found: Vec<_> = violations(&table, members)
        .into_iter()
        .map(|finding| format!("{}:{}: {}", finding.path, finding.line, finding.advice))
        .collect();
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found:?} lacks {expected:?}");
    }
}

fn correct_workspace() -> Vec<Package> {
    vec![
        package("crates/low", "signal-fish-low", &["serde"]),
        package("crates/left", "signal-fish-left", &["signal-fish-low", "dev signal-fish-testkit"]),
        package("crates/right", "signal-fish-right", &["signal-fish-low"]),
        package("crates/testkit", "signal-fish-testkit", &["signal-fish-right"]),
        package("xtask", "xtask", &[]),
    ]
}

fn package(folder: &str, name: &str, dependencies: &[&str]) -> Package {
    Package {
        name: name.to_owned(),
        manifest: format!("{folder}/Cargo.toml"),
        text: "[package]\nname = \"x\"\n\n[dependencies]\nsignal-fish-right.workspace = true\n".to_owned(),
        dependencies: dependencies.iter().map(|line| dependency(line)).collect(),
    }
}

fn dependency(line: &str) -> Dependency {
    let (kind, name) = match line.split_once(' ') {
        Some(("dev", name)) => (Kind::Dev, name),
        Some(("build", name)) => (Kind::Build, name),
        Some((other, _)) => panic!("no kind is called {other}"),
        None => (Kind::Normal, line),
    };
    Dependency { name: name.to_owned(), kind }
}

#[test]
fn a_correct_workspace_passes() {
    check_members(TABLE, &correct_workspace(), &[]);
}

#[test]
fn depending_down_passes_and_sideways_or_up_is_found() {
    check("left", &["signal-fish-low"], &[]);
    check(
        "left",
        &["signal-fish-right"],
        &["crates/left/Cargo.toml:5: depend down, never sideways: `right` has rank 1"],
    );
    check("left", &["build signal-fish-right"], &["depend down"]);
    check("left", &["dev signal-fish-right"], &[]);
    check("low", &["serde", "signal-fish-left"], &["`left` has rank 1, this crate 0"]);
}

#[test]
fn testkit_is_for_tests_only() {
    check("left", &["dev signal-fish-testkit"], &[]);
    check("left", &["signal-fish-testkit"], &["move `testkit` to [dev-dependencies]"]);
    check("left", &["build signal-fish-testkit"], &["move `testkit` to [dev-dependencies]"]);
}

#[test]
fn chores_stand_apart() {
    check("left", &["xtask"], &["drop `xtask`"]);
    check("left", &["dev xtask"], &["drop `xtask`"]);
    check("xtask", &["signal-fish-low"], &["drop `low`"]);
    check("xtask", &["dev signal-fish-testkit"], &["drop `testkit`"]);
}

#[test]
fn an_outside_package_is_listed_and_a_listed_one_is_used() {
    check("left", &["rand"], &["do without `rand`"]);
    check("left", &["dev rand", "build cc"], &[]);
    check("low", &[], &["xtask/layers.toml:2: remove `serde`"]);
    check("low", &["dev serde"], &["remove `serde`"]);
}

#[test]
fn table_and_workspace_have_the_same_crates() {
    let mut members = correct_workspace();
    members.push(package("crates/new", "signal-fish-new", &[]));
    check_members(TABLE, &members, &["crates/new/Cargo.toml:1: give `new` a rank"]);

    members.truncate(4);
    check_members(TABLE, &members, &["remove `[xtask]`"]);
}

#[test]
fn packages_carry_the_prefix_and_folders_do_not() {
    let mut members = correct_workspace();
    members[1] = package("crates/left", "left", &[]);
    check_members(TABLE, &members, &["crates/left/Cargo.toml:2: name the package `signal-fish-left`"]);

    members[1] = package("crates/signal-fish-left", "signal-fish-left", &[]);
    let renamed = TABLE.replace("[left]", "[signal-fish-left]");
    check_members(&renamed, &members, &["name the folder `crates/left`"]);
}

#[test]
fn a_section_says_what_its_crate_is_for() {
    check_members(&TABLE.replace("Beside right.", " "), &correct_workspace(), &["as `charter`"]);
}

#[test]
fn a_table_with_a_mistake_is_refused() {
    for (good, bad, expected) in [
        ("rank = 0", "rank = \"low\"", "rank is a small number"),
        ("rank = 0", "rank = 300", "rank is a small number"),
        ("charter = \"Lowest.\"\n", "", "charter"),
        ("outside = [\"serde\"]", "outsides = []", "outsides"),
    ] {
        let error = Table::parse(TABLE.replacen(good, bad, 1)).err().expect("a mistake is refused");
        let text = format!("{error:#}");
        assert!(text.contains(expected), "{text:?} lacks {expected:?}");
    }
}
