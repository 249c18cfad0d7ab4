//! A client without a network: what it sends to enter a room and play, and how it reads what comes back.
#![expect(clippy::print_stdout, reason = "the example is there to be read")]

use std::error::Error;

use signal_fish_protocol::{
    Authenticate, BinaryEnvelope, ClientMessage, DeliveryClass, DeliveryLabel, Epoch, GameDataEncoding,
    GameDataIn, JoinRoom, Payload, PlayerId, ProtocolVersion, RelayStamp, SenderStamp, ServerMessage, Uuid,
    binary_relay,
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("text frames to send:");
    for message in to_send()? {
        println!("  {}", message.encode());
    }
    println!("text frames that came:");
    for frame in [
        r#"{"type":"Pong"}"#,
        r#"{"type":"GameData","data":{"from_player":"5f0e4c1a-2b39-4c55-9a11-0d6f1e7a9b01","data":{"x":1},"seq":1,"epoch":1}}"#,
        r#"{"type":"RoomJoinFailed","data":{"reason":"the room is full","error_code":"ROOM_FULL"}}"#,
        r#"{"type":"SomethingNew"}"#,
    ] {
        println!("  {}", described(frame));
    }
    let frame = binary_frame();
    let envelope = BinaryEnvelope::decode(&frame)?;
    println!("binary frame that came:");
    println!(
        "  {} sent {} bytes of {}",
        envelope.from_player,
        envelope.payload.len(),
        envelope.encoding.token()
    );
    Ok(())
}

fn to_send() -> Result<[ClientMessage<'static>; 3], Box<dyn Error>> {
    let authenticate = Authenticate {
        app_id: "my-game".into(),
        protocol_version: Some(ProtocolVersion::NEWEST.number()),
        game_data_format: Some(GameDataEncoding::MessagePack),
        ..Authenticate::default()
    };
    let join = JoinRoom { game_name: "tanks".into(), player_name: "Ada".into(), ..JoinRoom::default() };
    let position = GameDataIn {
        data: Payload::parse(r#"{"x":103.25,"y":-7.5}"#)?,
        class: Some(DeliveryClass::Latest),
        key: Some(7),
    };
    Ok([
        ClientMessage::Authenticate(authenticate),
        ClientMessage::JoinRoom(join),
        ClientMessage::GameData(position),
    ])
}

fn described(frame: &str) -> String {
    match ServerMessage::decode(frame) {
        Ok(ServerMessage::GameData(it)) => format!("{} sent {}", it.from_player, it.data.as_str()),
        Ok(ServerMessage::RoomJoinFailed(it)) => format!("no seat: {}", it.reason),
        Ok(other) => other.kind().to_owned(),
        Err(error) => format!("not understood: {error}"),
    }
}

/// What a server sends for three bytes of game data, made here since there is none.
fn binary_frame() -> Vec<u8> {
    let from = PlayerId::new(Uuid::from_u128(0x5f0e_4c1a_2b39_4c55_9a11_0d6f_1e7a_9b01));
    let stamp = SenderStamp { epoch: Epoch::FIRST, seq: 2 };
    let relay = RelayStamp { from, stamp, label: DeliveryLabel::default() };
    let mut frame = Vec::new();
    binary_relay(&mut frame, ProtocolVersion::V3, &relay, GameDataEncoding::MessagePack, &[1, 2, 3]);
    frame
}
