//! Section `session`: how the players of a started game may reach each other.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use signal_fish_protocol::Topology;

use super::secret::Secret;

/// How the players of a started game may reach each other. The server picks the closest way that all of them can use.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("x-live" = true))]
pub struct SessionSettings {
    /// The closest that players may come to each other: everyone to everyone, everyone to one host, or the relay only.
    pub default_topology: TopologyMax,
    /// The same by game name. As an environment variable only the whole map, as JSON: variables know no upper case.
    pub game_topology_mappings: BTreeMap<String, TopologyMax>,
    /// Whether players may connect with WebRTC.
    pub enable_webrtc: bool,
    /// Whether players may connect to an address that the host has given.
    pub enable_direct: bool,
    /// Whether players get the ICE servers as they join, so that they can gather candidates before the game starts.
    pub enable_ice_pregather: bool,
    /// ICE servers for all players, with one password for all where they need one.
    pub ice_servers: Vec<IceServerSettings>,
}

/// How close players may come to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
#[expect(missing_docs, reason = "the names are those of the protocol")]
pub enum TopologyMax {
    Mesh,
    Host,
    Relay,
}

/// An ICE server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IceServerSettings {
    /// Its URLs, with the scheme stun, stuns, turn or turns.
    pub urls: Vec<String>,
    /// The user name, for TURN.
    #[serde(default)]
    pub username: Option<String>,
    /// The password, for TURN. Every player gets to see it.
    #[serde(default)]
    pub credential: Option<Secret>,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            default_topology: TopologyMax::Mesh,
            game_topology_mappings: BTreeMap::new(),
            enable_webrtc: true,
            enable_direct: true,
            enable_ice_pregather: true,
            ice_servers: Vec::new(),
        }
    }
}

impl From<TopologyMax> for Topology {
    fn from(topology: TopologyMax) -> Self {
        match topology {
            TopologyMax::Mesh => Self::Mesh,
            TopologyMax::Host => Self::Host,
            TopologyMax::Relay => Self::Relay,
        }
    }
}
