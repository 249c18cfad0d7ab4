//! The listener on real sockets.

use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::{Listener, Unsettled};

type Served = JoinHandle<Result<(), Unsettled>>;

async fn serve(config: ListenerConfig) -> (Hub, SocketAddr, oneshot::Sender<()>, Served) {
    let (hub, config) = Parts { listener: config, ..Parts::default() }.hub().await;
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), hub.clone(), config, None).await.unwrap();
    let addr = listener.local_addr();
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(listener.serve(async { stopped.await.unwrap_or(()) }));
    (hub, addr, stop, served)
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
    Listener::bind(addr, hub, ListenerConfig::default(), None).await.unwrap();
}
