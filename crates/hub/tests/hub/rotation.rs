//! Another code for a room: the old one is dead at once, and what is remembered and claimed follows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Client, PLENTY, V2, hub, settle};
use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Value, json};
use signal_fish_auth::Authenticator;
use signal_fish_coordination::{ClaimError, LocalCoordinator, RoomKey, RoomOperationCoordinator};
use signal_fish_hub::{Hub, HubConfig};
use signal_fish_protocol::RoomId;
use signal_fish_storage::{GameDatabase, MemoryDatabase, Revision};

async fn owner(hub: &Hub, code: &str) -> Client {
    let mut ada = Client::operating(hub).await;
    ada.join(code, "Ada").await;
    ada
}

async fn new_code(client: &mut Client) -> String {
    let (result, _) = client.operate(json!({"type": "RegenerateRoomCode"})).await;
    assert_eq!(result["type"], "RoomCodeRegenerated", "{result}");
    result["data"]["room_code"].as_str().expect("a code").to_owned()
}

async fn join(hub: &Hub, code: &str, name: &str, join_only: bool) -> (Client, Value) {
    let mut client = Client::connect(hub, V2);
    let join = json!({"game_name": "tanks", "room_code": code, "player_name": name, "join_only": join_only});
    client.say("JoinRoom", join).await;
    let heard = client.hear().swap_remove(0);
    (client, heard)
}

#[tokio::test]
async fn the_old_code_is_dead_at_once_and_free_for_another_room() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = owner(&hub, "FIRST1").await;
    let code = new_code(&mut ada).await;
    assert_eq!(join(&hub, "FIRST1", "Bob", true).await.1["data"]["error_code"], "ROOM_NOT_FOUND");
    let mut wim = Client::connect(&hub, V2);
    let watch = json!({"game_name": "tanks", "room_code": "FIRST1", "spectator_name": "Wim"});
    wim.say("JoinAsSpectator", watch).await;
    assert_eq!(wim.hear()[0]["data"]["error_code"], "ROOM_NOT_FOUND");

    let (bob, heard) = join(&hub, &code, "Bob", true).await;
    assert_eq!((&heard["type"], &heard["data"]["room_code"]), (&json!("RoomJoined"), &json!(code)));
    assert_eq!(heard["data"]["current_players"].as_array().map(Vec::len), Some(2));
    let (_cat, heard) = join(&hub, "FIRST1", "Cat", false).await;
    assert_eq!(heard["data"]["current_players"].as_array().map(Vec::len), Some(1), "a room of its own");
    drop(bob);
    let again = new_code(&mut ada).await;
    assert_ne!(again, code);
    assert_eq!(join(&hub, &code, "Dan", true).await.1["data"]["error_code"], "ROOM_NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn a_room_counts_once_whatever_it_is_called_and_ends_under_its_last_code() {
    let config = HubConfig { rooms_max: 2, rooms_per_game_max: 2, ..HubConfig::default() };
    let hub = hub(config).await;
    let mut ada = owner(&hub, "FIRST1").await;
    let mut code = String::new();
    for _ in 0..5 {
        code = new_code(&mut ada).await;
    }
    let (_bob, heard) = join(&hub, "FIRST1", "Bob", false).await;
    assert_eq!(heard["type"], "RoomJoined", "there may be two");
    drop(ada);
    tokio::time::sleep(Duration::from_secs(301)).await;
    settle().await;
    let (_cat, heard) = join(&hub, &code, "Cat", false).await;
    assert_eq!(heard["data"]["current_players"].as_array().map(Vec::len), Some(1), "{heard}");
    let (_dan, heard) = join(&hub, "THIRD1", "Dan", false).await;
    assert_eq!(heard["data"]["error_code"], "MAX_ROOMS_PER_GAME_EXCEEDED");
}

