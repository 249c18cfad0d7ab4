//! Passwords at the doors of rooms: hashed away from the threads that relay, a few at a time, and guessed seldom.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use signal_fish_auth::{Bucket, BucketsBySource, Exhausted, Password, Quota, SALT_BYTES};
use signal_fish_engine::{PasswordHash, WRONG_PASSWORD};
use signal_fish_protocol::ErrorCode;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::entry::EntryRefusal;
use crate::live_room::LiveRoom;
use crate::session::Session;

/// What it takes to hash the passwords of all rooms.
#[derive(Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    guesses: BucketsBySource,
    /// New passwords, which cost as much as guesses.
    settings: BucketsBySource,
}

impl Default for Passwords {
    fn default() -> Self {
        let n_cores = available_parallelism().map_or(1, usize::from);
        // At least half of the cores stay with the games.
        let n_turns = (n_cores / 2).clamp(1, AT_ONCE_MAX);
        let (guesses, settings) = (BucketsBySource::default(), BucketsBySource::default());
        Self { turns: Arc::new(Semaphore::new(n_turns)), guesses, settings }
    }
}

impl Passwords {
    async fn hash(&self, password: &Arc<Password>) -> Result<PasswordHash, EntryRefusal> {
        let mut salt = [0; SALT_BYTES];
        if let Err(error) = getrandom::fill(&mut salt) {
            tracing::error!(%error, "the system has no random bytes");
            return Err(EntryRefusal::new(ErrorCode::InternalError, "the password could not be hashed"));
        }
        let password = Arc::clone(password);
        self.take_turn(move || password.hash(&salt)).await.map(PasswordHash::new)
    }

    async fn fits(&self, password: &Arc<Password>, hash: &PasswordHash) -> Result<bool, EntryRefusal> {
        let (password, hash) = (Arc::clone(password), hash.clone());
        self.take_turn(move || password.fits(hash.as_str())).await
    }

    /// Does `work` when it is its turn. How many wait is bounded by the connections: each waits for one at a time.
    async fn take_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EntryRefusal> {
        let done = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await.expect("turns have no end");
            // The turn goes along: work that nobody waits for any more takes as much of the machine.
            let work = move || (work(), drop(turn)).0;
            spawn_blocking(work).await
        };
        match timeout(TIME_MAX, done).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "a password could not be hashed");
                Err(EntryRefusal::new(ErrorCode::InternalError, "the password could not be checked"))
            }
            Err(_) => Err(EntryRefusal::new(
                ErrorCode::RateLimitExceeded,
                format!("too many passwords are being checked, try again in {} seconds", TIME_MAX.as_secs()),
            )),
        }
    }
}

/// What a room keeps of the password that `session` sets.
pub(crate) async fn set(
    session: &Session,
    now: Instant,
    password: &Arc<Password>,
) -> Result<PasswordHash, EntryRefusal> {
    let passwords = &session.shared.passwords;
    let settings = passwords.settings.of(session.caller.source);
    settings.take(SET_BY_SOURCE, session.shared.budget_time(now))?;
    passwords.hash(password).await
}

/// Checks the password that `session` brings to `room`; what it fits, if it does.
///
/// A guess is paid for before anything is hashed, by the room and by the source of the connection, and paid back
/// unless it was wrong. Who hangs up meanwhile has guessed wrong.
pub(crate) async fn check(
    session: &Session,
    now: Instant,
    room: &LiveRoom,
    password: &Arc<Password>,
) -> Result<PasswordHash, EntryRefusal> {
    let wrong = || EntryRefusal::new(ErrorCode::PasswordRequired, WRONG_PASSWORD);
    let passwords = &session.shared.passwords;
    let hash = room.password().ok_or_else(wrong)?;
    let buckets = [(passwords.guesses.of(session.caller.source), OF_SOURCE), (room.guesses(), OF_ROOM)];
    pay(buckets, session.shared.budget_time(now))?;
    let fits = passwords.fits(password, &hash).await;
    if !matches!(fits, Ok(false)) {
        for (guesses, quota) in buckets {
            guesses.give_back(quota);
        }
    }
    fits?.then_some(hash).ok_or_else(wrong)
}

fn pay(buckets: [(&Bucket, Quota); 2], now: Duration) -> Result<(), EntryRefusal> {
    let [(first, quota), (second, other_quota)] = buckets;
    first.take(quota, now).map_err(too_many)?;
    second.take(other_quota, now).map_err(|exhausted| {
        first.give_back(quota);
        too_many(exhausted)
    })
}

fn too_many(exhausted: Exhausted) -> EntryRefusal {
    let reason = format!("too many wrong passwords, try again in {} seconds", exhausted.seconds());
    EntryRefusal::new(ErrorCode::RateLimitExceeded, reason)
}

/// How many passwords are hashed at once at the very most: each takes 19 MiB while it is.
const AT_ONCE_MAX: usize = 4;

/// A player waits for it. The queue is longer than this only under attack.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Wrong passwords from one source, whatever the rooms and connections. Enough for a class room behind one address
/// that mistypes; 14,400 guesses a day find no password but the worst.
const OF_SOURCE: Quota = per_minute(10);

/// Wrong passwords at one room, wherever they come from. Above the share of a source, so that one of them cannot
/// keep others out by guessing.
const OF_ROOM: Quota = per_minute(60);

/// New passwords from one source, also on ever new connections: a few for each player who shares an address.
const SET_BY_SOURCE: Quota = per_minute(60);

const fn per_minute(n: u32) -> Quota {
    Quota { n_max: NonZeroU32::new(n).expect("not zero"), window: Duration::from_mins(1) }
}
