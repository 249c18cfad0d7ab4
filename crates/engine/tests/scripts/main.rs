//! Plays the scripts of this folder: what the members see must be what is written there. See `README.md`.

mod notation;
mod stage;

use std::fs;
use std::path::Path;

use stage::Stage;

/// `UPDATE_EXPECT=1` writes what they see into the scripts instead.
#[test]
fn members_see_what_the_scripts_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut scripts: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    scripts.sort();
    assert!(!scripts.is_empty());
    for path in scripts {
        let script = fs::read_to_string(&path).unwrap();
        expect_test::expect_file![path].assert_eq(&play(&script));
    }
}

/// The script again, with what members see of each command below it.
fn play(script: &str) -> String {
    let mut stage = Stage::default();
    let mut played = String::new();
    for line in script.lines().filter(|line| !line.starts_with(INDENT)) {
        played.extend([line, "\n"]);
        if !line.is_empty() && !line.starts_with('#') {
            for sight in stage.perform(line) {
                played.extend([INDENT, &sight, "\n"]);
            }
        }
    }
    played
}

const INDENT: &str = "    ";
