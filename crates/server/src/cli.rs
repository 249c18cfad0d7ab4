//! The command line, also for whoever makes completions or a manual page of it.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::settings::Sources;

/// Rooms, lobby, relay and spectators for multiplayer games.
///
/// Every setting is a key of a JSON or TOML file, or an environment variable: server.bind is
/// SIGNAL_FISH__SERVER__BIND. Without any, the server is open to everyone on this machine and to nobody else.
#[derive(Debug, Parser)]
#[command(name = "signal-fish-server", version, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// The file with settings, JSON or else TOML if its name ends in .toml; no other file is read then
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The port to listen on; 0 takes any free one
    #[arg(long)]
    pub port: Option<u16>,
    /// The IP address to listen on
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<IpAddr>,
    /// What to do instead of serving.
    #[command(flatten)]
    pub instead: Instead,
    /// What to do that needs no settings.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do instead of serving, one of these.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ClapArgs)]
#[group(multiple = false)]
pub struct Instead {
    /// Check the settings and the files that they name; exit with 0 if a server would start with them, else with 1
    #[arg(long, short = 'c')]
    pub validate_config: bool,
    /// Print the settings in force as JSON, without secrets
    #[arg(long)]
    pub print_config: bool,
    /// Print the settings in force as JSON, without secrets, with a hash to compare them by
    #[arg(long)]
    pub print_config_evidence: bool,
    /// Ask the server that runs with these settings whether it takes work; exit with 0 if so, else with 1
    #[arg(long)]
    pub health_check: bool,
}

/// What needs no settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Subcommand)]
pub enum Command {
    /// What there is to set
    #[command(subcommand)]
    Config(AboutConfig),
}

/// What there is to set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Subcommand)]
pub enum AboutConfig {
    /// Print the JSON Schema of the settings
    Schema,
    /// Print a TOML file with every setting, its default and what it is for
    Example,
}

impl Args {
    /// Where settings come from, given the environment and the folder of the executable.
    pub fn sources(
        &self,
        environment: impl Iterator<Item = (OsString, OsString)>,
        beside: Option<PathBuf>,
    ) -> Sources {
        Sources {
            file: self.config.clone(),
            beside,
            environment: environment.collect(),
            stdin: None,
            port: self.port,
            bind: self.bind,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn only_one_thing_is_done() {
        for args in [
            &["--print-config", "--validate-config"][..],
            &["--print-config-evidence", "--health-check"],
            &["--print-config", "config", "schema"],
            &["config"],
            &["settings.json"],
        ] {
            let args = ["signal-fish-server"].iter().chain(args);
            assert_eq!(Args::try_parse_from(args).unwrap_err().exit_code(), 2);
        }
        assert!(
            Args::try_parse_from(["signal-fish-server", "-c", "--port", "1"])
                .unwrap()
                .instead
                .validate_config
        );
    }
}
