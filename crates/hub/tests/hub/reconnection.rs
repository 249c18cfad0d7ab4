//! Lost connections and those that come back: races for one seat, identities, and game data for those who ask.

use std::time::{Duration, Instant};

use crate::support::{Client, V2, V3, hub, settle};
use serde_json::{Value, json};
use signal_fish_hub::{Hub, HubConfig, ReconnectionRules, ReplayLimits};
use signal_fish_protocol::CloseCode;

/// What a client keeps to come back with.
#[derive(Clone, Debug)]
struct Ticket {
    player: Value,
    room: Value,
    token: Value,
}

impl Ticket {
    fn of(snapshot: &Value) -> Self {
        let member = |name: &str| snapshot["data"][name].clone();
        Self { player: member("player_id"), room: member("room_id"), token: member("reconnection_token") }
    }

    fn reconnect(&self) -> Value {
        json!({"player_id": self.player, "room_id": self.room, "auth_token": self.token})
    }
}

async fn seated(client: &mut Client, code: &str, name: &str) -> Ticket {
    client.say("JoinRoom", json!({"game_name": "tanks", "room_code": code, "player_name": name})).await;
    let heard = client.hear();
    assert_eq!(heard[0]["type"], "RoomJoined", "{heard:?}");
    Ticket::of(&heard[0])
}

/// A client of protocol 3 that wants to hear what it misses.
async fn reader(hub: &Hub) -> Client {
    let mut client = Client::connect(hub, V3);
    let wanted = json!({"app_id": "demo", "requested_capabilities": ["game_data_replay"]});
    client.say("Authenticate", wanted).await;
    client.take();
    client
}

/// Takes the seat back with a new connection; what is heard of that. The ticket is good for the next time then.
async fn come_back(hub: &Hub, ticket: &mut Ticket, last_seen: Value) -> (Client, Vec<Value>) {
    let mut reconnect = ticket.reconnect();
    if !last_seen.is_null() {
        reconnect["last_seen"] = last_seen;
    }
    let mut client = reader(hub).await;
    client.say("Reconnect", reconnect).await;
    let heard = client.hear();
    assert_eq!(heard[0]["type"], "Reconnected", "{heard:?}");
    *ticket = Ticket::of(&heard[0]);
    (client, heard)
}

#[track_caller]
fn refused(client: &Client, code: &str) {
    let heard = client.hear();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(
        (&heard[0]["type"], &heard[0]["data"]["error_code"]),
        (&json!("ReconnectionFailed"), &json!(code))
    );
}

/// What game data and gaps say, without the rest: `3` or `4-6`.
fn told(heard: &[Value]) -> Vec<String> {
    let mut told = Vec::new();
    for message in heard {
        let data = &message["data"];
        match message["type"].as_str() {
            Some("GameData") => told.push(data["seq"].to_string()),
            Some("DeliveryReport") => {
                for gap in data["gaps"].as_array().expect("gaps") {
                    assert_eq!(gap["reason"], "not_retained");
                    told.push(format!("{}-{}", gap["from_seq"], gap["to_seq"]));
                }
            }
            _ => {}
        }
    }
    told
}

#[tokio::test]
async fn the_new_connection_is_the_old_player() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = Client::seated(&hub, V3, "BACK01", "Ada").await;
    let mut bob = Client::connect(&hub, V3);
    let ticket = seated(&mut bob, "BACK01", "Bob").await;
    let id = bob.session.player();
    drop(bob);
    let mut back = Client::connect(&hub, V3);
    assert_ne!(back.session.player(), id);
    back.say("Reconnect", ticket.reconnect()).await;
    let snapshot = back.hear().swap_remove(0);
    assert_eq!((&snapshot["type"], back.session.player()), (&json!("Reconnected"), id));
    assert_ne!(snapshot["data"]["reconnection_token"], ticket.token, "each token is good once");
    assert_eq!(hub.n_sessions(), 2);
    ada.take();

    // It speaks and leaves as who it was, and goes on counting its rooms from there.
    back.say_game_data(r#"{"type":"GameData","data":{"data":1}}"#);
    let heard = ada.hear().swap_remove(0);
    assert_eq!((&heard["data"]["from_player"], &heard["data"]["epoch"]), (&ticket.player, &json!(2)));
    back.say("LeaveRoom", Value::Null).await;
    back.take();
    back.say("JoinRoom", json!({"game_name": "tanks", "room_code": "BACK01", "player_name": "Bob"})).await;
    let players = back.hear().swap_remove(0)["data"]["current_players"].clone();
    assert_eq!(players[1]["epoch"], 3, "{players}");
    ada.say("LeaveRoom", Value::Null).await;
    drop(back);
    assert_eq!(hub.n_sessions(), 1);
}

