//! Settings, as an operator may get them wrong.

use signal_fish_server::{Settings, Sources};

/// Sound settings or a list of what is wrong, never anything else.
pub(super) fn json(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let environment = [("SIGNAL_FISH_CONFIG_JSON".into(), text.into())].into();
    if let Err(problems) = Settings::load(&Sources { environment, ..Sources::default() }) {
        assert!(!problems.to_string().is_empty());
    }
}
