//! All rooms and sessions of one server.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use signal_fish_auth::Authenticator;
use signal_fish_coordination::RoomOperationCoordinator;
use signal_fish_protocol::{CloseCode, ControlEncoding, GoingAway, ProtocolVersion, Timestamp};
use signal_fish_storage::{GameDatabase, StorageError};

use crate::allowance::SourceAllowances;
use crate::backlog;
use crate::banned::{self, Bans, Outcast, TooManyOutcasts};
use crate::caller::Caller;
use crate::config::HubConfig;
use crate::cork::Corks;
use crate::departures::Departures;
use crate::directory::{Directory, RoomLimits};
use crate::handshake;
use crate::journal::Journal;
use crate::lifecycle::Lifecycle;
use crate::link::Wire;
use crate::metrics::{self, HubFigures, Metrics};
use crate::oversight::Oversight;
use crate::passwords::Passwords;
use crate::restore;
use crate::session::Session;
use crate::sessions::Sessions;
use crate::shared::Shared;
use crate::shedding;
use crate::source::Source;
use crate::timers::Timers;

/// All rooms and sessions of one server. Clones are handles to the same hub.
#[derive(Clone, Debug)]
pub struct Hub(Arc<Shared>);

/// The rooms of an earlier run could not be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the stored rooms: {0}")]
pub struct StartError(#[from] StorageError);

impl Hub {
    /// Starts a hub with the rooms that `database` remembers, without their members. It needs a tokio runtime
    /// with time, for the tasks that wake rooms, write them down and end ticks; all end with the hub. What it counts goes
    /// to the recorder of `metrics` that is current when this is first polled.
    ///
    /// # Errors
    ///
    /// The stored rooms cannot be read.
    pub async fn start(
        config: HubConfig,
        authenticator: Authenticator,
        database: Arc<dyn GameDatabase>,
        coordinator: Arc<dyn RoomOperationCoordinator>,
    ) -> Result<Self, StartError> {
        // Before anything is waited for: the recorder is that of whoever calls.
        let metrics = Metrics::new();
        let records = database.rooms().await?;
        let (timers, timer_queue) = Timers::new();
        let (journal, journal_queue) = Journal::new();
        let (corks, cork_queue) = config.cork.map(Corks::new).unzip();
        let shared = Arc::new(Shared {
            authenticator: ArcSwap::from_pointee(authenticator),
            coordinator: Arc::clone(&coordinator),
            directory: Directory::new(RoomLimits::of(&config)),
            live: ArcSwap::from_pointee(config.clone()),
            config,
            sessions: Sessions::default(),
            timers,
            corks,
            journal,
            lifecycle: Lifecycle::default(),
            passwords: Passwords::default(),
            departures: Departures::default(),
            sources: SourceAllowances::default(),
            bans: Bans::default(),
            metrics: Arc::clone(&metrics),
            started: Instant::now(),
        });
        // Nobody joins these tasks: each ends when the hub lets go of its channel, or with the runtime.
        tokio::spawn(timer_queue.run(Arc::downgrade(&shared)));
        tokio::spawn(journal_queue.run(database, coordinator, metrics));
        cork_queue.map(|queue| tokio::spawn(queue.run()));
        for record in records {
            restore::room(&shared, record).await;
        }
        Ok(Self(shared))
    }

    /// What the hub was told at its start.
    pub fn config(&self) -> &HubConfig {
        &self.0.config
    }

    /// Decides by `authenticator` who may play from now on. Those who do play on, and what they used up stays used.
    /// Not to be called twice at a time.
    pub fn authenticate_by(&self, authenticator: Authenticator) {
        let before = self.0.authenticator.load();
        self.0.authenticator.store(Arc::new(authenticator.succeeding(&before)));
    }

    /// Goes by `config` from now on, as far as that can change. New connections have its budgets and what may wait for
    /// them; new rooms its sizes, timeouts, sessions and labels; there are as many rooms as it allows; and ICE servers,
    /// as well as the sizes of signals and of connection infos, are those that it names. All else stays as it was at the
    /// start. Not to be called twice at a time.
    pub fn reconfigure(&self, config: HubConfig) {
        self.0.directory.limit(RoomLimits::of(&config));
        self.0.live.store(Arc::new(config));
    }

    /// A new connection of `caller`, on an endpoint that speaks `version` unless the client asks for another.
    pub fn connect(&self, version: ProtocolVersion, caller: impl Into<Caller>) -> Session {
        Session::new(Arc::clone(&self.0), Wire::json(version), caller.into())
    }

    /// A new connection of `caller` that has settled on protobuf, where [`Hub::speaks_protobuf`].
    pub fn connect_protobuf(&self, caller: impl Into<Caller>) -> Session {
        let wire = Wire { encoding: ControlEncoding::Protobuf, ..Wire::json(ProtocolVersion::V3) };
        Session::new(Arc::clone(&self.0), wire, caller.into())
    }

    /// Whether connections may settle on protobuf: it has no version below 3.
    pub fn speaks_protobuf(&self) -> bool {
        handshake::is_spoken(&self.0.config, ProtocolVersion::V3)
    }

    /// Keeps `outcast` off this server for a while, or for as long as the server runs, and ends the connections that
    /// it has: how many those are. A ban that is there already ends when this one does.
    ///
    /// # Errors
    ///
    /// There are as many bans as the server keeps. Nothing has changed.
    pub fn ban(&self, outcast: Outcast, time: Option<Duration>) -> Result<usize, TooManyOutcasts> {
        banned::ban(&self.0, tokio::time::Instant::now().into_std(), outcast, time)
    }

    /// Lets `outcast` in again; whether it was banned.
    pub fn unban(&self, outcast: &Outcast) -> bool {
        self.0.bans.remove(tokio::time::Instant::now().into_std(), outcast)
    }

    /// All that [`Hub::ban`] has banned, and for how much longer. In no order.
    pub fn bans(&self) -> Vec<(Outcast, Option<Duration>)> {
        self.0.bans.all(tokio::time::Instant::now().into_std())
    }

    /// Whether nobody may come from there.
    pub fn is_banned(&self, source: Source) -> bool {
        self.0.bans.holds_source(tokio::time::Instant::now().into_std(), source)
    }

    /// What an operator may see and end.
    pub fn oversight(&self) -> Oversight {
        Oversight(Arc::clone(&self.0))
    }

    /// How many connections there are.
    pub fn n_sessions(&self) -> usize {
        self.0.sessions.count()
    }

    /// How many bytes wait for all connections of this process, up to 16 KiB of each left out.
    pub fn n_queued_bytes(&self) -> usize {
        backlog::n_bytes()
    }

    /// Whether rooms wait for a storage that does not take them.
    pub fn is_storage_failing(&self) -> bool {
        self.0.metrics.is_storage_failing.load(Ordering::Relaxed)
    }

    /// What is counted and measured here.
    pub fn figures(&self) -> &HubFigures {
        &self.0.metrics.figures
    }

    /// Brings the figures up to date that are not counted as things happen: to be called by whoever is about to read
    /// them, with the recorder that was current at the start. Looks at every connection for a moment.
    pub fn publish_figures(&self) {
        metrics::publish(&self.0);
    }

    /// Ends those for whom most waits, for ever, whenever more than `n_bytes_max` bytes wait for all connections of
    /// this process. Those of other hubs in it count too, but are not ended.
    pub async fn shed_above(&self, n_bytes_max: impl Fn() -> usize) -> Infallible {
        shedding::keep_below(n_bytes_max, &self.0.sessions).await
    }

    /// Whether the server is about to stop and takes no new work.
    pub fn is_draining(&self) -> bool {
        self.0.lifecycle.is_draining()
    }

    /// Takes no new work from now on, and tells v3 connections that they will be closed after `grace` and may
    /// come back `retry_after` later. Only the first call counts. Nothing ends by itself: see [`Hub::undrain`].
    pub fn drain(&self, grace: Duration, retry_after: Duration) {
        if self.0.lifecycle.drain(going_away(grace, retry_after)) {
            self.0.sessions.tell_all(tokio::time::Instant::now().into_std(), &self.0.lifecycle);
        }
    }

    /// The same, never to be taken back. Who was told of an earlier drain is told anew.
    pub fn drain_for_good(&self, grace: Duration, retry_after: Duration) {
        if self.0.lifecycle.drain_for_good(going_away(grace, retry_after)) {
            self.0.sessions.forget_telling();
            self.0.sessions.tell_all(tokio::time::Instant::now().into_std(), &self.0.lifecycle);
        }
    }

    /// Takes new work again; false if it did anyway, or never will. Who was told to go away cannot be told to stay:
    /// the protocol has no word for it.
    pub fn undrain(&self) -> bool {
        let is_running = self.0.lifecycle.undrain();
        if is_running {
            self.0.sessions.forget_telling();
        }
        is_running
    }

    /// Resolves when all that has become of rooms until now is written.
    pub async fn written(&self) {
        self.0.journal.written().await;
    }

    /// Ends every connection with `server_shutdown`. Nobody is told who left.
    pub fn shut_down(&self) {
        self.0.lifecycle.stop();
        self.0.sessions.end_all(CloseCode::ServerShutdown);
    }

    /// Resolves as soon as there is no connection.
    pub async fn emptied(&self) {
        self.0.sessions.emptied().await;
    }
}

fn going_away(grace: Duration, retry_after: Duration) -> GoingAway {
    let now = Timestamp::now().as_millisecond().max(0).cast_unsigned();
    let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
    GoingAway { deadline_ms: now.saturating_add(grace_ms), retry_after_secs: Some(retry_after.as_secs()) }
}
