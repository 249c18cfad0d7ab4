//! Each rule of the house, seen to catch what breaks it and to let its neighbour pass.

use super::text::ELSEWHERE;
use super::*;

const PRODUCT: &str = "crates/hub/src/session.rs";
const TEST: &str = "crates/hub/tests/simulation/main.rs";
const BENCH: &str = "crates/hub/benches/relay.rs";

/// What is found in one file: `expected` are parts of the findings in order of rule, empty if it passes.
fn check(path: &str, source: &str, expected: &[&str]) {
    check_files(&[(path, source)], expected);
}

fn check_files(files: &[(&str, &str)], expected: &[&str]) {
    let pinned = [
        ("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95.0\"\n"),
        ("Cargo.toml", "[workspace.package]\nrust-version = \"1.95.0\"\n"),
    ];
    let given = |path: &str| files.iter().any(|(given, _)| *given == path);
    let pinned = pinned.into_iter().filter(|(path, _)| !given(path));
    let texts: Vec<_> =
        pinned.chain(files.iter().copied()).map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
    let found: Vec<_> = findings(&texts)
        .into_iter()
        .map(|finding| {
            format!("{:?} {}:{}: {}", finding.severity, finding.path, finding.line, finding.advice)
        })
        .collect();
    assert_eq!(found.len(), expected.len(), "in {files:?}: {found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found:?} lacks {expected:?}");
    }
}

#[test]
fn every_file_opens_with_a_line_of_explanation() {
    for path in [PRODUCT, TEST, BENCH, "crates/hub/examples/demo.rs", "xtask/src/main.rs"] {
        check(path, "//! Who may speak.\n", &[]);
        check(path, "fn main() {}\n", &["Error"]);
    }
    for source in ["", "//!\n", "//!   \n", "// A comment.\n", "\n//! Late.\n", "/// An item.\nstruct A;\n"] {
        check(PRODUCT, source, &[":1: open the file with one `//!` line"]);
    }
    check("docs/notes.md", "No Rust.\n", &[]);
}

#[test]
fn a_long_file_is_warned_of_and_a_longer_one_refused() {
    let lines = |n: usize| format!("//! Long.\n{}", "// more\n".repeat(n - 1));
    check(PRODUCT, &lines(400), &[]);
    check(PRODUCT, &lines(401), &["Warning crates/hub/src/session.rs:401: split"]);
    check(PRODUCT, &lines(600), &["Warning"]);
    check(TEST, &lines(601), &["Error"]);
}

#[test]
fn generated_code_needs_an_explanation_and_no_shape() {
    let code = "//! Made by a tool.\nfn long() {\n".to_owned() + &"    work();\n".repeat(601) + "}\n";
    check(crate::codegen::GENERATED, &code, &[]);
    check(crate::codegen::GENERATED, "fn short() {}\n", &["open the file with one `//!` line"]);
}

#[test]
fn a_function_has_a_budget_also_in_tests() {
    let body = |n: usize| "    work();\n".repeat(n);
    for (n_lines, expected) in [(70, &[][..]), (71, &["split `long`: its body has 71 lines"])] {
        let body = body(n_lines);
        check(PRODUCT, &format!("//! Long.\nfn long() {{\n{body}}}\n"), expected);
        check(TEST, &format!("//! Long.\n#[test]\nfn long() {{\n{body}}}\n"), expected);
        check(PRODUCT, &format!("//! Long.\nstruct A;\nimpl A {{\nfn long() {{\n{body}}}\n}}\n"), expected);
        check(PRODUCT, &format!("//! Long.\ntrait A {{\nfn long() {{\n{body}}}\n}}\n"), expected);
        check(
            PRODUCT,
            &format!("//! Long.\n#[cfg(test)]\nmod tests {{\nfn long() {{\n{body}}}\n}}\n"),
            expected,
        );
    }
}

#[test]
fn methods_live_where_their_type_does() {
    let with = |items: &str| format!("//! Methods.\n{items}\n");
    let passing = [
        "struct A; impl A {}",
        "enum A { B } impl A {}",
        "union A { b: u8, c: i8 } impl A {}",
        "struct A<T>(T); impl<T: Copy> A<T> {}",
        "impl Display for Elsewhere {}",
        "impl<T> From<T> for Elsewhere<T> {}",
        "ids! { A, B } impl A {}",
        "#[cfg(test)] mod tests { struct Case; impl Case {} }",
        "fn f() { struct Local; impl Local {} }",
    ];
    for items in passing {
        check(PRODUCT, &with(items), &[]);
    }
    for items in [
        "impl Room {}",
        "use crate::room::Room;\nimpl Room {}",
        "impl crate::room::Room {}",
        "impl<T> Room<T> {}",
        "type Room = Other; impl Room {}",
        "macro_rules! make { (Room) => {} }\nimpl Room {}",
        "#[cfg(test)] mod tests { impl super::Room {} }",
    ] {
        check(PRODUCT, &with(items), &["move these methods into the file that defines `Room`"]);
    }
}

