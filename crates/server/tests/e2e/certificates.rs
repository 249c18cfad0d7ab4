//! Token binding over TLS where every message has to name the certificate of its client.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use signal_fish_testkit::{Authority, Issued, Launch, ServerProcess};
use tungstenite::{ClientRequestBuilder, Message, WebSocket};

use crate::tls::{Stream, client, encrypted, shake};

/// A client that signs what it says and may name a certificate.
struct Bound {
    socket: WebSocket<Stream>,
    key: [u8; 32],
    sequence: u64,
    fingerprint: Option<String>,
}

impl Bound {
    /// Connects with a certificate of its own, which it names.
    fn connect(server: &ServerProcess, authority: &Authority, own: &Issued) -> Self {
        let mut socket = upgrade(server, authority, Some(own)).expect("it has all that is wanted");
        let challenge = next(&mut socket);
        assert_eq!(challenge["type"], "TokenBindingChallenge");
        let nonce = STANDARD.decode(challenge["data"]["nonce"].as_str().expect("a nonce")).expect("base64");
        let mut key = [0; 32];
        let hkdf = Hkdf::<Sha256>::new(Some(&nonce), SAMPLE_NONCE);
        hkdf.expand(b"signalfish.tokenbinding.v2/session-key", &mut key).expect("it is short");
        Self { socket, key, sequence: 0, fingerprint: Some(fingerprint(own)) }
    }

    /// Says something with its proof; what it hears next.
    fn say(&mut self, mut message: Value) -> Value {
        self.sequence += 1;
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of any length");
        let mac = mac
            .chain_update("signalfish.tokenbinding.v2\0json\0")
            .chain_update(self.sequence.to_be_bytes())
            .chain_update(message.to_string())
            .chain_update(self.fingerprint.as_deref().unwrap_or_default());
        message["token_binding"] = json!({
            "version": 2, "scheme": "server_nonce_hkdf_sha256", "sequence": self.sequence,
            "signature": STANDARD.encode(mac.finalize().into_bytes()),
        });
        if let Some(fingerprint) = &self.fingerprint {
            message["token_binding"]["fingerprint"] = json!(fingerprint);
        }
        self.socket.send(Message::text(message.to_string())).expect("a live connection");
        next(&mut self.socket)
    }
}

fn fingerprint(certificate: &Issued) -> String {
    Sha256::digest(certificate.der()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Offers token binding, with a key that proofs can be made from; the status, if it was refused.
fn upgrade(
    server: &ServerProcess,
    authority: &Authority,
    own: Option<&Issued>,
) -> Result<WebSocket<Stream>, u16> {
    let stream = shake(server.addr(), client(authority, own), "play.test").expect("a handshake");
    let uri = "wss://play.test/v3/ws".parse().expect("an address");
    let request = ClientRequestBuilder::new(uri).with_sub_protocol("signalfish.tokenbinding.v2");
    let mut request = tungstenite::client::IntoClientRequest::into_client_request(request).expect("sound");
    let key = STANDARD.encode(SAMPLE_NONCE).parse().expect("ASCII");
    request.headers_mut().insert("sec-websocket-key", key);
    match tungstenite::client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
            Err(answer.status().as_u16())
        }
        Err(error) => panic!("no answer: {error}"),
    }
}

/// The next message; nothing once the connection was closed.
fn next(socket: &mut WebSocket<Stream>) -> Value {
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => return serde_json::from_str(&text).expect("JSON"),
            Ok(Message::Ping(_)) => {}
            Ok(Message::Close(_)) => return Value::Null,
            other => panic!("awaited a message, but got {other:?}"),
        }
    }
}

fn strict(authority: &Authority) -> Launch {
    encrypted(&authority.issue(&["play.test"]))
        .set("security.transport.tls.client_auth", json!("optional"))
        .set("security.transport.tls.client_ca_cert_path", json!(authority.certificate()))
        .set("security.transport.token_binding.enabled", json!(true))
        .set("security.transport.token_binding.required", json!(true))
        .set("security.transport.token_binding.require_client_fingerprint", json!(true))
}

#[test]
fn every_message_names_the_certificate_of_its_client() {
    let authority = Authority::new("e2e-fingerprint");
    let [ada, bob] = [authority.issue(&["ada"]), authority.issue(&["bob"])];
    let server = strict(&authority).start();
    let mut honest = Bound::connect(&server, &authority, &ada);
    for _ in 0..2 {
        assert_eq!(honest.say(json!({"type": "Ping"}))["type"], "Pong");
    }
    // The certificate of somebody else, or none, with a signature that fits what is said.
    for named in [Some(fingerprint(&bob)), None] {
        let mut liar = Bound::connect(&server, &authority, &ada);
        liar.fingerprint = named;
        let told = liar.say(json!({"type": "Ping"}));
        assert_eq!((&told["type"], &told["data"]["error_code"]), (&json!("Error"), &json!("UNAUTHORIZED")));
        assert_eq!(next(&mut liar.socket), Value::Null);
    }
    assert_eq!(honest.say(json!({"type": "Ping"}))["type"], "Pong");
}

#[test]
fn who_has_no_certificate_is_refused_where_it_has_to_be_named() {
    let authority = Authority::new("e2e-no-fingerprint");
    let server = strict(&authority).start();
    assert_eq!(upgrade(&server, &authority, None).err(), Some(401));
}

/// The key of the upgrade, before base64.
const SAMPLE_NONCE: &[u8] = b"the sample nonce";
