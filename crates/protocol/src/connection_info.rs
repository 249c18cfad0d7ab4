//! How a player says it can be reached outside the relay.

use serde::{Deserialize, Serialize};

/// The transport of a relay allocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayTransport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// WebSocket.
    Websocket,
    /// Whatever the relay prefers.
    #[default]
    Auto,
}

/// How to reach a player. The server stores and forwards it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ConnectionInfo {
    /// An address to connect to.
    Direct {
        /// IP address or DNS name.
        host: String,
        /// Port.
        port: u16,
    },
    /// An allocation of Unity's relay.
    UnityRelay {
        /// The allocation.
        allocation_id: String,
        /// Opaque to the server.
        connection_data: String,
        /// Opaque to the server.
        key: String,
    },
    /// An allocation of another relay.
    Relay {
        /// IP address or DNS name of the relay.
        host: String,
        /// Port of the relay.
        port: u16,
        /// How to talk to the relay.
        #[serde(default)]
        transport: RelayTransport,
        /// The allocation.
        allocation_id: String,
        /// Opaque to the server.
        token: String,
        /// The client's number at the relay.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<u16>,
    },
    /// WebRTC, outside the server's own signalling.
    Webrtc {
        /// Session description, if there is one yet.
        #[serde(default)]
        sdp: Option<String>,
        /// ICE candidates.
        ice_candidates: Vec<String>,
    },
    /// Anything a game makes up.
    Custom {
        /// Opaque to the server.
        data: serde_json::Value,
    },
}
