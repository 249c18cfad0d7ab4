//! What a server does at SIGHUP: it reads its settings again and applies what it can.

use std::convert::Infallible;
use std::io;

use signal_fish_server::Reloader;
use tokio::task::spawn_blocking;
use tracing::error;

/// Signals that ask for new settings. Where there is no SIGHUP, none ever comes.
pub(crate) struct Hangups {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangups {
    /// Listens from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
        })
    }

    /// Reads the settings again at each signal, and applies them.
    pub(crate) async fn reload(mut self, reloader: &Reloader) -> Infallible {
        loop {
            self.next().await;
            let reloader = reloader.clone();
            #[cfg(unix)]
            crate::inherited::say_reloading();
            // What it says is in the log; what does not end here is a panic.
            if let Err(error) = spawn_blocking(move || reloader.reload().is_ok()).await {
                error!(%error, "reading the settings again failed");
            }
            #[cfg(unix)]
            crate::inherited::say_ready();
        }
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        // Nothing comes any more only when the runtime goes down.
        if self.signal.recv().await.is_none() {
            std::future::pending().await
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        std::future::pending().await
    }
}
