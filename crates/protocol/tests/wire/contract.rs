//! Frames as the description of the protocol shows them: they are read, and written back to the byte.

use signal_fish_protocol::{ClientMessage, ServerMessage};

#[test]
fn shown_client_frames_are_written_back() {
    for frame in [
        r#"{"type":"Authenticate","data":{"app_id":"demo","sdk_version":"0.14.0"}}"#,
        r#"{"type":"Authenticate","data":{"app_id":"demo","sdk_version":"0.14.0","game_data_format":"message_pack","protocol_version":3,"supported_transports":["relay"],"supported_topologies":["relay"],"requested_capabilities":["room_operation_ids"]}}"#,
        r#"{"type":"JoinRoom","data":{"game_name":"tanks","player_name":"Ada"}}"#,
        r#"{"type":"GameData","data":{"data":{"x":1},"class":"latest","key":7}}"#,
        r#"{"type":"PlayerReady"}"#,
    ] {
        assert_eq!(ClientMessage::decode(frame).unwrap().encode(), frame);
    }
}

#[test]
fn shown_server_frames_are_written_back() {
    for frame in [
        r#"{"type":"ProtocolInfo","data":{"sdk_version":"0.14.0","capabilities":["reconnection","spectator-mode","rate-limits-v2"],"game_data_formats":["json","message_pack"],"player_name_rules":{"max_length":32,"min_length":1,"allow_unicode_alphanumeric":true,"allow_spaces":true,"allow_leading_trailing_whitespace":false,"allowed_symbols":["-","_"]}}}"#,
        r#"{"type":"ProtocolInfo","data":{"capabilities":["reconnection","spectator-mode","rate-limits-v2","spectator_relay","room_operation_ids"],"game_data_formats":["json","message_pack"],"protocol_version":3,"min_protocol_version":2,"max_protocol_version":3,"transports":["websocket"],"max_outbound_message_size":8388608}}"#,
        r#"{"type":"DeliveryReport","data":{"per_class":{"reliable":{"delivered":10,"abandoned":0,"unsupported_format":0},"latest":{"delivered":4,"superseded":2,"dropped_full":0,"abandoned":0,"unsupported_format":0},"volatile":{"delivered":1,"dropped":0,"abandoned":0,"unsupported_format":0}},"gaps":[{"from_player":"5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01","epoch":1,"from_seq":5,"to_seq":6,"reason":"latest_superseded"}]}}"#,
        r#"{"type":"RoomOperationResult","data":{"operation_id":"5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01","result":{"type":"RoomLeft"}}}"#,
        r#"{"type":"SessionPlan","data":{"generation":"0c0ffee0-1111-4222-8333-444455556666","topology":"relay","transport":"relay","peers":[],"fallback":"relay"}}"#,
    ] {
        assert_eq!(ServerMessage::decode(frame).unwrap().encode(), frame);
    }
}