#[tokio::test]
async fn who_is_on_the_way_in_by_the_old_code_finds_no_room_or_makes_one() {
    let hub = hub(HubConfig::default()).await;
    for (join_only, expected) in [(true, "ROOM_NOT_FOUND"), (false, "RoomJoined")] {
        let mut ada = owner(&hub, "OLD001").await;
        let protect = json!({"type": "SetRoomAccess", "data": {"password": "sesame"}});
        assert_eq!(ada.operate(protect).await.0["type"], "RoomAccessUpdated");
        let mut bob = Client::connect(&hub, V2);
        let wish = json!({
            "game_name": "tanks", "room_code": "OLD001", "player_name": "Bob", "password": "sesame",
            "join_only": join_only,
        });
        let entering = bob.begin("JoinRoom", wish);
        new_code(&mut ada).await;
        entering.await;
        let heard = bob.hear().swap_remove(0);
        let seen = if join_only { &heard["data"]["error_code"] } else { &heard["type"] };
        assert_eq!(seen, expected);
        assert_eq!(ada.hear_types(), [""; 0], "the room that has moved hears nothing of it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_come_while_the_code_changes_nobody_is_in_two_minds() {
    let hub =
        hub(HubConfig { players_max: 100, joins: PLENTY, creations: PLENTY, ..HubConfig::default() }).await;
    for round in 0..30 {
        let code = format!("RACE{round:02}");
        let mut ada = owner(&hub, &code).await;
        let joins: Vec<_> = (0..6)
            .map(|n| {
                let (hub, code) = (hub.clone(), code.clone());
                tokio::spawn(async move { join(&hub, &code, &format!("player {n}"), false).await })
            })
            .collect();
        let moved = new_code(&mut ada).await;
        let (mut inside, mut elsewhere) = (Vec::new(), Vec::new());
        for joined in joins {
            let (client, heard) = joined.await.expect("nobody fails");
            assert_eq!(heard["type"], "RoomJoined", "{heard}");
            let players = heard["data"]["current_players"].as_array().expect("a roster");
            let is_with_ada = players.iter().any(|player| player["name"] == "Ada");
            if is_with_ada { inside.push(client) } else { elsewhere.push(client) }
        }
        let (_eve, heard) = join(&hub, &moved, "Eve", true).await;
        let n_players = heard["data"]["current_players"].as_array().map(Vec::len);
        assert_eq!(n_players, Some(2 + inside.len()), "{heard}");
        if !elsewhere.is_empty() {
            let (_dan, heard) = join(&hub, &code, "Dan", true).await;
            let n_players = heard["data"]["current_players"].as_array().map(Vec::len);
            assert_eq!(n_players, Some(1 + elsewhere.len()), "{heard}");
        }
    }
}

/// Writes down what is claimed and released; says no as often as it is told to.
#[derive(Default)]
struct Ledger {
    n_refusals: AtomicUsize,
    is_away: std::sync::atomic::AtomicBool,
    entries: Mutex<Vec<(&'static str, String)>>,
}

impl Ledger {
    fn note(&self, what: &'static str, key: &RoomKey) {
        self.entries.lock().push((what, key.code.as_str().to_owned()));
    }
}

#[async_trait]
impl RoomOperationCoordinator for Ledger {
    async fn claim(&self, key: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        if self.is_away.load(Ordering::Relaxed) {
            return Err(ClaimError::Unavailable { reason: "away".into() });
        }
        let refuse = |n: usize| n.checked_sub(1);
        if self.n_refusals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, refuse).is_ok() {
            return Err(ClaimError::OwnedElsewhere { node: "b".into() });
        }
        self.note("claim", key);
        Ok(())
    }

    async fn release(&self, key: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        self.note("release", key);
        Ok(())
    }
}

#[tokio::test]
async fn the_new_code_is_claimed_and_remembered_and_the_old_one_released() {
    let (database, ledger) = (Arc::new(MemoryDatabase::default()), Arc::new(Ledger::default()));
    let (stored, coordinator): (Arc<dyn GameDatabase>, Arc<dyn RoomOperationCoordinator>) =
        (Arc::clone(&database) as _, Arc::clone(&ledger) as _);
    let hub = Hub::start(HubConfig::default(), Authenticator::open(), stored, coordinator);
    let hub = hub.await.expect("memory");
    let mut ada = owner(&hub, "FIRST1").await;
    // Another node has the first two codes.
    ledger.n_refusals.store(2, Ordering::Relaxed);
    let code = new_code(&mut ada).await;
    settle().await;
    let noted = |what| {
        let entries = ledger.entries.lock();
        entries.iter().filter(|entry| entry.0 == what).map(|entry| entry.1.clone()).collect::<Vec<_>>()
    };
    assert_eq!(noted("claim"), ["FIRST1", &code]);
    let released = noted("release");
    assert!(released.contains(&"FIRST1".to_owned()) && !released.contains(&code), "{released:?}");
    let rooms = database.rooms().await.expect("memory");
    assert_eq!(
        rooms.iter().map(|room| (room.code.as_str(), room.revision)).collect::<Vec<_>>(),
        [(code.as_str(), Revision(2))]
    );

    ledger.is_away.store(true, Ordering::Relaxed);
    let (result, _) = ada.operate(json!({"type": "RegenerateRoomCode"})).await;
    assert_eq!(
        (&result["type"], &result["data"]["error_code"]),
        (&json!("OperationFailed"), &json!("INTERNAL_ERROR"))
    );
    assert_eq!(join(&hub, &code, "Bob", true).await.1["type"], "RoomJoined", "it keeps the code it has");
    assert_eq!(database.rooms().await.expect("memory").len(), 1, "a failed claim forgets no room");
}

#[tokio::test]
async fn a_restart_finds_the_room_under_its_new_code() {
    let database = Arc::new(MemoryDatabase::default());
    let start = async || {
        let database: Arc<dyn GameDatabase> = Arc::clone(&database) as _;
        let coordinator = Arc::new(LocalCoordinator);
        Hub::start(HubConfig::default(), Authenticator::open(), database, coordinator).await.expect("memory")
    };
    let hub = start().await;
    let mut ada = owner(&hub, "FIRST1").await;
    let code = new_code(&mut ada).await;
    settle().await;
    hub.shut_down();
    drop((ada, hub));
    let hub = start().await;
    assert_eq!(join(&hub, &code, "Bob", true).await.1["type"], "RoomJoined");
    assert_eq!(join(&hub, "FIRST1", "Bob", true).await.1["data"]["error_code"], "ROOM_NOT_FOUND");
}
