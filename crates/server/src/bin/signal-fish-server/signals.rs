//! Listens for the signals that end the process: the first one drains, the second one ends it at once.

use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::{info, warn};

/// SIGTERM and SIGINT; where there are no such signals, Ctrl-C.
pub(crate) struct Signals {
    sources: Sources,
    first: Option<oneshot::Sender<()>>,
    first_at: Option<Instant>,
}

impl Signals {
    /// Listens from now on; also what resolves at the first signal.
    pub(crate) fn listen() -> io::Result<(Self, impl Future<Output = ()>)> {
        let (first, seen) = oneshot::channel();
        let stop = async {
            // The sender is dropped only with the process.
            let _ = seen.await;
        };
        Ok((Self { sources: Sources::listen()?, first: Some(first), first_at: None }, stop))
    }

    /// Announces the first signal, and resolves at the second with the exit code of a process that it ended.
    pub(crate) async fn second(&mut self) -> ExitCode {
        loop {
            let number = self.sources.next().await;
            match self.first.take() {
                Some(first) => {
                    self.first_at = Some(Instant::now());
                    info!(
                        number,
                        "ending once everyone has left or the grace is over; a second signal ends at once"
                    );
                    #[cfg(unix)]
                    crate::inherited::say_stopping();
                    let _ = first.send(());
                }
                None if is_echo(self.first_at.map(|at| at.elapsed())) => {}
                None => {
                    warn!(number, "second signal, ending without grace");
                    return ExitCode::from(128 + number);
                }
            }
        }
    }
}

/// Whether a signal so long after the first is the same wish: Ctrl-C reaches a whole group of processes, and those that
/// start others pass it on.
fn is_echo(since_first: Option<Duration>) -> bool {
    since_first.is_some_and(|since| since < ECHO)
}

/// Longer than it takes to pass a signal on, and shorter than anyone takes to press a key twice.
const ECHO: Duration = Duration::from_millis(100);

const SIGINT: u8 = 2;

#[cfg(unix)]
struct Sources {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Sources {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The number of the next signal.
    async fn next(&mut self) -> u8 {
        const SIGTERM: u8 = 15;
        tokio::select! {
            _ = self.interrupt.recv() => SIGINT,
            _ = self.terminate.recv() => SIGTERM,
        }
    }
}

#[cfg(not(unix))]
struct Sources;

#[cfg(not(unix))]
impl Sources {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// The number of the next signal.
    async fn next(&mut self) -> u8 {
        let _ = tokio::signal::ctrl_c().await;
        SIGINT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_is_passed_on_is_no_second_wish() {
        assert!(is_echo(Some(Duration::from_millis(3))));
        assert!(!is_echo(Some(Duration::from_millis(150))) && !is_echo(None));
    }
}
