//! The hub's own deadlines, a millisecond before and after.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Client, V2, V3, hub};
use async_trait::async_trait;
use serde_json::{Value, json};
use signal_fish_auth::Authenticator;
use signal_fish_coordination::{ClaimError, LocalCoordinator, RoomKey, RoomOperationCoordinator};
use signal_fish_hub::{Hub, HubConfig};
use signal_fish_protocol::{CloseCode, RoomId};
use signal_fish_storage::{GameDatabase, MemoryDatabase, RoomRecord, StorageError};
use tokio::time::{Instant, sleep, timeout};

const MOMENT: Duration = Duration::from_millis(1);

/// The id of the room that somebody new finds or makes under this code.
async fn room_id(hub: &Hub, code: &str) -> Value {
    let mut visitor = Client::connect(hub, V2);
    visitor.say("JoinRoom", json!({"game_name": "tanks", "room_code": code, "player_name": "visitor"})).await;
    visitor.hear()[0]["data"]["room_id"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_empty_room_is_kept_until_its_very_end() {
    for (wait, is_kept) in [(Duration::from_mins(5) - MOMENT, true), (Duration::from_mins(5) + MOMENT, false)]
    {
        let hub = hub(HubConfig::default()).await;
        let before = room_id(&hub, "EMPTY1").await;
        sleep(wait).await;
        assert_eq!(room_id(&hub, "EMPTY1").await == before, is_kept, "after {wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_visit_to_an_empty_room_in_the_last_moment_keeps_it() {
    let hub = hub(HubConfig::default()).await;
    let before = room_id(&hub, "EMPTY1").await;
    for _ in 0..3 {
        sleep(Duration::from_mins(5) - MOMENT).await;
        assert_eq!(room_id(&hub, "EMPTY1").await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_room_is_closed_at_its_hour_and_not_before() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = Client::seated(&hub, V3, "SILENT", "Ada").await;
    ada.take();
    sleep(Duration::from_hours(1) - MOMENT).await;
    ada.say("Ping", Value::Null).await;
    assert_eq!(ada.hear_types(), ["Pong"]);
    sleep(Duration::from_hours(1) - MOMENT).await;
    assert_eq!(ada.take(), (vec![], None));
    sleep(2 * MOMENT).await;
    assert_eq!(ada.take().1, Some(CloseCode::RoomInactive));
}

/// Takes this long for each answer, and counts what is given back or written.
struct Slow {
    time: Duration,
    n_calls: AtomicUsize,
}

impl Slow {
    async fn answers(&self) {
        // Nothing comes of it but the end of the time.
        let _ = timeout(self.time, pending::<()>()).await;
    }
}

#[async_trait]
impl RoomOperationCoordinator for Slow {
    async fn claim(&self, _: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        self.answers().await;
        Ok(())
    }

    async fn release(&self, _: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        self.n_calls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_has_five_seconds_and_is_given_back_after_that() {
    const FIVE: Duration = Duration::from_secs(5);
    for (time, answer, n_calls) in [(FIVE - MOMENT, "RoomJoined", 0), (FIVE + MOMENT, "RoomJoinFailed", 1)] {
        let coordinator = Arc::new(Slow { time, n_calls: AtomicUsize::new(0) });
        let database = Arc::new(MemoryDatabase::default());
        let hub = Hub::start(HubConfig::default(), Authenticator::open(), database, coordinator.clone());
        let hub = hub.await.expect("memory");
        let mut ada = Client::connect(&hub, V2);
        let start = Instant::now();
        ada.say("JoinRoom", json!({"game_name": "tanks", "player_name": "Ada"})).await;
        assert_eq!(ada.hear_types()[0], answer);
        assert!(start.elapsed() <= FIVE + MOMENT, "{:?}", start.elapsed());
        sleep(MOMENT).await;
        assert_eq!(coordinator.n_calls.load(Ordering::Relaxed), n_calls, "{time:?}");
    }
}

#[async_trait]
impl GameDatabase for Slow {
    async fn save_room(&self, _: RoomRecord) -> Result<(), StorageError> {
        self.n_calls.fetch_add(1, Ordering::Relaxed);
        self.answers().await;
        Ok(())
    }

    async fn delete_room(&self, _: RoomId) -> Result<(), StorageError> {
        Ok(())
    }

    async fn rooms(&self) -> Result<Vec<RoomRecord>, StorageError> {
        Ok(Vec::new())
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_has_ten_seconds_and_is_tried_again_a_second_later() {
    const TEN: Duration = Duration::from_secs(10);
    for (time, n_tries) in [(TEN - MOMENT, 1), (TEN + MOMENT, 2)] {
        let database = Arc::new(Slow { time, n_calls: AtomicUsize::new(0) });
        let shared: Arc<dyn GameDatabase> = database.clone();
        let hub = Hub::start(HubConfig::default(), Authenticator::open(), shared, Arc::new(LocalCoordinator));
        let hub = hub.await.expect("nothing is stored");
        let _ada = Client::seated(&hub, V2, "WRITE1", "Ada").await;
        let tries = || database.n_calls.load(Ordering::Relaxed);
        sleep(TEN + Duration::from_secs(1) - MOMENT).await;
        assert_eq!(tries(), 1, "{time:?}");
        sleep(3 * MOMENT).await;
        assert_eq!(tries(), n_tries, "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn however_often_a_room_changes_it_waits_once_for_a_slow_storage() {
    let database = Arc::new(Slow { time: Duration::from_secs(5), n_calls: AtomicUsize::new(0) });
    let shared: Arc<dyn GameDatabase> = database.clone();
    let hub = Hub::start(HubConfig::default(), Authenticator::open(), shared, Arc::new(LocalCoordinator));
    let hub = hub.await.expect("nothing is stored");
    let mut ada = Client::operating(&hub).await;
    let join = json!({
        "game_name": "tanks", "room_code": "WRITE2", "player_name": "Ada", "supports_authority": true,
    });
    ada.say("JoinRoom", join).await;
    ada.take();
    sleep(MOMENT).await;
    for n in 0..20 {
        let guest = Client::seated(&hub, V3, "WRITE2", &format!("guest {n}")).await;
        for (kind, result) in [("BanPlayer", "PlayerBanned"), ("UnbanPlayer", "PlayerUnbanned")] {
            let target = json!({"type": kind, "data": {"player_id": guest.session.player()}});
            assert_eq!(ada.operate(target).await.0["type"], result);
        }
    }
    sleep(Duration::from_secs(60)).await;
    assert_eq!(database.n_calls.load(Ordering::Relaxed), 2, "as it was made, and as it is now");
}
