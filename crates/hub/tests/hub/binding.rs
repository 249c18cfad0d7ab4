//! Connections that are bound to a client certificate, and whose seats are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use signal_fish_auth::BindingSeed;
use signal_fish_hub::{Bind, Caller, CertificateFingerprint, Hub, HubConfig, Source};
use signal_fish_protocol::CloseCode;

use crate::support::{Client, V3, hub, now};

/// A client that has shown a certificate, and signs what it says.
struct Bound {
    client: Client,
    key: [u8; 32],
    sequence: u64,
    /// The fingerprint of its certificate.
    certificate: String,
}

fn fingerprint(certificate: &str) -> CertificateFingerprint {
    CertificateFingerprint::of(certificate.as_bytes())
}

impl Bound {
    fn connect(hub: &Hub, certificate: &str) -> Self {
        let certificate = fingerprint(certificate);
        let source = Source::of([127, 0, 0, 1].into());
        let caller = Caller { source, certificate: Some(Box::new(certificate)) };
        let mut client = Client { session: hub.connect(V3, caller) };
        let seed = BindingSeed::parse(b"dGhlIHNhbXBsZSBub25jZQ==").expect("sixteen bytes");
        let bind = Bind { seed, wants_fingerprint: true };
        client.session.bind(now(), bind).expect("there are random bytes");
        let challenge = client.hear().swap_remove(0);
        assert_eq!(challenge["type"], "TokenBindingChallenge");
        let nonce = STANDARD.decode(challenge["data"]["nonce"].as_str().expect("text")).expect("base64");
        let mut key = [0; 32];
        let hkdf = Hkdf::<Sha256>::new(Some(&nonce), b"the sample nonce");
        hkdf.expand(b"signalfish.tokenbinding.v2/session-key", &mut key).expect("it is short");
        Self { client, key, sequence: 0, certificate: certificate.to_string() }
    }

    /// Says something with a proof that names the certificate; all that is heard.
    async fn say(&mut self, kind: &str, data: Value) -> Vec<Value> {
        let mut message = json!({"type": kind, "data": data});
        self.sequence += 1;
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of any length");
        let mac =
            mac.chain_update("signalfish.tokenbinding.v2\0json\0").chain_update(self.sequence.to_be_bytes());
        let mac = mac.chain_update(message.to_string()).chain_update(&self.certificate).finalize();
        message["token_binding"] = json!({
            "version": 2, "scheme": "server_nonce_hkdf_sha256", "sequence": self.sequence,
            "signature": STANDARD.encode(mac.into_bytes()), "fingerprint": self.certificate,
        });
        let now = now();
        if let Some(entry) = self.client.session.on_text(now, &message.to_string()) {
            self.client.session.enter(now, entry).await;
        }
        self.client.hear()
    }
}

#[tokio::test]
async fn a_seat_is_given_back_only_to_the_certificate_that_left_it() {
    let hub = hub(HubConfig::default()).await;
    let _stays = Client::seated(&hub, V3, "CERT01", "Bob").await;
    let mut ada = Bound::connect(&hub, "aa");
    let join = json!({"game_name": "tanks", "room_code": "CERT01", "player_name": "Ada"});
    let seat = ada.say("JoinRoom", join).await.swap_remove(0)["data"].take();
    drop(ada);
    let reconnect = json!({
        "player_id": seat["player_id"], "room_id": seat["room_id"], "auth_token": seat["reconnection_token"],
    });
    let heard = Bound::connect(&hub, "bb").say("Reconnect", reconnect.clone()).await;
    assert_eq!(heard[0]["data"]["error_code"], "RECONNECTION_TOKEN_INVALID", "{heard:?}");
    // Nor to those who have seen the token and put to it what a hash may be made of.
    let token = seat["reconnection_token"].as_str().expect("text");
    let shown = fingerprint("aa");
    let with_it = [format!("{token}\0bound\0{shown}"), format!("{token}{shown}"), format!("{shown}{token}")];
    for forged in with_it.into_iter().chain([token.to_owned()]) {
        let mut eve = Client::connect(&hub, V3);
        let mut reconnect = reconnect.clone();
        reconnect["auth_token"] = json!(forged);
        eve.say("Reconnect", reconnect).await;
        assert_eq!(eve.hear()[0]["data"]["error_code"], "RECONNECTION_TOKEN_INVALID", "{forged:?}");
    }
    let heard = Bound::connect(&hub, "aa").say("Reconnect", reconnect).await;
    assert_eq!(heard[0]["type"], "Reconnected", "{heard:?}");
}

#[tokio::test]
async fn a_proof_that_names_another_certificate_ends_the_connection() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = Bound::connect(&hub, "aa");
    ada.certificate = fingerprint("bb").to_string();
    let heard = ada.say("Ping", Value::Null).await;
    assert_eq!(heard[0]["data"]["error_code"], "UNAUTHORIZED", "{heard:?}");
    assert_eq!(ada.client.take().1, Some(CloseCode::Normal));
}
