//! A server on a real socket, and what it answers to bytes.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use signal_fish_auth::Authenticator;
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Hub, HubConfig};
use signal_fish_storage::MemoryDatabase;
use signal_fish_transport::{Listener, ListenerConfig};

/// Starts a server that listens for as long as the process lives.
pub(super) fn start(config: ListenerConfig) -> SocketAddr {
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("the system has sockets").block_on(async {
            let (database, coordinator) = (Arc::<MemoryDatabase>::default(), Arc::new(LocalCoordinator));
            let hub = Hub::start(HubConfig::default(), Authenticator::open(), database, coordinator);
            let hub = hub.await.expect("memory can be read");
            let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let listener = Listener::bind(any, hub, config, None).expect("a free port");
            sender.send(listener.local_addr()).expect("the other side waits");
            listener.serve(std::future::pending()).await
        })
    });
    receiver.recv().expect("it starts")
}

/// All that the server says to `bytes` and nothing more. It never keeps the peer waiting that has said all it wants to
/// say, and what it says begins with HTTP.
pub(super) fn answer(server: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(server).expect("it listens");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time that is not zero");
    // It may have heard enough before the end.
    let _ = socket.write_all(bytes);
    let _ = socket.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    match socket.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert!(!matches!(error.kind(), TIMED_OUT | WOULD_BLOCK), "no answer to {bytes:?}"),
    }
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."), "{answer:?}");
    answer
}

/// What a read that took too long is called, which depends on the system.
const TIMED_OUT: std::io::ErrorKind = std::io::ErrorKind::TimedOut;
const WOULD_BLOCK: std::io::ErrorKind = std::io::ErrorKind::WouldBlock;

/// Longer than the server waits for a peer to end its side.
const PATIENCE: Duration = Duration::from_secs(5);
