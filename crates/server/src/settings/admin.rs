//! Section `admin`: who may look after the server over HTTP, and where.

use std::net::IpAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Secret;

/// Who may look after the server over HTTP, and where. Without a token or a certificate nobody may.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// The address of a port of its own for operators; null for `127.0.0.1`. Needs `admin.port`.
    pub bind: Option<IpAddr>,
    /// A port of its own for operators; null for the port of the players.
    pub port: Option<u16>,
    /// What operators show as a bearer token: at least 16 bytes.
    pub token: Option<Secret>,
    /// A file with the token, in place of `admin.token`.
    pub token_path: Option<PathBuf>,
    /// SHA-256 fingerprints, in hexadecimal, of client certificates whose owners are operators. Needs
    /// `security.transport.tls.client_auth`.
    pub client_certificates: Vec<String>,
    /// Whether there are pages to try the server with, open to all; null for only where everyone may play and nobody
    /// but this machine reaches it.
    pub playground: Option<bool>,
}
