//! What the binary does instead of serving: it says something about settings.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde_json::Value as Json;
use signal_fish_server::cli::{AboutConfig, Command};
use signal_fish_server::{Loaded, Server, Settings};

/// Does what needs no settings.
pub(crate) fn about(command: Command) -> Result<ExitCode> {
    match command {
        Command::Config(AboutConfig::Schema) => print_json(&Settings::json_schema()),
        Command::Config(AboutConfig::Example) => print(&Settings::example()),
    }
}

/// Says that a server would start with these settings, and what to know about them.
pub(crate) fn validate(loaded: &Loaded) -> Result<ExitCode> {
    let Loaded { settings, notices } = loaded;
    Server::check(settings)?;
    let Settings { port, server, security, .. } = settings;
    let on_or_off = |is_on: bool| if is_on { "on" } else { "off" };
    let who = if security.enforce_app_id_allowlist { "clients of listed apps" } else { "everyone" };
    let mut text = format!(
        "The settings are sound.\n  listens on    {}\n  encryption    {}\n  who may play  {who}{}\n  reconnection  {}\n",
        std::net::SocketAddr::new(server.bind, *port),
        on_or_off(security.transport.tls.enabled),
        if security.connect_token.required { ", with a connect token" } else { "" },
        on_or_off(server.enable_reconnection),
    );
    for notice in notices {
        text += &format!("  note: {notice}\n");
    }
    print(&text)
}

/// Prints JSON for people and programs.
pub(crate) fn print_json(json: &Json) -> Result<ExitCode> {
    print(&format!("{json:#}\n"))
}

fn print(text: &str) -> Result<ExitCode> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).context("cannot write to stdout")?;
    Ok(ExitCode::SUCCESS)
}
