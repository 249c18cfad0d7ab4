//! The keys of JWTs where they are published: fetched at the start, and again before they are too old to be believed.

use std::sync::Arc;
use std::time::Duration;

use signal_fish_auth::{FetchedKeys, KeyError, KeySet};
use signal_fish_transport::{FetchError, Fetcher, Mark, WebAddress};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

/// Where keys are published, and where those who check tokens look for them.
#[derive(Clone, Debug)]
pub(crate) struct Publication {
    address: WebAddress,
    keys: Arc<FetchedKeys>,
    /// A token has named a key that is not there.
    wanted: Arc<Notify>,
}

impl Publication {
    pub(crate) fn new(address: WebAddress) -> Self {
        let wanted = Arc::new(Notify::new());
        let asked = Arc::clone(&wanted);
        Self { address, keys: Arc::new(FetchedKeys::new(move || asked.notify_one())), wanted }
    }

    pub(crate) fn keys(&self) -> Arc<FetchedKeys> {
        Arc::clone(&self.keys)
    }
}

/// Published keys that could be fetched once, and are kept up to date.
#[derive(Debug)]
pub(crate) struct Jwks {
    publication: Publication,
    fetcher: Fetcher,
    mark: Option<Mark>,
    schedule: Schedule,
}

/// The keys could not be had.
#[derive(Debug, thiserror::Error)]
#[error(
    "security.connect_token.jwt.jwks_url: cannot be fetched from {address}: {error}; make it reachable, or set \
     `jwks_path`"
)]
pub struct JwksError {
    address: WebAddress,
    error: Failure,
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("the answer was 304, to a request for all of it")]
    Unasked,
}

/// When keys are fetched, and until when they count.
#[derive(Debug)]
struct Schedule {
    /// They are fetched again.
    due: Instant,
    /// They are fetched again before that, if a token names one that is not there.
    early: Instant,
    /// They count no more, unless they could be fetched.
    over: Instant,
}

impl Jwks {
    /// Fetches the keys for the first time.
    pub(crate) async fn start(publication: Publication) -> Result<Self, JwksError> {
        let schedule = Schedule::fetched(Instant::now(), Instant::now(), None);
        let mut jwks = Self { publication, fetcher: Fetcher::new(), mark: None, schedule };
        match jwks.fetch().await {
            Ok(_) => Ok(jwks),
            Err(error) => Err(JwksError { address: jwks.publication.address, error }),
        }
    }

    /// Keeps the keys up to date, for as long as it is awaited.
    pub(crate) async fn keep(mut self) -> ! {
        loop {
            let Self { publication, schedule, .. } = &self;
            let wanted = async {
                publication.wanted.notified().await;
                // Whoever asks is a stranger. One answer serves all who have asked meanwhile.
                sleep_until(schedule.early).await;
            };
            tokio::select! {
                biased;
                () = sleep_until(schedule.due) => {}
                () = wanted => self.schedule.early = Instant::now() + EARLY_INTERVAL,
            }
            let address = self.publication.address.clone();
            match self.fetch().await {
                Ok(true) => info!(%address, "the keys of JWTs have changed"),
                Ok(false) => {}
                Err(error) => {
                    let is_over = self.schedule.failed(Instant::now());
                    warn!(%address, %error, is_over, "the keys of JWTs could not be fetched");
                    if is_over {
                        self.mark = None;
                        self.publication.keys.replace(None);
                    }
                }
            }
        }
    }

    /// Whether other keys count now.
    async fn fetch(&mut self) -> Result<bool, Failure> {
        let Self { publication, fetcher, mark, schedule } = self;
        let fetched = fetcher.get(&publication.address, mark.as_ref()).await?;
        match fetched.text {
            Some(text) => {
                let has_changed = publication.keys.replace(Some(KeySet::from_jwks(&text, true)?));
                *mark = fetched.mark;
                *schedule = Schedule::fetched(Instant::now(), schedule.early, fetched.max_age);
                Ok(has_changed)
            }
            None if mark.is_none() => Err(Failure::Unasked),
            None => {
                *schedule = Schedule::fetched(Instant::now(), schedule.early, fetched.max_age);
                Ok(false)
            }
        }
    }
}

impl Schedule {
    fn fetched(now: Instant, early: Instant, max_age: Option<Duration>) -> Self {
        let due = now + max_age.unwrap_or(AGE_DEFAULT).clamp(AGE_MIN, AGE_MAX);
        Self { due, early, over: due + GRACE }
    }

    /// Whether the keys count no more.
    fn failed(&mut self, now: Instant) -> bool {
        // A fetch that came early has failed for itself: the one that is due comes when it is due.
        self.due = self.due.max(now + RETRY_INTERVAL);
        now >= self.over
    }
}

/// How long keys are kept that say nothing about it.
const AGE_DEFAULT: Duration = Duration::from_mins(5);
/// They are not fetched more often, whatever they say.
const AGE_MIN: Duration = Duration::from_mins(1);
/// They are fetched so often, whatever they say: a key that was stolen is taken out by then.
const AGE_MAX: Duration = Duration::from_hours(24);
/// How soon it is tried again when they could not be fetched.
const RETRY_INTERVAL: Duration = Duration::from_mins(1);
/// How often tokens with unknown keys can have them fetched.
const EARLY_INTERVAL: Duration = Duration::from_secs(30);
/// For how long the last good keys count after they should have been fetched again: a night in which nobody is there to
/// mend what publishes them.
const GRACE: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn keys_are_kept_as_long_as_they_say_within_bounds() {
        let now = Instant::now();
        for (said, kept) in [
            (None, AGE_DEFAULT),
            (Some(Duration::ZERO), AGE_MIN),
            (Some(Duration::from_mins(10)), Duration::from_mins(10)),
            (Some(Duration::MAX), AGE_MAX),
        ] {
            assert_eq!(Schedule::fetched(now, now, said).due, now + kept, "{said:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_good_keys_count_for_a_day_of_failures() {
        let start = Instant::now();
        let mut schedule = Schedule::fetched(start, start, None);
        assert!(!schedule.failed(start));
        assert_eq!(schedule.due, start + AGE_DEFAULT, "one that came early delays nothing");
        let mut now = schedule.due;
        while now < start + AGE_DEFAULT + GRACE {
            assert!(!schedule.failed(now));
            assert_eq!(schedule.due, now + RETRY_INTERVAL);
            now = schedule.due;
        }
        assert!(schedule.failed(now));
    }
}