#[tokio::test]
async fn refusals_of_the_hub_come_in_the_order_of_the_contract() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = Client::connect(&hub, V3);
    let ticket = seated(&mut ada, "ORDER2", "Ada").await;
    let mut bob = Client::connect(&hub, V3);
    seated(&mut bob, "ORDER2", "Bob").await;
    // Ada is connected, which is found before Bob is found to be inside.
    for client in [&mut bob, &mut Client::connect(&hub, V3)] {
        client.say("Reconnect", ticket.reconnect()).await;
        refused(client, "PLAYER_ALREADY_CONNECTED");
    }
    drop(ada);
    bob.take();
    bob.say("Reconnect", ticket.reconnect()).await;
    refused(&bob, "RECONNECTION_FAILED");
    let mut back = Client::connect(&hub, V3);
    let elsewhere = Ticket { room: ticket.player.clone(), ..ticket.clone() };
    back.say("Reconnect", elsewhere.reconnect()).await;
    refused(&back, "RECONNECTION_FAILED");
    let forged = Ticket { token: json!("guessed"), ..ticket.clone() };
    back.say("Reconnect", forged.reconnect()).await;
    refused(&back, "RECONNECTION_TOKEN_INVALID");
    // None of these has used up the token.
    back.say("Reconnect", ticket.reconnect()).await;
    assert_eq!(back.hear_types()[0], "Reconnected");
    drop(back);
    hub.drain(Duration::from_secs(30), Duration::from_secs(30));
    bob.take();
    bob.say("Reconnect", ticket.reconnect()).await;
    refused(&bob, "SERVER_DRAINING");
}

