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

#[test]
fn refusals_say_what_is_wrong() {
    for (frame, why) in [
        ("", "expected an object"),
        ("ping", "expected an object"),
        ("{", "EOF"),
        (r#"["Ping"]"#, "expected an object"),
        (r#"["GameData",{"data":1}]"#, "expected an object"),
        (r#"{"type":"GameData","data":[1]}"#, "expected an object"),
        (r#"{"type":"AuthorityRequest","data":[true]}"#, "expected an object"),
        (
            r#"{"type":"ProvideConnectionInfo","data":{"connection_info":["direct","h",1]}}"#,
            "expected an object",
        ),
        ("{\"type\":\"Ping\"} x", "trailing characters"),
        (r#"{"type":"Ping","data":{}}"#, "Ping takes no data"),
        (r#"{"type":"Ping","type":"Ping"}"#, "duplicate field `type`"),
        (r#"{"type":"Ping","data":null,"data":null}"#, "duplicate field `data`"),
        (r#"{"data":null}"#, "missing field `type`"),
        (r#"{"type":7}"#, "expected a string"),
        (r#"{"type":"ping"}"#, r#"unknown message type "ping""#),
        (r#"{"type":"TransportStatus"}"#, "TransportStatus needs data"),
        (r#"{"type":"TransportStatus","data":null}"#, "TransportStatus needs data"),
        (r#"{"type":"AuthorityRequest","data":{}}"#, "missing field `become_authority`"),
        (
            r#"{"type":"Authenticate","data":{"app_id":"a","game_data_format":"cbor"}}"#,
            "unknown variant `cbor`",
        ),
        (r#"{"type":"GameData"}"#, "GameData needs data"),
        (r#"{"type":"GameData","data":{}}"#, "missing field `data`"),
        (r#"{"type":"GameData","data":{"data":1,"data":2}}"#, "duplicate field `data`"),
        (r#"{"type":"GameData","data":{"data":1},"data":{"data":1}}"#, "duplicate field `data`"),
        (r#"{"type":"GameData","data":{"data":1},"type":"GameData"}"#, "duplicate field `type`"),
        (r#"{"type":"GameData","data":{"data":1,"class":null}}"#, "expected value"),
        (r#"{"type":"GameData","data":{"data":1,"class":"fast"}}"#, "unknown variant `fast`"),
        (r#"{"type":"GameData","data":{"data":1,"key":null}}"#, "invalid type: null"),
        (r#"{"type":"GameData","data":{"data":1,"key":-1}}"#, "invalid value: integer `-1`"),
        (r#"{"type":"GameData","data":{"data":1,"key":7.0}}"#, "floating point `7.0`"),
        (r#"{"type":"GameData","data":{"data":1,"key":4294967296}}"#, "integer `4294967296`"),
        (r#"{"type":"GameData","data":{"data":"\ud800"}}"#, "bad escape in a string"),
        (r#"{"type":"GameData","data":{"data":1e999}}"#, "number out of range"),
        (r#"{"type":"GameData","data":{"data":1}"#, "EOF"),
        (r#"{"type":"GameData","data":{"data":1}}}"#, "trailing characters"),
    ] {
        let error = ClientMessage::decode(frame).unwrap_err().to_string();
        assert!(error.contains(why), "{frame}: {error}");
    }
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
