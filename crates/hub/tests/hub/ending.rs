//! How connections end: too slow, too many refusals, and the end of the server itself.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::support::{Client, V2, V3, hub, parse};
use serde_json::{Value, json};
use signal_fish_auth::{Authenticator, Quota};
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Hub, HubConfig, OutboxLimits};
use signal_fish_protocol::CloseCode;
use signal_fish_storage::{GameDatabase as _, MemoryDatabase};

const TEXT: &str = r#"{"type":"GameData","data":{"data":"some bytes of a game"}}"#;

#[tokio::test]
async fn a_reader_that_does_not_read_is_closed_and_the_others_miss_nothing() {
    let outbox = OutboxLimits { bytes_max: 2_000, ..HubConfig::default().outbox };
    let hub = hub(HubConfig { outbox, ..HubConfig::default() }).await;
    let mut sender = Client::seated(&hub, V3, "SLOW01", "sender").await;
    let reader = Client::seated(&hub, V3, "SLOW01", "reader").await;
    let stalled = Client::seated(&hub, V3, "SLOW01", "stalled").await;
    let mut n_heard = 0;
    reader.take();
    for _ in 0..1_000 {
        sender.say_game_data(TEXT);
        n_heard += reader.take().0.len();
    }
    assert_eq!(n_heard, 1_000);
    let (frames, ending) = stalled.take();
    assert_eq!(ending, Some(CloseCode::SlowConsumer));
    let [report, farewell] = &frames.iter().map(parse).collect::<Vec<_>>()[..] else { panic!("{frames:?}") };
    assert_eq!(farewell["data"]["error_code"], "SLOW_CONSUMER");
    let reliable = &report["data"]["per_class"]["reliable"];
    assert_eq!(reliable["delivered"], 0);
    assert!(reliable["abandoned"].as_u64().is_some_and(|n| n > 100), "{report}");
    drop(stalled);
    assert_eq!(reader.hear_types(), ["PlayerLeft"]);
}

#[tokio::test]
async fn whoever_must_be_refused_too_often_is_closed() {
    let error_replies = Quota { n_max: NonZeroU32::new(3).expect("three"), window: Duration::from_secs(60) };
    let hub = hub(HubConfig { error_replies, ..HubConfig::default() }).await;
    let mut client = Client::connect(&hub, V2);
    for message in ["Ping", "PlayerReady", "Nonsense", "Ping", "Ping"] {
        client.say(message, Value::Null).await;
    }
    let (frames, ending) = client.take();
    let messages: Vec<_> = frames.iter().map(parse).collect();
    let codes: Vec<_> = messages.iter().map(|message| message["data"]["error_code"].as_str()).collect();
    assert_eq!(codes, [None, Some("NOT_IN_ROOM"), Some("INVALID_INPUT"), Some("RATE_LIMIT_EXCEEDED")]);
    assert_eq!(ending, Some(CloseCode::InboundRateLimited));
}

#[tokio::test]
async fn refusals_of_the_room_count_as_well() {
    let error_replies = Quota { n_max: NonZeroU32::new(3).expect("three"), window: Duration::from_secs(60) };
    let hub = hub(HubConfig { error_replies, ..HubConfig::default() }).await;
    let mut client = Client::seated(&hub, V2, "REFUSE", "Ada").await;
    client.take();
    for _ in 0..4 {
        client.say("StartGame", Value::Null).await;
    }
    assert_eq!(client.take().1, Some(CloseCode::InboundRateLimited));
}

#[tokio::test]
async fn draining_tells_version_3_and_takes_nothing_new() {
    let hub = hub(HubConfig::default()).await;
    let mut v2 = Client::seated(&hub, V2, "DRAIN1", "Ada").await;
    let v3 = Client::seated(&hub, V3, "DRAIN1", "Bob").await;
    let mut late = Client::connect(&hub, V2);
    for client in [&v2, &v3] {
        client.take();
    }
    hub.drain(Duration::from_secs(30), Duration::from_secs(7));
    hub.drain(Duration::from_secs(99), Duration::from_secs(9));
    assert!(hub.is_draining());
    assert_eq!(v2.hear_types(), [""; 0]);
    let notice = v3.hear();
    assert_eq!((notice.len(), &notice[0]["type"]), (1, &json!("GoingAway")), "{notice:?}");
    assert_eq!(notice[0]["data"]["retry_after_secs"], 7);

    for (join, code) in [
        (json!({"game_name": "tanks", "player_name": "Cat"}), "SERVER_DRAINING"),
        (json!({"game_name": "tanks", "room_code": "FRESH1", "player_name": "Cat"}), "SERVER_DRAINING"),
    ] {
        late.say("JoinRoom", join).await;
        assert_eq!(late.hear()[0]["data"]["error_code"], code);
    }
    late.say("JoinAsSpectator", json!({"game_name": "tanks", "room_code": "DRAIN1", "spectator_name": "W"}))
        .await;
    assert_eq!(late.hear()[0]["data"]["error_code"], "SERVER_DRAINING");
    late.join("DRAIN1", "Cat").await;
    v2.say_game_data(TEXT);
    assert_eq!(v3.hear_types(), ["PlayerJoined", "GameData"]);
}

