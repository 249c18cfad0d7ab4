//! Who is let in at all: the room's password, and those who were banned from it.

use std::fmt;
use std::sync::Arc;

use signal_fish_protocol::{ErrorCode, PlayerId, Uuid};

use crate::texts::WRONG_PASSWORD;

/// What a room keeps of its password. To the room it is only something to compare: two are the same if they come
/// from the same setting of a password, not if the passwords are the same.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// A hash in whatever words its maker can check a password against.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The words of its maker.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shows nothing that a guess could be tried against.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Who somebody is beyond this connection, as whoever has vouched for it says. To the room it is only something to
/// compare.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Subject(Uuid);

impl Subject {
    /// A value that is the same for all connections of one person, and of nobody else in the room's app.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// The value.
    pub const fn get(self) -> Uuid {
        self.0
    }
}

/// Somebody who may not come in any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ban {
    /// Who it was in the room.
    pub player: PlayerId,
    /// Who it is under any other id, if that is known.
    pub subject: Option<Subject>,
}

/// What it takes to get in.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) password: Option<PasswordHash>,
    banned: Vec<Ban>,
    /// Whether the room had another code before.
    pub(crate) has_new_code: bool,
}

/// There are [`BANS_MAX`] bans already.
#[derive(Debug)]
pub(crate) struct TooManyBans;

impl Access {
    pub(crate) const fn new(password: Option<PasswordHash>, banned: Vec<Ban>) -> Self {
        Self { password, banned, has_new_code: false }
    }

    /// Why `newcomer` stays outside, if it does. `proof` is the hash that its password was checked against.
    pub(crate) fn refusal(
        &self,
        newcomer: PlayerId,
        subject: Option<Subject>,
        proof: Option<&PasswordHash>,
    ) -> Option<(ErrorCode, &'static str)> {
        if self.password.as_ref() != proof {
            Some((ErrorCode::PasswordRequired, WRONG_PASSWORD))
        } else if self.is_banned(newcomer, subject) {
            Some((ErrorCode::Banned, "you are banned from this room"))
        } else {
            None
        }
    }

    pub(crate) fn is_banned(&self, player: PlayerId, subject: Option<Subject>) -> bool {
        let hits = |ban: &Ban| ban.player == player || (subject.is_some() && ban.subject == subject);
        self.banned.iter().any(hits)
    }

    pub(crate) fn banned(&self) -> &[Ban] {
        &self.banned
    }

    pub(crate) fn ban(&mut self, player: PlayerId, subject: Option<Subject>) -> Result<(), TooManyBans> {
        if self.banned.iter().any(|ban| ban.player == player) {
            return Ok(());
        }
        if self.banned.len() >= BANS_MAX {
            return Err(TooManyBans);
        }
        self.banned.push(Ban { player, subject });
        Ok(())
    }

    /// Whether it was banned. Its subject may come in again with it.
    pub(crate) fn unban(&mut self, player: PlayerId) -> bool {
        let position = self.banned.iter().position(|ban| ban.player == player);
        position.map(|position| self.banned.remove(position)).is_some()
    }
}

/// How many a room can ban. Each took someone to come in and be thrown out, so a room that gets there is under
/// attack from ever new players, and then a password helps where bans do not. All of them take 33 KiB.
pub const BANS_MAX: usize = 1_024;
