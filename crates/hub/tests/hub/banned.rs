//! Bans from the whole server: of people, as their connect tokens call them, and of networks.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::json;
use signal_fish_auth::{Authenticator, KeySet, TokenRules};
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Hub, HubConfig, Network, Outcast, Source};
use signal_fish_protocol::{CloseCode, Timestamp};
use signal_fish_storage::MemoryDatabase;

use crate::support::{Client, V3, hub, settle};

const MINUTE: Duration = Duration::from_secs(60);

fn studio() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

/// A hub that takes tokens of the studio.
async fn guarded() -> Hub {
    guarded_on(Arc::new(MemoryDatabase::default())).await
}

async fn guarded_on(database: Arc<MemoryDatabase>) -> Hub {
    let keys = KeySet::single(&URL_SAFE_NO_PAD.encode(studio().verifying_key())).expect("a key");
    let tokens = TokenRules { keys: Some(keys), ..TokenRules::default() };
    let authenticator = Authenticator::open().with_tokens(tokens);
    Hub::start(HubConfig::default(), authenticator, database, Arc::new(LocalCoordinator))
        .await
        .expect("memory can be read")
}

/// A client that has shown a token with this subject.
async fn called(hub: &Hub, subject: &str) -> Client {
    let exp = Timestamp::now().as_second() + 60;
    let payload = json!({"app_id": "x", "exp": exp, "nonce": "n", "sub": subject}).to_string();
    let signed = format!("sfct_v1.{}", URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(studio().sign(signed.as_bytes()).to_bytes());
    let mut client = Client::connect(hub, V3);
    let token = format!("{signed}.{signature}");
    client
        .say(
            "Authenticate",
            json!({
                "app_id": "x", "connect_token": token, "requested_capabilities": ["room_operation_ids"],
            }),
        )
        .await;
    client
}

fn bob() -> Outcast {
    Outcast::Subject { app: None, subject: "bob".into() }
}

#[tokio::test(start_paused = true)]
async fn who_is_banned_is_shown_out_and_stays_out_for_a_while() {
    let hub = guarded().await;
    let (ada, bob_here) = (called(&hub, "ada").await, called(&hub, "bob").await);
    let anonymous = Client::connect(&hub, V3);
    assert_eq!(hub.ban(bob(), Some(MINUTE)), Ok(1));
    assert_eq!(bob_here.take().1, Some(CloseCode::SessionExpired));
    for other in [&ada, &anonymous] {
        assert_eq!(other.take().1, None);
    }
    assert_eq!(hub.bans(), [(bob(), Some(MINUTE))]);

    let again = called(&hub, "bob").await;
    let (frames, end) = again.take();
    let told = crate::support::parse(&frames[0]);
    assert_eq!(
        (&told["type"], &told["data"]["error_code"]),
        (&json!("AuthenticationError"), &json!("UNAUTHORIZED"))
    );
    assert_eq!(end, Some(CloseCode::Normal));

    tokio::time::advance(MINUTE).await;
    assert_eq!(called(&hub, "bob").await.hear_types(), ["Authenticated", "ProtocolInfo"]);
    assert_eq!(hub.bans(), []);
}

#[tokio::test]
async fn a_network_is_banned_with_all_who_come_from_it_until_it_is_not() {
    let hub = hub(HubConfig::default()).await;
    let inside = Client::connect_from(&hub, V3, [203, 0, 113, 9].into());
    let outside = Client::connect_from(&hub, V3, [203, 0, 114, 9].into());
    let network = Outcast::Network(Network::new([203, 0, 113, 0].into(), 24).expect("24 bits"));
    assert_eq!(hub.ban(network.clone(), None), Ok(1));
    assert_eq!((inside.take().1, outside.take().1), (Some(CloseCode::SessionExpired), None));
    assert!(hub.is_banned(Source::of([203, 0, 113, 1].into())));
    // One that was let through a moment before the ban.
    let late = Client::connect_from(&hub, V3, [203, 0, 113, 9].into());
    assert_eq!(late.take().1, Some(CloseCode::SessionExpired));
    assert!(hub.unban(&network) && !hub.unban(&network));
    assert_eq!(Client::connect_from(&hub, V3, [203, 0, 113, 9].into()).take().1, None);
}

#[tokio::test]
async fn the_ban_of_a_room_holds_for_a_subject_after_a_restart() {
    let database = Arc::new(MemoryDatabase::default());
    let hub = guarded_on(Arc::clone(&database)).await;
    let (mut ada, mut bob) = (called(&hub, "ada").await, called(&hub, "bob").await);
    for (client, name) in [(&mut ada, "Ada"), (&mut bob, "Bob")] {
        client.take();
        let join = json!({
            "game_name": "tanks", "room_code": "BANS01", "player_name": name, "supports_authority": true,
        });
        client.say("JoinRoom", join).await;
        assert_eq!(client.hear_types()[0], "RoomJoined");
    }
    ada.take();
    let ban = json!({"type": "BanPlayer", "data": {"player_id": bob.session.player()}});
    assert_eq!(ada.operate(ban).await.0["type"], "PlayerBanned");
    settle().await;
    hub.shut_down();
    drop((ada, bob, hub));

    let hub = guarded_on(database).await;
    for (subject, heard) in [("bob", "RoomJoinFailed"), ("cat", "RoomJoined")] {
        let mut client = called(&hub, subject).await;
        client.take();
        let join = json!({"game_name": "tanks", "room_code": "BANS01", "player_name": subject});
        client.say("JoinRoom", join).await;
        assert_eq!(client.hear_types()[0], heard, "{subject}");
    }
}

#[tokio::test]
async fn who_is_banned_from_a_room_cannot_come_back_in_the_place_of_another() {
    let hub = guarded().await;
    let mut players = Vec::new();
    for subject in ["ada", "bob", "cat"] {
        let mut client = called(&hub, subject).await;
        client.take();
        let join = json!({
            "game_name": "tanks", "room_code": "BANS02", "player_name": subject, "supports_authority": true,
        });
        client.say("JoinRoom", join).await;
        let joined = client.hear().swap_remove(0);
        players.push((client, joined["data"].clone()));
    }
    let (cat, ticket) = players.pop().expect("three players");
    let ban = json!({"type": "BanPlayer", "data": {"player_id": players[1].1["player_id"]}});
    assert_eq!(players[0].0.operate(ban).await.0["type"], "PlayerBanned");
    drop(cat);
    let reconnect = json!({
        "player_id": ticket["player_id"], "room_id": ticket["room_id"], "auth_token": ticket["reconnection_token"],
    });
    for (subject, heard, code) in
        [("bob", "ReconnectionFailed", json!("BANNED")), ("cat", "Reconnected", json!(null))]
    {
        let mut client = called(&hub, subject).await;
        client.take();
        client.say("Reconnect", reconnect.clone()).await;
        let told = client.hear().swap_remove(0);
        assert_eq!((&told["type"], &told["data"]["error_code"]), (&json!(heard), &code), "{told}");
    }
}
