//! How a player says it can be reached outside the relay.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::limits;

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
        /// Opaque to the server. At most [`limits::CONNECTION_INFO_DEPTH_MAX`] deep.
        #[serde(deserialize_with = "shallow")]
        data: Value,
    },
}

impl ConnectionInfo {
    /// How many bytes of JSON it takes, whatever the spelling it came in.
    pub fn json_len(&self) -> usize {
        serde_json::to_vec(self).expect("connection info has string keys only").len()
    }
}

/// The kind for anything, from JSON alone.
pub(crate) fn custom_from_json(json: &str) -> Result<ConnectionInfo, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let data = shallow(&mut deserializer)?;
    deserializer.end()?;
    Ok(ConnectionInfo::Custom { data })
}

fn shallow<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if depth(&value) > limits::CONNECTION_INFO_DEPTH_MAX {
        let most = limits::CONNECTION_INFO_DEPTH_MAX;
        return Err(D::Error::custom(format_args!("must nest at most {most} deep")));
    }
    Ok(value)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_too_deep_in_a_snapshot_is_refused() {
        let nested = |depth: usize| {
            let data = "[".repeat(depth) + &"]".repeat(depth);
            serde_json::from_str::<ConnectionInfo>(&format!(r#"{{"type":"custom","data":{data}}}"#))
        };
        assert!(nested(limits::CONNECTION_INFO_DEPTH_MAX).is_ok());
        assert!(nested(limits::CONNECTION_INFO_DEPTH_MAX + 1).is_err());
    }
}
