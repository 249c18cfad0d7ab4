//! The listener on real sockets.

use std::num::NonZeroU32;

use signal_fish_auth::Quota;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
#[cfg(target_os = "linux")]
use crate::bound::Accepted;
use crate::{Bound, Listener, Origins, RateLimits, SocketOptions, Unsettled};

type Served = JoinHandle<Result<(), Unsettled>>;

async fn serve(config: ListenerConfig) -> (Hub, SocketAddr, oneshot::Sender<()>, Served) {
    let (hub, listener) = bind(config).await;
    let addr = listener.local_addr();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(listener.serve(async { stopped.await.unwrap_or(()) }));
    (hub, addr, stop, served)
}

async fn bind(config: ListenerConfig) -> (Hub, Listener) {
    let (hub, config) = Parts { listener: config, ..Parts::default() }.hub().await;
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), hub.clone(), config, None).unwrap();
    (hub, listener)
}

async fn connect(addr: SocketAddr) -> Client<TcpStream> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(upgrade_request("/v2/ws").as_bytes()).await.unwrap();
    let (head, unread) = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    Client { stream, unread }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_served_until_the_hub_and_then_the_listener_stop() {
    let (hub, addr, stop, served) = serve(ListenerConfig::default()).await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut client = connect(addr).await;
        client.say(PING).await;
        client.text_with("Pong").await;
        clients.push(client);
    }
    let idle = TcpStream::connect(addr).await.unwrap();
    hub.shut_down();
    for mut client in clients {
        // What it still says must not make a reset eat the close frame.
        client.send(&[Frame::binary(vec![0; 60_000])]).await;
        client.closed(4000, "server_shutdown").await;
    }
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    drop(idle);
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
}

#[tokio::test(start_paused = true)]
async fn a_listener_does_not_wait_for_ever() {
    let (_hub, addr, stop, served) = serve(ListenerConfig::default()).await;
    let _client = connect(addr).await;
    stop.send(()).unwrap();
    assert_eq!(served.await.unwrap(), Err(Unsettled { n_connections: 1 }));
}

#[tokio::test]
async fn the_port_can_be_bound_again_at_once() {
    let (hub, addr, stop, served) = serve(ListenerConfig::default()).await;
    let client = connect(addr).await;
    hub.shut_down();
    client.closed(4000, "server_shutdown").await;
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    Listener::bind(addr, hub, ListenerConfig::default(), None).unwrap();
}

#[tokio::test]
async fn what_a_listener_is_told_anew_is_for_those_who_come() {
    let (_hub, listener) = bind(ListenerConfig::default()).await;
    let (addr, controls) = (listener.local_addr(), listener.controls());
    tokio::spawn(listener.serve(std::future::pending()));
    let mut there = connect(addr).await;

    let quick =
        ConnectionConfig { ping_interval: Some(Duration::from_millis(1)), ..ConnectionConfig::default() };
    let ListenerConfig { rates, .. } = ListenerConfig::default();
    let none_left = RateLimits { requests: Quota { n_max: NonZeroU32::MIN, ..rates.requests }, ..rates };
    let (origins, connections_max) = (Origins::Listed(Vec::new()), 2);
    controls.apply(ListenerConfig {
        connection: quick,
        connections_max,
        origins,
        rates: none_left,
        ..ListenerConfig::default()
    });
    let answer = async |request: &str| {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        read_head(&mut stream).await.0
    };
    let mut newcomer = connect(addr).await;
    assert_eq!(newcomer.next().await.unwrap().opcode, Opcode::PING);
    let full = answer(&upgrade_request("/v2/ws")).await;
    assert!(full.starts_with("HTTP/1.1 503 "), "{full}");
    let foreign = upgrade_request("/v2/ws").replacen("\r\n", "\r\norigin: https://play.example\r\n", 1);
    let foreign = answer(&foreign).await;
    assert!(foreign.starts_with("HTTP/1.1 403 "), "{foreign}");
    let probe = "GET /health HTTP/1.1\r\nhost: a\r\n\r\n";
    let probes = [answer(probe).await, answer(probe).await];
    assert!(probes[0].starts_with("HTTP/1.1 200 ") && probes[1].starts_with("HTTP/1.1 429 "), "{probes:?}");
    there.say(PING).await;
    there.text_with("Pong").await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_is_served_like_any_other_and_leaves_nothing_behind() {
    use std::os::unix::fs::PermissionsExt as _;
    use tokio::net::UnixStream;

    let path = std::env::temp_dir().join(format!("signal-fish-{}.sock", std::process::id()));
    // An earlier process was killed.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let (hub, config) = Parts::default().hub().await;
    let sockets = vec![
        Bound::tcp((Ipv4Addr::LOCALHOST, 0).into(), SocketOptions::default()).unwrap(),
        Bound::unix(&path, 0o600).unwrap(),
    ];
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let in_use = Bound::unix(&path, 0o600).unwrap_err();
    assert_eq!(in_use.kind(), std::io::ErrorKind::AddrInUse);
    let listener = Listener::of(sockets, hub.clone(), config, None);
    let addr = listener.local_addr();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(listener.serve(async { stopped.await.unwrap_or(()) }));

    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(upgrade_request("/v2/ws").as_bytes()).await.unwrap();
    let (head, unread) = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let mut client = Client { stream, unread };
    client.say(PING).await;
    client.text_with("Pong").await;
    connect(addr).await;
    hub.shut_down();
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    assert!(!path.exists());
    std::fs::write(&path, "a file of somebody").unwrap();
    assert_eq!(Bound::unix(&path, 0o600).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    std::fs::remove_file(&path).unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_comes_in_at_an_inherited_socket_is_capped_as_at_one_of_our_own() {
    use rustix::net::sockopt::{socket_send_buffer_size, tcp_user_timeout};

    let inherited = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let options =
        SocketOptions { send_buffer_bytes: Some(8_192), stall_timeout: Some(Duration::from_secs(3)) };
    for bound in [
        Bound::inherited_tcp(inherited, options).unwrap(),
        Bound::tcp((Ipv4Addr::LOCALHOST, 0).into(), options).unwrap(),
    ] {
        let _client = TcpStream::connect(bound.tcp_addr().unwrap()).await.unwrap();
        let Accepted::Tcp(socket, _) = bound.accept().await.unwrap() else { panic!("not TCP: {bound:?}") };
        // The system counts its own share too, and says the double.
        assert_eq!(socket_send_buffer_size(&socket).unwrap(), 2 * 8_192);
        assert_eq!(tcp_user_timeout(&socket).unwrap(), 4_000);
    }
}
