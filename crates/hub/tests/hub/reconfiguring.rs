//! What a hub is told anew while it runs: who is there keeps what it began with, who comes has the new.

use std::num::NonZeroU32;
use std::time::Duration;

use serde_json::{Value, json};
use signal_fish_auth::Quota;
use signal_fish_hub::HubConfig;

use crate::support::{Client, V3, hub};

#[tokio::test]
async fn budgets_and_rooms_are_those_of_their_time() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = Client::connect(&hub, V3);
    ada.join("BEFORE", "Ada").await;
    let few = Quota { n_max: NonZeroU32::MIN, window: Duration::from_mins(1) };
    let config =
        HubConfig { commands: few, players_default: 3, players_max: 3, rooms_max: 2, ..HubConfig::default() };
    hub.reconfigure(config);

    let mut bob = Client::connect(&hub, V3);
    let join = |code: &str| json!({"game_name": "tanks", "room_code": code, "player_name": "Cat"});
    bob.say("JoinRoom", join("AFTER1")).await;
    assert_eq!(bob.hear()[0]["data"]["max_players"], 3);
    let mut cat = Client::connect(&hub, V3);
    cat.say("JoinRoom", join("AFTER2")).await;
    assert_eq!(cat.hear()[0]["type"], "RoomJoinFailed", "two rooms are enough now");
    cat.say("JoinRoom", join("BEFORE")).await;
    assert_eq!(cat.hear()[0]["data"]["max_players"], 8, "a room stays as it was made");

    for (client, refused) in [(&mut ada, false), (&mut bob, true)] {
        client.hear();
        client.say("PlayerReady", Value::Null).await;
        client.say("PlayerReady", Value::Null).await;
        let heard = client.hear();
        let is_refused = heard.iter().any(|told| told["data"]["error_code"] == "RATE_LIMIT_EXCEEDED");
        assert_eq!(is_refused, refused, "{heard:?}");
    }
}
