//! A running server: its parts put together, and the order in which they stop.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::Hub;
use signal_fish_storage::{GameDatabase, MemoryDatabase, SealedDatabase};
use signal_fish_transport::{Listener, Tls, TlsError, Unsettled};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tracing::info;

use crate::console;
use crate::plan::Plan;
use crate::reload::{self, Reloader};
use crate::settings::{Problems, Settings};

/// A server whose port is open. Dropping it closes the port.
#[derive(Debug)]
pub struct Server {
    hub: Hub,
    listener: Listener,
    admin: Option<Listener>,
    drain: Drain,
    reloader: Reloader,
}

impl Server {
    /// Starts a server and opens its port; connections are served by [`Server::run_until`]. Needs a tokio runtime
    /// with time and input, and changes nothing else of the process.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        // Before they are read, so that no change goes unnoticed.
        let seen = reload::look(&settings.security);
        let plan = Plan::new(settings)?;
        let tls = plan.tls.map(Tls::load).transpose()?;
        let memory: Arc<dyn GameDatabase> = Arc::new(MemoryDatabase::default());
        let database = match plan.keyring {
            Some(keyring) => Arc::new(SealedDatabase::new(memory, keyring)),
            None => memory,
        };
        let coordinator = Arc::new(LocalCoordinator);
        let hub = Hub::start(plan.hub, plan.authenticator, database, coordinator).await?;
        let cannot_listen = |error| StartError::Listen { addr: plan.addr, error };
        let (admin, config) = console::open(plan.admin, &hub, plan.listener, tls.as_ref())
            .await
            .map_err(|(addr, error)| StartError::Listen { addr, error })?;
        let listener = Listener::bind(plan.addr, hub.clone(), config, tls.clone()).await;
        let listener = listener.map_err(cannot_listen)?;
        info!(addr = %listener.local_addr(), "listening");
        let reloader = Reloader::new(hub.clone(), settings.clone(), seen, tls);
        Ok(Self { hub, listener, admin, drain: plan.drain, reloader })
    }

    /// What tells it anew who may play and which certificates it shows, while it serves.
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// Where it listens: the real port where the settings say 0.
    pub const fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Where it listens for operators, if they have a port of their own.
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Listener::local_addr)
    }

    /// Serves until `stop` resolves, and applies changes of the files that say who may play. Then it drains: takes no
    /// new work, waits until everyone has left or the grace of the settings is over, closes what is left, and the port
    /// last. Refuses to call that done if connections do not end.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), Unsettled> {
        let Self { hub, listener, admin, drain, reloader } = self;
        let drained = async {
            stop.await;
            drain.run(&hub).await;
        };
        // Operators see the drain through: their port closes last.
        let (alive, ended) = oneshot::channel::<()>();
        let players = async {
            let served = listener.serve(drained).await;
            drop(alive);
            served
        };
        let operators = async {
            match admin {
                Some(admin) => admin.serve(async { drop(ended.await) }).await,
                None => Ok(()),
            }
        };
        tokio::select! {
            biased;
            (players, operators) = async { tokio::join!(players, operators) } => players.and(operators),
            never = reloader.watch() => never,
        }
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
    /// The rooms could not be set up.
    #[error(transparent)]
    Hub(#[from] signal_fish_hub::StartError),
    /// The port could not be opened.
    #[error("cannot listen on {addr}: {error}; {}", advice(error))]
    Listen {
        /// What was asked for.
        addr: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
}

fn advice(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::PermissionDenied {
        "set `port` (or --port) to one from 1024 on, or let the process open lower ones"
    } else if error.kind() == io::ErrorKind::AddrNotAvailable {
        "set `server.bind` (or --bind) to an address of this machine"
    } else {
        "stop what listens there, or set another `port` (or --port)"
    }
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
        hub.drain(grace, retry_after);
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
            let error =
                StartError::Listen { addr: ([127, 0, 0, 1], 80).into(), error: kind.into() }.to_string();
            assert!(error.starts_with("cannot listen on 127.0.0.1:80: ") && error.contains(part), "{error}");
        }
    }
}