#[tokio::test]
async fn without_reconnection_there_are_no_tokens_and_nobody_comes_back() {
    let hub = hub(HubConfig { reconnection: None, ..HubConfig::default() }).await;
    let mut ada = Client::connect(&hub, V3);
    ada.say("Authenticate", json!({"app_id": "x", "requested_capabilities": ["game_data_replay"]})).await;
    let info = ada.hear().swap_remove(1);
    let told = info["data"]["capabilities"].as_array().expect("a list").clone();
    assert!(!told.contains(&json!("reconnection")) && !told.contains(&json!("game_data_replay")), "{info}");
    let ticket = seated(&mut ada, "NOBACK", "Ada").await;
    assert_eq!(ticket.token, Value::Null);
    drop(ada);
    let mut back = Client::connect(&hub, V3);
    let forged = Ticket { token: json!(""), ..ticket };
    back.say("Reconnect", forged.reconnect()).await;
    refused(&back, "RECONNECTION_FAILED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_claim_a_seat_at_once_one_gets_it() {
    let hub = hub(HubConfig::default()).await;
    for round in 0..50 {
        let mut ada = Client::connect(&hub, V3);
        let ticket = seated(&mut ada, &format!("CLAIM{}", round % 10), "Ada").await;
        drop(ada);
        let claims: Vec<_> = (0..8)
            .map(|_| {
                let (hub, reconnect) = (hub.clone(), ticket.reconnect());
                tokio::spawn(async move {
                    let mut client = Client::connect(&hub, V3);
                    client.say("Reconnect", reconnect).await;
                    client
                })
            })
            .collect();
        let mut winners = Vec::new();
        for claim in claims {
            let client = claim.await.expect("nobody fails");
            let heard = client.hear();
            if heard[0]["type"] == "Reconnected" {
                winners.push(client);
            } else {
                assert_eq!(heard[0]["data"]["error_code"], "PLAYER_ALREADY_CONNECTED", "{heard:?}");
            }
        }
        assert_eq!(winners.len(), 1);
        winners[0].say("LeaveRoom", Value::Null).await;
    }
    assert_eq!(hub.n_sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_room_waits_for_those_who_may_come_back() {
    let rules = ReconnectionRules {
        window: Duration::from_secs(600),
        ..HubConfig::default().reconnection.expect("it is on")
    };
    let hub = hub(HubConfig { reconnection: Some(rules), rooms_max: 1, ..HubConfig::default() }).await;
    let mut ada = Client::connect(&hub, V3);
    let ticket = seated(&mut ada, "WAITS1", "Ada").await;
    drop(ada);
    tokio::time::sleep(Duration::from_secs(590)).await;
    settle().await;
    let mut back = Client::connect(&hub, V3);
    back.say("Reconnect", ticket.reconnect()).await;
    let snapshot = back.hear().swap_remove(0);
    assert_eq!((&snapshot["type"], &snapshot["data"]["is_authority"]), (&json!("Reconnected"), &json!(true)));
    drop(back);
    tokio::time::sleep(Duration::from_secs(1_200)).await;
    settle().await;
    Client::seated(&hub, V3, "OTHER2", "Bob").await;
}

#[tokio::test]
async fn a_connection_that_comes_back_while_the_server_stops_is_ended_too() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = Client::connect(&hub, V3);
    let ticket = seated(&mut ada, "STOPS1", "Ada").await;
    drop(ada);
    let mut back = Client::connect(&hub, V3);
    back.say("Reconnect", ticket.reconnect()).await;
    hub.drain(Duration::from_secs(30), Duration::from_secs(30));
    assert_eq!(back.hear_types().last().map(String::as_str), Some("GoingAway"));
    hub.shut_down();
    assert_eq!(back.take().1, Some(CloseCode::ServerShutdown));
}

#[tokio::test]
async fn missed_game_data_comes_in_order_and_what_is_not_kept_is_a_gap() {
    let hub = hub(HubConfig::default()).await;
    let mut sender = Client::packed(&hub, V3).await;
    sender.join("DATA01", "sender").await;
    let mut client = reader(&hub).await;
    let mut ticket = seated(&mut client, "DATA01", "Ada").await;
    let sender_id = json!(sender.session.player());
    let say = |sender: &mut Client, label: &str| {
        sender.say_game_data(&format!(r#"{{"type":"GameData","data":{{"data":"x"{label}}}}}"#));
    };
    say(&mut sender, "");
    assert_eq!(told(&client.hear()), ["1"]);
    // The second is on its way when the connection is cut, the others come after.
    say(&mut sender, "");
    drop(client);
    say(&mut sender, r#","class":"volatile""#);
    sender.session.on_binary(Instant::now(), b"\xa5hello");
    say(&mut sender, r#","class":"latest","key":7"#);
    say(&mut sender, r#","class":"reliable""#);
    for (last_seen, expected) in [
        (json!([{"player_id": sender_id, "epoch": 1, "seq": 1}]), &["2", "3-3", "4", "5-5", "6"][..]),
        // Whoever lost its connection again before all that has arrived hears it again.
        (json!([{"player_id": sender_id, "epoch": 1, "seq": 4}]), &["5-5", "6"]),
        (json!([{"player_id": sender_id, "epoch": 1, "seq": 99}]), &[]),
        (json!([]), &["1", "2", "3-3", "4", "5-5", "6"]),
        (Value::Null, &[]),
    ] {
        let (client, heard) = come_back(&hub, &mut ticket, last_seen).await;
        assert_eq!(told(&heard), expected);
        drop(client);
    }
    let last_seen = json!([{"player_id": sender_id, "epoch": 1, "seq": 6}]);
    let (client, heard) = come_back(&hub, &mut ticket, last_seen).await;
    assert_eq!(told(&heard), [""; 0]);
    say(&mut sender, "");
    assert_eq!(told(&client.hear()), ["7"]);
}

#[tokio::test]
async fn senders_who_came_and_went_meanwhile_are_replayed_too_and_nobody_hears_itself() {
    let hub = hub(HubConfig::default()).await;
    let mut host = Client::seated(&hub, V3, "DATA02", "host").await;
    let mut client = reader(&hub).await;
    let mut ticket = seated(&mut client, "DATA02", "Ada").await;
    client.say_game_data(TEXT);
    drop(client);
    let mut guest = Client::seated(&hub, V3, "DATA02", "guest").await;
    for _ in 0..2 {
        guest.say_game_data(TEXT);
        guest.say("LeaveRoom", Value::Null).await;
        guest.take();
        guest.join("DATA02", "guest").await;
        guest.say_game_data(TEXT);
        host.say_game_data(TEXT);
    }
    let (_client, heard) = come_back(&hub, &mut ticket, json!([])).await;
    let stamps: Vec<_> = heard.iter().filter(|message| message["type"] == "GameData").collect();
    let stamps: Vec<_> =
        stamps.iter().map(|message| (&message["data"]["epoch"], &message["data"]["seq"])).collect();
    let expected =
        [(1, 1), (2, 1), (1, 1), (2, 2), (3, 1), (1, 2)].map(|(epoch, seq)| (json!(epoch), json!(seq)));
    assert_eq!(stamps, expected.iter().map(|(epoch, seq)| (epoch, seq)).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_falls_out_of_bounds_is_told_and_rooms_without_readers_keep_nothing() {
    let replay = ReplayLimits { bytes_max: 1 << 20, messages_max: 2, age_max: Duration::from_secs(60) };
    let rules =
        ReconnectionRules { replay: Some(replay), ..HubConfig::default().reconnection.expect("it is on") };
    let hub = hub(HubConfig { reconnection: Some(rules), ..HubConfig::default() }).await;
    for (code, reads, expected) in [("DATA03", true, &["1-3", "4", "5"][..]), ("DATA04", false, &["1-5"])] {
        let mut host = Client::seated(&hub, V3, code, "host").await;
        let mut client = if reads { reader(&hub).await } else { Client::connect(&hub, V3) };
        let mut ticket = seated(&mut client, code, "Ada").await;
        drop(client);
        for _ in 0..5 {
            host.say_game_data(TEXT);
        }
        let last_seen = json!([{"player_id": host.session.player(), "epoch": 1, "seq": 0}]);
        let (_client, heard) = come_back(&hub, &mut ticket, last_seen).await;
        assert_eq!(told(&heard), expected);
    }
}

#[tokio::test]
async fn version_2_gets_a_token_if_it_asks_and_no_game_data_again() {
    let hub = hub(HubConfig::default()).await;
    let mut host = Client::seated(&hub, V3, "OLD001", "host").await;
    let connect = async |wanted: &[&str]| {
        let mut client = Client::connect(&hub, V2);
        client.say("Authenticate", json!({"app_id": "demo", "requested_capabilities": wanted})).await;
        client.take();
        client
    };
    let mut frozen = connect(&[]).await;
    assert_eq!(seated(&mut frozen, "OLD001", "frozen").await.token, Value::Null);
    let wanted = ["reconnection_token", "game_data_replay"];
    let mut client = connect(&wanted).await;
    let ticket = seated(&mut client, "OLD001", "Ada").await;
    drop(client);
    host.say_game_data(TEXT);
    frozen.say("LeaveRoom", Value::Null).await;
    // It has asked once, which is enough.
    let mut back = connect(&[]).await;
    let mut reconnect = ticket.reconnect();
    reconnect["last_seen"] = json!([]);
    back.say("Reconnect", reconnect).await;
    let heard = back.hear();
    let data = &heard[0]["data"];
    assert_eq!((heard.len(), &heard[0]["type"]), (1, &json!("Reconnected")));
    assert!(data["reconnection_token"].is_string() && data["reconnection_token"] != ticket.token);
    assert_eq!((data.get("replay"), data.get("sender_watermarks")), (None, None));
    assert_eq!(
        data["missed_events"],
        json!([{"type": "PlayerLeft", "data": {"player_id": frozen.session.player()}}])
    );
}

const TEXT: &str = r#"{"type":"GameData","data":{"data":"x"}}"#;

#[tokio::test]
async fn however_many_gaps_there_are_whoever_comes_back_stays() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = reader(&hub).await;
    seated(&mut ada, "MANYGP", "Ada").await;
    let mut bob = reader(&hub).await;
    let mut ticket = seated(&mut bob, "MANYGP", "Bob").await;
    drop(bob);
    ada.take();
    for _ in 0..1_001 {
        ada.say("GameData", json!({"data": 1, "class": "volatile"})).await;
        ada.say("GameData", json!({"data": 2})).await;
    }
    let (bob, heard) = come_back(&hub, &mut ticket, json!([])).await;
    let n_heard = |kind: &str| heard.iter().filter(|message| message["type"] == kind).count();
    assert_eq!(n_heard("GameData"), 1_001);
    let gaps = heard.iter().flat_map(|message| message["data"]["gaps"].as_array().into_iter().flatten());
    assert_eq!(gaps.count(), 1_001);
    drop(bob);
    come_back(&hub, &mut ticket, json!([])).await;
}

#[tokio::test]
async fn whoever_is_about_to_be_closed_does_nothing_more() {
    let hub = hub(HubConfig::default()).await;
    let mut ada = Client::connect(&hub, V3);
    seated(&mut ada, "ENDING", "Ada").await;
    ada.session.end(CloseCode::IdleTimeout);
    ada.say("LeaveRoom", Value::Null).await;
    let mut bob = Client::connect(&hub, V3);
    bob.say("JoinRoom", json!({"game_name": "tanks", "room_code": "ENDING", "player_name": "Bob"})).await;
    let players = bob.hear().swap_remove(0)["data"]["current_players"].as_array().map(Vec::len);
    assert_eq!(players, Some(2));
}
