//! How often one address may come: token buckets that outlive its connections.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use signal_fish_auth::{BucketsBySource, Exhausted, Quota};
use signal_fish_hub::Source;
use tokio::time::Instant;

/// How often one IPv4 address or IPv6 /64 may come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RateLimits {
    /// Handshakes of TLS: the dearest thing that a stranger can ask for.
    pub tls_handshakes: Quota,
    /// Requests that ask for no WebSocket.
    pub requests: Quota,
    /// Requests for a WebSocket, whether they get it or not.
    pub upgrades: Quota,
}

/// What is left to each address.
///
/// The buckets are those in which wrong passwords are counted: a fixed number, chosen by a secret hash. However many
/// addresses come, they take no more memory, and there is no lock. To hurt others that share one, somebody would have
/// to keep a bucket empty, that is to come as often as it allows, from as many addresses as there are buckets.
#[derive(Debug)]
pub(crate) struct Rates {
    limits: ArcSwap<RateLimits>,
    tls_handshakes: BucketsBySource,
    requests: BucketsBySource,
    upgrades: BucketsBySource,
    started: Instant,
}

impl RateLimits {
    /// As often in a minute as would replace every connection that an address may have twenty times.
    pub fn for_connections(connections_per_ip_max: usize) -> Self {
        let n_max = u32::try_from(connections_per_ip_max.saturating_mul(20)).unwrap_or(u32::MAX);
        let n_max = NonZeroU32::new(n_max).unwrap_or(NonZeroU32::MIN);
        let quota = Quota { n_max, window: Duration::from_mins(1) };
        Self { tls_handshakes: quota, requests: quota, upgrades: quota }
    }
}

impl Rates {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self {
            limits: ArcSwap::from_pointee(limits),
            tls_handshakes: BucketsBySource::default(),
            requests: BucketsBySource::default(),
            upgrades: BucketsBySource::default(),
            started: Instant::now(),
        }
    }

    /// Goes by these limits from now on. What is used up stays used.
    pub(crate) fn limit(&self, limits: RateLimits) {
        self.limits.store(Arc::new(limits));
    }

    pub(crate) fn take_tls_handshake(&self, from: IpAddr) -> Result<(), Exhausted> {
        self.take(&self.tls_handshakes, self.limits.load().tls_handshakes, from)
    }

    pub(crate) fn take_request(&self, from: IpAddr) -> Result<(), Exhausted> {
        self.take(&self.requests, self.limits.load().requests, from)
    }

    pub(crate) fn take_upgrade(&self, from: IpAddr) -> Result<(), Exhausted> {
        self.take(&self.upgrades, self.limits.load().upgrades, from)
    }

    fn take(&self, buckets: &BucketsBySource, quota: Quota, from: IpAddr) -> Result<(), Exhausted> {
        buckets.of(Source::of(from)).take(quota, self.started.elapsed())
    }
}
