//! Token binding: who offers it proves every message, and is not heard otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use signal_fish_testkit::{GAME, Launch, Peer, ServerProcess, http};

use crate::server;

fn binding() -> Launch {
    server().set("security.transport.token_binding.enabled", json!(true))
}

/// A client that signs what it says.
struct Bound {
    peer: Peer,
    key: [u8; 32],
    sequence: u64,
}

impl Bound {
    /// Connects and takes the challenge.
    #[track_caller]
    fn connect(server: &ServerProcess, name: &str) -> Self {
        let mut peer = Peer::connect_offering(server.addr(), "/v3/ws", name, SUBPROTOCOL);
        let challenge = peer.expect("TokenBindingChallenge");
        assert_eq!((&challenge["version"], &challenge["first_sequence"]), (&json!(2), &json!(1)));
        assert_eq!(challenge["scheme"], SCHEME);
        let nonce = STANDARD.decode(challenge["nonce"].as_str().expect("a nonce")).expect("in base64");
        assert_eq!(nonce.len(), 32);
        let mut key = [0; 32];
        // What the peer of these tests sends as its `Sec-WebSocket-Key`.
        let hkdf = Hkdf::<Sha256>::new(Some(&nonce), b"the sample nonce");
        hkdf.expand(b"signalfish.tokenbinding.v2/session-key", &mut key).expect("it is short");
        Self { peer, key, sequence: 0 }
    }

    /// A proof of `payload` as message number `sequence`.
    fn proof(&self, domain: &str, sequence: u64, payload: &[u8]) -> Value {
        let domain = format!("signalfish.tokenbinding.v2\0{domain}\0");
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of any length");
        let mac =
            mac.chain_update(domain).chain_update(sequence.to_be_bytes()).chain_update(payload).finalize();
        let signature = STANDARD.encode(mac.into_bytes());
        json!({"version": 2, "scheme": SCHEME, "sequence": sequence, "signature": signature})
    }

    /// `message` with its proof as the next one.
    fn sign(&mut self, mut message: Value) -> String {
        self.sequence += 1;
        message["token_binding"] = self.proof("json", self.sequence, message.to_string().as_bytes());
        message.to_string()
    }

    fn send(&mut self, kind: &str, data: Value) {
        let text = self.sign(json!({"type": kind, "data": data}));
        self.peer.send_text(&text);
    }

    fn ping(&mut self) {
        let text = self.sign(json!({"type": "Ping"}));
        self.peer.send_text(&text);
    }

    #[track_caller]
    fn expect_alive(&mut self) {
        self.ping();
        self.peer.expect("Pong");
    }

    #[track_caller]
    fn expect_end(&mut self, error_code: &str) {
        self.peer.expect_error(error_code);
        self.peer.expect_close(Some(1000));
    }

    /// Takes a seat; the snapshot.
    #[track_caller]
    fn join(&mut self, code: &str) -> Value {
        let name = self.peer.name().to_owned();
        self.send("JoinRoom", json!({"game_name": GAME, "room_code": code, "player_name": name}));
        self.peer.expect("RoomJoined")
    }
}

#[test]
fn who_offers_it_is_challenged_first_and_heard_with_proofs() {
    let server = binding().start();
    let mut ada = Bound::connect(&server, "Ada");
    ada.expect_alive();
    ada.join("BOUND1");
    ada.peer.expect("LobbyStateChanged");
    ada.send("GameData", json!({"data": {"z": [1, "é", null], "a": -7}}));
    ada.expect_alive();
}

#[test]
fn who_does_not_offer_it_is_heard_without() {
    let server = binding().start();
    let mut peer = Peer::connect(server.addr(), "/v3/ws", "plain");
    peer.expect_alive();
    let off = self::server().start();
    let offer = [("Sec-WebSocket-Protocol", SUBPROTOCOL)];
    let answer = http(off.addr(), "GET", "/v3/ws", &[&UPGRADE[..], &offer].concat());
    assert_eq!((answer.status, answer.header("sec-websocket-protocol")), (101, None), "it is off by default");
}

#[test]
fn offers_of_another_kind_are_refused() {
    let server = binding().start();
    for (offer, status) in [
        ("signalfish.tokenbinding.v1", 400),
        ("signalfish.tokenbinding.", 400),
        ("SignalFish.TokenBinding.V2", 400),
        ("signalfish.tokenbinding.v1, signalfish.tokenbinding.v2", 101),
        ("other, signalfish.tokenbinding.v2", 101),
        ("other", 101),
    ] {
        let offer = [("Sec-WebSocket-Protocol", offer)];
        let answer = http(server.addr(), "GET", "/v3/ws", &[&UPGRADE[..], &offer].concat());
        assert_eq!(answer.status, status, "{offer:?}");
        let outcome = if status == 101 { "accepted" } else { "rejected_token_binding_offer" };
        assert_eq!(answer.header("x-signal-fish-upgrade-outcome"), Some(outcome));
    }
}

#[test]
fn where_it_is_required_nobody_connects_without() {
    let server = binding().set("security.transport.token_binding.required", json!(true)).start();
    let answer = http(server.addr(), "GET", "/v3/ws", &UPGRADE);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("x-signal-fish-upgrade-outcome"), Some("rejected_token_binding_negotiation"));
    Bound::connect(&server, "Ada").expect_alive();
}

#[test]
fn a_message_that_cannot_be_proved_may_be_sent_anew() {
    let server = binding().start();
    let mut ada = Bound::connect(&server, "Ada");
    for text in ["{nope", r#"{"type":"Ping","type":"Ping"}"#, r#"{"type":"GameData","data":{"data":1.5}}"#] {
        ada.peer.send_text(text);
        ada.peer.expect_error("INVALID_INPUT");
    }
    let text = ada.sign(json!({"type": "Nonsense"}));
    ada.peer.send_text(&text);
    ada.peer.expect_error("INVALID_INPUT");
    ada.expect_alive();
}

