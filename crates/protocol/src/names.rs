//! What players and games may be called, and when two names are the same.

use std::fmt;
use std::sync::Arc;

use caseless::Caseless as _;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use crate::limits;

/// Why a name was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NameError {
    /// Nothing there, or only white space.
    #[error("must not be blank")]
    Blank,
    /// Fewer bytes of UTF-8 than wanted.
    #[error("must be at least {bytes_min} bytes long")]
    TooShort {
        /// How many are wanted.
        bytes_min: usize,
    },
    /// More bytes of UTF-8 than allowed.
    #[error("must be at most {bytes_max} bytes long")]
    TooLong {
        /// How many are allowed.
        bytes_max: usize,
    },
    /// White space at an end.
    #[error("must not start or end with white space")]
    Padded,
    /// A character outside the rules.
    #[error("must not contain {0:?}")]
    Character(char),
}

/// The name of a game: letters and digits of any script, `-`, `_` and space. Compared exactly.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct GameName(Arc<str>);

impl GameName {
    /// Takes `text` if it is 1 to `bytes_max` bytes of allowed characters.
    pub fn parse(text: &str, bytes_max: usize) -> Result<Self, NameError> {
        if text.trim().is_empty() {
            return Err(NameError::Blank);
        }
        if text.len() > bytes_max {
            return Err(NameError::TooLong { bytes_max });
        }
        match text.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '-' | '_' | ' '))) {
            Some(c) => Err(NameError::Character(c)),
            None => Ok(Self(text.into())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

/// What player names may look like, as `ProtocolInfo` tells it to clients.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlayerNameRules {
    /// The longest name, in bytes of UTF-8.
    pub max_length: usize,
    /// The shortest name, in bytes of UTF-8.
    pub min_length: usize,
    /// Letters and digits of any script, not only ASCII.
    pub allow_unicode_alphanumeric: bool,
    /// Spaces inside.
    pub allow_spaces: bool,
    /// White space at the ends.
    pub allow_leading_trailing_whitespace: bool,
    /// Further characters.
    pub allowed_symbols: Vec<char>,
    /// Yet further characters, as one text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_allowed_characters: Option<String>,
}

impl PlayerNameRules {
    fn allow(&self, c: char) -> bool {
        let alphanumeric =
            if self.allow_unicode_alphanumeric { c.is_alphanumeric() } else { c.is_ascii_alphanumeric() };
        alphanumeric
            || (c == ' ' && self.allow_spaces)
            || self.allowed_symbols.contains(&c)
            || self.additional_allowed_characters.as_deref().is_some_and(|more| more.contains(c))
    }
}

impl Default for PlayerNameRules {
    fn default() -> Self {
        Self {
            max_length: limits::PLAYER_NAME_BYTES_MAX,
            min_length: 1,
            allow_unicode_alphanumeric: true,
            allow_spaces: true,
            allow_leading_trailing_whitespace: false,
            allowed_symbols: vec!['-', '_'],
            additional_allowed_characters: None,
        }
    }
}

/// The display name of a player or spectator, within the rules of its server.
#[derive(Clone, Debug)]
pub struct PlayerName {
    text: Arc<str>,
    /// What two spellings of one name have in common; `None` where that is the text itself.
    folded: Option<Arc<str>>,
}

impl PlayerName {
    /// Takes `text` if it is within `rules`.
    pub fn parse(text: &str, rules: &PlayerNameRules) -> Result<Self, NameError> {
        if text.trim().is_empty() {
            return Err(NameError::Blank);
        }
        if text.len() < rules.min_length {
            return Err(NameError::TooShort { bytes_min: rules.min_length });
        }
        if text.len() > rules.max_length {
            return Err(NameError::TooLong { bytes_max: rules.max_length });
        }
        let inner = text.trim();
        if inner != text && !rules.allow_leading_trailing_whitespace {
            return Err(NameError::Padded);
        }
        if let Some(c) = inner.chars().find(|&c| !rules.allow(c)) {
            return Err(NameError::Character(c));
        }
        let folded = text.nfd().default_case_fold().nfd().collect::<String>();
        Ok(Self { folded: (folded != text).then(|| folded.into()), text: text.into() })
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name as written, shared.
    pub fn shared(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// Whether a reader would take both for one name: equal after canonical decomposition and case folding.
    pub fn is_same_name(&self, other: &Self) -> bool {
        self.folded.as_ref().unwrap_or(&self.text) == other.folded.as_ref().unwrap_or(&other.text)
    }
}

/// The public label under which a game identifies itself: 1 to 256 bytes without control characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AppId(Arc<str>);

impl AppId {
    /// Takes `text` if it is a well-formed label.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Blank);
        }
        if text.len() > limits::APP_ID_BYTES_MAX {
            return Err(NameError::TooLong { bytes_max: limits::APP_ID_BYTES_MAX });
        }
        match text.chars().find(|c| c.is_control()) {
            Some(c) => Err(NameError::Character(c)),
            None => Ok(Self(text.into())),
        }
    }

    /// The label as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(text: &str) -> Result<PlayerName, NameError> {
        PlayerName::parse(text, &PlayerNameRules::default())
    }

    #[test]
    fn player_names_follow_the_rules() {
        for good in ["A", "Ada Lovelace", "ada_99-x", "Ωmega", "山田", &"x".repeat(32)] {
            assert!(player(good).is_ok(), "{good:?}");
        }
        for (bad, why) in [
            ("", NameError::Blank),
            ("   ", NameError::Blank),
            (" Ada", NameError::Padded),
            ("Ada\t", NameError::Padded),
            ("A\u{7}da", NameError::Character('\u{7}')),
            ("A\u{202e}da", NameError::Character('\u{202e}')),
            ("Ada!", NameError::Character('!')),
        ] {
            assert_eq!(player(bad).unwrap_err(), why, "{bad:?}");
        }
        assert_eq!(player(&"x".repeat(33)).unwrap_err(), NameError::TooLong { bytes_max: 32 });
        // 17 two-byte letters: the limit is in bytes.
        assert_eq!(player(&"é".repeat(17)).unwrap_err(), NameError::TooLong { bytes_max: 32 });
    }

    #[test]
    fn rules_can_be_tightened_and_widened() {
        let ascii = PlayerNameRules {
            allow_unicode_alphanumeric: false,
            allow_spaces: false,
            min_length: 3,
            additional_allowed_characters: Some("!?".into()),
            ..PlayerNameRules::default()
        };
        assert!(PlayerName::parse("Ada!?", &ascii).is_ok());
        assert_eq!(PlayerName::parse("Adä", &ascii).unwrap_err(), NameError::Character('ä'));
        assert_eq!(PlayerName::parse("Ad", &ascii).unwrap_err(), NameError::TooShort { bytes_min: 3 });
        assert_eq!(PlayerName::parse("A da", &ascii).unwrap_err(), NameError::Character(' '));
    }

    #[test]
    fn names_are_compared_without_case_and_composition() {
        for (a, b, same) in [
            ("Ada", "ADA", true),
            ("Straße", "STRASSE", true),
            ("\u{e9}va", "E\u{301}va", true),
            ("Ada", "Adb", false),
        ] {
            let loose = PlayerNameRules {
                additional_allowed_characters: Some("\u{301}".into()),
                ..PlayerNameRules::default()
            };
            let [a, b] = [a, b].map(|text| PlayerName::parse(text, &loose).unwrap());
            assert_eq!(a.is_same_name(&b), same, "{a:?} {b:?}");
        }
    }

    #[test]
    fn game_names_follow_the_rules() {
        assert!(GameName::parse("space tanks-2_β", 64).is_ok());
        assert_eq!(GameName::parse("", 64), Err(NameError::Blank));
        assert_eq!(GameName::parse("tanks/../x", 64), Err(NameError::Character('/')));
        assert_eq!(GameName::parse(&"x".repeat(65), 64), Err(NameError::TooLong { bytes_max: 64 }));
    }

    #[test]
    fn app_ids_are_short_and_printable() {
        assert!(AppId::parse("my-game").is_ok());
        assert_eq!(AppId::parse(""), Err(NameError::Blank));
        assert_eq!(AppId::parse("a\nb"), Err(NameError::Character('\n')));
        assert!(AppId::parse(&"x".repeat(257)).is_err());
    }
}
