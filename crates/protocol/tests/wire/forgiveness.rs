//! What readers forgive in a frame, and what they refuse.

use signal_fish_protocol::{ClientMessage, ServerMessage};

#[test]
fn order_space_and_unknown_members_do_not_matter() {
    for frame in [
        r#"{"type":"Ping"}"#,
        r#"{"type":"Ping","data":null}"#,
        r#"{"data":null,"type":"Ping"}"#,
        r#" { "type" : "Ping" , "since" : [ 1, { } ] } "#,
        r#"{"\u0074ype":"P\u0069ng"}"#,
    ] {
        assert_eq!(ClientMessage::decode(frame).unwrap(), ClientMessage::Ping, "{frame}");
    }
    let usual =
        ClientMessage::decode(r#"{"type":"GameData","data":{"data":{"x":1},"class":"latest","key":7}}"#);
    let usual = usual.unwrap();
    for frame in [
        r#"{"data":{"class":"latest","data":{"x":1},"key":7},"type":"GameData"}"#,
        r#" { "type" : "GameData" , "data" : { "data" : {"x":1} , "key" : 7 , "class" : "latest" } } "#,
        r#"{"v":1e999,"type":"GameData","data":{"key":7,"t":"\ud800","class":"latest","data":{"x":1}}}"#,
        r#"{"type":"GameD\u0061ta","data":{"d\u0061ta":{"x":1},"class":"l\u0061test","key":7}}"#,
        r#"{"type":"GameData","data":{"data":{"x":1},"class":"latest","k\u0065y":7}}"#,
    ] {
        assert_eq!(ClientMessage::decode(frame).unwrap(), usual, "{frame}");
    }
}

#[test]
fn optional_members_may_be_null() {
    let frame = r#"{"type":"JoinRoom","data":{"game_name":"tanks","room_code":null,"player_name":"Ada","max_players":null,"supports_authority":null,"relay_transport":null,"password":null,"join_only":null}}"#;
    let least = r#"{"type":"JoinRoom","data":{"game_name":"tanks","player_name":"Ada"}}"#;
    assert_eq!(ClientMessage::decode(frame).unwrap(), ClientMessage::decode(least).unwrap());
}

#[test]
fn operations_forgive_as_messages_do() {
    let operation = |operation: &str| {
        let id = "5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01";
        let frame =
            format!(r#"{{"type":"RoomOperation","data":{{"operation":{operation},"operation_id":"{id}"}}}}"#);
        ClientMessage::decode(&frame).map(|message| message.encode()).map_err(|error| error.to_string())
    };
    let leave = operation(r#"{"type":"LeaveRoom"}"#);
    assert!(leave.is_ok());
    assert_eq!(operation(r#"{"type":"LeaveRoom","data":null}"#), leave);
    assert_eq!(operation(r#"{"data":null,"since":1,"type":"LeaveRoom"}"#), leave);
    let join = operation(r#"{"data":{"player_name":"Ada","game_name":"tanks"},"type":"JoinRoom"}"#);
    assert_eq!(operation(r#"{"type":"JoinRoom","data":{"game_name":"tanks","player_name":"Ada"}}"#), join);
    assert!(operation(r#"{"type":"SetRoomAccess","data":{"password":null}}"#).is_ok());
    for refused in [
        r#"["LeaveRoom"]"#,
        r#"{"type":"KickPlayer","data":["5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01"]}"#,
        r#"{"type":"LeaveRoom","data":{}}"#,
        r#"{"type":"LeaveRoom","type":"LeaveRoom"}"#,
        r#"{"type":"KickPlayer"}"#,
        r#"{"type":"Dance"}"#,
        r#"{"type":"SetRoomAccess","data":{"pasword":"sesame"}}"#,
    ] {
        assert!(operation(refused).is_err(), "{refused}");
    }
}

#[track_caller]
fn refused(frame: &str, why: &str) {
    let error = ClientMessage::decode(frame).expect_err("no message").to_string();
    assert_eq!(error.strip_prefix("malformed message: ").unwrap_or(&error), why, "{frame}");
}

#[test]
fn refusals_say_what_is_wrong() {
    for (frame, why) in [
        ("", "not JSON, EOF while parsing a value, line 1, column 0"),
        ("ping", "not JSON, expected value, line 1, column 1"),
        ("{", "not JSON, EOF while parsing an object, line 1, column 1"),
        (r#"{"type":"Pi\ng"#, "not JSON, EOF while parsing a string, line 1, column 14"),
        (
            r#"{"type":"GameData","data":{"data":1}"#,
            "not JSON, EOF while parsing an object, line 1, column 36",
        ),
        ("{\"type\":\"Ping\"} x", "not JSON, trailing characters, line 1, column 17"),
        ("{\"type\":\"GameData\",\n\"data\":{\"data\":01}}", "not JSON, invalid number, line 2, column 17"),
        (r#"["Ping"]"#, "it must be an object"),
        (r#"["GameData",{"data":1}]"#, "it must be an object"),
        (r#"{"type":"GameData","data":[1]}"#, "data must be an object"),
        (r#"{"type":"AuthorityRequest","data":[true]}"#, "data must be an object"),
        (r#"{"type":"Ping","data":{}}"#, "Ping takes no data"),
        (r#"{"type":"Ping","type":"Ping"}"#, "type is there twice"),
        (r#"{"type":"Ping","data":null,"data":null}"#, "data is there twice"),
        (r#"{"data":null}"#, "type is missing"),
        (r#"{"type":7}"#, "type must be text"),
        (r#"{"type":"ping"}"#, r#"unknown message type "ping""#),
        (r#"{"type":"TransportStatus"}"#, "TransportStatus needs data"),
        (r#"{"type":"TransportStatus","data":null}"#, "TransportStatus needs data"),
        (r#"{"type":"GameData","data":{"data":1},"data":{"data":1}}"#, "data is there twice"),
        (r#"{"type":"GameData","data":{"data":1},"type":"GameData"}"#, "type is there twice"),
    ] {
        refused(frame, why);
    }
}

#[test]
fn refusals_name_the_member_and_what_it_should_be() {
    for (kind, data, why) in [
        ("AuthorityRequest", r"{}", "data.become_authority is missing"),
        ("AuthorityRequest", r#"{"become_authority":"yes"}"#, "data.become_authority must be true or false"),
        ("JoinRoom", r#"{"player_name":"Ada"}"#, "data.game_name is missing"),
        ("JoinRoom", r#"{"game_name":7,"player_name":"Ada"}"#, "data.game_name must be text"),
        (
            "JoinRoom",
            r#"{"game_name":"tanks","player_name":"Ada","max_players":300}"#,
            "data.max_players must be a whole number from 0 to 255",
        ),
        (
            "Authenticate",
            r#"{"app_id":"a","game_data_format":"cbor, expected `a`"}"#,
            "data.game_data_format must be one of `json`, `message_pack`, `rkyv`, `protobuf`",
        ),
        (
            "Authenticate",
            r#"{"app_id":"a","supported_transports":["relay","smoke"]}"#,
            "data.supported_transports[1] must be one of `relay`, `direct`, `webrtc`",
        ),
        (
            "Authenticate",
            r#"{"app_id":"a","supported_transports":"relay"}"#,
            "data.supported_transports must be a list",
        ),
        ("GameData", r"{}", "data.data is missing"),
        ("GameData", r#"{"data":1,"data":2}"#, "data.data is there twice"),
        ("GameData", r#"{"data":1,"class":null}"#, "data.class must be text, the name of a value"),
        (
            "GameData",
            r#"{"data":1,"class":"fast"}"#,
            "data.class must be one of `reliable`, `latest`, `volatile`",
        ),
        ("GameData", r#"{"data":1,"key":null}"#, "data.key must be a whole number from 0 to 4294967295"),
        ("GameData", r#"{"data":1,"key":-1}"#, "data.key must be a whole number from 0 to 4294967295"),
        ("GameData", r#"{"data":1,"key":7.0}"#, "data.key must be a whole number from 0 to 4294967295"),
        ("GameData", r#"{"data":"\ud800"}"#, "data.data: bad escape in a string"),
        ("GameData", r#"{"data":1e999}"#, "data.data: number out of range"),
        ("Signal", r#"{"to":"everyone","generation":"","signal":1}"#, "data.to must be a UUID"),
        ("Signal", r#"{"to":7,"generation":"","signal":1}"#, "data.to must be a UUID"),
        (
            "Reconnect",
            r#"{"player_id":"5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01","room_id":"5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01","auth_token":"","last_seen":[{"player_id":"5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01","seq":1,"epoch":0}]}"#,
            "data.last_seen[0].epoch must be a whole number from 1 to 4294967295",
        ),
        (
            "RoomOperation",
            r#"{"operation_id":"NOT","operation":{"type":"LeaveRoom"}}"#,
            "data.operation_id must be a UUID in lower case with hyphens",
        ),
    ] {
        refused(&format!(r#"{{"type":"{kind}","data":{data}}}"#), why);
        refused(&format!(r#"{{"data":{data},"type":"{kind}"}}"#), why);
    }
}

#[test]
fn refusals_name_the_kind_of_connection_info_and_what_is_missing() {
    for (info, why) in [
        (r#"["direct","h",1]"#, " must be an object"),
        (r#"{"type":"direct","host":"h"}"#, ".port is missing"),
        (r#"{"type":"pigeon"}"#, ".type must be one of `direct`, `unity_relay`, `relay`, `webrtc`, `custom`"),
        (
            r#"{"type":"direct","host":"h","port":65536}"#,
            " has a member that must be a whole number from 0 to 65535",
        ),
    ] {
        let frame = format!(r#"{{"type":"ProvideConnectionInfo","data":{{"connection_info":{info}}}}}"#);
        refused(&frame, &format!("data.connection_info{why}"));
    }
}

#[test]
fn refusals_look_into_operations() {
    for (operation, why) in [
        (r#"["LeaveRoom"]"#, " must be an object"),
        (r#"{"data":null}"#, ".type is missing"),
        (r#"{"type":"KickPlayer"}"#, ".data is missing"),
        (r#"{"type":"KickPlayer","data":[]}"#, ".data must be an object"),
        (r#"{"type":"KickPlayer","data":{}}"#, ".data.player_id is missing"),
        (r#"{"data":{"player_id":"Bob"},"type":"KickPlayer"}"#, ".data.player_id must be a UUID"),
        (r#"{"type":"LeaveRoom","data":{}}"#, ".data must be left out"),
        (r#"{"data":{"game_name":"tanks"},"type":"JoinRoom"}"#, ".data.player_name is missing"),
    ] {
        let id = "5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01";
        let frame =
            format!(r#"{{"type":"RoomOperation","data":{{"operation":{operation},"operation_id":"{id}"}}}}"#);
        refused(&frame, &format!("data.operation{why}"));
    }
    let dance = r#"{"type":"RoomOperation","data":{"operation":{"type":"Dance"},"operation_id":"5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01"}}"#;
    refused(
        dance,
        "data.operation.type must be one of `JoinRoom`, `LeaveRoom`, `Reconnect`, `JoinAsSpectator`, `LeaveSpectator`, `KickPlayer`, `BanPlayer`, `UnbanPlayer`, `TransferAuthority`, `RegenerateRoomCode`, `SetRoomAccess`",
    );
}

#[test]
fn an_unknown_type_is_quoted_but_not_at_any_length() {
    let frame = format!(r#"{{"type":"{}"}}"#, "é".repeat(10_000));
    let error = ClientMessage::decode(&frame).unwrap_err().to_string();
    assert_eq!(error, format!("unknown message type \"{}\"", "é".repeat(64)));
}

#[test]
fn half_of_the_v3_members_is_not_taken_for_none() {
    let info = |more: &str| {
        let data = format!(r#"{{"capabilities":[],"game_data_formats":["json"]{more}}}"#);
        ServerMessage::decode(&format!(r#"{{"type":"ProtocolInfo","data":{data}}}"#)).is_ok()
    };
    assert!(info(""));
    assert!(info(r#","weather":"fine""#));
    assert!(!info(r#","protocol_version":3"#));
}
