//! Sockets that systemd has opened (`LISTEN_FDS`), and what it is told of the server in return (`NOTIFY_SOCKET`).

use std::env;

use anyhow::{Context as _, Result};
use listenfd::ListenFd;
use sd_notify::NotifyState;
use signal_fish_server::{InheritedSocket, InheritedSockets};
use tracing::warn;

/// The sockets that this process was given. One that is called `admin` is for operators. Has to be called before there
/// are other threads.
pub(crate) fn sockets() -> Result<InheritedSockets> {
    // The names are forgotten together with the sockets.
    let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut given = ListenFd::from_env();
    let mut sockets = InheritedSockets::default();
    for index in 0..given.len() {
        let socket = take(&mut given, index).with_context(|| format!("socket {index} of LISTEN_FDS"))?;
        let is_for_operators = names.next() == Some("admin");
        let place = if is_for_operators { &mut sockets.operators } else { &mut sockets.players };
        place.extend(socket);
    }
    Ok(sockets)
}

fn take(given: &mut ListenFd, index: usize) -> Result<Option<InheritedSocket>> {
    // Each attempt gives back what is of the other kind.
    if let Ok(socket) = given.take_tcp_listener(index) {
        return Ok(socket.map(InheritedSocket::Tcp));
    }
    let socket = given.take_unix_listener(index).context("is neither TCP nor Unix, or does not listen")?;
    Ok(socket.map(InheritedSocket::Unix))
}

/// It serves, with settings that are in force.
pub(crate) fn say_ready() {
    say(&[NotifyState::Ready]);
}

/// It reads its settings again.
pub(crate) fn say_reloading() {
    // systemd tells this reload from an earlier one by it.
    match NotifyState::monotonic_usec_now() {
        Ok(now) => say(&[NotifyState::Reloading, now]),
        Err(_) => say(&[NotifyState::Reloading]),
    }
}

/// It takes no new work.
pub(crate) fn say_stopping() {
    say(&[NotifyState::Stopping]);
}

fn say(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "the supervisor could not be told");
    }
}
