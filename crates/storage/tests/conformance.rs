//! What every backend of the storage port keeps to.

use std::sync::Arc;

use signal_fish_protocol::{LobbyState, PlayerId, RoomId, Uuid};
use signal_fish_storage::{
    GameDatabase, Keyring, MemoryDatabase, Revision, RoomRecord, SealedDatabase, SealingKey, StorageError,
    StoredHash,
};

fn record(id: u128, revision: u64, lobby: LobbyState) -> RoomRecord {
    RoomRecord {
        id: RoomId::new(Uuid::from_u128(id)),
        revision: Revision(revision),
        app: Some("demo".into()),
        game: "tanks".into(),
        code: format!("ROOM{id:02}"),
        players_max: 8,
        supports_authority: true,
        relay_type: "matchbox".into(),
        lobby,
        password: Some(StoredHash(format!("a hash of {id}"))),
        banned: vec![PlayerId::new(Uuid::from_u128(id))],
        banned_subjects: vec![(PlayerId::new(Uuid::from_u128(id)), Uuid::from_u128(7))],
    }
}

async fn sorted(database: &dyn GameDatabase) -> Vec<RoomRecord> {
    let mut rooms = database.rooms().await.expect("it can be read");
    rooms.sort_by_key(|room| room.id);
    rooms
}

async fn conforms(database: &dyn GameDatabase) {
    assert_eq!(sorted(database).await, []);
    let (first, second) = (record(1, 1, LobbyState::Lobby), record(2, 7, LobbyState::Waiting));
    for room in [&first, &second] {
        assert_eq!(database.save_room(room.clone()).await, Ok(()));
    }
    assert_eq!(sorted(database).await, [first.clone(), second.clone()]);

    let newer = record(2, 8, LobbyState::Finalized);
    assert_eq!(database.save_room(newer.clone()).await, Ok(()));
    for stale in [&second, &newer] {
        let refused = StorageError::Stale { stored: Revision(8), offered: stale.revision };
        assert_eq!(database.save_room(stale.clone()).await, Err(refused));
    }
    assert_eq!(sorted(database).await, [first.clone(), newer.clone()], "what is stale changes nothing");

    for _ in 0..2 {
        assert_eq!(database.delete_room(first.id).await, Ok(()), "gone is gone");
    }
    assert_eq!(sorted(database).await, [newer]);
    assert_eq!(database.save_room(first.clone()).await, Ok(()), "what was forgotten may come back");
}

#[tokio::test]
async fn memory_conforms() {
    conforms(&MemoryDatabase::default()).await;
}

#[tokio::test]
async fn a_sealed_store_conforms_and_gives_away_no_hash() {
    let (store, ring) = (Arc::new(MemoryDatabase::default()), keyring(&[1]));
    conforms(&SealedDatabase::new(Arc::clone(&store) as _, ring.clone())).await;
    let sealed = SealedDatabase::new(Arc::clone(&store) as _, ring);
    let room = record(9, 1, LobbyState::Lobby);
    assert_eq!(sealed.save_room(room.clone()).await, Ok(()));
    let of_nine = |rooms: Vec<RoomRecord>| rooms.into_iter().find(|other| other.id == room.id);
    let kept = of_nine(store.rooms().await.expect("memory")).and_then(|kept| kept.password);
    assert!(kept.is_some_and(|StoredHash(text)| !text.contains("a hash")));
    assert_eq!(of_nine(sealed.rooms().await.expect("memory")), Some(room.clone()));

    let other = SealedDatabase::new(Arc::clone(&store) as _, keyring(&[2]));
    let refused = other.rooms().await.expect_err("there is no such key");
    assert!(refused.to_string().contains("sealed with the key `key-1`"), "{refused}");
    let both = SealedDatabase::new(store, keyring(&[2, 1]));
    assert_eq!(of_nine(both.rooms().await.expect("memory")), Some(room));
}

#[tokio::test]
async fn what_was_kept_before_there_were_keys_is_sealed_next_time() {
    let store = Arc::new(MemoryDatabase::default());
    let mut room = record(1, 1, LobbyState::Lobby);
    assert_eq!(store.save_room(room.clone()).await, Ok(()));
    let sealed = SealedDatabase::new(Arc::clone(&store) as _, keyring(&[1]));
    assert_eq!(sealed.rooms().await, Ok(vec![room.clone()]));
    room.revision = Revision(2);
    assert_eq!(sealed.save_room(room.clone()).await, Ok(()));
    assert_ne!(store.rooms().await, Ok(vec![room.clone()]));
    assert_eq!(sealed.rooms().await, Ok(vec![room]));
}

fn keyring(keys: &[u8]) -> Keyring {
    // 43 letters are 32 bytes.
    let key = |n: &u8| SealingKey::parse(&format!("key-{n}"), &format!("{}A", n.to_string().repeat(42)));
    Keyring::new(keys.iter().map(|n| key(n).expect("a key")).collect()).expect("a ring")
}

#[test]
fn records_of_an_open_server_and_of_later_releases_can_be_read() {
    let mut room = record(3, 1, LobbyState::Lobby);
    (room.app, room.password) = (None, None);
    (room.banned, room.banned_subjects) = (Vec::new(), Vec::new());
    let mut json = serde_json::to_value(&room).expect("records are JSON");
    for member in ["app", "password", "banned", "banned_subjects"] {
        assert_eq!(json.get(member), None);
    }
    json["a member of a later release"] = true.into();
    assert_eq!(serde_json::from_value::<RoomRecord>(json).expect("unknown members are ignored"), room);
}
