//! Names that look like others, codes that are guessed, seats that belong to somebody else.

use serde_json::{Value, json};
use signal_fish_testkit::{Dialect, GAME, Launch, Peer, gather, join_room};

use crate::server;
use crate::siege::{Siege, without_address_limits};

/// A server on which nobody runs out of attempts.
fn patient() -> Launch {
    without_address_limits(server())
        .set("rate_limit.max_join_attempts", json!(100_000))
        .set("rate_limit.max_room_creations", json!(100_000))
}

fn join(changes: &Value) -> Value {
    let mut data = json!({"game_name": GAME, "player_name": "Eve", "room_code": "NAMES1"});
    for (member, value) in changes.as_object().expect("members") {
        data[member] = value.clone();
    }
    data
}

#[test]
fn names_and_codes_that_mean_something_to_others_are_refused() {
    let siege = Siege::of(patient());
    let mut eve = Peer::authenticated(siege.addr(), "Eve", Dialect::V3);
    let mut check = |member: &str, value: &str, code: &str| {
        eve.send("JoinRoom", join(&json!({ member: value })));
        eve.expect_refusal("RoomJoinFailed", code);
    };
    let marks = format!("e{}", "\u{301}".repeat(10_000));
    let names = [
        "Ada\u{202E}niw",
        "A\u{200B}da",
        "A\u{200D}da",
        "\u{2066}Ada",
        "A\u{FEFF}da",
        "A\0da",
        "A\u{1B}[31mda",
        "<b>Ada</b>",
        "'; DROP TABLE rooms; --",
        "A\r\nda",
        "\u{E000}",
        &marks,
    ];
    for name in names {
        check("player_name", name, "INVALID_PLAYER_NAME");
        check("game_name", name, "INVALID_GAME_NAME");
    }
    let codes = [
        "AB/DEF",
        "AB.DEF",
        "ABCDE*",
        "ABCDE>",
        "../../",
        "ABCDE\0",
        "ABCDE\u{661}",
        "ABCDE\u{FF11}",
        "ABC\nEF",
        "AB$DEF",
        "ABCDE ",
        "ABCDEI\u{307}",
    ];
    for code in codes {
        check("room_code", code, "INVALID_ROOM_CODE");
    }
    siege.lift();
}

#[test]
fn whoever_guesses_codes_soon_has_to_wait_also_on_new_connections() {
    let siege = Siege::of(without_address_limits(server()));
    let [_ada] = gather(siege.addr(), "TARGET", [("Ada", Dialect::V3)]);
    let mut n_answers = [0; 2];
    for connection in 0..10 {
        let mut eve = Peer::authenticated(siege.addr(), "Eve", Dialect::V2);
        for n in 0..20 {
            let code = format!("GS{}{}", 22 + connection, 22 + n);
            if n % 2 == 0 {
                eve.send("JoinRoom", join(&json!({"room_code": code, "join_only": true})));
            } else {
                let data = json!({"game_name": GAME, "room_code": code, "spectator_name": "Eve"});
                eve.send("JoinAsSpectator", data);
            }
            let answer = eve.expect_text();
            let codes = ["ROOM_NOT_FOUND", "RATE_LIMIT_EXCEEDED"];
            let which = codes.iter().position(|code| answer.contains(code));
            n_answers[which.unwrap_or_else(|| panic!("{answer}"))] += 1;
        }
    }
    assert!((60..70).contains(&n_answers[0]), "answers and refusals: {n_answers:?}");
    let mut eve = Peer::authenticated(siege.addr(), "Eve", Dialect::V2);
    eve.send("JoinRoom", join(&json!({"room_code": "TARGET"})));
    eve.expect_refusal("RoomJoinFailed", "RATE_LIMIT_EXCEEDED");
    siege.lift();
}

