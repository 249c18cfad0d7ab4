//! Keys of JWTs that are fetched from where they are published: rotation, and publishers that fail.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use signal_fish_testkit::{Authority, Launch, Peer, ServerProcess};

use crate::minting::{APP, AUDIENCE, Minter};
use crate::server;

/// Somebody who publishes keys, for as long as the test process lives.
struct Publisher {
    addr: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    answer: String,
    /// The heads of the requests so far.
    requests: Vec<String>,
}

impl Publisher {
    fn new(answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Mutex::new(Shared { answer, requests: Vec::new() }));
        let theirs = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &theirs);
            }
        });
        Self { addr, shared }
    }

    fn answer(&self, answer: String) {
        self.shared.lock().expect("nobody panics with it").answer = answer;
    }

    fn requests(&self) -> Vec<String> {
        self.shared.lock().expect("nobody panics with it").requests.clone()
    }

    /// A server that takes JWTs by these keys.
    fn server(&self) -> Launch {
        server()
            .set("security.connect_token.required", json!(true))
            .set("security.connect_token.jwt.audience", json!(AUDIENCE))
            .set("security.connect_token.jwt.jwks_url", json!(format!("http://{}/keys.json", self.addr)))
    }
}

fn serve(stream: TcpStream, shared: &Mutex<Shared>) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    let mut shared = shared.lock().expect("nobody panics with it");
    shared.requests.push(head.join("\n").to_ascii_lowercase());
    let answer = shared.answer.clone();
    drop(shared);
    // A server that has heard enough may be gone.
    let _ = (&stream).write_all(answer.as_bytes());
    if answer.is_empty() {
        // It says nothing, and waits for the other side to give up.
        let _ = lines.next();
    }
}

fn published(keys: &[Value], headers: &str) -> String {
    ok(&json!({"keys": keys}).to_string(), headers)
}

fn ok(body: &str, headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n{body}", body.len())
}

fn knock(server: &ServerProcess, token: &str) -> Peer {
    let mut peer = Peer::connect(server.addr(), "/v2/ws", "knocking");
    peer.send("Authenticate", json!({"app_id": APP, "connect_token": token}));
    peer
}

#[track_caller]
fn admitted(server: &ServerProcess, token: &str) {
    knock(server, token).expect("Authenticated");
}

#[track_caller]
fn refused(server: &ServerProcess, token: &str) {
    knock(server, token).expect_refusal("AuthenticationError", "CONNECT_TOKEN_INVALID");
}

/// A JWT that names its key.
fn jwt(minter: &Minter, kid: &str) -> String {
    minter.jwt_of(kid, &json!({}))
}

fn wait_for_line(server: &mut ServerProcess, text: &str) {
    server.wait_for_line(text, |line| line.contains(text).then_some(()));
}

#[test]
fn an_unknown_key_is_fetched_and_an_old_one_forgotten() {
    let (old, new, stranger) = (Minter::new(1), Minter::new(2), Minter::new(3));
    let publisher = Publisher::new(published(&[old.jwk("old")], ""));
    let mut server = publisher.server().start();
    admitted(&server, &jwt(&old, "old"));
    publisher.answer(published(&[new.jwk("new")], ""));
    // The first that nobody knows is refused, and makes the server look.
    let token = jwt(&new, "new");
    let mut hasty = knock(&server, &token);
    hasty.expect_refusal("AuthenticationError", "CONNECT_TOKEN_INVALID");
    wait_for_line(&mut server, "the keys of JWTs have changed");
    hasty.send("Authenticate", json!({"app_id": APP, "connect_token": token}));
    hasty.expect("Authenticated");
    refused(&server, &jwt(&old, "old"));
    refused(&server, &jwt(&stranger, "new"));
    // However many strangers ask, they have it fetched once in a while.
    for _ in 0..20 {
        refused(&server, &jwt(&stranger, "unknown"));
    }
    assert_eq!(publisher.requests().len(), 2);
}

