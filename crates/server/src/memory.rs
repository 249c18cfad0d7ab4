//! How much memory the process may use, by what the system says.

use std::fs;

/// Bytes of memory that there are for this process: those of its container, or of the machine. Nothing where the system
/// does not tell.
pub(crate) fn available() -> Option<usize> {
    let of_container = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limits = of_container.iter().filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    let of_machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    limits.chain(of_machine).min()
}

/// `MemTotal` of `/proc/meminfo`, which counts in KiB.
fn total(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok()?.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_the_machine_is_read() {
        assert_eq!(total("MemFree: 1 kB\nMemTotal:        2048 kB\n"), Some(2_097_152));
        assert_eq!(total("MemFree: 1 kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells() {
        assert!(available().is_some_and(|n_bytes| n_bytes > 1_048_576));
    }
}
