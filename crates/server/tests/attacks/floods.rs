//! Strangers by the thousand at once: headers that trickle in, and readers that take nothing or next to nothing.

mod kernel;

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Launch, PATIENCE, Peer};
use tokio::net::TcpSocket;

use crate::server;
use crate::siege::Siege;

#[test]
fn slow_headers_and_readers_that_hardly_read_are_gone_in_time_and_hold_little_memory() {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).expect("up to its maximum");
    let siege = Siege::of(patient_with_probes());
    let (server, tcp_before) = (siege.addr(), kernel::tcp_bytes());

    let mut rooms: Vec<Feeder> = (0..N_ROOMS).map(|room| Feeder::new(server, room)).collect();
    let mut slow_readers = Vec::new();
    let silent_readers: Vec<Peer> = (0..N_READERS)
        .map(|n| {
            slow_readers.push(reader(server, SLOW_READERS, n));
            reader(server, SILENT_READERS, n).0
        })
        .collect();
    let mut headers: Vec<TcpStream> = (0..N_HEADERS).map(|n| slow_header(server, n)).collect();
    rooms.iter_mut().for_each(Feeder::fill);

    let start = Instant::now();
    let (mut tcp_peak, mut gone) = (0, [None; 3]);
    for second in every_second(start).take_while(|second| *second < MINUTE_SECS) {
        rooms.iter_mut().for_each(|room| room.peer.say(json!(second)));
        // It fails once the server has hung up, which is what they are to find out.
        headers.iter_mut().for_each(|stream| drop(stream.write(b"x")));
        slow_readers.iter_mut().for_each(|(_, stream)| drop(stream.read(&mut [0])));
        tcp_peak = tcp_peak.max(kernel::tcp_bytes().saturating_sub(tcp_before));
        for (gone, network) in gone.iter_mut().zip(FLOODS) {
            if gone.is_none() && kernel::n_sockets(server, network) == 0 {
                *gone = Some(second);
            }
        }
    }
    eprintln!(
        "seconds until headers, silent and slow readers were gone: {gone:?}; {tcp_peak} bytes of the system"
    );
    for (gone, deadline_secs) in gone.into_iter().zip([HEADER_SECS, READER_SECS, READER_SECS]) {
        assert!(gone.is_some_and(|gone| gone <= deadline_secs + GRACE_SECS), "{gone:?} of {deadline_secs}");
    }
    assert!(tcp_peak < TCP_BYTES_MAX, "{tcp_peak} bytes in the system for sockets");
    drop(silent_readers);
    siege.lift_but_for(RSS_SLACK);
}

#[test]
fn of_slow_headers_from_one_address_few_are_waited_for() {
    let siege = Siege::of(patient_with_probes());
    let strangers: Vec<_> =
        (0..400).map(|_| connect(siege.addr(), IpAddr::V4(Ipv4Addr::new(127, 0, 9, 9)))).collect();
    let n_waited_for = || kernel::n_sockets(siege.addr(), [127, 0, 9]);
    let until = Instant::now() + PATIENCE;
    while n_waited_for() > 80 {
        assert!(Instant::now() < until, "{} of {}", n_waited_for(), strangers.len());
    }
    siege.lift();
}

/// All limits are as they are by default, but for that of requests: it is asked for its health until memory is back.
fn patient_with_probes() -> Launch {
    server().set("security.max_http_requests_per_ip", json!(1_000_000))
}

/// Counts the seconds since `start`, each when it has passed.
fn every_second(start: Instant) -> impl Iterator<Item = u64> {
    // Nothing ever comes from here: to wait for it is to wait.
    let (silent, clock) = channel::<()>();
    (1..).inspect(move |second| {
        let _silent = &silent;
        let due = start + Duration::from_secs(*second);
        let _ = clock.recv_timeout(due.saturating_duration_since(Instant::now()));
    })
}

