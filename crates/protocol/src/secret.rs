//! Text that opens something: passwords and tokens.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Text that opens something, a password or a token. It is itself on the wire and nowhere else: `Debug` does not show
/// it, so that it comes into no log by way of the message that it is in.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text, for whoever has to use it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The text, without a copy.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use crate::{ClientMessage, JoinRoom};

    #[test]
    fn a_message_shows_all_but_its_secrets() {
        let join =
            JoinRoom { player_name: "Ada".into(), password: Some("mellon".into()), ..JoinRoom::default() };
        let message = ClientMessage::JoinRoom(join);
        let shown = format!("{message:?}");
        assert!(shown.contains("Ada") && !shown.contains("mellon"), "{shown}");
        assert!(message.encode().contains(r#""password":"mellon""#));
    }
}
