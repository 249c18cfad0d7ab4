//! What is counted and measured, as whoever collects it sees it.

use std::pin::pin;
use std::sync::Arc;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use serde_json::json;
use signal_fish_auth::{App, AppLimits, Authenticator};
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Hub, HubConfig};
use signal_fish_protocol::AppId;
use signal_fish_storage::MemoryDatabase;

use crate::support::{Client, V2, V3};

/// A hub whose figures are collected, and no others.
struct Observed {
    hub: Hub,
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Observed {
    async fn start(authenticator: Authenticator) -> Self {
        let recorder = PrometheusBuilder::new().build_recorder();
        let database = Arc::new(MemoryDatabase::default());
        let mut starting =
            pin!(Hub::start(HubConfig::default(), authenticator, database, Arc::new(LocalCoordinator)));
        let hub =
            std::future::poll_fn(|cx| metrics::with_local_recorder(&recorder, || starting.as_mut().poll(cx)))
                .await
                .expect("memory can be read");
        let handle = recorder.handle();
        Self { hub, recorder, handle }
    }

    /// The figure of that name and labels, as it is written.
    fn figure(&self, figure: &str) -> String {
        metrics::with_local_recorder(&self.recorder, || self.hub.publish_figures());
        let text = self.handle.render();
        let value = text.lines().find_map(|line| line.strip_prefix("signal_fish_")?.strip_prefix(figure));
        value.unwrap_or_else(|| panic!("no {figure} in {text}")).trim().to_owned()
    }

    #[track_caller]
    fn check(&self, figures: &[(&str, &str)]) {
        for (figure, value) in figures {
            assert_eq!(self.figure(figure), *value, "{figure}");
        }
    }
}

async fn player(hub: &Hub, app: &str, name: &str) -> Client {
    let mut client = Client::connect(hub, V3);
    client.say("Authenticate", json!({"app_id": app})).await;
    client.take();
    client.join("ROOM01", name).await;
    client
}

#[tokio::test]
async fn game_data_is_counted_once_for_its_sender_and_for_each_it_was_meant_for() {
    let observed = Observed::start(Authenticator::open()).await;
    let mut room = Vec::new();
    for name in ["a", "b", "c"] {
        room.push(player(&observed.hub, "any", name).await);
    }
    for _ in 0..5 {
        room[0].say_game_data(r#"{"type":"GameData","data":{"data":"1234567"}}"#);
    }
    room[1].take();
    observed.check(&[
        ("game_data_messages_total", "5"),
        ("relay_bytes_total", "45"),
        ("websocket_delivery_attempts_total", "10"),
        ("websocket_delivery_class_outcomes_total{class=\"reliable\",outcome=\"attempted\"}", "10"),
        ("websocket_delivery_class_outcomes_total{class=\"reliable\",outcome=\"delivered\"}", "5"),
        ("relay_duration_seconds_count", "1"),
    ]);
    // What still waits for a connection that is lost is given up with it.
    drop(room);
    observed.check(&[
        ("websocket_delivery_class_outcomes_total{class=\"reliable\",outcome=\"abandoned\"}", "5"),
        ("websocket_deliveries_enqueued_total", "10"),
        ("websocket_messages_dropped_total", "5"),
        ("websocket_queue_depth", "0"),
    ]);
}

#[tokio::test]
async fn rooms_and_players_are_counted_as_they_come_and_go() {
    let observed = Observed::start(Authenticator::open()).await;
    let mut first = player(&observed.hub, "any", "a").await;
    let second = player(&observed.hub, "any", "b").await;
    let mut watcher = Client::connect(&observed.hub, V3);
    let watch = json!({"game_name": "tanks", "room_code": "ROOM01", "spectator_name": "w"});
    watcher.say("JoinAsSpectator", watch).await;
    observed.check(&[
        ("connections_active", "3"),
        ("rooms_live", "1"),
        ("rooms_created_total", "1"),
        ("rooms_joined_total", "2"),
        ("players_active", "2"),
        ("spectators_active", "1"),
        ("room_occupants_live", "3"),
        ("room_entry_duration_seconds_count", "3"),
        ("authentications_total{outcome=\"accepted\"}", "2"),
        ("authentications_total{outcome=\"skipped\"}", "1"),
        ("reconnection_tokens_issued_total", "2"),
        ("reconnection_pending", "0"),
    ]);
    first.say("LeaveRoom", json!(null)).await;
    drop(second);
    observed.check(&[
        ("players_active", "0"),
        ("players_left_total", "2"),
        ("reconnection_pending", "1"),
        ("connections_active", "2"),
        ("connections_disconnections_total", "1"),
    ]);
}

#[tokio::test]
async fn messages_and_refusals_are_told_apart() {
    let observed = Observed::start(Authenticator::open()).await;
    let mut client = Client::connect(&observed.hub, V2);
    client.say("Ping", json!(null)).await;
    client.say("PlayerReady", json!(null)).await;
    client.say_game_data("not JSON");
    observed.check(&[
        ("messages_received_total{type=\"Ping\"}", "1"),
        ("messages_received_total{type=\"PlayerReady\"}", "1"),
        ("messages_received_total{type=\"unreadable\"}", "1"),
        ("messages_sent_total{type=\"Pong\"}", "1"),
        ("messages_sent_total{type=\"Error\"}", "2"),
        ("errors_sent_total{code=\"NOT_IN_ROOM\"}", "1"),
        ("errors_sent_total{code=\"INVALID_INPUT\"}", "1"),
    ]);
}

#[tokio::test]
async fn apps_of_the_settings_have_figures_of_their_own() {
    let id = AppId::parse("chess").expect("a good id");
    let app = App { id, name: "Chess".into(), limits: AppLimits::default(), requires_token: None };
    let observed = Observed::start(Authenticator::allowlist([app])).await;
    let mut sender = player(&observed.hub, "chess", "a").await;
    let mut stranger = Client::connect(&observed.hub, V3);
    stranger.say("Authenticate", json!({"app_id": "made up"})).await;
    sender.say_game_data(r#"{"type":"GameData","data":{"data":12}}"#);
    observed.check(&[
        ("relay_app_bytes_total{app_id=\"chess\"}", "2"),
        ("app_game_data_messages_total{app_id=\"chess\"}", "1"),
        ("app_players_joined_total{app_id=\"chess\"}", "1"),
        ("app_connections_active{app_id=\"chess\"}", "1"),
        ("app_rooms_live{app_id=\"chess\"}", "1"),
        ("relay_bytes_total", "2"),
        ("errors_sent_total{code=\"INVALID_APP_ID\"}", "1"),
    ]);
    assert!(!observed.handle.render().contains("made up"), "what clients make up is no label");
}
