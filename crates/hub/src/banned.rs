//! Who may not use this server at all: people, as connect tokens call them, and networks.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use signal_fish_auth::Grant;
use signal_fish_protocol::{AppId, CloseCode};

use crate::shared::Shared;
use crate::source::Source;

/// Who may not use this server at all.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Outcast {
    /// Whom connect tokens for this app call so; without an app, those of an open server.
    Subject {
        /// The app.
        app: Option<AppId>,
        /// The `sub` of its tokens.
        subject: Arc<str>,
    },
    /// Whoever comes from there.
    Network(Network),
}

/// A network: the first bits of its addresses. An IPv6 network is no smaller than a /64, which is what one customer
/// has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Network {
    first: IpAddr,
    n_bits: u8,
}

impl Network {
    /// The network of the addresses that share the first `n_bits` with `ip`; nothing if an address has not so many.
    pub fn new(ip: IpAddr, n_bits: u8) -> Option<Self> {
        let ip = ip.to_canonical();
        let n_bits = match ip {
            IpAddr::V4(_) => (n_bits <= 32).then_some(n_bits),
            IpAddr::V6(_) => (n_bits <= 128).then_some(n_bits.min(64)),
        }?;
        Some(Self { first: first(ip, n_bits), n_bits })
    }

    fn contains(&self, source: Source) -> bool {
        let ip = source.first();
        ip.is_ipv4() == self.first.is_ipv4() && first(ip, self.n_bits) == self.first
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first, self.n_bits)
    }
}

fn first(ip: IpAddr, n_bits: u8) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(n_bits)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(n_bits)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

/// There are as many bans as the server keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a server keeps at most {SUBJECTS_MAX} bans of subjects and {NETWORKS_MAX} of networks: lift one")]
pub struct TooManyOutcasts;

/// All bans of a server. Whoever asks takes no lock; a change copies them.
#[derive(Debug, Default)]
pub(crate) struct Bans {
    current: ArcSwap<Table>,
    changing: Mutex<()>,
}

/// Each ban with its end, if it has one.
#[derive(Clone, Debug, Default)]
struct Table {
    subjects: HashMap<Outcast, Option<Instant>>,
    networks: HashMap<Network, Option<Instant>>,
}

impl Table {
    fn has(&self, now: Instant, outcast: &Outcast) -> bool {
        self.subjects.get(outcast).is_some_and(|&end| counts(end, now))
    }

    fn has_source(&self, now: Instant, source: Source) -> bool {
        self.networks.iter().any(|(network, &end)| counts(end, now) && network.contains(source))
    }
}

fn counts(end: Option<Instant>, now: Instant) -> bool {
    end.is_none_or(|end| now < end)
}

impl Bans {
    /// Whether nobody may come from there.
    pub(crate) fn holds_source(&self, now: Instant, source: Source) -> bool {
        self.current.load().has_source(now, source)
    }

    /// Whether nobody may come in as that.
    pub(crate) fn holds(&self, now: Instant, outcast: &Outcast) -> bool {
        self.current.load().has(now, outcast)
    }

    pub(crate) fn add(
        &self,
        now: Instant,
        outcast: Outcast,
        time: Option<Duration>,
    ) -> Result<(), TooManyOutcasts> {
        // A time that no clock reaches is for ever.
        let end = time.and_then(|time| now.checked_add(time));
        self.change(now, |table| {
            let is_full = match outcast {
                Outcast::Network(network) => {
                    table.networks.insert(network, end);
                    table.networks.len() > NETWORKS_MAX.get()
                }
                subject @ Outcast::Subject { .. } => {
                    table.subjects.insert(subject, end);
                    table.subjects.len() > SUBJECTS_MAX.get()
                }
            };
            if is_full { Err(TooManyOutcasts) } else { Ok(()) }
        })
    }

    /// Whether it was banned.
    pub(crate) fn remove(&self, now: Instant, outcast: &Outcast) -> bool {
        let removed = self.change(now, |table| {
            let end = match outcast {
                Outcast::Network(network) => table.networks.remove(network),
                Outcast::Subject { .. } => table.subjects.remove(outcast),
            };
            Ok::<_, TooManyOutcasts>(end.is_some())
        });
        removed.unwrap_or(false)
    }

