//! Game data that may be left out, between published clients: they check every report against every number.

use serde_json::json;
use signal_fish_client::{GameDataDelivery, JoinRoomParams, SignalFishEvent as Event};
use signal_fish_testkit::{Dialect, GAME};

use crate::player::{Player, finish, gather};
use crate::server;

#[tokio::test]
async fn a_slow_reader_finds_nothing_wrong_with_what_it_misses() {
    const N_MESSAGES: u64 = 600;
    let server = server().set("websocket.send_queue_capacity", json!(16)).start();
    let addr = server.addr();
    let [mut ada, mut bob] = gather(addr, "LOSSES", [("Ada", Dialect::V3), ("Bob", Dialect::V2)]).await;
    let mut slow = Player::connect_slow(addr, "Slow", Dialect::V3, 1).await;
    slow.join_as(JoinRoomParams::new(GAME, "Slow").with_room_code("LOSSES")).await;
    for member in [&mut ada, &mut bob] {
        expect!(member, Event::PlayerJoined { .. });
    }
    let filler = "x".repeat(50_000);
    for n in 0..N_MESSAGES {
        // Positions on a few keys, some effects, and now and then a key that comes when the queue is full.
        let delivery = match n % 8 {
            0..6 => GameDataDelivery::Latest { key: (n % 3) as u32 },
            6 => GameDataDelivery::Volatile,
            _ => GameDataDelivery::Latest { key: n as u32 },
        };
        let data = json!({"n": n, "filler": filler});
        ada.client.send_game_data_with_delivery_reliable(data, delivery).await.expect("seated");
        expect!(bob, Event::GameData { .. });
    }
    ada.client.send_game_data(json!("done")).expect("seated");
    expect!(bob, Event::GameData { .. });

    let (mut n_delivered, mut n_missing) = (0, 0);
    loop {
        let (is_done, n_gone) = slow
            .expect("game data or a report", |event| {
                if let Event::DeliveryReport(report) = event {
                    Some((false, report.gaps.iter().map(|gap| gap.to_seq - gap.from_seq + 1).sum()))
                } else if let Event::GameData { data, .. } = event {
                    Some((data == "done", 0))
                } else {
                    None
                }
            })
            .await;
        n_missing += n_gone;
        n_delivered += u64::from(n_gone == 0);
        if is_done {
            break;
        }
    }
    assert_eq!(n_delivered + n_missing, N_MESSAGES + 1);
    assert!(n_missing > 100, "only {n_missing} were left out");
    finish([ada, bob, slow]).await;
}
