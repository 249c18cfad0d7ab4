//! What one connection may do in a while, and what all connections from one address may.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use signal_fish_auth::{App, AppLimits, Authenticator, Quota};
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Hub, HubConfig};
use signal_fish_protocol::AppId;
use signal_fish_storage::MemoryDatabase;

use crate::support::{Client, PLENTY, V3, hub};

fn a_minute(n: u32) -> Quota {
    Quota { n_max: NonZeroU32::new(n).expect("not zero"), window: Duration::from_mins(1) }
}

async fn try_code(hub: &Hub, ip: [u8; 4], code: &str) -> Value {
    let mut client = Client::connect_from(hub, V3, ip.into());
    let join = json!({"game_name": "tanks", "room_code": code, "player_name": "Eve", "join_only": true});
    client.say("JoinRoom", join).await;
    client.hear().swap_remove(0)
}

#[tokio::test]
async fn connecting_anew_brings_no_new_joins() {
    let hub = hub(HubConfig { joins: a_minute(2), ..HubConfig::default() }).await;
    let _ada = Client::seated(&hub, V3, "BUDGET", "Ada").await;
    let mut n_told = 0;
    let refused = loop {
        let told = try_code(&hub, [192, 0, 2, 1], "BUDGET").await;
        if told["type"] != "RoomJoined" {
            break told;
        }
        n_told += 1;
    };
    assert_eq!((n_told, &refused["data"]["error_code"]), (20, &json!("RATE_LIMIT_EXCEEDED")), "{refused}");
    // Whoever is elsewhere is not to blame for it.
    assert_eq!(try_code(&hub, [192, 0, 2, 2], "BUDGET").await["type"], "RoomJoined");
}

#[tokio::test]
async fn whoever_guesses_codes_is_cut_off_and_known_codes_are_free() {
    let config = HubConfig { joins: a_minute(1_000), unknown_codes: a_minute(3), ..HubConfig::default() };
    let hub = hub(config).await;
    let _ada = Client::seated(&hub, V3, "KNOWN1", "Ada").await;
    let guesser = [192, 0, 2, 1];
    for _ in 0..20 {
        assert_eq!(try_code(&hub, guesser, "KNOWN1").await["type"], "RoomJoined");
    }
    for n in 0..3 {
        let told = try_code(&hub, guesser, &format!("GUESS{n}")).await;
        assert_eq!(told["data"]["error_code"], "ROOM_NOT_FOUND", "{told}");
    }
    for code in ["GUESS9", "KNOWN1"] {
        let told = try_code(&hub, guesser, code).await;
        assert_eq!(told["data"]["error_code"], "RATE_LIMIT_EXCEEDED", "also where there is one: {told}");
    }
    assert_eq!(try_code(&hub, [192, 0, 2, 2], "KNOWN1").await["type"], "RoomJoined");
}

#[tokio::test]
async fn what_a_whole_room_hears_of_has_a_budget() {
    let hub = hub(HubConfig { commands: a_minute(3), ..HubConfig::default() }).await;
    let mut ada = Client::operating(&hub).await;
    ada.join("BUDGET", "Ada").await;
    let bob = Client::seated(&hub, V3, "BUDGET", "Bob").await;
    bob.take();
    for _ in 0..2 {
        ada.say("PlayerReady", Value::Null).await;
    }
    let kick = json!({"type": "KickPlayer", "data": {"player_id": uuid::Uuid::new_v4()}});
    assert_eq!(ada.operate(kick.clone()).await.0["data"]["error_code"], "KICK_TARGET_NOT_FOUND");
    ada.say("PlayerReady", Value::Null).await;
    assert_eq!(ada.hear()[0]["data"]["error_code"], "RATE_LIMIT_EXCEEDED");
    assert_eq!(ada.operate(kick).await.0["data"]["error_code"], "RATE_LIMIT_EXCEEDED");
    assert_eq!(bob.hear_types(), ["LobbyStateChanged", "LobbyStateChanged"]);
}

#[tokio::test]
async fn what_is_refused_for_one_costs_the_others_of_its_app_nothing() {
    let limits = AppLimits {
        relay_bytes_max: NonZeroU64::new(30),
        messages_max_of_all: NonZeroU64::new(4),
        ..AppLimits::default()
    };
    let id = AppId::parse("busy").expect("a good id");
    let app = App { id, name: "Busy".into(), limits, requires_token: None };
    let config = HubConfig { commands: a_minute(1), error_replies: PLENTY, ..HubConfig::default() };
    let (memory, alone) = (Arc::new(MemoryDatabase::default()), Arc::new(LocalCoordinator));
    let hub = Hub::start(config, Authenticator::allowlist([app]), memory, alone).await.expect("memory");
    let mut players = Vec::new();
    for name in ["Ada", "Bob"] {
        let mut client = Client::connect(&hub, V3);
        client.say("Authenticate", json!({"app_id": "busy"})).await;
        client.take();
        client.join("BUSY01", name).await;
        players.push(client);
    }
    let [ada, bob] = &mut players[..] else { panic!("two players") };
    ada.say("PlayerReady", Value::Null).await;
    ada.take();
    let too_long = json!({"data": "x".repeat(30)});
    for (message, data) in [("PlayerReady", &Value::Null), ("GameData", &too_long)].repeat(4) {
        ada.say(message, data.clone()).await;
        assert_eq!(ada.hear()[0]["data"]["error_code"], "RATE_LIMIT_EXCEEDED", "{message}");
    }
    for n in 0..3 {
        bob.say("GameData", json!({"data": n})).await;
    }
    assert_eq!(ada.hear_types(), ["GameData"; 3]);
    bob.say("GameData", json!({"data": 3})).await;
    assert_eq!(ada.hear_types(), [""; 0]);
}
