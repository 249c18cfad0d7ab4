//! What a connect token says: how it is written, and what of it is believed once its signature is.

use std::fmt;

use serde::Deserialize;

/// The members of a token's payload, of either kind of token. Others are ignored.
#[derive(Deserialize)]
pub(crate) struct Payload {
    pub(crate) app_id: String,
    /// Seconds since 1970, as all times here.
    pub(crate) exp: i64,
    pub(crate) nbf: Option<i64>,
    pub(crate) aud: Option<Audience>,
    pub(crate) kid: Option<String>,
    /// What makes a token different from all others of its app.
    pub(crate) nonce: Option<String>,
    /// The same in a JWT, where `nonce` is something else.
    pub(crate) jti: Option<String>,
    sub: Option<Label>,
    room: Option<Label>,
    role: Option<Role>,
    session_exp: Option<i64>,
}

/// One or several, as JWTs may write it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(crate) fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(several) => several.iter().any(|one| one == name),
        }
    }
}

/// The most that somebody may be in a room.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Somebody who watches, and nothing else.
    Spectator,
    /// Somebody who plays, or watches.
    Player,
}

/// What a token allows its bearer beyond coming in. What it does not mention it does not limit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Claims {
    /// Who the bearer is to whoever made the token: the same for each of its tokens.
    pub(crate) subject: Option<Box<str>>,
    /// The code of the only room that the bearer may enter.
    pub(crate) room: Option<Box<str>>,
    /// The most that the bearer may be in a room.
    pub(crate) role: Option<Role>,
    /// When the connection has to end, in seconds since 1970.
    pub(crate) session_ends: Option<i64>,
}

impl Payload {
    pub(crate) fn claims(self) -> Claims {
        let Self { sub, room, role, session_exp, .. } = self;
        let text = |label: Option<Label>| label.map(|Label(text)| text);
        Claims { subject: text(sub), room: text(room), role, session_ends: session_exp }
    }
}

/// A text that may be written to a log: short, and without control characters.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Label(Box<str>);

impl TryFrom<String> for Label {
    type Error = NotALabel;

    fn try_from(text: String) -> Result<Self, NotALabel> {
        let is_label = (1..=LABEL_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        if is_label { Ok(Self(text.into())) } else { Err(NotALabel) }
    }
}

struct NotALabel;

impl fmt::Display for NotALabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a label has 1 to {LABEL_BYTES_MAX} bytes and no control characters")
    }
}

/// Enough for any id of a user.
const LABEL_BYTES_MAX: usize = 128;
