//! Everything an operator can set. Keys, defaults and bounds are those of the published server where it has them.

/// A constant that is known not to be zero.
macro_rules! nonzero {
    ($number:expr) => {
        const { std::num::NonZero::new($number).expect("above zero") }
    };
}

mod admin;
mod connect_token;
mod logging;
mod protocol;
mod rate_limit;
mod relay_types;
mod sdk;
mod security;
mod server;
mod session;
mod storage;
mod token_binding;
mod transport;
mod turn;
mod websocket;

mod example;
mod ice;
mod json_text;
mod live;
mod printed;
mod problem;
mod published;
pub(crate) mod reach;
mod reference;
pub(crate) mod rules;
mod schema;
mod secret;
mod sources;
mod toml_text;
mod variables;

#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use signal_fish_protocol::limits;

use crate::plan::Plan;

pub use admin::AdminSettings;
pub use connect_token::{ConnectTokenSettings, JwtSettings};
pub use live::Reloaded;
pub use logging::{LogFormat, LogLevel, LoggingSettings};
pub use problem::{Problem, Problems};
pub use protocol::{PlayerNameSettings, ProtocolSettings};
pub use rate_limit::RateLimitSettings;
pub use reach::ForwardedHeaderSetting;
pub use reference::Key;
pub use relay_types::RelayTypeSettings;
pub use sdk::SdkCompatibilitySettings;
pub use secret::Secret;
pub use security::{AllowedApp, GameDataSettings, SecuritySettings};
pub use server::ServerSettings;
pub use session::{IceServerSettings, SessionSettings, TopologyMax};
pub use sources::Sources;
pub use storage::{EncryptionKeySettings, StorageSettings};
pub use token_binding::TokenBindingSettings;
pub use transport::{CertificateSettings, ClientAuth, TlsSettings, TransportSettings};
pub use turn::TurnSettings;
pub use websocket::WebsocketSettings;

/// Everything an operator can set.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The port to listen on; 0 takes any free one.
    pub port: u16,
    /// Where the server listens, how many rooms there are and how long they live.
    pub server: ServerSettings,
    /// What one connection may do in a while.
    pub rate_limit: RateLimitSettings,
    /// What the server offers to clients, and what names and codes look like.
    pub protocol: ProtocolSettings,
    /// What is logged to stderr, and in which form.
    pub logging: LoggingSettings,
    /// Who may connect, how often, and how much they may say at once.
    pub security: SecuritySettings,
    /// Deadlines and queues of every connection.
    pub websocket: WebsocketSettings,
    /// Labels that clients are told about the relay of their room.
    pub relay_types: RelayTypeSettings,
    /// How the players of a started game may reach each other.
    pub session: SessionSettings,
    /// STUN and TURN servers for players who use WebRTC.
    pub turn: TurnSettings,
    /// How rooms are remembered.
    pub storage: StorageSettings,
    /// Who may look after the server over HTTP, and where.
    pub admin: AdminSettings,
    /// How the process uses the machine.
    pub runtime: RuntimeSettings,
}

/// How the process uses the machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeSettings {
    /// How many threads serve connections; null for one per processor.
    #[schemars(range(min = 1, max = 1_024))]
    pub worker_threads: Option<NonZeroUsize>,
    /// Microseconds that a busy thread rests before it looks for more work, so that it does more at once. Messages are
    /// later by about that, some by a little more. A thread that is not busy never rests. 0 turns it off.
    #[schemars(range(max = 5_000))]
    pub coalesce_wakeups_us: u16,
}

impl Default for RuntimeSettings {
    fn default() -> Self {
        Self { worker_threads: None, coalesce_wakeups_us: 1_000 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: limits::DEFAULT_PORT,
            server: ServerSettings::default(),
            rate_limit: RateLimitSettings::default(),
            protocol: ProtocolSettings::default(),
            logging: LoggingSettings::default(),
            security: SecuritySettings::default(),
            websocket: WebsocketSettings::default(),
            relay_types: RelayTypeSettings::default(),
            session: SessionSettings::default(),
            turn: TurnSettings::default(),
            storage: StorageSettings::default(),
            admin: AdminSettings::default(),
            runtime: RuntimeSettings::default(),
        }
    }
}

/// Settings that were read from their sources.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// What the operator should know although it does not keep the server from starting.
    pub notices: Vec<String>,
}

impl Settings {
    /// Whether there are pages to try the server with: where nothing else is said, where everyone may play and nobody
    /// but this machine can reach it.
    pub fn has_playground(&self) -> bool {
        let Self { admin, security, server, .. } = self;
        let is_open = !security.enforce_app_id_allowlist && !security.connect_token.required;
        admin.playground.unwrap_or(is_open && server.bind.to_canonical().is_loopback())
    }

    /// Reads and checks settings. All that is wrong is told at once, as far as it can be seen at once.
    pub fn load(sources: &Sources) -> Result<Loaded, Problems> {
        let mut tree = sources.merged()?;
        let mut findings = schema::check(&mut tree);
        findings.problems.none()?;
        let settings: Self = tree.try_deserialize().expect("the schema describes exactly these settings");
        Plan::new(&settings)?;
        findings.notices.extend(sources.notices());
        findings.notices.extend(rules::notices(&settings));
        Ok(Loaded { settings, notices: findings.notices })
    }

    /// The JSON Schema of all settings. Beside the usual, `x-live` says what a running server takes over, for a key or a
    /// whole section, and `writeOnly` what is secret.
    pub fn json_schema() -> Json {
        schema::schema()
    }

    /// A TOML file with every setting, its default and what it is for. A server that is given it does what one without
    /// any file does.
    pub fn example() -> String {
        example::text()
    }

    /// These settings as JSON, each secret that is set replaced by a word that says so.
    pub fn redacted(&self) -> Json {
        printed::redacted(self)
    }

    /// What proves to others which settings these are: the redacted form, a hash of it as compact JSON with sorted keys,
    /// and which secrets are set. Nothing is computed from secrets, which whoever has the evidence could guess at.
    pub fn evidence(&self) -> Json {
        printed::evidence(self)
    }

    /// These with the values of `wanted` where those can change while a server runs, and which keys differ.
    pub(crate) fn updated(&self, wanted: &Self) -> (Self, Reloaded) {
        live::update(self, wanted)
    }

    /// What does not keep to its bounds, or does not go together.
    pub(crate) fn problems(&self) -> Problems {
        let mut problems = schema::check_whole(self);
        rules::check(self, &mut problems);
        problems
    }
}
