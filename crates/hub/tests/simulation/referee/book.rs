//! What the referee knows of each room, and what it only may suppose.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Instant;

use signal_fish_protocol::{PlayerId, RoomId};

use super::is_before;
use crate::answers::Shown;
use crate::chronicle::Spoken;
use crate::requests::Door;
use crate::settings::{EMPTY_FOR, QUIET_FOR};

/// All rooms there were.
#[derive(Default)]
pub(super) struct Rooms {
    books: BTreeMap<RoomId, Book>,
    /// Codes under which somebody may have made a room without anybody knowing.
    doubtful: HashSet<String>,
}

/// One room.
#[derive(Debug)]
pub(super) struct Book {
    pub(super) code: Known<String>,
    pub(super) password: Known<Option<&'static str>>,
    /// Whether that is sure.
    pub(super) banned: HashMap<PlayerId, bool>,
    pub(super) players: HashMap<PlayerId, Seated>,
    pub(super) away: HashMap<PlayerId, Away>,
    players_max: usize,
    /// When something last happened in it, as far as is known.
    pub(super) touched: Instant,
    /// Somebody may have come in or gone, been banned or let in again, without anybody knowing.
    pub(super) is_doubtful: bool,
    is_over: bool,
}

#[derive(Debug)]
pub(super) enum Known<T> {
    Surely(T),
    Unknown,
}

#[derive(Clone, Debug)]
pub(super) struct Seated {
    pub(super) client: usize,
    pub(super) name: String,
    pub(super) token: Option<String>,
    /// What it came back with, which is good until it says something.
    pub(super) former: Option<String>,
}

/// One who was cut off and may come back.
#[derive(Debug)]
pub(super) struct Away {
    pub(super) since: Instant,
    token: String,
    former: Option<String>,
    /// Whether the former one may have ended.
    is_former_doubtful: bool,
    pub(super) name: String,
    pub(super) is_kicked: bool,
}

impl Away {
    fn new(since: Instant, seated: Seated, spoken: Spoken) -> Option<Self> {
        let Seated { name, token, former, .. } = seated;
        let former = former.filter(|_| spoken != Spoken::Surely);
        let is_former_doubtful = spoken != Spoken::No;
        Some(Self { since, token: token?, former, is_former_doubtful, name, is_kicked: false })
    }

    pub(super) const fn kicked(since: Instant, token: String, name: String) -> Self {
        Self { since, token, former: None, is_former_doubtful: false, name, is_kicked: true }
    }

    /// Whether one may come back with this token.
    pub(super) fn takes(&self, token: &str) -> bool {
        self.token == token || self.former.as_deref() == Some(token)
    }

    /// Whether this token may be refused all the same.
    pub(super) fn may_refuse(&self, token: &str) -> bool {
        self.token != token && self.is_former_doubtful
    }
}

impl Rooms {
    pub(super) fn add(&mut self, shown: &Shown, password: Option<&'static str>, at: Instant) {
        for book in self.books.values_mut().filter(|book| book.code.is_surely(&shown.code)) {
            book.is_over = true;
        }
        self.doubtful.remove(&shown.code);
        let is_doubtful = shown.players.len() > 1;
        let book = Book {
            code: Known::Surely(shown.code.clone()),
            password: if is_doubtful { Known::Unknown } else { Known::Surely(password) },
            banned: HashMap::new(),
            players: HashMap::new(),
            away: HashMap::new(),
            players_max: shown.players_max.expect("players are told"),
            touched: at,
            is_doubtful,
            is_over: false,
        };
        self.books.insert(shown.room, book);
    }

    pub(super) fn get(&mut self, room: RoomId) -> Option<&mut Book> {
        self.books.get_mut(&room)
    }

    pub(super) fn of_player(&mut self, player: PlayerId) -> Option<&mut Book> {
        self.books.values_mut().find(|book| book.players.contains_key(&player))
    }

    /// The room that may be found under a code.
    pub(super) fn under(&self, code: &str) -> Option<&Book> {
        self.books.values().find(|book| !book.is_over && book.code.is_surely(code))
    }

    /// The room that must be found under a code.
    pub(super) fn surely_under(&self, code: &str, at: Instant) -> Option<&Book> {
        self.under(code).filter(|book| book.is_surely_there(at))
    }