#[test]
fn tests_do_not_sleep_to_synchronise() {
    let sleeping = [
        "fn f() { std::thread::sleep(D); }",
        "fn f() { thread::sleep(D); }",
        "async fn f() { tokio::time::sleep(D).await; }",
        "async fn f() { sleep(D).await; }",
        "async fn f() { time::sleep_until(at).await; }",
        "use tokio::time::sleep as nap;",
        "async fn f() { tokio::select! { _ = tokio::time::sleep(D) => {} } }",
        "async fn f() { assert!(join!(a, sleep(D))); }",
        "#[tokio::test(start_paused = true)] async fn f() { std::thread::sleep(D); }",
    ];
    for items in sleeping {
        let advice = &["wait for the event itself"];
        check(TEST, &format!("//! Sleeps.\n{items}\n"), advice);
        check(PRODUCT, &format!("//! Sleeps.\n#[cfg(test)]\nmod tests {{ {items} }}\n"), advice);
        check(PRODUCT, &format!("//! Sleeps.\n{items}\n"), &[]);
        check(BENCH, &format!("//! Sleeps.\n{items}\n"), &[]);
    }
    for items in [
        "#[tokio::test(start_paused = true)] async fn f() { tokio::time::sleep(D).await; }",
        "fn f() { clock.sleep(D); assert!(clock.sleep(D)); }",
        "async fn f() { tokio::time::timeout(D, event).await; }",
        "make! { fn sleep() {} }",
    ] {
        check(TEST, &format!("//! Awake.\n{items}\n"), &[]);
    }
}

#[test]
fn a_test_module_in_its_own_file_is_test_code() {
    let sleeping = "//! Sleeps.\nfn f() { sleep(D); }\n";
    let advice: &[&str] = &["wait for the event itself"];
    for (declared_in, file, expected) in [
        ("src/lib.rs", "src/checks.rs", advice),
        ("src/lib.rs", "src/checks/deep.rs", advice),
        ("src/room.rs", "src/room/checks.rs", advice),
        ("src/room/mod.rs", "src/room/checks/mod.rs", advice),
        ("src/room.rs", "src/checks.rs", &[]),
    ] {
        check_files(&[(declared_in, "//! Room.\n#[cfg(test)]\nmod checks;\n"), (file, sleeping)], expected);
    }
    let explicit = "//! Room.\n#[cfg(test)]\n#[path = \"other.rs\"]\nmod checks;\n";
    check_files(&[("src/lib.rs", explicit), ("src/other.rs", sleeping)], advice);
    check_files(&[("src/lib.rs", "//! Room.\nmod checks;\n"), ("src/checks.rs", sleeping)], &[]);
}

#[test]
fn no_test_is_ignored() {
    for items in [
        "#[test]\n#[ignore]\nfn f() {}",
        "#[test]\n#[ignore = \"slow\"]\nfn f() {}",
        "#[test]\n#[cfg_attr(windows, ignore)]\nfn f() {}",
        "proptest! { #[test] #[ignore] fn f() {} }",
    ] {
        check(TEST, &format!("//! Ignored.\n{items}\n"), &["run this test always or delete it"]);
    }
    check(TEST, "//! Runs.\n#[test]\nfn f() { let ignore = 1; }\n", &[]);
}

#[test]
fn product_code_has_no_test_hook() {
    for items in [
        "#[cfg(test)]\nfn f() {}",
        "#[cfg(test)]\nuse a::b;",
        "#[cfg(not(test))]\nfn f() {}",
        "#[cfg(any(test, feature = \"x\"))]\nmod hooks {}",
        "struct A { #[cfg(test)] hook: u8 }",
        "struct A;\nimpl A { #[cfg(all(test, unix))] fn f() {} }",
        "#[cfg_attr(test, derive(Debug))]\nstruct A;",
        "fn f() { if cfg!(test) {} }",
    ] {
        check(PRODUCT, &format!("//! Hooks.\n{items}\n"), &["keep product code free of test hooks"]);
        check(TEST, &format!("//! Hooks.\n{items}\n"), &[]);
    }
    for items in [
        "#[cfg(test)]\nmod tests {}",
        "#[cfg(all(test, unix))]\nmod tests {}",
        "#[cfg(test)]\nmod tests;",
        "#[cfg(feature = \"test\")]\nfn f() {}",
        "#[cfg_attr(unix, test)]\nfn f() {}",
        "fn f() { if cfg!(unix) {} }",
    ] {
        check(PRODUCT, &format!("//! Clean.\n{items}\n"), &[]);
    }
}

#[test]
fn no_file_points_outside_the_repository() {
    for needle in ELSEWHERE {
        for path in ["README.md", ".ci/run"] {
            check(path, &format!("first\nsee {needle}x\n"), &[":2: say it here"]);
            check(path, &format!("`{needle}`"), &[":1: say it here"]);
        }
        check(PRODUCT, &format!("//! See {needle}x.\n"), &[":1: say it here"]);
    }
    check("README.md", &format!("home/net{}x and shared/docs and work/x\n", ELSEWHERE[1]), &[]);
}

#[test]
fn the_promised_compiler_is_the_one_in_use() {
    let manifest = |version: &str| format!("[workspace.package]\nrust-version = \"{version}\"\n");
    check_files(&[("Cargo.toml", &manifest("1.95.0"))], &[]);
    check_files(&[("Cargo.toml", &manifest("1.94.0"))], &["Cargo.toml:2: set `rust-version = \"1.95.0\"`"]);
    check_files(&[("Cargo.toml", "[workspace]\n")], &["set `rust-version"]);
    check_files(&[("rust-toolchain.toml", "")], &["name the compiler"]);

    let member = "crates/hub/Cargo.toml";
    check_files(&[(member, "[package]\nrust-version = \"1.90\"\n")], &["crates/hub/Cargo.toml:2: set"]);
    check_files(&[(member, "[package]\nrust-version.workspace = true\n")], &[]);
}

#[test]
fn a_file_that_does_not_parse_is_named() {
    check(PRODUCT, "//! Broken.\nfn f( {\n", &["make this parse"]);
}