/// A connection from an address of this machine. Little waits on this side of it: what is measured is the server's.
fn connect(server: SocketAddr, from: IpAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(4_096)?;
        socket.bind(SocketAddr::new(from, 0))?;
        socket.connect(server).await?.into_std()
    });
    let stream = stream.expect("the server accepts");
    stream.set_nonblocking(false).expect("an open socket");
    stream
}

/// The n-th address of a flood: so many come from each as it may have connections.
fn source([a, b, c]: [u8; 3], n: usize) -> IpAddr {
    let host = u8::try_from(n / N_PER_ADDRESS + 1).expect("few addresses");
    IpAddr::V4(Ipv4Addr::new(a, b, c, host))
}

fn slow_header(server: SocketAddr, n: usize) -> TcpStream {
    let mut stream = connect(server, source(HEADERS, n));
    stream.write_all(b"GET /v3/ws HTTP/1.1\r\nHost: x\r\nX-Slow: ").expect("the system takes it");
    stream.set_nonblocking(true).expect("an open socket");
    stream
}

/// A player who does not read once it is in its room, and a way to do it nevertheless.
fn reader(server: SocketAddr, network: [u8; 3], n: usize) -> (Peer, TcpStream) {
    let stream = connect(server, source(network, n));
    let reads = stream.try_clone().expect("a file descriptor");
    let name = format!("reader {} {n}", network[2]);
    let Ok(mut peer) = Peer::upgrade(stream, "/v3/ws", &name, &[]) else { panic!("{name} is not let in") };
    peer.send("Authenticate", Dialect::V3.authenticate());
    peer.send("JoinRoom", entry(n % N_ROOMS, &name));
    for message in ["Authenticated", "ProtocolInfo", "RoomJoined"] {
        peer.expect(message);
    }
    reads.set_nonblocking(true).expect("an open socket");
    (peer, reads)
}

fn entry(room: usize, name: &str) -> Value {
    let code = format!("FLOOD{}", room + 2);
    json!({"game_name": GAME, "room_code": code, "player_name": name, "max_players": 100})
}

/// Who speaks in a room of readers.
struct Feeder {
    peer: Peer,
}

impl Feeder {
    fn new(server: SocketAddr, room: usize) -> Self {
        let mut peer = Peer::authenticated(server, "feeder", Dialect::V3);
        peer.send("JoinRoom", entry(room, "feeder"));
        peer.expect("RoomJoined");
        Self { peer }
    }

    /// More than the system keeps for those who do not read, and less than makes anybody too slow at once.
    fn fill(&mut self) {
        (0..40).for_each(|_| self.peer.say(json!("x".repeat(30_000))));
    }
}

/// Networks of this machine that floods come from.
const FLOODS: [[u8; 3]; 3] = [HEADERS, SILENT_READERS, SLOW_READERS];
const HEADERS: [u8; 3] = [127, 0, 1];
const SILENT_READERS: [u8; 3] = [127, 0, 2];
const SLOW_READERS: [u8; 3] = [127, 0, 3];

const N_HEADERS: usize = 2_000;
const N_READERS: usize = 200;
const N_ROOMS: usize = 8;
/// Below `security.max_connections_per_ip`, which would else decide.
const N_PER_ADDRESS: usize = 50;

/// How long the readers of a byte a second go on.
const MINUTE_SECS: u64 = 60;
/// `websocket.http_header_read_timeout_secs`.
const HEADER_SECS: u64 = 10;
/// `websocket.max_sojourn_ms`.
const READER_SECS: u64 = 15;
/// After its deadline nobody stays longer than this, with all that the system keeps for it.
const GRACE_SECS: u64 = 15;
/// What an allocator may keep of what 2,400 connections had at the same time, about 25 KiB of each.
const RSS_SLACK: u64 = 64 * 1024 * 1024;
/// What the system may keep for all of them.
const TCP_BYTES_MAX: u64 = 100_000_000;