    pub(super) fn on_left(&mut self, player: PlayerId, at: Instant) {
        if let Some(book) = self.of_player(player) {
            book.players.remove(&player);
            book.touched = at;
        }
    }

    pub(super) fn on_gone(&mut self, client: usize, player: PlayerId, at: Instant, spoken: Spoken) {
        let Some(book) = self.of_player(player) else { return };
        if book.players[&player].client != client {
            return;
        }
        let seated = book.players.remove(&player).expect("it was found there");
        book.away.extend(Away::new(at, seated, spoken).map(|away| (player, away)));
        book.touched = at;
    }

    /// The room of this client has ended for all.
    pub(super) fn on_over(&mut self, client: usize) {
        let is_in = |book: &Book| book.players.values().any(|seated| seated.client == client);
        for book in self.books.values_mut().filter(|book| is_in(book)) {
            book.players.clear();
            book.away.clear();
            book.is_over = true;
        }
    }

    /// Whether there may be a room under this code of which nobody knows, or of which not all is known.
    pub(super) fn is_doubtful(&self, code: &str) -> bool {
        let is_unknown = self.books.values().any(|book| {
            !book.is_over
                && (matches!(book.code, Known::Unknown) || book.is_doubtful && book.code.is_surely(code))
        });
        is_unknown || self.doubtful.contains(code)
    }

    pub(super) fn doubt(&mut self, room: RoomId) {
        self.get(room).into_iter().for_each(|book| book.is_doubtful = true);
    }

    pub(super) fn doubt_code(&mut self, code: Option<&str>) {
        let Some(code) = code else { return };
        self.doubtful.insert(code.to_owned());
        self.books
            .values_mut()
            .filter(|book| book.code.is_surely(code))
            .for_each(|book| book.is_doubtful = true);
    }

    pub(super) fn doubt_all(&mut self) {
        for book in self.books.values_mut() {
            book.is_doubtful = true;
            (book.password, book.code) = (Known::Unknown, Known::Unknown);
            book.banned.values_mut().for_each(|is_sure| *is_sure = false);
        }
    }
}

impl Book {
    /// Somebody has been let in through this door.
    pub(super) fn check_let_in(&self, player: PlayerId, door: &Door, shown: &Shown) {
        let may_be = |is_sure: bool| !is_sure || self.is_doubtful;
        assert!(door.code.iter().all(|code| *code == shown.code), "another room: {door:?} {shown:?}");
        self.check_shown(shown);
        if let Known::Surely(password) = self.password {
            assert!(password == door.password, "this is not the password of the room: {door:?} {self:?}");
        }
        assert!(may_be(self.banned.get(&player) == Some(&true)), "who is banned stays outside: {self:?}");
    }

    /// Somebody is shown the room.
    pub(super) fn check_shown(&self, shown: &Shown) {
        if let Known::Surely(code) = &self.code {
            assert_eq!(*code, shown.code, "this is not the code of the room: {self:?}");
        }
    }

    /// Somebody of this name has been given a seat.
    pub(super) fn check_seat(&self, name: &str) {
        assert!(!self.is_full() || self.is_doubtful, "there is no seat: {self:?}");
        assert!(!self.has_name(name) || self.is_doubtful, "{name} is there already: {self:?}");
    }

    /// It sits there, and its snapshot shows everybody.
    pub(super) fn sit(&mut self, player: PlayerId, seated: Seated, shown: &Shown) {
        self.players.insert(player, seated);
        let mut names: Vec<_> = self.players.values().map(|player| player.name.clone()).collect();
        let mut shown = shown.players.clone();
        names.sort_unstable();
        shown.sort_unstable();
        assert!(names == shown || self.is_doubtful, "{names:?} are here and {shown:?} are shown");
    }

    pub(super) fn is_full(&self) -> bool {
        self.players.len() >= self.players_max
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.players.values().any(|player| player.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn is_surely_there(&self, at: Instant) -> bool {
        let is_kept = !self.players.is_empty() || is_before(self.touched, EMPTY_FOR, at);
        !self.is_over && !self.is_doubtful && is_kept && is_before(self.touched, QUIET_FOR, at)
    }
}

impl<T> Known<T> {
    pub(super) fn is_surely<U: ?Sized>(&self, value: &U) -> bool
    where
        T: PartialEq<U>,
    {
        matches!(self, Self::Surely(known) if known == value)
    }
}
