//! What a process gives its server besides settings.

use std::fmt;

use crate::settings::{Settings, Sources};
use crate::sockets::InheritedSockets;

/// What a process gives its server besides settings. Nothing of it is needed.
#[derive(Default)]
pub struct Surroundings {
    /// Where the settings come from, to be read again when a reload is asked for.
    pub sources: Option<Sources>,
    /// Told of settings that have just come into force, to apply what is the process's own: the level of its log.
    pub on_reload: Option<OnReload>,
    /// Sockets that listen already.
    pub sockets: InheritedSockets,
}

/// See [`Surroundings::on_reload`].
pub type OnReload = Box<dyn Fn(&Settings) + Send + Sync>;

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("sources", &self.sources).finish_non_exhaustive()
    }
}
