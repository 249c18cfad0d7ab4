//! Section `protocol.sdk_compatibility`: which client SDKs may connect, and what they are told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use signal_fish_auth::{Sdk, SdkTable, Version};
use signal_fish_hub::HubConfig;

use super::problem::Problems;

/// Which client SDKs may connect, and what they are told. A client that names no platform is not measured.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SdkCompatibilitySettings {
    /// Whether only platforms with an entry in one of these maps may connect.
    pub enforce: bool,
    /// The oldest SDK version that may connect, by platform; measured whether or not `enforce` is set.
    pub minimum_versions: BTreeMap<String, String>,
    /// The SDK version that a platform's users should have.
    pub recommended_versions: BTreeMap<String, String>,
    /// Labels that clients are told, by platform; the entry `_default` is for all of them. What the server itself
    /// decides for each connection, `reconnection` and `room_operation_ids` for two, is left out.
    pub capabilities: BTreeMap<String, Vec<String>>,
    /// A hint for the users of a platform.
    pub notes: BTreeMap<String, String>,
}

impl Default for SdkCompatibilitySettings {
    fn default() -> Self {
        let HubConfig { sdks: SdkTable { platforms, enforce }, capabilities, .. } = HubConfig::default();
        let mut settings = Self {
            enforce,
            minimum_versions: BTreeMap::new(),
            recommended_versions: BTreeMap::new(),
            capabilities: BTreeMap::from([(EVERY_PLATFORM.to_owned(), capabilities)]),
            notes: BTreeMap::new(),
        };
        for (platform, sdk) in platforms {
            let name = || platform.clone();
            settings.minimum_versions.extend(sdk.minimum.map(|version| (name(), version.to_string())));
            settings
                .recommended_versions
                .extend(sdk.recommended.map(|version| (name(), version.to_string())));
            settings.notes.extend(sdk.notes.map(|notes| (name(), notes)));
            if !sdk.capabilities.is_empty() {
                settings.capabilities.insert(platform, sdk.capabilities);
            }
        }
        settings
    }
}

impl SdkCompatibilitySettings {
    /// What all clients are told the server can do, and what is known of each platform.
    pub(crate) fn table(&self, problems: &mut Problems) -> (Vec<String>, SdkTable) {
        let mut platforms: BTreeMap<String, Sdk> = BTreeMap::new();
        for (name, version) in &self.minimum_versions {
            let minimum = parse_version("minimum_versions", name, version, problems);
            platforms.entry(name.clone()).or_default().minimum = minimum;
        }
        for (name, version) in &self.recommended_versions {
            let recommended = parse_version("recommended_versions", name, version, problems);
            platforms.entry(name.clone()).or_default().recommended = recommended;
        }
        for (name, notes) in &self.notes {
            platforms.entry(name.clone()).or_default().notes = Some(notes.clone());
        }
        let mut of_all = Vec::new();
        for (name, capabilities) in &self.capabilities {
            let labels = capabilities.iter().filter(|label| !is_ours_to_grant(label)).cloned().collect();
            if name == EVERY_PLATFORM {
                of_all = labels;
            } else {
                platforms.entry(name.clone()).or_default().capabilities = labels;
            }
        }
        (of_all, SdkTable { platforms, enforce: self.enforce })
    }

    /// What is listed but not told to clients.
    pub(super) fn notices(&self) -> Vec<String> {
        let labels = self
            .capabilities
            .iter()
            .flat_map(|(platform, labels)| labels.iter().map(move |label| (platform, label)));
        let left_out = labels.filter(|(_, label)| is_ours_to_grant(label));
        left_out
            .map(|(platform, label)| {
                let key = format!("protocol.sdk_compatibility.capabilities.{platform}");
                format!("{key}: {label} is left out, the server says it to those for whom it holds")
            })
            .collect()
    }
}

fn parse_version(map: &str, platform: &str, text: &str, problems: &mut Problems) -> Option<Version> {
    let parsed = text.parse();
    if parsed.is_err() {
        let key = format!("protocol.sdk_compatibility.{map}.{platform}");
        problems.add(key, format!("set a version like 1.2.3, not {text:?}"));
    }
    parsed.ok()
}

/// Whether clients take this label for a promise about messages, which a setting cannot keep.
fn is_ours_to_grant(label: &str) -> bool {
    ["reconnection", "reconnection_token", "room_operation_ids", "game_data_replay", "spectator_relay"]
        .contains(&label)
}

const EVERY_PLATFORM: &str = "_default";
