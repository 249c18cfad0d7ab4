//! A running server: its parts put together, and the order in which they stop.

use std::future::{Future, pending};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use signal_fish_console::Figures;
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::Hub;
use signal_fish_storage::{GameDatabase, MemoryDatabase, SealedDatabase};
use signal_fish_transport::{Bound, Listener, Tls, TlsError, Unsettled};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tracing::info;

use crate::console;
use crate::jwks::{Jwks, JwksError};
use crate::metrics::{Collection, Exposition};
use crate::plan::Plan;
use crate::reload::{self, Current, Parts, Reloader};
use crate::settings::{Problems, Settings, rules};
use crate::sockets::{self, InheritedSockets, Place};
use crate::surroundings::Surroundings;

/// A server whose port is open. Dropping it closes the port.
#[derive(Debug)]
pub struct Server {
    hub: Hub,
    listener: Listener,
    /// For operators; without sockets if they come to the port of the players.
    admin: Listener,
    reloader: Reloader,
    jwks: Option<Jwks>,
    exposition: Exposition,
}

impl Server {
    /// Starts a server and opens its port; connections are served by [`Server::run_until`]. Needs a tokio runtime
    /// with time and input, and changes nothing else of the process.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        Self::start_in(Surroundings::default(), settings).await
    }

    /// Whether a server would start with these settings, as far as that can be known without listening: also the files
    /// that they name are read.
    pub fn check(settings: &Settings) -> Result<(), StartError> {
        let plan = Plan::new(settings)?;
        plan.tls.as_ref().map(Tls::load).transpose()?;
        Ok(())
    }

    /// The same with what the process has for it.
    pub async fn start_in(surroundings: Surroundings, settings: &Settings) -> Result<Self, StartError> {
        let Surroundings { sources, on_reload, sockets: InheritedSockets { players, operators } } =
            surroundings;
        // Before they are read, so that no change goes unnoticed.
        let seen = reload::look(settings);
        let mut plan = Plan::new(settings)?;
        let tls = plan.tls.as_ref().map(Tls::load).transpose()?;
        let jwks = match plan.jwks {
            Some(publication) => Some(Jwks::start(publication).await?),
            None => None,
        };
        let memory: Arc<dyn GameDatabase> = Arc::new(MemoryDatabase::default());
        let database = match plan.keyring {
            Some(keyring) => Arc::new(SealedDatabase::new(memory, keyring)),
            None => memory,
        };
        let coordinator = Arc::new(LocalCoordinator);
        let collection = Collection::new()?;
        let hub = Hub::start(plan.hub, plan.authenticator, database, coordinator);
        let hub = collection.observe(hub).await?;
        let for_players = sockets::for_players(players, &plan.listening, plan.listener.socket_options())?;
        let bound: Vec<_> = for_players.iter().filter_map(Bound::tcp_addr).map(|addr| addr.ip()).collect();
        refuse_exposure(settings, &bound)?;
        let is_for_this_machine = bound.iter().all(|ip| ip.to_canonical().is_loopback());
        plan.admin.has_playground &= is_for_this_machine || settings.admin.playground.is_some();
        let for_operators = sockets::for_operators(operators, plan.admin.addr)?;
        let figures = Figures::default();
        let (admin, listener) = collection.attend(|| {
            let (admin, config) =
                console::open(plan.admin, for_operators, &figures, &hub, plan.listener, tls.as_ref());
            (admin, Listener::of(for_players, hub.clone(), config, tls.clone()))
        });
        let exposition = Exposition::new(collection, hub.clone(), &listener);
        let shown = exposition.clone();
        figures.are_written_by(move |with_published| {
            let text = shown.render();
            if with_published { text + &shown.render_milliseconds() } else { text }
        });
        info!(addr = %listener.local_addr(), "listening");
        let operators_token = reload::operators_token(&seen);
        let current = Mutex::new(Current { settings: settings.clone(), seen });
        let drain = Mutex::new(plan.drain);
        let reloader = Reloader::new(Parts {
            hub: hub.clone(),
            controls: listener.controls(),
            admin: admin.controls(),
            bound,
            tls,
            sources,
            on_reload,
            operators_token,
            current,
            drain,
        });
        Ok(Self { hub, listener, admin, reloader, jwks, exposition })
    }

    /// What tells it anew what it goes by, while it serves.
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// What it counts and measures.
    pub fn exposition(&self) -> Exposition {
        self.exposition.clone()
    }

    /// Where it listens: the real port where the settings say 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Where it listens for operators, if they have a port of their own.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.tcp_addr()
    }

    /// Serves until `stop` resolves, and applies changes of files that the settings name. Then it drains: takes no
    /// new work, waits until everyone has left or the grace of the settings is over, closes what is left, and the port
    /// last, and waits until all that has become of rooms is written.
    ///
    /// # Errors
    ///
    /// Connections did not end, or rooms were not written in time.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), StopError> {
        let Self { hub, listener, admin, reloader, jwks, exposition } = self;
        let drained = async {
            stop.await;
            reloader.drain().run(&hub).await;
        };
        let fetching = async {
            match jwks {
                Some(jwks) => jwks.keep().await,
                None => pending().await,
            }
        };
        // Operators see the drain through: their port closes last.
        let (alive, ended) = oneshot::channel::<()>();
        let players = async {
            let served = listener.serve(drained).await;
            drop(alive);
            served
        };
        let operators = admin.serve(async { drop(ended.await) });
        let served = tokio::select! {
            biased;
            // Little to do, and before what may take all that a task may do at once.
            never = reloader.watch() => never,
            never = fetching => never,
            never = exposition.keep_tidy() => never,
            // Takes turns which of them is the first.
            (players, operators) = async { tokio::join!(players, operators) } => players.and(operators),
        };
        // Also if connections are left: what they did until now is to be kept.
        let written = timeout(WRITTEN, hub.written()).await;
        served?;
        written.map_err(|_| StopError::Unwritten)
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings are not sound.
    #[error(transparent)]
    Settings(#[from] Problems),
    /// A certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The keys of JWTs could not be fetched.
    #[error(transparent)]
    Jwks(#[from] JwksError),
    /// Nothing can be counted.
    #[error("cannot collect figures: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// The rooms could not be set up.
    #[error(transparent)]
    Hub(#[from] signal_fish_hub::StartError),
    /// A socket could not be opened.
    #[error("cannot listen on {place}: {error}; {}", place.advice(error))]
    Listen {
        /// What was asked for.
        place: Place,
        /// What the system says.
        error: io::Error,
    },
}

/// Inherited sockets may listen where the settings would not allow it.
pub(crate) fn refuse_exposure(settings: &Settings, bound: &[IpAddr]) -> Result<(), Problems> {
    let mut problems = Problems::default();
    bound.iter().for_each(|&ip| rules::check_exposure(settings, ip, &mut problems));
    problems.none()
}

/// Why a server did not stop as it should.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StopError {
    /// Connections did not end.
    #[error(transparent)]
    Unsettled(#[from] Unsettled),
    /// Rooms were not written.
    #[error("rooms were not written in time, the next start knows them as they were before")]
    Unwritten,
}

/// What happens between the wish to stop and the closing of the port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Drain {
    /// How long connections may go on.
    pub(crate) grace: Duration,
    /// After which time clients are told to come back.
    pub(crate) retry_after: Duration,
}

impl Drain {
    /// The port stays open meanwhile: load balancers must see that the server is not ready, not that it is gone.
    async fn run(self, hub: &Hub) {
        let Self { grace, retry_after } = self;
        info!(grace_secs = grace.as_secs(), "draining");
        hub.drain_for_good(grace, retry_after);
        let emptied = async {
            sleep(UPGRADES_LAND).await;
            hub.emptied().await;
        };
        if timeout(grace, emptied).await.is_err() {
            info!(n_connections = hub.n_sessions(), "the grace is over, closing what is left");
        }
        hub.shut_down();
    }
}

/// An upgrade that was accepted just before the drain is a session by then; a hub that is empty earlier may not stay
/// so.
const UPGRADES_LAND: Duration = Duration::from_millis(50);

/// How long storage may take for what is left to be written. With the connections' five seconds that is less than the ten
/// after which many a supervisor kills.
const WRITTEN: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use signal_fish_auth::Authenticator;
    use signal_fish_hub::{HubConfig, Session, Source, Taken};
    use signal_fish_protocol::{CloseCode, ProtocolVersion};
    use tokio::time::Instant;

    use super::*;

    const GRACE: Duration = Duration::from_secs(30);

    fn drain(grace: Duration) -> Drain {
        Drain { grace, retry_after: Duration::ZERO }
    }

    async fn hub() -> Hub {
        let (database, coordinator) = (Arc::<MemoryDatabase>::default(), Arc::new(LocalCoordinator));
        Hub::start(HubConfig::default(), Authenticator::open(), database, coordinator).await.unwrap()
    }

    fn was_told_to_end(session: &Session) -> bool {
        let taken =
            session.outbox().poll_take(&Context::from_waker(Waker::noop()), &mut Vec::new(), usize::MAX);
        taken == Poll::Ready(Taken::Ending(CloseCode::ServerShutdown))
    }

    #[tokio::test(start_paused = true)]
    async fn connections_have_the_whole_grace_and_no_more() {
        let hub = hub().await;
        let session = hub.connect(ProtocolVersion::V2, Source::of([127, 0, 0, 1].into()));
        let start = Instant::now();
        let mut drained = pin!(drain(GRACE).run(&hub));
        assert!(timeout(GRACE - Duration::from_millis(1), &mut drained).await.is_err());
        assert!(hub.is_draining() && !was_told_to_end(&session));
        drained.await;
        assert_eq!(start.elapsed(), GRACE);
        assert!(was_told_to_end(&session));
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_last_one_leaves_the_wait_is_over() {
        let hub = hub().await;
        let session = hub.connect(ProtocolVersion::V3, Source::of([127, 0, 0, 1].into()));
        let start = Instant::now();
        let leaves = async {
            sleep(GRACE / 3).await;
            drop(session);
        };
        tokio::join!(drain(GRACE).run(&hub), leaves);
        assert_eq!(start.elapsed(), GRACE / 3);
    }

    #[tokio::test(start_paused = true)]
    async fn without_connections_only_upgrades_are_waited_for() {
        let hub = hub().await;
        let start = Instant::now();
        drain(GRACE).run(&hub).await;
        assert_eq!(start.elapsed(), UPGRADES_LAND);
        drain(Duration::ZERO).run(&hub).await;
        assert_eq!(start.elapsed(), UPGRADES_LAND, "no grace, no wait");
    }

    #[test]
    fn a_port_that_cannot_be_opened_says_what_to_change() {
        for (kind, part) in [
            (io::ErrorKind::AddrInUse, "set another `port`"),
            (io::ErrorKind::AddrNotAvailable, "set `server.bind`"),
            (io::ErrorKind::PermissionDenied, "from 1024 on"),
        ] {
            let at = |place: fn(SocketAddr) -> Place| {
                let place = place(([127, 0, 0, 1], 80).into());
                StartError::Listen { place, error: kind.into() }.to_string()
            };
            let error = at(Place::Tcp);
            assert!(error.starts_with("cannot listen on 127.0.0.1:80: ") && error.contains(part), "{error}");
            let error = at(Place::Admin);
            assert!(error.contains("set `admin.") || error.contains("another `admin.port`"), "{error}");
        }
    }
}
