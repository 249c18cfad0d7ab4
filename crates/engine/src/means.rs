//! What a player's connection can do beyond the relay, as it negotiated it.

use std::fmt;

use signal_fish_protocol::{Topology, Transport};

/// What a player's connection can do, as it negotiated it. Everyone can be relayed; the rest takes protocol 3.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Means(u8);

impl Means {
    /// Protocol 2, which knows no session plans.
    pub const V2: Self = Self(0);

    /// Protocol 3 and nothing but the relay.
    pub const V3: Self = Self(V3);

    /// Protocol 3 with these, in any order and however often they are named.
    pub fn v3(transports: &[Transport], topologies: &[Topology]) -> Self {
        let transports = transports.iter().map(|&transport| transport_bit(transport));
        let topologies = topologies.iter().map(|&topology| topology_bit(topology));
        Self(transports.chain(topologies).fold(V3, |bits, bit| bits | bit))
    }

    /// Whether it understands plans, signals and reports at all.
    pub const fn speaks_v3(self) -> bool {
        self.0 & V3 != 0
    }

    /// Whether it negotiated `transport`. The relay needs no negotiation.
    pub const fn has_transport(self, transport: Transport) -> bool {
        let bit = transport_bit(transport);
        self.0 & bit == bit
    }

    /// Whether it can be part of such a session.
    pub const fn can(self, topology: Topology, transport: Transport) -> bool {
        let bit = topology_bit(topology);
        self.0 & bit == bit && self.has_transport(transport)
    }
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(V3, "v3"), (WEBRTC, "webrtc"), (DIRECT, "direct"), (HOST, "host"), (MESH, "mesh")];
        let named = names.iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| name);
        f.debug_list().entries(named).finish()
    }
}

const V3: u8 = 1;
const WEBRTC: u8 = 2;
const DIRECT: u8 = 4;
const HOST: u8 = 8;
const MESH: u8 = 16;

const fn transport_bit(transport: Transport) -> u8 {
    match transport {
        Transport::Relay => 0,
        Transport::Direct => DIRECT,
        Transport::Webrtc => WEBRTC,
    }
}

const fn topology_bit(topology: Topology) -> u8 {
    match topology {
        Topology::Relay => 0,
        Topology::Host => HOST,
        Topology::Mesh => MESH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relay_is_open_to_all_and_the_rest_to_who_negotiated_it() {
        let means = Means::v3(&[Transport::Webrtc, Transport::Webrtc], &[Topology::Host]);
        assert!(means.speaks_v3() && !Means::V2.speaks_v3());
        assert!(means.can(Topology::Host, Transport::Webrtc));
        assert!(!means.can(Topology::Mesh, Transport::Webrtc));
        assert!(!means.can(Topology::Host, Transport::Direct));
        for means in [means, Means::V2, Means::V3] {
            assert!(means.can(Topology::Relay, Transport::Relay));
        }
        assert_eq!(format!("{means:?}"), r#"["v3", "webrtc", "host"]"#);
    }
}
