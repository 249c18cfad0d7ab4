//! Where the keys of JWTs are: said once, or fetched and replaced while tokens are checked with them.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::keys::KeySet;

/// The keys of those who sign JWTs.
#[derive(Clone, Debug)]
pub enum JwtKeys {
    /// They stay as they are for as long as the rules do.
    Fixed(KeySet),
    /// Somebody fetches them, again and again.
    Fetched(Arc<FetchedKeys>),
}

/// Keys that somebody fetches from where they are published.
pub struct FetchedKeys {
    /// A lock that is taken to copy a pointer.
    keys: RwLock<Option<Arc<KeySet>>>,
    on_unknown: Box<dyn Fn() + Send + Sync>,
}

impl FetchedKeys {
    /// No keys yet, with which no token is believed. `on_unknown` is called whenever a token names a key that is not
    /// there, which anybody can cause as often as it likes: it must cost nothing.
    pub fn new(on_unknown: impl Fn() + Send + Sync + 'static) -> Self {
        Self { keys: RwLock::default(), on_unknown: Box::new(on_unknown) }
    }

    /// These keys count from now on, and no others; or none at all. Says whether they are others than before.
    pub fn replace(&self, keys: Option<KeySet>) -> bool {
        let mut current = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let has_changed = current.as_deref() != keys.as_ref();
        *current = keys.map(Arc::new);
        has_changed
    }

    /// The keys of now.
    pub(crate) fn load(&self) -> Option<Arc<KeySet>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn report_unknown(&self) {
        (self.on_unknown)();
    }
}

impl fmt::Debug for FetchedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedKeys").field("keys", &self.load()).finish_non_exhaustive()
    }
}

impl From<KeySet> for JwtKeys {
    fn from(keys: KeySet) -> Self {
        Self::Fixed(keys)
    }
}