#[test]
fn of_forty_who_want_the_last_seat_one_gets_it() {
    let siege = Siege::of(patient());
    for code in ["SEAT22", "SEAT23", "SEAT24"] {
        let mut ada = Peer::authenticated(siege.addr(), "Ada", Dialect::V3);
        ada.send("JoinRoom", join(&json!({"room_code": code, "player_name": "Ada", "max_players": 2})));
        ada.expect("RoomJoined");
        ada.expect("LobbyStateChanged");
        let mut rush: Vec<_> =
            (0..40).map(|_| Peer::authenticated(siege.addr(), "rush", Dialect::V2)).collect();
        for (n, peer) in rush.iter_mut().enumerate() {
            peer.send("JoinRoom", join(&json!({"room_code": code, "player_name": format!("rush {n}")})));
        }
        let mut n_seated = 0;
        for peer in &mut rush {
            let answer = peer.expect_text();
            if answer.starts_with(r#"{"type":"RoomJoined""#) {
                n_seated += 1;
            } else {
                assert!(answer.contains("ROOM_FULL"), "{answer}");
            }
        }
        assert_eq!(n_seated, 1);
        ada.expect("PlayerJoined");
        ada.expect_silence();
    }
    siege.lift();
}

/// What a seat is taken again with.
fn reconnect(player_id: &Value, room_id: &Value, token: &Value) -> Value {
    json!({"player_id": player_id, "room_id": room_id, "auth_token": token})
}

#[test]
fn a_seat_is_not_given_to_those_who_guess_its_token_or_show_it_twice() {
    let siege = Siege::of(patient());
    let mut ada = Peer::authenticated(siege.addr(), "Ada", Dialect::V3);
    let seat = join_room(&mut ada, "THEFT2");
    let mut bob = Peer::authenticated(siege.addr(), "Bob", Dialect::V3);
    let other = join_room(&mut bob, "THEFT2");
    let (room, token) = (&seat["room_id"], &seat["reconnection_token"]);
    let mut eve = Peer::authenticated(siege.addr(), "Eve", Dialect::V3);
    // While its player is connected not even the right token takes the seat.
    eve.send("Reconnect", reconnect(&seat["player_id"], room, token));
    eve.expect_refusal("ReconnectionFailed", "PLAYER_ALREADY_CONNECTED");
    drop(ada);
    bob.expect("PlayerLeft");
    bob.expect("AuthorityChanged");
    let text = token.as_str().expect("text");
    let mut altered = text.to_owned();
    altered.replace_range(..1, if text.starts_with('A') { "B" } else { "A" });
    let nobody = json!("0c0ffee0-1111-4222-8333-444455556666");
    for (player, room, token) in [
        (&seat["player_id"], room, &json!(altered)),
        (&seat["player_id"], room, &json!(text[1..])),
        (&seat["player_id"], room, &json!("")),
        (&seat["player_id"], room, &json!("A".repeat(60_000))),
        (&seat["player_id"], room, &other["reconnection_token"]),
        (&nobody, room, token),
        (&seat["player_id"], &nobody, token),
    ] {
        eve.send("Reconnect", reconnect(player, room, token));
        let refusal = eve.expect("ReconnectionFailed");
        assert!(refusal["error_code"].is_string(), "{refusal}");
    }
    bob.expect_silence();

    let mut ada = Peer::authenticated(siege.addr(), "Ada", Dialect::V3);
    ada.send("Reconnect", reconnect(&seat["player_id"], room, token));
    ada.expect("Reconnected");
    bob.expect("PlayerJoined");
    bob.expect("PlayerReconnected");
    bob.expect("AuthorityChanged");
    drop(ada);
    bob.expect("PlayerLeft");
    siege.lift();
}

#[test]
fn nobody_speaks_in_the_name_of_another() {
    let siege = Siege::of(patient());
    let [mut ada, mut eve, mut bob] =
        gather(siege.addr(), "FORGED", [("Ada", Dialect::V3), ("Eve", Dialect::V3), ("Bob", Dialect::V3)]);
    eve.send(
        "GameData",
        json!({"data": 1, "from_player": ada.id, "seq": u64::MAX, "epoch": 77, "to": bob.id}),
    );
    for heard in [ada.expect("GameData"), bob.expect("GameData")] {
        assert_eq!(
            (&heard["from_player"], &heard["seq"], &heard["epoch"]),
            (&json!(eve.id), &json!(1), &json!(1))
        );
    }
    siege.lift();
}
