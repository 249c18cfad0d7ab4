//! How the players of a started game reach each other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{PlayerId, SessionGeneration};
use crate::secret::Secret;

/// How game data travels.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Through the server.
    Relay,
    /// Straight to an address of the host.
    Direct,
    /// WebRTC between players.
    Webrtc,
}

/// Who talks to whom.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topology {
    /// Everyone through the server.
    Relay,
    /// Everyone with one host.
    Host,
    /// Everyone with everyone.
    Mesh,
}

/// How messages travel between client and server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageTransport {
    /// WebSocket.
    Websocket,
}

/// A server for ICE.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IceServer {
    /// Its URLs.
    pub urls: Vec<String>,
    /// User name, for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Credential, for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Secret>,
}

/// One player that the recipient of a plan connects to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionPeer {
    /// Who.
    pub player_id: PlayerId,
    /// Its name.
    pub player_name: Arc<str>,
    /// Whether it holds the authority.
    pub is_authority: bool,
    /// Whether the recipient sends the offer.
    pub initiate: bool,
}

/// Where a host can be reached.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DirectEndpoint {
    /// IP address or DNS name.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// How the recipient reaches the others. The relay stays open beside any plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SessionPlan {
    /// This publication; the same for all recipients of it.
    pub generation: SessionGeneration,
    /// Who talks to whom.
    pub topology: Topology,
    /// Over what.
    pub transport: Transport,
    /// The host, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<PlayerId>,
    /// Where the host listens, for direct connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_endpoint: Option<DirectEndpoint>,
    /// Whom the recipient connects to.
    pub peers: Vec<SessionPeer>,
    /// Servers for ICE, for WebRTC.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ice_servers: Vec<IceServer>,
    /// What always works: the relay.
    pub fallback: Transport,
}

impl SessionPlan {
    /// The plan of a session that stays on the relay.
    pub const fn relay(generation: SessionGeneration) -> Self {
        Self {
            generation,
            topology: Topology::Relay,
            transport: Transport::Relay,
            host: None,
            direct_endpoint: None,
            peers: Vec::new(),
            ice_servers: Vec::new(),
            fallback: Transport::Relay,
        }
    }
}
