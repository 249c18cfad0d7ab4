//! What every backend of the storage port keeps to.

use signal_fish_protocol::{LobbyState, PlayerId, RoomId, Uuid};
use signal_fish_storage::{GameDatabase, MemoryDatabase, Revision, RoomRecord, StorageError, StoredHash};

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

#[test]
fn records_of_an_open_server_and_of_later_releases_can_be_read() {
    let mut room = record(3, 1, LobbyState::Lobby);
    (room.app, room.password, room.banned) = (None, None, Vec::new());
    let mut json = serde_json::to_value(&room).expect("records are JSON");
    for member in ["app", "password", "banned"] {
        assert_eq!(json.get(member), None);
    }
    json["a member of a later release"] = true.into();
    assert_eq!(serde_json::from_value::<RoomRecord>(json).expect("unknown members are ignored"), room);
}
