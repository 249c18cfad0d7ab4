//! Section `relay_types`: labels that clients are told about the relay.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Labels that clients are told about the relay of their room. The server gives them no meaning.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("x-live" = true))]
pub struct RelayTypeSettings {
    /// The label of games without one of their own: 1 to 256 bytes, no control characters.
    pub default_relay_type: String,
    /// Labels by game name. As an environment variable only the whole map, as JSON: variables know no upper case.
    pub game_relay_mappings: BTreeMap<String, String>,
}

impl Default for RelayTypeSettings {
    fn default() -> Self {
        Self { default_relay_type: "matchbox".to_owned(), game_relay_mappings: BTreeMap::new() }
    }
}
