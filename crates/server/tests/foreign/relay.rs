//! Game data between published clients: complete, in order, as text and as binary.

use serde_json::{Value, json};
use signal_fish_client::{GameDataEncoding, SignalFishEvent as Event};
use signal_fish_testkit::Dialect;

use crate::player::{Player, finish, gather};
use crate::{PAIRINGS, server};

/// The next event is game data of this sender as text; the data.
async fn hear(listener: &mut Player, sender: &Player) -> Value {
    let (from, data) = expect!(listener, Event::GameData { from_player, data, .. } => (from_player, data));
    assert_eq!(from, sender.id());
    data
}

/// The next event is game data of this sender as binary; the payload.
async fn hear_binary(listener: &mut Player, sender: &Player) -> Vec<u8> {
    let (from, encoding, payload) = expect!(
        listener,
        Event::GameDataBinary { from_player, encoding, payload, .. } => (from_player, encoding, payload)
    );
    assert_eq!((from, encoding), (sender.id(), GameDataEncoding::MessagePack));
    payload
}

#[tokio::test]
async fn two_hundred_messages_each_way_arrive_in_order() {
    let server = server().start();
    for (code, first, second) in PAIRINGS {
        let [mut ada, mut bob] = gather(server.addr(), code, [("Ada", first), ("Bob", second)]).await;
        for n in 0..200 {
            for player in [&ada, &bob] {
                player.client.send_game_data_reliable(json!({"n": n})).await.expect("seated");
            }
        }
        for n in 0..200 {
            assert_eq!(hear(&mut bob, &ada).await, json!({"n": n}));
            assert_eq!(hear(&mut ada, &bob).await, json!({"n": n}));
        }
        finish([ada, bob]).await;
    }
}

#[tokio::test]
async fn binary_goes_both_ways() {
    let server = server().start();
    let pair = [("Ada", Dialect::V3Packed), ("Bob", Dialect::V3Packed)];
    let [mut ada, mut bob] = gather(server.addr(), "BINARY", pair).await;
    for len in [0, 1, 255, 256, 65_535, 65_536] {
        let payload = vec![0xC0; len];
        ada.client.send_binary_game_data(payload.clone()).expect("negotiated");
        assert_eq!(hear_binary(&mut bob, &ada).await, payload);
        bob.client.send_binary_game_data(payload.clone()).expect("negotiated");
        assert_eq!(hear_binary(&mut ada, &bob).await, payload);
    }
    finish([ada, bob]).await;
}

#[tokio::test]
async fn binary_and_json_players_understand_each_other() {
    let server = server().start();
    let room = [
        ("Ada", Dialect::V3Packed),
        ("Bob", Dialect::V3Packed),
        ("Cat", Dialect::V2Packed),
        ("Dan", Dialect::V3),
        ("Eve", Dialect::V2),
    ];
    let [mut ada, mut bob, mut cat, mut dan, mut eve] = gather(server.addr(), "MIXED2", room).await;
    for n in 0..50_u8 {
        let payload = vec![0x92, n, 0xC3];
        ada.client.send_binary_game_data(payload.clone()).expect("negotiated");
        for listener in [&mut bob, &mut cat] {
            assert_eq!(hear_binary(listener, &ada).await, payload);
        }
        for listener in [&mut dan, &mut eve] {
            assert_eq!(hear(listener, &ada).await, json!([n, true]));
        }
        dan.client.send_game_data(json!(n)).expect("seated");
        for listener in [&mut ada, &mut bob, &mut cat, &mut eve] {
            assert_eq!(hear(listener, &dan).await, json!(n));
        }
    }
    finish([ada, bob, cat, dan, eve]).await;
}

#[tokio::test]
async fn sixteen_players_hear_all_others_in_order() {
    const NAMES: [&str; 16] =
        ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P"];
    const N_MESSAGES: u64 = 25;
    let dialects = [Dialect::V2, Dialect::V3, Dialect::V3Packed];
    let server = server().start();
    let members = std::array::from_fn(|index| (NAMES[index], dialects[index % dialects.len()]));
    let mut room = gather::<16>(server.addr(), "CROWD2", members).await;
    for n in 0..N_MESSAGES {
        for player in &room {
            player.client.send_game_data_reliable(json!(n)).await.expect("seated");
        }
    }
    let ids = room.each_ref().map(Player::id);
    for (own, listener) in room.iter_mut().enumerate() {
        let mut next = [0; 16];
        for _ in 0..15 * N_MESSAGES {
            let (from, data) =
                expect!(listener, Event::GameData { from_player, data, .. } => (from_player, data));
            let sender = ids.iter().position(|id| *id == from).expect("a player of this room");
            assert_eq!(data, json!(next[sender]), "{} hears {}", NAMES[own], NAMES[sender]);
            next[sender] += 1;
        }
        assert_eq!(next[own], 0, "nobody hears itself");
    }
    finish(room).await;
}
