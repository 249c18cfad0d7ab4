//! What holds of the session plans of one step, taken together.

use std::collections::{BTreeMap, BTreeSet};

use signal_fish_engine::Means;
use signal_fish_protocol::{PlayerId, SessionGeneration, SessionPlan, Topology, Transport};

/// The plans that one step has handed out, by recipient.
#[derive(Default)]
pub(crate) struct Plans(BTreeMap<PlayerId, SessionPlan>);

impl Plans {
    pub(crate) fn add(&mut self, recipient: PlayerId, plan: &SessionPlan) {
        let before = self.0.insert(recipient, plan.clone());
        assert_eq!(before, None, "a publication has one plan for each player");
    }

    pub(crate) fn are_there(&self) -> bool {
        !self.0.is_empty()
    }

    /// `players` are those of the room after the step, `generation` is what its command brought along.
    pub(crate) fn check(&self, players: &BTreeMap<PlayerId, Means>, generation: Option<SessionGeneration>) {
        if self.0.is_empty() {
            return;
        }
        let recipients: BTreeSet<_> = self.0.keys().collect();
        let in_v3: BTreeSet<_> =
            players.iter().filter(|(_, means)| means.speaks_v3()).map(|(id, _)| id).collect();
        assert_eq!(recipients, in_v3, "all that speak v3 get a plan, and nobody else");
        for (&recipient, plan) in &self.0 {
            assert_eq!(Some(plan.generation), generation, "every publication has its own generation");
            self.check_shape(recipient, plan, players);
        }
    }

    fn check_shape(&self, recipient: PlayerId, plan: &SessionPlan, players: &BTreeMap<PlayerId, Means>) {
        assert_eq!((plan.fallback, plan.ice_servers.len()), (Transport::Relay, 0));
        assert!(players[&recipient].can(plan.topology, plan.transport), "{recipient}: {plan:?}");
        let peers: BTreeSet<_> = plan.peers.iter().map(|peer| peer.player_id).collect();
        assert_eq!(peers.len(), plan.peers.len(), "nobody is a peer twice");
        let others = || players.keys().copied().filter(|&id| id != recipient).collect::<BTreeSet<_>>();
        match (plan.topology, plan.transport) {
            (Topology::Relay, Transport::Relay) => {
                assert_eq!(*plan, SessionPlan::relay(plan.generation));
                assert!(self.0.values().all(|other| other == plan), "relayed are all or nobody");
            }
            (Topology::Mesh, Transport::Webrtc) => {
                assert_eq!((plan.host, &plan.direct_endpoint, peers), (None, &None, others()));
                for peer in &plan.peers {
                    let mut theirs = self.0[&peer.player_id].peers.iter();
                    let me = theirs.find(|other| other.player_id == recipient).expect("peers are mutual");
                    assert_ne!(peer.initiate, me.initiate, "one of the two makes the offer");
                    assert_eq!(peer.initiate, recipient < peer.player_id);
                }
            }
            (Topology::Host, Transport::Webrtc | Transport::Direct) => {
                let host = plan.host.expect("there is a host");
                assert_eq!(plan.host, self.0[&host].host, "all agree on it, and it plays");
                assert_eq!(plan.direct_endpoint.is_some(), plan.transport == Transport::Direct);
                assert!(plan.direct_endpoint.iter().all(|at| at.port != 0 && !at.host.is_empty()));
                let expected = if host == recipient { others() } else { BTreeSet::from([host]) };
                assert_eq!(peers, expected);
                assert!(plan.peers.iter().all(|peer| peer.initiate == (host != recipient)));
            }
            (topology, transport) => panic!("there is no session of {topology:?} and {transport:?}"),
        }
    }
}
