//! What each person may come back with: the token of its last seat, and the one before until it says something.

use signal_fish_engine::{Effect, Effects, IssuedToken, TokenHash};
use signal_fish_protocol::{ErrorCode, ServerMessage};

/// The tokens of all people, by their numbers. Number 0 was never given to anybody.
#[derive(Default)]
pub(crate) struct Tokens {
    n_issued: u64,
    people: Vec<Holder>,
}

#[derive(Clone, Copy, Default)]
struct Holder {
    latest: u64,
    /// What it came back with.
    former: u64,
    has_spoken: bool,
}

impl Tokens {
    pub(crate) fn of(n_people: usize) -> Self {
        Self { n_issued: 0, people: vec![Holder::default(); n_people] }
    }

    pub(crate) fn issue(&mut self) -> IssuedToken {
        self.n_issued += 1;
        IssuedToken { text: self.n_issued.to_string(), hash: hash(self.n_issued) }
    }

    /// What somebody who comes back shows.
    pub(crate) fn presented(&self, person: usize, is_old: bool) -> TokenHash {
        let Holder { latest, former, .. } = self.people[person];
        hash(if is_old { former } else { latest })
    }

    /// A player has said something.
    pub(crate) fn on_word(&mut self, person: usize) {
        self.people[person].has_spoken = true;
    }

    pub(crate) fn on_joined(&mut self, person: usize) {
        self.people[person] = Holder { latest: self.n_issued, former: 0, has_spoken: false };
    }

    /// What came of showing a token: it must be because of the token if it is said to be.
    pub(crate) fn on_shown(&mut self, person: usize, is_old: bool, effects: &Effects) {
        let Holder { latest, former, has_spoken } = self.people[person];
        let is_good = if is_old { former != 0 && !has_spoken } else { latest != 0 };
        match effects.as_slice() {
            [Effect::Refuse(ServerMessage::ReconnectionFailed(failed))] => {
                let is_for_it = failed.error_code == ErrorCode::ReconnectionTokenInvalid;
                assert!(!is_for_it || !is_good, "a good token was refused: {effects:?}");
            }
            _ => {
                assert!(is_good, "a token that is not good was taken: {effects:?}");
                let former = if is_old { former } else { latest };
                self.people[person] = Holder { latest: self.n_issued, former, has_spoken: false };
            }
        }
    }
}

fn hash(token: u64) -> TokenHash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&token.to_le_bytes());
    TokenHash(bytes)
}
