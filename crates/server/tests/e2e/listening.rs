//! Where a server listens beside its port: a Unix socket, sockets of a supervisor, a port for operators.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use signal_fish_testkit::{Dialect, PATIENCE, Peer, http};

use crate::server;

/// A path that is this test's alone, with nothing there. In the folder for temporary files: the name of a socket must
/// be short.
fn path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("signal-fish-e2e-{}-{name}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

/// A free port, which nobody else gets soon.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

#[test]
fn a_unix_socket_is_a_way_in_too() {
    let socket = path("socket");
    let mut server = server().set("server.unix_socket", json!(socket)).start();
    let mut stream = UnixStream::connect(&socket).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: fish\r\nconnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("OK"), "{answer}");
    Peer::authenticated(server.addr(), "Ada", Dialect::V3).expect_alive();
    server.terminate();
    assert_eq!(server.wait_exit(), Some(0));
    assert!(!socket.exists());
}

#[test]
fn operators_have_a_port_of_their_own_without_players() {
    let port = free_port();
    let server =
        server().set("admin.port", json!(port)).set("admin.token", json!("0123456789abcdef")).start();
    let admin = SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(http(admin, "GET", "/readyz", &[]).status, 200);
    let refused = Peer::try_connect(admin, "/v2/ws", "Eve").expect_err("no player comes in here");
    assert_eq!(refused.status, 404, "{refused:?}");
    Peer::authenticated(server.addr(), "Ada", Dialect::V3).expect_alive();
}

/// A process of the server with one inherited socket that is called `name`, ended with the test.
struct Supervised(Child);

impl Supervised {
    fn start(listener: TcpListener, name: &str, env: &[(&str, &str)]) -> Self {
        let script = "exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_signal-fish-server"), "--port", "0"]);
        command.env("LISTEN_FDNAMES", name).envs(env.iter().copied());
        command.stdin(OwnedFd::from(listener)).stdout(Stdio::null()).stderr(Stdio::piped());
        Self(command.spawn().expect("the binary starts"))
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.0.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "kill -{name}");
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_supervisor_opens_the_sockets_and_hears_what_the_server_is_at() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("it is bound");
    let told = path("notify");
    let supervisor = UnixDatagram::bind(&told).expect("the folder is for such things");
    supervisor.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    let hear = || {
        let mut bytes = [0; 512];
        let n_bytes = supervisor.recv(&mut bytes).expect("a word in time");
        String::from_utf8_lossy(&bytes[..n_bytes]).into_owned()
    };
    let env = [("NOTIFY_SOCKET", told.to_str().expect("a path in ASCII"))];
    let mut server = Supervised::start(listener, "players", &env);
    assert_eq!(hear().trim(), "READY=1");
    let mut ada = Peer::authenticated(addr, "Ada", Dialect::V3);
    server.signal("HUP");
    let reloading = hear();
    assert!(reloading.contains("RELOADING=1") && reloading.contains("MONOTONIC_USEC="), "{reloading}");
    assert_eq!(hear().trim(), "READY=1");
    server.signal("TERM");
    assert_eq!(hear().trim(), "STOPPING=1");
    ada.expect("GoingAway");
    drop(ada);
    assert_eq!(server.0.wait().expect("it ends").code(), Some(0));
    let _ = std::fs::remove_file(told);
}

#[test]
fn an_inherited_socket_that_the_world_reaches_needs_a_word_as_any_other() {
    let listener = TcpListener::bind("0.0.0.0:0").expect("a free port");
    let mut server = Supervised::start(listener, "players", &[]);
    let mut said = String::new();
    server.0.stderr.take().expect("it is piped").read_to_string(&mut said).expect("text");
    assert_eq!(server.0.wait().expect("it ends").code(), Some(1));
    assert!(said.contains("security.allow_open"), "{said}");
}

#[test]
fn an_inherited_socket_that_is_called_admin_is_for_operators() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("it is bound");
    let _server = Supervised::start(listener, "admin", &[]);
    assert_eq!(http(addr, "GET", "/health", &[]).status, 200);
    assert_eq!(Peer::try_connect(addr, "/v2/ws", "Eve").expect_err("no player comes in here").status, 404);
}
