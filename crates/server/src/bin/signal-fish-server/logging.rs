//! Sets up the log: lines on stderr, as text for people and as JSON for programs.

use std::env;
use std::io::{self, IsTerminal as _};

use signal_fish_server::{LogFormat, LogLevel, LoggingSettings};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The log of this process, whose level can change.
pub(crate) struct Log(Box<dyn Fn(EnvFilter) + Send + Sync>);

/// Sets up the log of this process.
pub(crate) fn init(settings: &LoggingSettings) -> Log {
    let is_terminal = io::stderr().is_terminal();
    let is_plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter(settings.level))
        .with_writer(io::stderr)
        .with_ansi(is_terminal && !is_plain)
        // It would tell stderr, and panic if that is closed.
        .log_internal_errors(false);
    // Each has a handle of a type of its own. It fails only after the log itself is gone.
    match format(settings.format, is_terminal) {
        LogFormat::Text => {
            let lines = lines.with_filter_reloading();
            let handle = lines.reload_handle();
            lines.init();
            Log(Box::new(move |filter| handle.reload(filter).unwrap_or_default()))
        }
        LogFormat::Json => {
            let lines = lines.json().with_filter_reloading();
            let handle = lines.reload_handle();
            lines.init();
            Log(Box::new(move |filter| handle.reload(filter).unwrap_or_default()))
        }
    }
}

impl Log {
    /// Logs what is as important as these settings say from now on.
    pub(crate) fn follow(&self, settings: &LoggingSettings) {
        self.0(filter(settings.level));
    }
}

fn filter(level: Option<LogLevel>) -> EnvFilter {
    let level = match level {
        None => {
            return EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
        }
        Some(LogLevel::Trace) => LevelFilter::TRACE,
        Some(LogLevel::Debug) => LevelFilter::DEBUG,
        Some(LogLevel::Info) => LevelFilter::INFO,
        Some(LogLevel::Warn) => LevelFilter::WARN,
        Some(LogLevel::Error) => LevelFilter::ERROR,
    };
    EnvFilter::default().add_directive(level.into())
}

fn format(set: Option<LogFormat>, is_terminal: bool) -> LogFormat {
    set.unwrap_or(if is_terminal { LogFormat::Text } else { LogFormat::Json })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_text_and_programs_json_unless_told_otherwise() {
        assert_eq!(format(None, true), LogFormat::Text);
        assert_eq!(format(None, false), LogFormat::Json);
        assert_eq!(format(Some(LogFormat::Text), false), LogFormat::Text);
    }

    #[test]
    fn a_level_that_is_set_is_the_filter() {
        assert_eq!(filter(Some(LogLevel::Warn)).to_string(), "warn");
        assert_eq!(filter(Some(LogLevel::Trace)).to_string(), "trace");
    }
}
