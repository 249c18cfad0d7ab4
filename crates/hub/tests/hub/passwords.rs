//! Rooms with a password: who gets in, what changes meanwhile, and how often one may be wrong.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::support::{Client, V2, V3, hub};
use serde_json::{Value, json};
use signal_fish_auth::Quota;
use signal_fish_hub::{Hub, HubConfig};

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn join(code: &str, name: &str, password: Option<&str>) -> Value {
    let mut data = json!({"game_name": "tanks", "room_code": code, "player_name": name});
    if let Some(password) = password {
        data["password"] = json!(password);
    }
    data
}

/// The authority of a room with the password "sesame".
async fn owner(hub: &Hub, code: &str) -> Client {
    let mut ada = Client::operating(hub).await;
    ada.say("JoinRoom", join(code, "Ada", Some("sesame"))).await;
    assert_eq!(ada.hear_types(), ["RoomJoined", "LobbyStateChanged"]);
    ada
}

/// What a new connection from `ip` hears that brings this password: the type, and the code if it is refused.
async fn attempt(hub: &Hub, ip: IpAddr, code: &str, password: Option<&str>) -> (Client, Value) {
    attempt_at(Instant::now(), hub, ip, code, password).await
}

async fn attempt_at(
    now: Instant,
    hub: &Hub,
    ip: IpAddr,
    code: &str,
    password: Option<&str>,
) -> (Client, Value) {
    let mut client = Client::connect_from(hub, V2, ip);
    client.say_at(now, "JoinRoom", join(code, "Bob", password)).await;
    let heard = client.hear().swap_remove(0);
    (client, heard)
}

async fn set(client: &mut Client, password: Value) {
    let operation = json!({"type": "SetRoomAccess", "data": {"password": password}});
    assert_eq!(client.operate(operation).await.0["type"], "RoomAccessUpdated");
}

#[tokio::test]
async fn missing_wrong_and_unwanted_passwords_cannot_be_told_apart() {
    let hub = hub(HubConfig::default()).await;
    let _ada = owner(&hub, "LOCKED").await;
    let _bea = Client::seated(&hub, V2, "OPEN01", "Bea").await;
    let mut refusals = Vec::new();
    for (code, password) in [("LOCKED", None), ("LOCKED", Some("Sesame")), ("OPEN01", Some("sesame"))] {
        refusals.push(attempt(&hub, HOME, code, password).await.1);
    }
    assert_eq!(refusals[0]["data"]["error_code"], "PASSWORD_REQUIRED");
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");

    let mut spectators = Vec::new();
    for (code, password) in [("LOCKED", None), ("LOCKED", Some("guess")), ("OPEN01", Some("sesame"))] {
        let mut wim = Client::connect(&hub, V3);
        let mut watch = json!({"game_name": "tanks", "room_code": code, "spectator_name": "Wim"});
        if let Some(password) = password {
            watch["password"] = json!(password);
        }
        wim.say("JoinAsSpectator", watch).await;
        spectators.push(wim.hear().swap_remove(0));
    }
    assert_eq!(spectators[0]["data"]["error_code"], "PASSWORD_REQUIRED");
    assert!(spectators.iter().all(|refusal| *refusal == spectators[0]), "{spectators:?}");
}

#[tokio::test]
async fn the_right_password_lets_in_players_and_spectators_of_any_version() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = owner(&hub, "LOCKED").await;
    let (bob, heard) = attempt(&hub, HOME, "LOCKED", Some("sesame")).await;
    assert_eq!(heard["type"], "RoomJoined");
    let mut wim = Client::connect(&hub, V3);
    let watch = json!({
        "game_name": "tanks", "room_code": "LOCKED", "spectator_name": "Wim", "password": "sesame",
    });
    wim.say("JoinAsSpectator", watch).await;
    assert_eq!(wim.hear_types(), ["SpectatorJoined"]);
    assert_eq!(ada.hear_types(), ["PlayerJoined", "NewSpectatorJoined"]);

    set(&mut ada, json!("mellon")).await;
    assert_eq!(bob.hear_types(), ["NewSpectatorJoined"], "who is inside stays, and hears nothing");
    drop(bob);
    assert_eq!(attempt(&hub, HOME, "LOCKED", Some("sesame")).await.1["type"], "RoomJoinFailed");
    assert_eq!(attempt(&hub, HOME, "LOCKED", Some("mellon")).await.1["type"], "RoomJoined");
    set(&mut ada, json!(null)).await;
    assert_eq!(attempt(&hub, HOME, "LOCKED", None).await.1["type"], "RoomJoined");
}

#[tokio::test]
async fn a_password_that_changes_on_the_way_in_is_wrong_by_then() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = owner(&hub, "LOCKED").await;
    for (new, code) in [(json!("mellon"), "PASSWORD_REQUIRED"), (json!(null), "PASSWORD_REQUIRED")] {
        set(&mut ada, json!("sesame")).await;
        let mut bob = Client::connect(&hub, V2);
        let entering = bob.begin("JoinRoom", join("LOCKED", "Bob", Some("sesame")));
        set(&mut ada, new).await;
        entering.await;
        assert_eq!(bob.hear()[0]["data"]["error_code"], code);
    }
}

