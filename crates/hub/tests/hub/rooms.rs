//! How rooms begin and end in the hub: races for one code, caps, timers, and what outlives a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{Client, PLENTY, V2, V3, hub, parse, settle};
use async_trait::async_trait;
use serde_json::{Value, json};
use signal_fish_auth::{App, AppLimits, Authenticator};
use signal_fish_coordination::{ClaimError, LocalCoordinator, RoomKey, RoomOperationCoordinator};
use signal_fish_hub::{Hub, HubConfig};
use signal_fish_protocol::{AppId, CloseCode, LobbyState, RoomId};
use signal_fish_storage::{GameDatabase, MemoryDatabase, RoomRecord, StorageError};

async fn refusal(client: &mut Client, code: &str) -> Value {
    client.say("JoinRoom", json!({"game_name": "tanks", "room_code": code, "player_name": "late"})).await;
    let heard = client.hear();
    assert_eq!(heard[0]["type"], "RoomJoinFailed", "{heard:?}");
    heard[0]["data"]["error_code"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_name_a_new_code_at_once_one_makes_the_room() {
    let hub = hub(HubConfig { joins: PLENTY, creations: PLENTY, ..HubConfig::default() }).await;
    for round in 0..50 {
        let code = format!("RACE{round:02}");
        let joins: Vec<_> = (0..8)
            .map(|index| {
                let (hub, code) = (hub.clone(), code.clone());
                tokio::spawn(async move {
                    let mut client = Client::connect(&hub, V2);
                    let name = format!("player {index}");
                    let join = json!({"game_name": "tanks", "room_code": code, "player_name": name});
                    client.say("JoinRoom", join).await;
                    client
                })
            })
            .collect();
        let mut clients = Vec::new();
        for join in joins {
            clients.push(join.await.expect("nobody fails"));
        }
        let snapshots: Vec<_> = clients.iter().map(|client| client.hear().swap_remove(0)).collect();
        let n_makers = snapshots.iter().filter(|snapshot| snapshot["data"]["is_authority"] == true).count();
        assert_eq!(n_makers, 1, "{snapshots:?}");
        let largest =
            snapshots.iter().filter_map(|s| s["data"]["current_players"].as_array()).map(Vec::len).max();
        assert_eq!(largest, Some(8), "all are in the same room");
    }
}

#[tokio::test]
async fn caps_hold() {
    let config = HubConfig { rooms_max: 2, rooms_per_game_max: 1, ..HubConfig::default() };
    let hub = hub(config).await;
    let _first = Client::seated(&hub, V2, "FIRST1", "Ada").await;
    assert_eq!(refusal(&mut Client::connect(&hub, V2), "SECOND").await, "MAX_ROOMS_PER_GAME_EXCEEDED");
    let mut other = Client::connect(&hub, V2);
    other.say("JoinRoom", json!({"game_name": "chess", "player_name": "Bob"})).await;
    assert_eq!(other.hear_types()[0], "RoomJoined");
    let mut third = Client::connect(&hub, V2);
    third.say("JoinRoom", json!({"game_name": "go", "player_name": "Cat"})).await;
    assert_eq!(third.hear()[0]["data"]["error_code"], "MAX_ROOMS_PER_GAME_EXCEEDED");
}

#[tokio::test(start_paused = true)]
async fn an_empty_room_keeps_its_code_for_a_while() {
    let config =
        HubConfig { rooms_max: 1, empty_room_timeout: Duration::from_secs(300), ..HubConfig::default() };
    let hub = hub(config).await;
    drop(Client::seated(&hub, V2, "EMPTY1", "Ada").await);
    tokio::time::sleep(Duration::from_secs(290)).await;
    assert_eq!(refusal(&mut Client::connect(&hub, V2), "OTHER1").await, "MAX_ROOMS_PER_GAME_EXCEEDED");
    tokio::time::sleep(Duration::from_secs(20)).await;
    Client::seated(&hub, V2, "OTHER1", "Ada").await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_room_is_closed_with_its_players_and_whoever_watches_may_go_on() {
    let hub = hub(HubConfig::default()).await;
    let ada = Client::seated(&hub, V2, "SILENT", "Ada").await;
    let mut wim = Client::connect(&hub, V3);
    let watch = json!({"game_name": "tanks", "room_code": "SILENT", "spectator_name": "Wim"});
    wim.say("JoinAsSpectator", watch).await;
    ada.take();
    wim.take();
    tokio::time::sleep(Duration::from_secs(3_700)).await;
    settle().await;
    let (frames, ending) = ada.take();
    assert_eq!(parse(&frames[0])["data"]["error_code"], "ROOM_NOT_FOUND", "{frames:?}");
    assert_eq!(ending, Some(CloseCode::RoomInactive));
    let (frames, ending) = wim.take();
    assert_eq!(parse(&frames[0])["data"]["reason"], "room_closed", "{frames:?}");
    assert_eq!((frames.len(), ending), (1, None));
    wim.say("JoinRoom", json!({"game_name": "tanks", "room_code": "SILENT", "player_name": "Wim"})).await;
    assert_eq!(parse(&wim.take().0[0])["type"], "RoomJoined");
}

/// A server that remembers its rooms in `database`.
async fn start_on(database: &Arc<MemoryDatabase>) -> Hub {
    let database: Arc<dyn GameDatabase> = Arc::clone(database) as _;
    let coordinator = Arc::new(LocalCoordinator);
    Hub::start(HubConfig::default(), Authenticator::open(), database, coordinator).await.expect("memory")
}

#[tokio::test]
async fn rooms_outlive_a_restart_without_their_members() {
    let database = Arc::new(MemoryDatabase::default());
    let hub = start_on(&database).await;
    let mut ada = Client::connect(&hub, V2);
    let join = json!({
        "game_name": "tanks", "room_code": "KEPT01", "player_name": "Ada",
        "max_players": 3, "supports_authority": false,
    });
    ada.say("JoinRoom", join).await;
    let before = ada.hear()[0]["data"].clone();
    ada.say("PlayerReady", Value::Null).await;
    ada.say("StartGame", Value::Null).await;
    settle().await;
    // The process ends here: nobody says goodbye.
    hub.shut_down();
    drop((ada, hub));

    let hub = start_on(&database).await;
    let mut bob = Client::connect(&hub, V2);
    bob.say("JoinRoom", json!({"game_name": "tanks", "room_code": "KEPT01", "player_name": "Bob"})).await;
    let after = bob.hear()[0]["data"].clone();
    for same in ["room_id", "room_code", "max_players", "supports_authority", "relay_type"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    assert_eq!(after["lobby_state"], "finalized");
    assert_eq!(after["current_players"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_restart_opens_no_room_that_had_a_password() {
    let database = Arc::new(MemoryDatabase::default());
    let join = |code: &str, name: &str, password: Option<&str>| {
        let (game, authority) = ("tanks", true);
        json!({
            "game_name": game, "room_code": code, "player_name": name, "password": password,
            "supports_authority": authority,
        })
    };
    let hub = start_on(&database).await;
    let (mut ada, mut eve) = (Client::connect(&hub, V3), Client::operating(&hub).await);
    ada.say("JoinRoom", join("MADE01", "Ada", Some("old"))).await;
    eve.say("JoinRoom", join("LATER1", "Eve", None)).await;
    eve.take();
    let access = json!({"type": "SetRoomAccess", "data": {"password": "new"}});
    assert_eq!(eve.operate(access).await.0["type"], "RoomAccessUpdated");
    settle().await;
    hub.shut_down();
    drop((ada, eve, hub));

    let hub = start_on(&database).await;
    for (code, password) in [("MADE01", "old"), ("LATER1", "new")] {
        let mut bob = Client::connect(&hub, V3);
        for wrong in [None, Some("other")] {
            bob.say("JoinRoom", join(code, "Bob", wrong)).await;
            assert_eq!(bob.hear()[0]["data"]["error_code"], "PASSWORD_REQUIRED", "{code}");
        }
        bob.say("JoinRoom", join(code, "Bob", Some(password))).await;
        assert_eq!(bob.hear_types()[0], "RoomJoined", "{code}");
    }
}

#[tokio::test]
async fn a_stored_room_that_breaks_the_rules_is_left_out() {
    let database = Arc::new(MemoryDatabase::default());
    let record = |game: &str, code: &str| RoomRecord {
        id: RoomId::new(uuid::Uuid::new_v4()),
        revision: signal_fish_storage::Revision(1),
        app: None,
        game: game.into(),
        code: code.into(),
        players_max: 8,
        supports_authority: true,
        relay_type: "matchbox".into(),
        lobby: LobbyState::Lobby,
        password: None,
        banned: Vec::new(),
        banned_subjects: Vec::new(),
    };
    for (game, code) in
        [("tanks", "GOOD01"), ("tanks", "SHORT"), ("no/such/name", "GOOD02"), ("tanks", "GOOD01")]
    {
        database.save_room(record(game, code)).await.expect("memory");
    }
    let hub = Hub::start(HubConfig::default(), Authenticator::open(), database, Arc::new(LocalCoordinator));
    let hub = hub.await.expect("memory");
    let mut ada = Client::connect(&hub, V2);
    let join = json!({"game_name": "tanks", "room_code": "GOOD01", "player_name": "A", "join_only": true});
    ada.say("JoinRoom", join).await;
    assert_eq!(ada.hear_types()[0], "RoomJoined");
}

#[tokio::test]
async fn apps_do_not_meet() {
    let app = |id: &str| App {
        id: AppId::parse(id).expect("an id"),
        name: id.into(),
        limits: AppLimits::default(),
        requires_token: None,
    };
    let authenticator = Authenticator::allowlist([app("one"), app("two")]);
    let (database, coordinator) = (Arc::new(MemoryDatabase::default()), Arc::new(LocalCoordinator));
    let hub = Hub::start(HubConfig::default(), authenticator, database, coordinator).await.expect("memory");
    let mut rooms = Vec::new();
    for id in ["one", "two", "one"] {
        let mut client = Client::connect(&hub, V3);
        assert!(client.session.needs_handshake());
        client.say("Authenticate", json!({"app_id": id})).await;
        assert_eq!(client.hear()[0]["data"]["app_name"], id);
        let name = format!("player {}", rooms.len());
        client
            .say("JoinRoom", json!({"game_name": "tanks", "room_code": "SAME01", "player_name": name}))
            .await;
        let snapshot = client.hear()[0]["data"].clone();
        rooms.push((snapshot["room_id"].clone(), client));
    }
    assert_ne!(rooms[0].0, rooms[1].0);
    assert_eq!(rooms[0].0, rooms[2].0);
}

/// Says no to every claim.
struct Elsewhere;

#[async_trait]
impl RoomOperationCoordinator for Elsewhere {
    async fn claim(&self, _: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        Err(ClaimError::OwnedElsewhere { node: "b".into() })
    }

    async fn release(&self, _: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_room_that_another_node_owns_is_not_made_here() {
    let (database, coordinator) = (Arc::new(MemoryDatabase::default()), Arc::new(Elsewhere));
    let hub = Hub::start(HubConfig::default(), Authenticator::open(), database, coordinator);
    let hub = hub.await.expect("memory");
    assert_eq!(refusal(&mut Client::connect(&hub, V2), "THERE1").await, "ROOM_CREATION_FAILED");
}

/// Out of order until told otherwise.
#[derive(Default)]
struct Moody {
    works: AtomicBool,
    memory: MemoryDatabase,
}

impl Moody {
    fn check(&self) -> Result<(), StorageError> {
        let works = self.works.load(Ordering::Relaxed);
        works.then_some(()).ok_or_else(|| StorageError::Unavailable { reason: "moody".into() })
    }
}

#[async_trait]
impl GameDatabase for Moody {
    async fn save_room(&self, record: RoomRecord) -> Result<(), StorageError> {
        self.check()?;
        self.memory.save_room(record).await
    }

    async fn delete_room(&self, room: RoomId) -> Result<(), StorageError> {
        self.check()?;
        self.memory.delete_room(room).await
    }

    async fn rooms(&self) -> Result<Vec<RoomRecord>, StorageError> {
        self.memory.rooms().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_fails_stops_nobody_and_is_tried_again() {
    let database = Arc::new(Moody::default());
    let shared: Arc<dyn GameDatabase> = Arc::clone(&database) as _;
    let hub = Hub::start(HubConfig::default(), Authenticator::open(), shared, Arc::new(LocalCoordinator));
    let hub = hub.await.expect("memory");
    let _ada = Client::seated(&hub, V2, "MOODY1", "Ada").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(database.rooms().await, Ok(Vec::new()));
    database.works.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let rooms = database.rooms().await.expect("it works now");
    assert_eq!(rooms.iter().map(|room| room.code.as_str()).collect::<Vec<_>>(), ["MOODY1"]);
}
