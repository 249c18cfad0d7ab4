//! The binary: reads settings, builds the parts, runs until told to stop.

#[cfg(unix)]
mod descriptors;
mod greeting;
mod hangup;
mod health;
#[cfg(unix)]
mod inherited;
mod instead;
mod logging;
mod pace;
mod signals;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, io};

use anyhow::{Context as _, Result};
use clap::Parser as _;
use signal_fish_server::cli::{Args, Instead};
use signal_fish_server::{Loaded, RuntimeSettings, Server, Settings, Sources, Surroundings};
use tokio::runtime::{Builder, Runtime};
use tracing::{info, warn};

use hangup::Hangups;
use signals::Signals;

fn main() -> ExitCode {
    run(&Args::parse()).unwrap_or_else(|error| {
        // With stderr closed there is nobody to tell; the exit code still says it.
        let _ = writeln!(io::stderr(), "{error:#}");
        ExitCode::FAILURE
    })
}

fn run(args: &Args) -> Result<ExitCode> {
    if let Some(command) = args.command {
        return instead::about(command);
    }
    let sources = sources(args)?;
    let loaded = Settings::load(&sources)?;
    match args.instead {
        Instead { validate_config: true, .. } => return instead::validate(&loaded),
        Instead { print_config: true, .. } => return instead::print_json(&loaded.settings.redacted()),
        Instead { print_config_evidence: true, .. } => {
            return instead::print_json(&loaded.settings.evidence());
        }
        Instead { health_check: true, .. } => return health::check(&loaded.settings),
        Instead { .. } => {}
    }
    let Loaded { settings, notices } = loaded;
    #[cfg(unix)]
    let sockets = inherited::sockets()?;
    #[cfg(not(unix))]
    let sockets = signal_fish_server::InheritedSockets::default();
    let log = logging::init(&settings.logging);
    notices.iter().for_each(|notice| warn!("{notice}"));
    make_room(&settings);
    let on_reload = move |settings: &Settings| {
        log.follow(&settings.logging);
        make_room(settings);
    };
    let surroundings = Surroundings { sources: Some(sources), on_reload: Some(Box::new(on_reload)), sockets };
    let runtime = runtime(&settings.runtime).context("cannot start threads")?;
    // On a worker, as all that it accepts: between two threads each connection would cost a wake-up.
    let served = runtime.block_on(runtime.spawn(serve(settings, surroundings)));
    // Whatever still runs must not keep a process that was told to end.
    runtime.shutdown_background();
    served.context("the server failed")?
}

fn sources(args: &Args) -> Result<Sources> {
    let beside = env::current_exe().ok().and_then(|executable| Some(executable.parent()?.to_owned()));
    let mut sources = args.sources(env::vars_os(), beside);
    if sources.wants_stdin() {
        sources.stdin =
            Some(io::read_to_string(io::stdin().lock()).context("cannot read settings from stdin")?);
    }
    Ok(sources)
}

async fn serve(settings: Settings, surroundings: Surroundings) -> Result<ExitCode> {
    let (mut signals, stop) = Signals::listen().context("cannot listen for signals")?;
    let hangups = Hangups::listen().context("cannot listen for SIGHUP")?;
    let server = Server::start_in(surroundings, &settings).await?;
    let reloader = server.reloader();
    greeting::print(server.local_addr(), &settings);
    #[cfg(unix)]
    inherited::say_ready();
    tokio::select! {
        drained = server.run_until(stop) => drained?,
        code = signals.second() => return Ok(code),
        never = hangups.reload(&reloader) => match never {},
    }
    info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// File descriptors for as many connections as there may be.
#[cfg(unix)]
fn make_room(settings: &Settings) {
    if let Some(notice) = descriptors::make_room(settings.security.max_connections.get()) {
        warn!("{notice}");
    }
}

#[cfg(not(unix))]
fn make_room(_: &Settings) {}

fn runtime(settings: &RuntimeSettings) -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    if let Some(n_threads) = settings.worker_threads {
        builder.worker_threads(n_threads.get());
    }
    pace::keep(&mut builder, Duration::from_micros(settings.coalesce_wakeups_us.into()));
    // A thread's own queue overflows into the shared one when a few hundred connections have something to do at
    // once. By default those wait there until every sixty-first turn, one by one: long after all others.
    builder.global_queue_interval(2);
    builder.enable_all().build()
}
