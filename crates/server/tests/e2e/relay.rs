//! Game data as text: who hears it, in which order, with which stamps, and that its bytes are left alone.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, Frame, Peer, gather};

use crate::server;

const TRIO: [(&str, Dialect); 3] = [("Ada", Dialect::V2), ("Bob", Dialect::V3), ("Cat", Dialect::V3)];

fn game_data(from: &Peer, data: &Value) -> Value {
    json!({"from_player": from.id, "data": data})
}

fn stamped(from: &Peer, data: &Value, seq: u64, epoch: u32) -> Value {
    json!({"from_player": from.id, "data": data, "seq": seq, "epoch": epoch})
}

#[test]
fn everyone_but_the_sender_hears_it_stamped_in_version_3_only() {
    let server = server().start();
    let [mut ada, mut bob, mut cat] = gather(server.addr(), "RELAY1", TRIO);
    let [mut other, mut room] = gather(server.addr(), "RELAY2", [("Oth", Dialect::V2), ("Er", Dialect::V3)]);
    for seq in 1..=3 {
        let payload = json!({"n": seq, "list": [1, 2.5, null, "ü"]});
        ada.say(payload.clone());
        assert_eq!(bob.expect("GameData"), stamped(&ada, &payload, seq, 1));
        assert_eq!(cat.expect("GameData"), stamped(&ada, &payload, seq, 1));
    }
    for seq in 1..=3 {
        bob.say(json!(seq));
        assert_eq!(ada.expect("GameData"), game_data(&bob, &json!(seq)));
        assert_eq!(cat.expect("GameData"), stamped(&bob, &json!(seq), seq, 1));
    }
    for peer in [&mut ada, &mut bob, &mut cat, &mut other, &mut room] {
        peer.expect_silence();
    }
}

#[test]
fn every_json_value_is_a_payload() {
    let server = server().start();
    let [mut ada, mut bob, _cat] = gather(server.addr(), "RELAY3", TRIO);
    let values =
        [json!(null), json!(false), json!(0), json!(""), json!([]), json!({}), json!({"type": "Pong"})];
    for (seq, payload) in (1..).zip(values) {
        ada.say(payload.clone());
        assert_eq!(bob.expect("GameData"), stamped(&ada, &payload, seq, 1));
    }
}

#[test]
fn a_burst_arrives_complete_and_in_order() {
    let server = server().start();
    let [mut ada, mut bob, mut cat] = gather(server.addr(), "RELAY4", TRIO);
    let burst = |n: u64| Frame::text(json!({"type": "GameData", "data": {"data": n}}).to_string());
    cat.send_frames(&(1..=500).map(burst).collect::<Vec<_>>());
    ada.send_frames(&(1..=500).map(burst).collect::<Vec<_>>());
    for n in 1..=500 {
        assert_eq!(ada.expect("GameData"), game_data(&cat, &json!(n)));
        assert_eq!(cat.expect("GameData"), stamped(&ada, &json!(n), n, 1));
    }
    let mut expected = [1, 1];
    for _ in 0..1000 {
        let heard = bob.expect("GameData");
        let sender = usize::from(heard["from_player"] == json!(cat.id));
        let from = if sender == 1 { &cat } else { &ada };
        assert_eq!(heard, stamped(from, &json!(expected[sender]), expected[sender], 1));
        expected[sender] += 1;
    }
    bob.expect_silence();
}

#[test]
fn class_and_key_are_echoed_as_they_were_written() {
    let server = server().start();
    let [mut ada, mut bob, mut cat] = gather(server.addr(), "CLASS1", TRIO);
    for (seq, labels) in (1..).zip([
        json!({}),
        json!({"class": "reliable"}),
        json!({"class": "volatile"}),
        json!({"class": "latest", "key": 0}),
        json!({"class": "latest", "key": 4_294_967_295_u32}),
    ]) {
        let mut message = labels.clone();
        message["data"] = json!(seq);
        bob.send("GameData", message);
        let mut expected = stamped(&bob, &json!(seq), seq, 1);
        for label in ["class", "key"] {
            if let Some(value) = labels.get(label) {
                expected[label] = value.clone();
            }
        }
        assert_eq!(cat.expect("GameData"), expected);
        assert_eq!(ada.expect("GameData"), game_data(&bob, &json!(seq)));
    }
}