#[test]
fn keys_come_over_https_from_those_whom_the_system_trusts() {
    let [trusted, stranger] = [Authority::new("jwks-https"), Authority::new("jwks-stranger")];
    for (issuer, said) in [(&trusted, None), (&stranger, Some("cannot connect"))] {
        let publisher = server()
            .set("security.transport.tls.enabled", json!(true))
            .set("security.transport.tls.certificate_path", json!(issuer.issue(&["127.0.0.1"]).chain))
            .set("security.transport.tls.private_key_path", json!(issuer.path("127.0.0.1.key")))
            .start();
        // It publishes no keys, but says so to whoever believes its certificate.
        let refusal = server()
            .set("security.connect_token.jwt.audience", json!(AUDIENCE))
            .set("security.connect_token.jwt.jwks_url", json!(format!("https://{}/", publisher.addr())))
            .env("SSL_CERT_FILE", trusted.certificate().to_str().expect("ASCII"))
            .start_refused();
        let said = said.unwrap_or("is no JWKS");
        assert!(refusal.output.contains(said), "{}", refusal.output);
    }
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let studio = Minter::new(1);
    let publisher = Publisher::new(published(&[studio.jwk("a")], "etag: \"first\"\r\n"));
    let server = publisher.server().start();
    publisher.answer("HTTP/1.1 304 Not Modified\r\netag: \"first\"\r\nconnection: close\r\n\r\n".to_owned());
    refused(&server, &jwt(&studio, "unknown"));
    while publisher.requests().len() < 2 {
        // What comes in needs a round trip each, so that this does not spin.
        admitted(&server, &jwt(&studio, "a"));
    }
    let requests = publisher.requests();
    assert!(!requests[0].contains("if-none-match"), "{}", requests[0]);
    assert!(requests[1].contains("if-none-match: \"first\""), "{}", requests[1]);
    admitted(&server, &jwt(&studio, "a"));
}

#[test]
fn a_publisher_that_fails_changes_nothing() {
    let studio = Minter::new(1);
    let error = "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let elsewhere =
        "HTTP/1.1 302 Found\r\nlocation: /other\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for (answer, said) in [
        (error.to_owned(), "the answer was 500"),
        (elsewhere.to_owned(), "the answer was 302"),
        (ok("<html>", ""), "is no JWKS"),
        (published(&[], ""), "there is no key in it"),
        (ok(&" ".repeat(300_000), ""), "it is longer than 262144 bytes"),
        ("garbage\r\n\r\n".to_owned(), "not understood"),
    ] {
        let publisher = Publisher::new(published(&[studio.jwk("a")], ""));
        let mut server = publisher.server().start();
        publisher.answer(answer);
        refused(&server, &jwt(&studio, "unknown"));
        wait_for_line(&mut server, said);
        admitted(&server, &jwt(&studio, "a"));
        assert_eq!(publisher.requests().len(), 2, "it does not follow");
    }
}

#[test]
fn a_server_that_cannot_have_its_keys_does_not_start() {
    let gone = Publisher::new(String::new());
    let refusal = gone.server().start_refused();
    assert!(
        refusal.output.contains("jwks_url: cannot be fetched from http://127.0.0.1:"),
        "{}",
        refusal.output
    );
    assert!(refusal.output.contains("it took longer than 5 seconds"), "{}", refusal.output);
    for (url, said) in [
        ("http://id.example/keys", "jwks_url: set an address like https://"),
        // Nothing listens there.
        ("https://127.0.0.1:1/keys", "cannot connect"),
    ] {
        let refusal = gone.server().set("security.connect_token.jwt.jwks_url", json!(url)).start_refused();
        assert_eq!(refusal.exit_code, Some(1));
        assert!(refusal.output.contains(said), "{}", refusal.output);
    }
    let both = gone.server().set("security.connect_token.jwt.jwks_path", json!("keys.json")).start_refused();
    assert!(both.output.contains("set only one of `jwks_path` and `jwks_url`"), "{}", both.output);
}
