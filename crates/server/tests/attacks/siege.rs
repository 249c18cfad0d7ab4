//! A server that is attacked, and what must be true of it afterwards.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use signal_fish_testkit::{Launch, Peer, ServerProcess, deadline, http};

use crate::canary::Canary;

/// A server with a room of players who must not notice anything.
pub(crate) struct Siege {
    server: ServerProcess,
    canary: Canary,
    rss_before: u64,
}

impl Siege {
    /// Starts the server, and the game in it. All attackers have one address here: its limits are out of the way
    /// unless `launch` is about them.
    #[track_caller]
    pub(crate) fn of(launch: Launch) -> Self {
        let server = launch.start();
        let canary = Canary::sing(server.addr());
        let rss_before = memory(&server, "VmRSS:");
        Self { server, canary, rss_before }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// An attacker that has upgraded and said nothing.
    #[track_caller]
    pub(crate) fn attacker(&self) -> Peer {
        Peer::connect(self.addr(), "/v3/ws", "attacker")
    }

    /// The attack is over: the server lives, its memory is its own again, and the game has gone on all the time.
    #[track_caller]
    pub(crate) fn lift(self) {
        self.lift_but_for(RSS_SLACK);
    }

    /// As [`Siege::lift`], for attackers by the thousand: more bytes than usual may stay with the allocator.
    #[track_caller]
    pub(crate) fn lift_but_for(self, rss_slack: u64) {
        let until = deadline();
        loop {
            assert_eq!(http(self.addr(), "GET", "/health", &[]).status, 200);
            let rss = memory(&self.server, "VmRSS:");
            if rss <= self.rss_before + rss_slack {
                break;
            }
            let before = self.rss_before;
            assert!(Instant::now() < until, "{rss} bytes of memory, and {before} before the attack");
        }
        let peak = memory(&self.server, "VmHWM:");
        assert!(peak <= self.rss_before + PEAK_SLACK, "{peak} bytes of memory at its worst");
        let p99 = self.canary.p99();
        eprintln!("p99 of the bystanders: {p99:?}");
        assert!(
            p99 < P99_MAX,
            "the bystanders noticed: a hundredth of their messages took more than {p99:?}"
        );
    }
}

/// A server whose limits for one address are out of the way.
pub(crate) fn without_address_limits(launch: Launch) -> Launch {
    launch
        .set("security.max_connections_per_ip", json!(5_000))
        .set("security.max_upgrades_per_ip", json!(100_000))
        .set("security.max_http_requests_per_ip", json!(1_000_000))
}

/// What the system says of the memory of the process, in bytes; where it says nothing, none.
fn memory(server: &ServerProcess, which: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(which));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// What a message may take, as hard as the machine may work.
const P99_MAX: Duration = Duration::from_millis(200);

/// What an allocator may keep of what it has given back, and the system of what was never asked for again.
const RSS_SLACK: u64 = 32 * 1024 * 1024;

/// What may wait for those who do not read, and is bounded.
const PEAK_SLACK: u64 = 128 * 1024 * 1024;
