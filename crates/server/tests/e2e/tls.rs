//! TLS on the game's port: certificates, those of clients, and their renewal while games go on.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::json;
use signal_fish_testkit::{Authority, Issued, Launch, PATIENCE, ServerProcess};
use tungstenite::{Message, WebSocket};

use crate::server;

pub(crate) type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A server that shows `certificate`.
pub(crate) fn encrypted(certificate: &Issued) -> Launch {
    server()
        .set("security.transport.tls.enabled", json!(true))
        .set("security.transport.tls.certificate_path", json!(certificate.chain))
        .set("security.transport.tls.private_key_path", json!(certificate.key))
        .set("logging.level", json!("debug"))
        .set("logging.format", json!("text"))
}

pub(crate) fn client(authority: &Authority, own: Option<&Issued>) -> ClientConfig {
    authority.client(own, &[&TLS13, &TLS12])
}

/// A finished handshake of a client that asks for `name`.
pub(crate) fn shake(addr: SocketAddr, config: ClientConfig, name: &str) -> io::Result<Stream> {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a sound client");
    let socket = TcpStream::connect(addr)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut stream = StreamOwned::new(connection, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn shown(addr: SocketAddr, config: ClientConfig, name: &str) -> CertificateDer<'static> {
    let stream = shake(addr, config, name).expect("a handshake");
    stream.conn.peer_certificates().expect("a server shows one")[0].clone().into_owned()
}

fn upgrade(stream: Stream) -> WebSocket<Stream> {
    match tungstenite::client("wss://play.test/v3/ws", stream) {
        Ok((socket, _)) => socket,
        Err(error) => panic!("no upgrade: {error}"),
    }
}

/// Asks and is answered.
fn ping(socket: &mut WebSocket<Stream>) {
    socket.send(Message::text(r#"{"type":"Ping"}"#)).expect("a live connection");
    loop {
        match socket.read().expect("an answer") {
            Message::Text(text) => return assert_eq!(text.as_str(), r#"{"type":"Pong"}"#),
            Message::Ping(_) => {}
            other @ (Message::Binary(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_)) => {
                panic!("awaited a Pong, but got {other:?}")
            }
        }
    }
}

fn health(mut stream: Stream) -> io::Result<String> {
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: play.test\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_game_is_played_over_tls() {
    let authority = Authority::new("e2e-play");
    let server = encrypted(&authority.issue(&["play.test"])).start();
    let answer = health(shake(server.addr(), client(&authority, None), "play.test").expect("a handshake"));
    assert!(answer.expect("an answer").ends_with("\r\n\r\nOK"));
    let stream = shake(server.addr(), client(&authority, None), "play.test").expect("a handshake");
    let mut socket = upgrade(stream);
    for _ in 0..100 {
        ping(&mut socket);
    }
    socket.close(None).expect("a live connection");
    while socket.read().is_ok() {}
}

#[test]
fn a_server_that_speaks_tls_alone_can_check_its_health() {
    let authority = Authority::new("e2e-health");
    let certificate = authority.issue(&["play.test"]);
    let server = encrypted(&certificate).start();
    let port = server.addr().port().to_string();
    let check = |launch: Launch| launch.arg("--port").arg(&port).arg("--health-check").start_refused();
    let healthy = check(encrypted(&certificate));
    assert_eq!(healthy.exit_code, Some(0), "{}", healthy.output);
    let plain = check(crate::server());
    assert_eq!(plain.exit_code, Some(1), "{}", plain.output);
}

#[test]
fn names_choose_among_certificates() {
    let authority = Authority::new("e2e-names");
    let [first, second] = [authority.issue(&["play.test"]), authority.issue(&["*.eu.play.test"])];
    let server = encrypted(&first)
        .set(
            "security.transport.tls.additional_certificates",
            json!([{"certificate_path": second.chain, "private_key_path": second.key}]),
        )
        .start();
    for (name, certificate) in [("play.test", &first), ("berlin.eu.play.test", &second)] {
        assert_eq!(shown(server.addr(), client(&authority, None), name), certificate.der(), "{name}");
    }
}

#[test]
fn clients_without_a_good_certificate_stay_outside_where_one_is_required() {
    let [authority, stranger] = [Authority::new("e2e-mtls"), Authority::new("e2e-stranger")];
    let [ada, eve] = [authority.issue(&["ada"]), stranger.issue(&["eve"])];
    let mut server = encrypted(&authority.issue(&["play.test"]))
        .set("security.transport.tls.client_auth", json!("require"))
        .set("security.transport.tls.client_ca_cert_path", json!(authority.certificate()))
        .start();
    for own in [None, Some(&eve)] {
        // In TLS 1.3 the client has done its part before the server sees what is missing.
        let answer = shake(server.addr(), client(&authority, own), "play.test").and_then(health);
        assert!(answer.is_err(), "{answer:?}");
    }
    let stream = shake(server.addr(), client(&authority, Some(&ada)), "play.test").expect("a handshake");
    ping(&mut upgrade(stream));
    server.wait_for_line("the connection, with its certificate", |line| {
        let fingerprint = line.split_once("websocket connected")?.1.split_once("certificate=")?.1;
        fingerprint.split(' ').next().filter(|text| text.len() == 64).map(|_| ())
    });
}

fn says(server: &mut ServerProcess, said: &str) {
    server.wait_for_line(said, |line| line.contains(said).then_some(()));
}

#[test]
fn certificates_are_renewed_while_games_go_on() {
    let authority = Authority::new("e2e-renewal");
    let old = authority.issue(&["play.test"]);
    let old_der = old.der();
    let mut server = encrypted(&old).start();
    let connect = || shake(server.addr(), client(&authority, None), "play.test").expect("a handshake");
    let mut sockets: Vec<_> = (0..8).map(|_| upgrade(connect())).collect();
    let mut play = || sockets.iter_mut().for_each(ping);
    play();

    authority.issue(&["play.test"]);
    play();
    server.signal("HUP");
    says(&mut server, "the settings were read again");
    assert_ne!(shown(server.addr(), client(&authority, None), "play.test"), old_der);
    assert_eq!(shown(server.addr(), client(&authority, None), "play.test"), old.der());
    play();

    let renewed = old.der();
    fs::write(&old.key, "no key").expect("the file is ours");
    server.signal("HUP");
    says(&mut server, "holds no private key in PEM");
    assert_eq!(shown(server.addr(), client(&authority, None), "play.test"), renewed);
    play();

    // Without any signal.
    authority.issue(&["play.test"]);
    says(&mut server, "read again, new connections get them");
    assert_eq!(shown(server.addr(), client(&authority, None), "play.test"), old.der());
    play();
}

#[test]
fn handshakes_that_do_not_end_are_ended() {
    let authority = Authority::new("e2e-slow");
    let server = encrypted(&authority.issue(&["play.test"]))
        .set("security.transport.tls.handshake_timeout_secs", json!(1))
        .start();
    let mut silent = TcpStream::connect(server.addr()).expect("a connection");
    silent.set_read_timeout(Some(PATIENCE)).expect("a deadline");
    silent.write_all(&[22, 3, 1]).expect("the server reads");
    assert_eq!(silent.read(&mut [0; 16]).ok(), Some(0), "it hangs up");
}

#[test]
fn what_is_wrong_with_tls_settings_is_said_at_the_start() {
    let authority = Authority::new("e2e-wrong");
    let [good, other] = [authority.issue(&["play.test"]), authority.issue(&["other.test"])];
    let refused = |launch: Launch, parts: &[&str]| {
        let refusal = launch.start_refused();
        assert_eq!(refusal.exit_code, Some(1), "{}", refusal.output);
        for part in parts {
            assert!(refusal.output.contains(part), "{part:?} is not in:\n{}", refusal.output);
        }
    };
    let tls = |key: &str| format!("security.transport.tls.{key}");
    let enabled = server().set(&tls("enabled"), json!(true));
    refused(enabled, &["certificate_path", "private_key_path"]);
    let mixed = Issued { key: other.key, ..good.clone() };
    refused(encrypted(&mixed), &["other.test.key", "is not the key of the certificate in", "play.test.pem"]);
    let missing = Issued { chain: authority.path("missing.pem"), ..good.clone() };
    refused(encrypted(&missing), &["missing.pem", "cannot be read"]);
    refused(encrypted(&good).set(&tls("client_auth"), json!("require")), &["client_ca_cert_path"]);
    refused(encrypted(&good).set(&tls("client_ca_cert_path"), json!(good.chain)), &["client_auth"]);
    refused(encrypted(&good).set(&tls("client_auth"), json!("perhaps")), &["client_auth"]);
}
