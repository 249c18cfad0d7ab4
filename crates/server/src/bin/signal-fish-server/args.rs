//! The command line.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use signal_fish_server::Sources;

/// Rooms, lobby, relay and spectators for multiplayer games.
///
/// Every setting is a key of a JSON file, or an environment variable: server.bind is SIGNAL_FISH__SERVER__BIND.
/// Without any, the server is open to everyone on this machine and to nobody else.
#[derive(Debug, clap::Parser)]
#[command(name = "signal-fish-server", version)]
pub(crate) struct Args {
    /// The JSON file with settings, in place of SIGNAL_FISH_CONFIG_PATH or ./config.json
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The port to listen on; 0 takes any free one
    #[arg(long)]
    port: Option<u16>,
    /// The IP address to listen on
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,
    /// Ask the server that runs with these settings whether it takes work; exit with 0 if so, else with 1
    #[arg(long)]
    pub(crate) health_check: bool,
}

impl Args {
    /// Where settings come from, given the environment.
    pub(crate) fn sources(&self, environment: impl Iterator<Item = (OsString, OsString)>) -> Sources {
        Sources {
            file: self.config.clone(),
            environment: environment.collect(),
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
}
