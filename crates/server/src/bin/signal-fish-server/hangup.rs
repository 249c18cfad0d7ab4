//! What a server does at SIGHUP: it reads its settings again and applies what it can.

use std::convert::Infallible;
use std::io;

use signal_fish_server::{Loaded, Reloader, Settings, Sources};
use tokio::task::spawn_blocking;
use tracing::{error, info, warn};

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

    /// Reads settings from `sources` at each signal, and applies them.
    pub(crate) async fn reload(mut self, reloader: &Reloader, sources: &Sources) -> Infallible {
        loop {
            self.next().await;
            let (reloader, sources) = (reloader.clone(), sources.clone());
            if let Err(error) = spawn_blocking(move || apply(&reloader, &sources)).await {
                error!(%error, "reading the settings again failed");
            }
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

fn apply(reloader: &Reloader, sources: &Sources) {
    let applied = Settings::load(sources)
        .and_then(|Loaded { settings, notices }| Ok([reloader.apply(&settings)?, notices].concat()));
    match applied {
        Ok(notices) => {
            info!("settings were read again, who may play is up to date");
            notices.iter().for_each(|notice| warn!("{notice}"));
        }
        Err(problems) => {
            for problem in problems.iter() {
                warn!(%problem, "settings were read again but are not sound, nothing has changed");
            }
        }
    }
}
