//! Section `logging`: what is logged and in which form.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is logged to stderr, and in which form.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LoggingSettings {
    /// The least important level that is logged. null leaves it to the variable `RUST_LOG`, and without one
    /// logs `info` and above.
    #[schemars(extend("x-live" = true))]
    pub level: Option<LogLevel>,
    /// null writes text to a terminal and JSON to anything else.
    pub format: Option<LogFormat>,
}

/// How important a log line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the usual ones")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// How a log line is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the usual ones")]
pub enum LogFormat {
    Json,
    Text,
}