    /// All of them, and for how long each still holds.
    pub(crate) fn all(&self, now: Instant) -> Vec<(Outcast, Option<Duration>)> {
        let table = self.current.load();
        let networks = table.networks.iter().map(|(&network, &end)| (Outcast::Network(network), end));
        let subjects = table.subjects.iter().map(|(subject, &end)| (subject.clone(), end));
        networks
            .chain(subjects)
            .filter(|&(_, end)| counts(end, now))
            .map(|(outcast, end)| (outcast, end.map(|end| end.saturating_duration_since(now))))
            .collect()
    }

    /// Bans come by hand, one at a time: a copy of all is nothing against a lock for everybody who connects.
    fn change<T, E>(&self, now: Instant, change: impl FnOnce(&mut Table) -> Result<T, E>) -> Result<T, E> {
        let _turn = self.changing.lock();
        let mut table = Table::clone(&self.current.load());
        table.subjects.retain(|_, end| counts(*end, now));
        table.networks.retain(|_, end| counts(*end, now));
        let changed = change(&mut table)?;
        self.current.store(Arc::new(table));
        Ok(changed)
    }
}

/// Whom the connect token of this grant names.
pub(crate) fn named_by(grant: &Grant) -> Option<Box<Outcast>> {
    let subject = grant.subject()?.into();
    Some(Box::new(Outcast::Subject { app: grant.app_id().cloned(), subject }))
}

/// Keeps `outcast` outside, and ends the connections that it has.
pub(crate) fn ban(
    shared: &Shared,
    now: Instant,
    outcast: Outcast,
    time: Option<Duration>,
) -> Result<usize, TooManyOutcasts> {
    shared.bans.add(now, outcast.clone(), time)?;
    // After the ban is there: who connects meanwhile either is found or finds it.
    Ok(shared.sessions.end_those(CloseCode::SessionExpired, |source, subject| match &outcast {
        Outcast::Network(network) => network.contains(source),
        Outcast::Subject { .. } => subject == Some(&outcast),
    }))
}

/// Some hundred bytes each.
const SUBJECTS_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// Whoever connects is compared with each: in some microseconds.
const NETWORKS_MAX: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str, n_bits: u8) -> Network {
        Network::new(text.parse().unwrap(), n_bits).unwrap()
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        for (ip, n_bits, inside, outside) in [
            ("10.1.2.3", 8, "10.255.0.1", "11.0.0.1"),
            ("10.1.2.3", 32, "10.1.2.3", "10.1.2.4"),
            ("::ffff:10.1.2.3", 32, "10.1.2.3", "::1"),
            ("0.0.0.0", 0, "203.0.113.9", "2001:db8::1"),
            ("2001:db8::", 32, "2001:db8:ffff::1", "2001:db9::1"),
            ("2001:db8::1", 128, "2001:db8::2", "2001:db8:0:1::1"),
        ] {
            let network = network(ip, n_bits);
            let has = |ip: &str| network.contains(Source::of(ip.parse().unwrap()));
            assert!(has(inside) && !has(outside), "{network}");
        }
        assert_eq!(Network::new([10, 0, 0, 1].into(), 33), None);
        assert_eq!(network("2001:db8::1", 128).to_string(), "2001:db8::/64");
    }

    #[test]
    fn bans_end_and_are_bounded() {
        let (bans, start) = (Bans::default(), Instant::now());
        let minute = Duration::from_mins(1);
        let name = |n: usize| Outcast::Subject { app: None, subject: n.to_string().into() };
        let mut table = Table::default();
        table.subjects.extend((0..SUBJECTS_MAX.get()).map(|n| (name(n), Some(start + minute))));
        bans.current.store(Arc::new(table));
        assert!(bans.holds(start, &name(7)) && !bans.holds(start + minute, &name(7)));
        assert_eq!(bans.add(start, name(SUBJECTS_MAX.get()), None), Err(TooManyOutcasts));
        assert_eq!(bans.add(start, name(7), None), Ok(()), "a ban can be changed");
        assert!(bans.remove(start, &name(8)) && !bans.remove(start, &name(8)));
        assert_eq!(bans.add(start + minute, name(SUBJECTS_MAX.get()), Some(minute)), Ok(()));
        let mut left = bans.all(start + minute);
        left.sort_by_key(|(_, time)| *time);
        assert_eq!(left, [(name(7), None), (name(SUBJECTS_MAX.get()), Some(minute))]);
    }
}
