//! One message for many: shared, not copied, and in one order for all.

use std::sync::Arc;
use std::time::Instant;

use crate::support::{Client, V2, V3, hub};
use signal_fish_hub::{Frame, HubConfig, OutboxLimits};

const TEXT: &str = r#"{"type":"GameData","data":{"data":{"x":1,"y":2}}}"#;

fn share_bytes(frames: &[&Frame]) -> bool {
    frames.iter().all(|frame| Arc::ptr_eq(&frame.bytes, &frames[0].bytes))
}

#[tokio::test]
async fn recipients_of_one_version_share_one_frame() {
    let hub = hub(HubConfig::default()).await;
    let mut room = Vec::new();
    for (index, version) in [V2, V2, V2, V3, V3].into_iter().enumerate() {
        room.push(Client::seated(&hub, version, "SHARED", &format!("player {index}")).await);
    }
    room.iter().for_each(|client| drop(client.take()));
    room[0].say_game_data(TEXT);
    let taken: Vec<_> = room.iter().map(|client| client.take().0).collect();
    assert_eq!(taken.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 1, 1, 1]);
    assert!(share_bytes(&[&taken[1][0], &taken[2][0]]));
    assert!(share_bytes(&[&taken[3][0], &taken[4][0]]));
    assert_ne!(taken[1][0], taken[3][0]);
}

#[tokio::test]
async fn a_message_costs_one_allocation_for_each_form_and_none_for_each_recipient() {
    let hub = hub(HubConfig::default()).await;
    for (n_recipients, code) in [(2, "ALLOC1"), (7, "ALLOC2")] {
        let mut sender = Client::packed(&hub, V3).await;
        sender.join(code, "sender").await;
        let mut room = Vec::new();
        for index in 0..n_recipients {
            for (form, mut client) in [
                ("text v2", Client::connect(&hub, V2)),
                ("text v3", Client::connect(&hub, V3)),
                ("packed v3", Client::packed(&hub, V3).await),
            ] {
                if room.len() < 7 {
                    client.join(code, &format!("{form} {index}")).await;
                    room.push(client);
                }
            }
        }
        // Twice before it counts, so that scratch space and queues have grown to their size.
        for counted in [false, false, true] {
            room.iter().for_each(|client| drop(client.take()));
            let now = Instant::now();
            let text = allocation_counter::measure(|| assert!(sender.session.on_text(now, TEXT).is_none()));
            let binary =
                allocation_counter::measure(|| drop(sender.session.on_binary(now, b"\xa9some text")));
            if counted {
                assert_eq!(text.count_total, 2, "text: v2, v3");
                // Two text forms, one binary form, and the conversion itself.
                assert!(binary.count_total <= 4, "binary: {binary:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_member_sees_the_same_order() {
    const N_SENDERS: usize = 4;
    const N_EACH: usize = 500;
    let hub = hub(HubConfig::default()).await;
    let mut senders = Vec::new();
    for index in 0..N_SENDERS {
        senders.push(Client::seated(&hub, V3, "ORDER1", &format!("sender {index}")).await);
    }
    let watchers = [
        Client::seated(&hub, V3, "ORDER1", "first").await,
        Client::seated(&hub, V3, "ORDER1", "second").await,
    ];
    watchers.iter().for_each(|client| drop(client.take()));
    let tasks: Vec<_> = senders
        .into_iter()
        .map(|mut sender| {
            tokio::spawn(async move {
                for _ in 0..N_EACH {
                    sender.say_game_data(TEXT);
                    tokio::task::yield_now().await;
                }
                sender
            })
        })
        .collect();
    let mut senders = Vec::new();
    for task in tasks {
        senders.push(task.await.expect("no sender fails"));
    }
    let [first, second] = watchers.each_ref().map(|watcher| watcher.take().0);
    assert_eq!(first.len(), N_SENDERS * N_EACH);
    assert!(first == second, "the same frames in the same order");
}

#[tokio::test]
async fn data_that_grows_beyond_the_limit_is_a_gap_and_no_reason_to_close() {
    let outbox = OutboxLimits { message_bytes_max: 70_000, ..HubConfig::default().outbox };
    let hub = hub(HubConfig { outbox, ..HubConfig::default() }).await;
    let mut sender = Client::packed(&hub, V3).await;
    sender.join("GROWS1", "sender").await;
    let reader = Client::seated(&hub, V3, "GROWS1", "reader").await;
    reader.take();
    // 20,000 control characters: six bytes of JSON each.
    let payload = [b"\xda\x4e\x20".as_slice(), &[1; 20_000]].concat();
    sender.session.on_binary(Instant::now(), &payload);
    assert_eq!(reader.hear_types(), ["DeliveryReport", "Error"]);
    sender.say_game_data(TEXT);
    assert_eq!(reader.hear_types(), ["GameData"]);
}
