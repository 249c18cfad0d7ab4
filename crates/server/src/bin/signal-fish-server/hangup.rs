//! SIGHUP: what can change while the server runs is read again.

use std::io;

use signal_fish_server::Tls;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::spawn_blocking;
use tracing::info;

/// Has the certificates read again at each SIGHUP, for as long as the runtime runs.
pub(crate) fn listen(tls: Option<Tls>) -> io::Result<()> {
    let mut hangups = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            match tls.clone() {
                // It only fails if it panics, and then there is a message already.
                Some(tls) => drop(spawn_blocking(move || tls.reload()).await),
                None => info!("SIGHUP: there are no certificates to read again"),
            }
        }
    });
    Ok(())
}
