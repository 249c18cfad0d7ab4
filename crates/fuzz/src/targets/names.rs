//! Names, labels and codes, which everything else takes for granted once they are types.

use signal_fish_protocol::{AppId, GameName, PlayerName, PlayerNameRules, RoomCode};

/// What is taken is taken again, is as short as it must be, and can be shown.
pub(super) fn names(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let rules = PlayerNameRules::default();
    if let Ok(name) = PlayerName::parse(text, &rules) {
        let again = PlayerName::parse(name.as_str(), &rules).expect("what was taken is taken again");
        assert!(again.is_same_name(&name));
        assert!(!name.as_str().contains(char::is_control));
    }
    if let Ok(game) = GameName::parse(text, 64) {
        assert!(game.as_str().len() <= 64);
    }
    if let Ok(app) = AppId::parse(text) {
        assert!(!app.as_str().contains(char::is_control));
    }
    if let Ok(code) = RoomCode::parse(text, 6) {
        assert!(code.as_str().bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()));
    }
}
