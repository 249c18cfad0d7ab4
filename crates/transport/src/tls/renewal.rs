//! Certificates are renewed every few weeks, by programs that replace files. The server takes them up by itself.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use std::{fs, io};

use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tracing::{error, info};

use super::{Loaded, TlsFiles, load};

/// See [`super::Tls::reload`].
pub(super) fn reload(loaded: &Loaded) {
    match load::server_config(&loaded.files) {
        Ok(config) => {
            loaded.current.store(config);
            info!("the certificates were read again, new connections get them");
        }
        Err(error) => {
            error!(%error, "the certificates were read again but cannot be used, the old ones stay")
        }
    }
}

/// Reads the files again whenever one has changed, for ever.
///
/// It looks at them instead of waiting for the system to tell: files that are links into a directory which is exchanged
/// as a whole, as in a Kubernetes secret, change without an event of their own.
pub(super) async fn follow(loaded: &Arc<Loaded>) -> Infallible {
    let mut stamps = loaded.stamps.clone();
    let mut looks = interval_at(Instant::now() + BETWEEN_LOOKS, BETWEEN_LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let (shared, before) = (Arc::clone(loaded), stamps.clone());
        let look = move || {
            let now = stamps_of(&shared.files);
            if now != before {
                reload(&shared);
            }
            now
        };
        // It only fails if it panics, and then there is a message already.
        stamps = spawn_blocking(look).await.unwrap_or(stamps);
    }
}

/// What tells one state of a file from another: when it was written, and how long it is. Nothing, if it is not there.
pub(super) type Stamp = Option<(SystemTime, u64)>;

/// To be taken before the files are read: what changes meanwhile is seen later.
pub(super) fn stamps_of(files: &TlsFiles) -> Vec<Stamp> {
    files.paths().map(|path| stamp(path).ok()).collect()
}

fn stamp(path: &Path) -> io::Result<(SystemTime, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.modified()?, metadata.len()))
}

/// A renewed certificate is valid long before the old one ends, so this could be hours. It is short for the sake of
/// whoever stands beside and wants to see it happen.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);
