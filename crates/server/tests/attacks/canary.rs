//! Eight players who play on while others attack: each says something ten times a second, and all of it must arrive.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::json;
use signal_fish_testkit::{Dialect, Peer, gather};

/// A room that plays until it is told to stop.
pub(crate) struct Canary {
    stop: Sender<()>,
    playing: JoinHandle<Vec<Duration>>,
}

impl Canary {
    /// Gathers the players and lets them play in the background.
    #[track_caller]
    pub(crate) fn sing(addr: SocketAddr) -> Self {
        let players = gather(addr, "CANARY", PLAYERS);
        let (stop, stopped) = channel();
        let playing = thread::spawn(move || play(players, &stopped));
        Self { stop, playing }
    }

    /// Ends the game; how long the slowest of a hundred deliveries took. Fails if anything was lost, came in another
    /// order, or came that nobody had sent.
    #[track_caller]
    pub(crate) fn p99(self) -> Duration {
        drop(self.stop);
        let mut delays = match self.playing.join() {
            Ok(delays) => delays,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        delays.sort_unstable();
        delays[delays.len() * 99 / 100]
    }
}

/// One player after the other speaks, and all others hear it; the delays, from the moment that each message was due:
/// what holds up the speaker counts as well.
#[track_caller]
fn play(mut players: [Peer; N_PLAYERS], stopped: &Receiver<()>) -> Vec<Duration> {
    // Nothing ever comes from here: to wait for it is to wait until the next message is due.
    let (_silent, clock) = channel::<()>();
    let start = Instant::now();
    let mut delays = Vec::new();
    for n in 0_u32.. {
        let due = start + PAUSE * n;
        if delays.len() >= N_ENOUGH && stopped.try_recv() == Err(TryRecvError::Disconnected) {
            break;
        }
        let _ = clock.recv_timeout(due.saturating_duration_since(Instant::now()));
        let speaker = n as usize % N_PLAYERS;
        players[speaker].say(json!(n));
        let from = players[speaker].id.clone();
        for listener in (0..N_PLAYERS).filter(|listener| *listener != speaker) {
            let heard = players[listener].expect("GameData");
            delays.push(due.elapsed());
            assert_eq!((&heard["from_player"], &heard["data"]), (&json!(from), &json!(n)));
            if PLAYERS[listener].1.is_v3() {
                assert_eq!(heard["seq"], n as usize / N_PLAYERS + 1, "{heard}");
            }
        }
    }
    players.iter_mut().for_each(Peer::expect_silence);
    delays
}

const N_PLAYERS: usize = 8;

const PLAYERS: [(&str, Dialect); N_PLAYERS] = [
    ("one", Dialect::V2),
    ("two", Dialect::V3),
    ("three", Dialect::V2),
    ("four", Dialect::V3),
    ("five", Dialect::V2),
    ("six", Dialect::V3),
    ("seven", Dialect::V2),
    ("eight", Dialect::V3),
];

/// Between two messages of the room.
const PAUSE: Duration = Duration::from_micros(12_500);

/// Deliveries without which a percentile says nothing.
const N_ENOUGH: usize = 700;