#[test]
fn a_message_without_its_proof_ends_the_connection() {
    let server = binding().start();
    for text in [
        r#"{"type":"Ping"}"#,
        r#"{"type":"Ping","token_binding":null}"#,
        r#"{"type":"Ping","token_binding":{"version":2}}"#,
    ] {
        let mut ada = Bound::connect(&server, "Ada");
        ada.peer.send_text(text);
        ada.expect_end("UNAUTHORIZED");
    }
    let mut ada = Bound::connect(&server, "Ada");
    ada.peer.send_text("[]");
    ada.expect_end("INVALID_INPUT");
    let mut ada = Bound::connect(&server, "Ada");
    ada.peer.send_binary(&[0xC0]);
    ada.expect_end("UNAUTHORIZED");
}

#[test]
fn messages_are_heard_once_and_in_their_order() {
    let server = binding().start();
    let mut ada = Bound::connect(&server, "Ada");
    let first = ada.sign(json!({"type": "Ping"}));
    for _ in 0..2 {
        ada.peer.send_text(&first);
    }
    ada.peer.expect("Pong");
    ada.expect_end("UNAUTHORIZED");

    let mut bob = Bound::connect(&server, "Bob");
    bob.sequence = 1;
    bob.ping();
    bob.expect_end("UNAUTHORIZED");

    // What one connection has signed is nothing to another.
    let (mut cat, mut dan) = (Bound::connect(&server, "Cat"), Bound::connect(&server, "Dan"));
    let text = cat.sign(json!({"type": "Ping"}));
    dan.peer.send_text(&text);
    dan.expect_end("UNAUTHORIZED");
}

#[test]
fn binary_game_data_is_proved_in_an_envelope() {
    let server = binding().start();
    let join = |name| {
        let mut player = Bound::connect(&server, name);
        player.send("Authenticate", json!({"app_id": "demo", "game_data_format": "message_pack"}));
        player.peer.expect("Authenticated");
        player.peer.expect("ProtocolInfo");
        player.join("BOUND2");
        player
    };
    let mut ada = join("Ada");
    ada.peer.expect("LobbyStateChanged");
    let mut bob = join("Bob");
    ada.peer.expect("PlayerJoined");
    let payload = [0x93, 1, 2, 3];
    ada.sequence += 1;
    let envelope = envelope(&ada.proof("binary", ada.sequence, &payload), &payload);
    ada.peer.send_binary(&envelope);
    let heard = bob.peer.expect_binary();
    assert!(heard.windows(4).any(|window| window == payload), "{heard:02x?}");
    ada.peer.send_binary(&envelope);
    ada.expect_end("UNAUTHORIZED");
}

#[test]
fn a_seat_is_given_back_only_to_a_connection_of_its_kind() {
    let server = binding().start();
    let mut stays = Peer::connect(server.addr(), "/v3/ws", "Cat");
    signal_fish_testkit::join_room(&mut stays, "BOUND3");
    stays.expect("LobbyStateChanged");
    let reconnect = |seat: &Value| {
        json!({
            "player_id": seat["player_id"], "room_id": seat["room_id"], "auth_token": seat["reconnection_token"],
        })
    };

    let mut bound = Bound::connect(&server, "Ada");
    let seat = reconnect(&bound.join("BOUND3"));
    stays.expect("PlayerJoined");
    drop(bound);
    stays.expect("PlayerLeft");
    let mut thief = Peer::connect(server.addr(), "/v3/ws", "thief");
    thief.send("Reconnect", seat.clone());
    thief.expect_refusal("ReconnectionFailed", "RECONNECTION_TOKEN_INVALID");
    let mut back = Bound::connect(&server, "Ada");
    back.send("Reconnect", seat);
    back.peer.expect("Reconnected");
    stays.expect("PlayerJoined");
    stays.expect("PlayerReconnected");

    let mut plain = Peer::connect(server.addr(), "/v3/ws", "Bob");
    let seat = reconnect(&signal_fish_testkit::join_room(&mut plain, "BOUND3"));
    stays.expect("PlayerJoined");
    drop(plain);
    stays.expect("PlayerLeft");
    let mut other = Bound::connect(&server, "Bob");
    other.send("Reconnect", seat);
    other.peer.expect_refusal("ReconnectionFailed", "RECONNECTION_TOKEN_INVALID");
}

/// A named MessagePack map with this proof and payload, both short.
fn envelope(proof: &Value, payload: &[u8]) -> Vec<u8> {
    let string = |out: &mut Vec<u8>, text: &str| {
        out.extend([0xD9, u8::try_from(text.len()).expect("it is short")]);
        out.extend(text.bytes());
    };
    let mut out = vec![0x82];
    string(&mut out, "token_binding");
    let members = proof.as_object().expect("a proof is an object");
    out.push(0x80 | u8::try_from(members.len()).expect("a few"));
    for (name, value) in members {
        string(&mut out, name);
        match value.as_u64() {
            Some(number) => out.push(u8::try_from(number).expect("a small number")),
            None => string(&mut out, value.as_str().expect("a number or text")),
        }
    }
    string(&mut out, "payload");
    out.extend([0xC4, u8::try_from(payload.len()).expect("it is short")]);
    out.extend(payload);
    out
}

const SUBPROTOCOL: &str = "signalfish.tokenbinding.v2";
const SCHEME: &str = "server_nonce_hkdf_sha256";
const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];