#[tokio::test]
async fn whoever_authenticates_while_the_server_drains_is_told_too() {
    let hub = hub(HubConfig::default()).await;
    let mut client = Client::connect(&hub, V3);
    let mut silent = Client::connect(&hub, V3);
    hub.drain(Duration::from_secs(30), Duration::from_secs(30));
    assert_eq!(client.hear_types(), [""; 0], "not before its version is settled");
    client.say("Authenticate", json!({"app_id": "demo"})).await;
    assert_eq!(client.hear_types(), ["Authenticated", "ProtocolInfo", "GoingAway"]);
    for heard in [&["GoingAway", "Pong"][..], &["Pong"]] {
        silent.say("Ping", Value::Null).await;
        assert_eq!(silent.hear_types(), heard);
    }
    let mut old = Client::connect(&hub, V3);
    old.say("Authenticate", json!({"app_id": "demo", "protocol_version": 2})).await;
    assert_eq!(old.hear_types(), ["Authenticated", "ProtocolInfo"]);
}

#[tokio::test]
async fn at_the_end_all_are_closed_and_nobody_is_told_who_left() {
    let hub = hub(HubConfig::default()).await;
    let ada = Client::seated(&hub, V2, "END001", "Ada").await;
    let bob = Client::seated(&hub, V3, "END001", "Bob").await;
    for client in [&ada, &bob] {
        client.take();
    }
    hub.shut_down();
    let bob_heard = bob.take();
    drop(bob);
    assert_eq!(
        (bob_heard, ada.take()),
        ((vec![], Some(CloseCode::ServerShutdown)), (vec![], Some(CloseCode::ServerShutdown)))
    );
    let emptied = hub.emptied();
    drop(ada);
    emptied.await;
    assert_eq!(hub.n_sessions(), 0);
}

#[tokio::test]
async fn a_host_may_send_its_level_in_one_burst() {
    let hub = hub(HubConfig::default()).await;
    let mut host = Client::seated(&hub, V3, "LEVEL1", "host").await;
    let friend = Client::seated(&hub, V3, "LEVEL1", "friend").await;
    friend.take();
    let chunk = format!(r#"{{"type":"GameData","data":{{"data":"{}"}}}}"#, "x".repeat(65_000));
    for _ in 0..200 {
        host.say_game_data(&chunk);
    }
    let (frames, ending) = friend.take();
    assert_eq!((frames.len(), ending), (200, None));
}

#[tokio::test]
async fn a_drain_can_be_taken_back_until_it_is_for_good() {
    let hub = hub(HubConfig::default()).await;
    let client = Client::seated(&hub, V3, "UNDRAN", "Ada").await;
    client.take();
    assert!(!hub.undrain(), "there is nothing to take back");
    for _ in 0..2 {
        hub.drain(Duration::from_secs(9), Duration::ZERO);
        hub.drain(Duration::from_secs(9), Duration::ZERO);
        assert_eq!((hub.is_draining(), client.hear_types()), (true, vec!["GoingAway".to_owned()]));
        assert!(hub.undrain() && !hub.is_draining());
    }
    Client::seated(&hub, V3, "AFRESH", "Bob").await;
    hub.drain(Duration::from_secs(9), Duration::ZERO);
    client.take();
    hub.drain_for_good(Duration::from_secs(1), Duration::ZERO);
    assert_eq!(client.hear_types(), ["GoingAway"], "the moment is another one");
    assert!(!hub.undrain() && hub.is_draining());
}

#[tokio::test]
async fn what_rooms_have_become_is_written_when_it_is_said_to_be() {
    let database = Arc::new(MemoryDatabase::default());
    let hub = hub_on(Arc::clone(&database)).await;
    hub.written().await;
    let _ada = Client::seated(&hub, V3, "WRITEN", "Ada").await;
    hub.written().await;
    assert_eq!(database.rooms().await.expect("memory can be read").len(), 1);
}

async fn hub_on(database: Arc<MemoryDatabase>) -> Hub {
    let coordinator = Arc::new(LocalCoordinator);
    Hub::start(HubConfig::default(), Authenticator::open(), database, coordinator).await.expect("it is empty")
}

#[tokio::test]
async fn only_those_are_noted_when_they_go_who_were_more_than_strangers() {
    let hub = hub(HubConfig::default()).await;
    let (stranger, seated) = (Client::connect(&hub, V3), Client::seated(&hub, V3, "NOTED1", "Ada").await);
    let mut gone = Client::seated(&hub, V3, "NOTED1", "Bob").await;
    gone.say("LeaveRoom", Value::Null).await;
    let expected = [&gone, &seated].map(|client| client.session.player());
    drop((seated, stranger));
    drop(gone);
    let noted: Vec<_> = hub.oversight().departures(9, |_| true).iter().map(|gone| gone.player).collect();
    assert_eq!(noted, expected);
}
