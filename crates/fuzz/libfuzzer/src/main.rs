//! Lets libFuzzer at the target that the variable `SIGNAL_FISH_FUZZ` names.
#![no_main]

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use signal_fish_fuzz::{TARGETS, Target};

fuzz_target!(|bytes: &[u8]| {
    let target = target();
    let took = time(target, bytes);
    // Other work of the machine may have stood in the way; not every time.
    if target.only_reads && took > TIME_MAX {
        let least = (0..20).map(|_| time(target, bytes)).min().unwrap_or(took);
        assert!(least <= TIME_MAX, "{} takes {least:?}", target.name);
    }
});

fn time(target: &Target, bytes: &[u8]) -> Duration {
    let began = Instant::now();
    (target.run)(bytes);
    began.elapsed()
}

fn target() -> &'static Target {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    TARGET.get_or_init(|| {
        let name = std::env::var("SIGNAL_FISH_FUZZ").expect("SIGNAL_FISH_FUZZ names a target");
        TARGETS.iter().find(|target| target.name == name).expect("SIGNAL_FISH_FUZZ names a target of the list")
    })
}

const TIME_MAX: Duration = Duration::from_millis(100);
