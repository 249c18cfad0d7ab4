//! What fuzzing found worth keeping goes on being harmless.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use signal_fish_fuzz::{TARGETS, Target};

#[test]
fn nothing_in_the_corpus_does_harm() {
    for target in TARGETS {
        let inputs = inputs(target);
        assert!(inputs.len() >= INPUTS_MIN, "{}: {} inputs", target.name, inputs.len());
        for (name, bytes) in inputs {
            replay(target, &name, &bytes);
        }
    }
}

fn replay(target: &Target, name: &str, bytes: &[u8]) {
    let began = Instant::now();
    let used = allocation_counter::measure(|| (target.run)(bytes));
    let took = began.elapsed();
    assert!(took < TIME_MAX, "{}/{name} took {took:?}", target.name);
    if target.only_reads {
        assert!(used.bytes_max < BYTES_MAX, "{}/{name} takes {} bytes", target.name, used.bytes_max);
    }
}

fn inputs(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read = |file: std::io::Result<fs::DirEntry>| {
        let path = file.expect("a folder of files").path();
        let name = path.file_name().expect("it has one").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("a file"))
    };
    files.map(read).collect()
}

/// A target with fewer was not fuzzed.
const INPUTS_MIN: usize = 10;

/// Ten times what an optimised build may take, for one that is not.
const TIME_MAX: Duration = Duration::from_secs(1);

const BYTES_MAX: u64 = 1024 * 1024;
