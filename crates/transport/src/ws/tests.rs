//! What one connection costs: system calls, turns and memory.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use signal_fish_hub::Source;
use signal_fish_protocol::{CloseCode, ProtocolVersion};
use signal_fish_testkit::Frame;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::connection::Connection;
use super::parting::Parting;
use crate::metrics::Metrics;
use crate::tests::{PATIENT, PING, Server};

#[tokio::test]
async fn whatever_waits_for_a_connection_goes_in_one_write() {
    let server = Server::start().await;
    let bytes: Vec<u8> = (0..20).flat_map(|_| Frame::text(PING).encode()).collect();
    let traffic = Traffic::of(bytes);
    let mut connection = connection(&server, &traffic);
    run(&mut connection);
    let traffic = traffic.lock().unwrap();
    assert_eq!(traffic.n_writes, 1);
    assert_eq!(traffic.output.len(), 20 * (2 + r#"{"type":"Pong"}"#.len()));
}

#[tokio::test]
async fn a_flood_is_read_a_share_at_a_time() {
    let server = Server::start().await;
    let bytes: Vec<u8> = (0..1_000).flat_map(|_| Frame::text("?").encode()).collect();
    let traffic = Traffic::of(bytes);
    let n_polls = run(&mut connection(&server, &traffic));
    assert!((1_000 / 32..1_000 / 32 + 10).contains(&n_polls), "{n_polls} polls");
    assert_eq!(traffic.lock().unwrap().n_reads, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stall_is_noticed_although_nothing_else_happens() {
    let server = Server::start().await;
    let traffic = Traffic::of((0..20).flat_map(|_| Frame::text(PING).encode()).collect());
    traffic.lock().unwrap().output_max = Some(100);
    let mut connection = connection(&server, &traffic);
    let start = Instant::now();
    assert_eq!((&mut connection).await, Parting::Failed(CloseCode::SlowConsumer));
    assert_eq!(start.elapsed().as_secs(), 15 + 1);
}

#[tokio::test]
async fn a_quiet_connection_is_small() {
    let server = Server::start().await;
    let n_bytes = size_of_val(&connection(&server, &Traffic::of(Vec::new())));
    assert!(n_bytes <= 1_024, "{n_bytes} bytes");
}

fn connection(server: &Server, traffic: &Arc<Mutex<Traffic>>) -> Connection<Socket> {
    let session = server.hub().connect(ProtocolVersion::V2, Source::of([127, 0, 0, 1].into()));
    let socket = Socket(Arc::clone(traffic));
    Connection::new(socket, Bytes::new(), session, Arc::new(PATIENT), Metrics::new())
}

/// Polls for as long as the connection wants it; how often that was.
fn run(connection: &mut Connection<Socket>) -> usize {
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = Waker::from(Arc::clone(&woken));
    let mut n_polls = 0;
    while woken.0.swap(false, Ordering::Relaxed) {
        assert!(Pin::new(&mut *connection).poll(&mut Context::from_waker(&waker)).is_pending());
        n_polls += 1;
    }
    n_polls
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What goes through a [`Socket`].
#[derive(Default)]
struct Traffic {
    input: Vec<u8>,
    output: Vec<u8>,
    /// How much output is taken, if not all.
    output_max: Option<usize>,
    n_reads: usize,
    n_writes: usize,
}

impl Traffic {
    fn of(input: Vec<u8>) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { input, ..Self::default() }))
    }
}

/// A socket that has some input and then no more, and wakes nobody.
struct Socket(Arc<Mutex<Traffic>>);

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut traffic = self.0.lock().unwrap();
        if traffic.input.is_empty() {
            return Poll::Pending;
        }
        traffic.n_reads += 1;
        let n_bytes = traffic.input.len().min(buf.remaining());
        buf.put_slice(&traffic.input[..n_bytes]);
        traffic.input.drain(..n_bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut traffic = self.0.lock().unwrap();
        let n_bytes = traffic.output_max.map_or(buf.len(), |max| buf.len().min(max - traffic.output.len()));
        if n_bytes == 0 {
            return Poll::Pending;
        }
        traffic.n_writes += 1;
        traffic.output.extend_from_slice(&buf[..n_bytes]);
        Poll::Ready(Ok(n_bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
