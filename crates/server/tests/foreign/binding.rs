//! Token binding with published clients, which check the challenge as strictly as we check their proofs.

use serde_json::json;
use signal_fish_client::SignalFishEvent as Event;
use signal_fish_testkit::Dialect;

use crate::player::{Player, finish};
use crate::server;

#[tokio::test]
async fn bound_and_plain_clients_play_with_each_other() {
    let server = server().set("security.transport.token_binding.enabled", json!(true)).start();
    for (code, dialect) in [("BOUND2", Dialect::V2), ("BOUND3", Dialect::V3), ("BOUNDP", Dialect::V3Packed)] {
        let mut ada = Player::connect_bound(server.addr(), "Ada", dialect).await;
        let mut bob = Player::connect(server.addr(), "Bob", dialect).await;
        ada.join(code).await;
        expect!(ada, Event::LobbyStateChanged { .. });
        bob.join(code).await;
        expect!(ada, Event::PlayerJoined { .. });
        for n in 0..50_i32 {
            let data = json!({"n": n, "é\u{fb33}😀\n": [null, -n, {"b": true, "a": "\u{1}"}]});
            ada.client.send_game_data_reliable(data.clone()).await.expect("seated");
            let heard = expect!(bob, Event::GameData { data, .. } => data);
            assert_eq!(heard, data);
            if dialect == Dialect::V3Packed {
                let n_bytes = usize::try_from(n).expect("not below zero");
                ada.client.send_binary_game_data(vec![0xC0; n_bytes]).expect("negotiated");
                let heard = expect!(bob, Event::GameDataBinary { payload, .. } => payload);
                assert_eq!(heard, vec![0xC0; n_bytes]);
            }
        }
        finish([ada, bob]).await;
    }
}
