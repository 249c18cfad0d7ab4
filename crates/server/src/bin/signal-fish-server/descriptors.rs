//! File descriptors for as many connections as the settings allow, before the first of them comes.

use std::io;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Makes room for `n_connections`. Says what is in the way, if the system allows fewer.
///
/// Has to be called before there are other threads. The system's table of descriptors grows by doubling, and in a
/// process with threads it waits each time until all processors have let go of the old one: for tens of
/// milliseconds, in the middle of a rush of players, nobody could connect.
pub(crate) fn make_room(n_connections: usize) -> Option<String> {
    let n_wanted = u64::try_from(n_connections).unwrap_or(u64::MAX).saturating_add(SPARE);
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < n_wanted) {
        // `None` is no limit.
        limit.current = limit.maximum.map(|maximum| maximum.min(n_wanted)).or(Some(n_wanted));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            return Some(format!("cannot raise the limit of open files: {error}"));
        }
    }
    let n_allowed = limit.current.map_or(n_wanted, |current| current.min(n_wanted));
    widen(n_allowed);
    (n_allowed < n_wanted).then(|| {
        format!(
            "the system allows this process {n_allowed} open files, security.max_connections = {n_connections} \
             needs {n_wanted}; raise the limit (ulimit -Hn, LimitNOFILE=)"
        )
    })
}

/// Lets the table grow once, by using its last place for a moment.
fn widen(n_descriptors: u64) {
    let last = i32::try_from(n_descriptors.min(WIDTH_MAX)).unwrap_or(i32::MAX) - 1;
    // Without it the first rush of players is slower, and that is all.
    let _ = fcntl_dupfd_cloexec(io::stderr(), last);
}

/// For plain HTTP, the listener, the log and the runtime itself.
const SPARE: u64 = 512;

/// A table of this width takes a megabyte of the system's memory.
const WIDTH_MAX: u64 = 1 << 17;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_too_low_is_named_with_what_is_needed() {
        let most = getrlimit(Resource::Nofile).maximum;
        let notice = make_room(usize::MAX);
        assert_eq!(notice.is_some(), most.is_some(), "{notice:?}");
        if let Some(notice) = notice {
            assert!(notice.contains("security.max_connections"), "{notice}");
        }
        assert_eq!(make_room(1), None);
    }
}