#[test]
fn class_and_key_must_fit_together_and_belong_to_version_3() {
    let server = server().start();
    let [mut ada, mut bob, mut cat] = gather(server.addr(), "CLASS2", TRIO);
    for labels in [
        json!({"class": "latest"}),
        json!({"class": "reliable", "key": 1}),
        json!({"class": "volatile", "key": 1}),
        json!({"key": 1}),
    ] {
        let mut message = labels.clone();
        message["data"] = json!("wrong");
        bob.send("GameData", message);
        bob.expect_error("INVALID_DELIVERY_CLASS");
    }
    for labels in [json!({"class": "reliable"}), json!({"class": "latest", "key": 1}), json!({"key": 1})] {
        let mut message = labels.clone();
        message["data"] = json!("wrong");
        ada.send("GameData", message);
        ada.expect_error("INVALID_DELIVERY_CLASS");
    }
    for sender in [&mut ada, &mut bob] {
        sender.say(json!("right"));
    }
    let expected = [stamped(&ada, &json!("right"), 1, 1), stamped(&bob, &json!("right"), 1, 1)];
    let heard = [cat.expect("GameData"), cat.expect("GameData")];
    assert!(expected.iter().all(|message| heard.contains(message)), "refusals use up no number: {heard:?}");
}

#[test]
fn members_may_come_in_any_order_and_strange_ones_are_ignored() {
    let server = server().start();
    let [mut ada, mut bob, _cat] = gather(server.addr(), "ORDER2", TRIO);
    for frame in [
        r#"{"data":{"data":7},"type":"GameData"}"#,
        r#"{"data":{"key":1,"data":7,"class":"latest"},"type":"GameData"}"#,
        r#" { "x" : [ { } ] , "type" : "GameData" , "data" : { "future" : null , "data" : 7 } } "#,
        r#"{"\u0074ype":"Game\u0044ata","d\u0061ta":{"\u0064ata":7}}"#,
    ] {
        bob.send_text(frame);
        assert_eq!(ada.expect("GameData"), game_data(&bob, &json!(7)), "{frame}");
    }
}

#[test]
fn the_bytes_of_a_payload_are_left_alone() {
    let server = server().start();
    let [mut ada, mut bob, mut cat] = gather(server.addr(), "BYTES1", TRIO);
    for payload in [
        r#"{ "z" : 1.0 ,"a":  [ 1e2, -0, 0.10 ],	"m":{} }"#,
        r"123456789012345678901234567890.000000000000000000000000000001",
        r#""\u00e9\u0041\ud83d\udc1f\/ é🐟""#,
        r#"{"a":1,"a":2,"type":"x","data":{"data":"}"}}"#,
        "[\n1,\r\n2]",
    ] {
        bob.send_text(&format!(r#"{{"type":"GameData","data":{{"data":{payload}}}}}"#));
        for recipient in [&mut ada, &mut cat] {
            let text = recipient.expect_text();
            assert!(text.contains(&format!(r#""data":{payload}"#)), "{payload} became {text}");
            assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        }
    }
}

#[test]
fn a_message_may_be_64_kib_long_and_no_longer() {
    let server = server().start();
    let [mut ada, mut bob, mut cat] = gather(server.addr(), "LARGE1", TRIO);
    let text_of = |len: usize| {
        let empty = r#"{"type":"GameData","data":{"data":""}}"#;
        empty.replace(r#""""#, &format!(r#""{}""#, "x".repeat(len - empty.len())))
    };
    bob.send_text(&text_of(65_537));
    bob.expect_error("MESSAGE_TOO_LARGE");
    bob.send_text(&text_of(65_536));
    for recipient in [&mut ada, &mut cat] {
        let heard = recipient.expect("GameData");
        assert_eq!(heard["data"].as_str().map(str::len), Some(65_536 - 38));
    }
    bob.expect_silence();
}

#[test]
fn a_departed_player_is_summed_up_for_version_3() {
    let server = server().start();
    let [mut ada, bob, mut cat] = gather(server.addr(), "FINAL1", TRIO);
    let mut bob = bob;
    for n in 1..=4 {
        bob.say(json!(n));
        ada.expect("GameData");
        cat.expect("GameData");
    }
    let bob_id = bob.id.clone();
    bob.close();
    assert_eq!(ada.expect("PlayerLeft"), json!({"player_id": bob_id}));
    assert_eq!(cat.expect("PlayerLeft"), json!({"player_id": bob_id, "epoch": 1, "final_seq": 4}));
}

#[test]
fn a_newcomer_learns_how_far_everyone_is() {
    let server = server().start();
    let [mut ada, mut bob, mut cat] = gather(server.addr(), "TAIL01", TRIO);
    for n in 1..=3 {
        ada.say(json!(n));
        bob.expect("GameData");
        cat.expect("GameData");
    }
    let mut dan = Peer::authenticated(server.addr(), "Dan", Dialect::V3);
    let snapshot = signal_fish_testkit::join_room(&mut dan, "TAIL01");
    for player in snapshot["current_players"].as_array().expect("a roster") {
        let expected = if player["name"] == "Ada" { 3 } else { 0 };
        assert_eq!((&player["epoch"], &player["seq"]), (&json!(1), &json!(expected)), "{player}");
    }
    for member in [&mut ada, &mut bob, &mut cat] {
        member.expect("PlayerJoined");
    }
    ada.say(json!("welcome"));
    assert_eq!(dan.expect("GameData"), stamped(&ada, &json!("welcome"), 4, 1));
}