#[tokio::test]
async fn what_was_right_for_one_room_is_not_for_the_next_of_that_code() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = owner(&hub, "LOCKED").await;
    let mut bob = Client::connect(&hub, V2);
    let entering = bob.begin("JoinRoom", join("LOCKED", "Bob", Some("sesame")));
    assert_eq!(ada.operate(json!({"type": "RegenerateRoomCode"})).await.0["type"], "RoomCodeRegenerated");
    let eve = Client::seated(&hub, V2, "LOCKED", "Eve").await;
    entering.await;
    assert_eq!(bob.hear()[0]["data"]["error_code"], "PASSWORD_REQUIRED", "the new room is an open one");
    assert_eq!(eve.hear_types(), [""; 0]);
}

#[tokio::test]
async fn of_two_who_make_a_room_at_once_the_first_sets_its_password() {
    let hub = hub(HubConfig::default()).await;
    for (code, password, heard) in
        [("RACE01", "mellon", "RoomJoinFailed"), ("RACE02", "sesame", "RoomJoined")]
    {
        let mut bob = Client::connect(&hub, V2);
        let entering = bob.begin("JoinRoom", join(code, "Bob", Some(password)));
        let _ada = owner(&hub, code).await;
        entering.await;
        assert_eq!(bob.hear()[0]["type"], heard);
    }
}

#[tokio::test]
async fn one_source_sets_a_password_so_often() {
    let many = Quota { n_max: NonZeroU32::new(1_000).expect("many"), window: Duration::from_secs(1) };
    let hub = hub(HubConfig { joins: many, ..HubConfig::default() }).await;
    let mut ada = owner(&hub, "LOCKED").await;
    let operation = json!({"type": "SetRoomAccess", "data": {"password": "mellon"}});
    // One comes back each second while this goes on.
    let mut n_set = 0;
    let failed = loop {
        let (result, _) = ada.operate(operation.clone()).await;
        if result["type"] != "RoomAccessUpdated" {
            break result;
        }
        n_set += 1;
        assert!(n_set < 1_000);
    };
    assert_eq!((n_set >= 59, &failed["data"]["error_code"]), (true, &json!("RATE_LIMIT_EXCEEDED")));
    set(&mut ada, json!(null)).await;
}

#[tokio::test]
async fn one_source_is_wrong_a_few_times_whatever_it_connects_anew() {
    let hub = hub(HubConfig::default()).await;
    let (_ada, _bea) = (owner(&hub, "LOCKED").await, owner(&hub, "OTHER1").await);
    let now = Instant::now();
    for n in 0..10 {
        let code = if n % 2 == 0 { "LOCKED" } else { "OTHER1" };
        let refusal = attempt_at(now, &hub, HOME, code, Some("guess")).await.1;
        assert_eq!(refusal["data"]["error_code"], "PASSWORD_REQUIRED");
    }
    for password in ["guess", "sesame"] {
        let refusal = attempt_at(now, &hub, HOME, "LOCKED", Some(password)).await.1;
        assert_eq!(refusal["data"]["error_code"], "RATE_LIMIT_EXCEEDED");
        assert_eq!(refusal["data"]["reason"], "too many wrong passwords, try again in 6 seconds");
    }
    // What takes no look at a password goes on, and so does everybody else.
    let refusal = attempt_at(now, &hub, HOME, "LOCKED", None).await.1;
    assert_eq!(refusal["data"]["error_code"], "PASSWORD_REQUIRED");
    let elsewhere = "2001:db8::1".parse().expect("an address");
    assert_eq!(attempt_at(now, &hub, elsewhere, "LOCKED", Some("sesame")).await.1["type"], "RoomJoined");
    let later = now + Duration::from_secs(6);
    assert_eq!(attempt_at(later, &hub, HOME, "OTHER1", Some("sesame")).await.1["type"], "RoomJoined");
}

#[tokio::test]
async fn a_room_is_guessed_at_so_often_wherever_the_guesses_come_from() {
    let hub = hub(HubConfig::default()).await;
    let (_ada, _bea) = (owner(&hub, "LOCKED").await, owner(&hub, "OTHER1").await);
    let (now, source) = (Instant::now(), |n: u8| IpAddr::from([10, 0, 0, n]));
    for n in 0..60 {
        let refusal = attempt_at(now, &hub, source(n % 10), "LOCKED", Some("guess")).await.1;
        assert_eq!(refusal["data"]["error_code"], "PASSWORD_REQUIRED");
    }
    for _ in 0..20 {
        let refusal = attempt_at(now, &hub, source(99), "LOCKED", Some("guess")).await.1;
        assert_eq!(refusal["data"]["error_code"], "RATE_LIMIT_EXCEEDED");
    }
    let refusal = attempt_at(now, &hub, source(99), "OTHER1", Some("guess")).await.1;
    assert_eq!(refusal["data"]["error_code"], "PASSWORD_REQUIRED", "what was not looked at was no guess");
}

#[tokio::test]
async fn right_passwords_are_free() {
    let hub = hub(HubConfig::default()).await;
    let _ada = owner(&hub, "LOCKED").await;
    for _ in 0..15 {
        assert_eq!(attempt(&hub, HOME, "LOCKED", Some("sesame")).await.1["type"], "RoomJoined");
    }
}
