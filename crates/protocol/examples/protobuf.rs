//! The protobuf encoding without a network: frames made and read, and how long they are beside JSON.
#![expect(clippy::print_stdout, reason = "the example is there to be read")]

use std::error::Error;

use signal_fish_protocol::protobuf::{self, BinaryGameDataIn, ClientFrame, ServerFrame};
use signal_fish_protocol::{
    ClientMessage, DeliveryClass, DeliveryLabel, Epoch, ErrorCode, GameDataEncoding, GameDataIn, GameDataOut,
    JoinRoom, LobbyState, LobbyStateChanged, Payload, PlayerId, PlayerInfo, PlayerJoined, ProtocolVersion,
    RelayStamp, RoomCode, RoomId, RoomSnapshot, SenderStamp, ServerMessage, Uuid, binary_relay,
};

fn main() -> Result<(), Box<dyn Error>> {
    let position = GameDataIn {
        data: Payload::parse(r#"{"x":103.25,"y":-7.5}"#)?,
        class: Some(DeliveryClass::Latest),
        key: Some(7),
    };
    let frame = ClientFrame::Message(ClientMessage::GameData(position)).encode();
    println!("to send: {}", frame.escape_ascii());

    let packed = BinaryGameDataIn { payload: vec![0x93, 1, 2, 3].into(), class: None, key: None };
    println!("to send: {}", ClientFrame::Binary(packed).encode().escape_ascii());

    let mut frame = Vec::new();
    let relay = RelayStamp { label: DeliveryLabel::default(), ..relay_stamp() };
    protobuf::text_relay(&mut frame, &relay, &Payload::parse("[1,2]")?);
    match ServerFrame::decode(&frame)? {
        ServerFrame::Message(ServerMessage::GameData(it)) => {
            println!("came: {} sent {}", it.from_player, it.data.as_str());
        }
        ServerFrame::Message(other) => println!("came: {}", other.kind()),
        ServerFrame::Binary(it) => println!("came: {} sent {} bytes", it.from_player, it.payload.len()),
    }

    println!("\n| message | JSON | protobuf |\n|---|--:|--:|");
    for (name, message) in said_by_clients()? {
        row(name, message.encode().len(), ClientFrame::Message(message).encode().len());
    }
    for (name, message) in said_by_servers()? {
        row(name, message.encode().len(), ServerFrame::Message(message).encode().len());
    }
    let (mut json, mut frame) = (Vec::new(), Vec::new());
    binary_relay(&mut json, ProtocolVersion::V3, &relay, GameDataEncoding::MessagePack, &[0; 64]);
    protobuf::binary_relay(&mut frame, &relay, GameDataEncoding::MessagePack, &[0; 64]);
    row("64 bytes of MessagePack from another player", json.len(), frame.len());
    Ok(())
}

fn row(name: &str, json: usize, protobuf: usize) {
    println!("| {name} | {json} | {protobuf} |");
}

fn said_by_clients() -> Result<[(&'static str, ClientMessage<'static>); 4], Box<dyn Error>> {
    let game_data = |class, key| -> Result<_, Box<dyn Error>> {
        Ok(ClientMessage::GameData(GameDataIn { data: Payload::parse(STATE)?, class, key }))
    };
    let join = JoinRoom {
        game_name: "tanks".into(),
        room_code: Some("K7PQ2M".into()),
        player_name: "Ada".into(),
        ..JoinRoom::default()
    };
    Ok([
        ("`Ping`", ClientMessage::Ping),
        ("`JoinRoom`", ClientMessage::JoinRoom(join)),
        ("`GameData` to all, 65 bytes of payload", game_data(None, None)?),
        ("the same, `latest` with a key", game_data(Some(DeliveryClass::Latest), Some(7))?),
    ])
}

fn said_by_servers() -> Result<[(&'static str, ServerMessage<'static>); 6], Box<dyn Error>> {
    let relay = relay_stamp();
    let data = GameDataOut {
        from_player: relay.from,
        data: Payload::parse(STATE)?,
        seq: Some(relay.stamp.seq),
        epoch: Some(relay.stamp.epoch),
        class: None,
        key: None,
    };
    let lobby = LobbyStateChanged {
        lobby_state: LobbyState::Lobby,
        ready_players: vec![player(1).id, player(2).id],
        all_ready: false,
    };
    Ok([
        ("`Pong`", ServerMessage::Pong),
        ("`Error`", ServerMessage::error(ErrorCode::NotInRoom, "this needs a seat in a room")),
        ("`PlayerJoined`", ServerMessage::PlayerJoined(PlayerJoined { player: player(1) })),
        ("`LobbyStateChanged`, two are ready", ServerMessage::LobbyStateChanged(lobby)),
        ("`RoomJoined`, a room of eight", ServerMessage::RoomJoined(room_of_eight()?)),
        ("`GameData` of another, 65 bytes of payload", ServerMessage::GameData(data)),
    ])
}

fn relay_stamp() -> RelayStamp {
    let stamp = SenderStamp { epoch: Epoch::FIRST, seq: 182_733 };
    RelayStamp { from: player(1).id, stamp, label: DeliveryLabel::default() }
}

fn player(number: u128) -> PlayerInfo {
    PlayerInfo {
        id: PlayerId::new(Uuid::from_u128(0x5f0e_4c1a_2b39_4c55_9a11_0000_0000_0000 + number)),
        name: "Ada Lovelace".into(),
        is_authority: number == 1,
        is_ready: false,
        connected_at: None,
        connection_info: None,
        epoch: Some(Epoch::FIRST),
        seq: Some(182_733),
    }
}

fn room_of_eight() -> Result<RoomSnapshot, Box<dyn Error>> {
    Ok(RoomSnapshot {
        room_id: RoomId::new(player(0).id.uuid()),
        room_code: RoomCode::parse("K7PQ2M", 6)?,
        player_id: player(8).id,
        game_name: "tanks".into(),
        max_players: 8,
        supports_authority: true,
        current_players: (1..=8).map(player).collect(),
        is_authority: false,
        lobby_state: LobbyState::Lobby,
        ready_players: Vec::new(),
        relay_type: "matchbox".into(),
        current_spectators: Vec::new(),
        ice_servers: Vec::new(),
        reconnection_token: Some("0c0ffee0-1111-4222-8333-444455556666".into()),
    })
}

const STATE: &str = r#"{"tick":182733,"x":103.25,"y":-7.5,"aim":1.5708,"keys":["w","d"]}"#;
