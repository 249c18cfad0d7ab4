//! What a connection does while both sides talk.

use async_trait::async_trait;
use signal_fish_coordination::{ClaimError, RoomKey};
use signal_fish_protocol::RoomId;
use tokio::sync::Semaphore;

use super::*;

#[tokio::test]
async fn messages_that_come_with_the_upgrade_are_answered() {
    let server = Server::start().await;
    let mut client = server.connect_with(64 * 1024, &[Frame::text(PING), Frame::text(PING)]).await;
    client.text_with("Pong").await;
    client.text_with("Pong").await;
    drop(client);
    server.emptied().await;
}

#[tokio::test]
async fn a_message_may_come_in_pieces_with_a_ping_between_them() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client
        .send(&[
            Frame::text(&PING[..5]).unfinished(),
            Frame::new(Opcode::PING, "now"),
            Frame::last("").unfinished(),
            Frame::last(&PING[5..]),
        ])
        .await;
    assert_eq!(Client::<DuplexStream>::expect(client.next().await, Opcode::PONG), b"now");
    client.text_with("Pong").await;
    for byte in Frame::text(PING).encode() {
        client.stream.write_all(&[byte]).await.unwrap();
    }
    client.text_with("Pong").await;
}

#[tokio::test]
async fn a_message_a_little_too_long_is_refused_and_the_next_one_taken() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for frame in [Frame::text(vec![b'x'; 65_537]), Frame::binary(vec![0; 131_072])] {
        client.send(&[frame]).await;
        client.text_with("MESSAGE_TOO_LARGE").await;
    }
    client.send(&[Frame::text(vec![b'x'; 65_536])]).await;
    client.text_with("INVALID_INPUT").await;
    client.say(PING).await;
    client.text_with("Pong").await;
}

#[tokio::test]
async fn game_data_reaches_the_others_whole_and_in_order() {
    let server = Server::start().await;
    // A pipe far smaller than what goes through it, so that hardly a write is taken whole.
    let mut players = [server.connect_with(700, &[]).await, server.connect_with(700, &[]).await];
    let [a, b] = &mut players;
    join(a, "a", "").await;
    let code = room_code(a).await;
    join(b, "b", &format!(r#","room_code":"{code}""#)).await;
    b.text_with("RoomJoined").await;
    let padding = "x".repeat(300);
    let sending = async {
        for n in 0..500 {
            let filler = &padding[..n * 7 % 300];
            a.say(&format!(r#"{{"type":"GameData","data":{{"data":{{"n":{n},"filler":"{filler}"}}}}}}"#))
                .await;
        }
    };
    let receiving = async {
        for n in 0..500 {
            let awaited = format!(r#""n":{n},"#);
            loop {
                let text = b.text().await;
                if text.contains(r#""type":"GameData""#) {
                    assert!(text.contains(&awaited), "no {awaited} in {text}");
                    break;
                }
            }
        }
    };
    tokio::join!(sending, receiving);
}

#[tokio::test]
async fn who_pings_without_reading_gets_the_last_answers_only() {
    let server = Server::start().await;
    let mut client = server.connect_with(2_000, &[]).await;
    for n in 0..100_u8 {
        client.send(&[Frame::new(Opcode::PING, [n; 125])]).await;
    }
    let mut n_answers = 0;
    loop {
        let answer = Client::<DuplexStream>::expect(client.next().await, Opcode::PONG);
        n_answers += 1;
        if answer == [99; 125] {
            break;
        }
    }
    assert!(n_answers < 95, "{n_answers} answers were kept");
}

#[tokio::test]
async fn nothing_is_read_until_an_entry_is_made_but_writing_goes_on() {
    let gate = Arc::new(Gate(Semaphore::new(0)));
    let server = Parts { coordinator: gate.clone(), ..Parts::default() }.start().await;
    let mut client = server.connect().await;
    let hello = r#"{"type":"Authenticate","data":{"app_id":"a","protocol_version":3}}"#;
    client.say(hello).await;
    client.text_with("Authenticated").await;
    client.text_with("ProtocolInfo").await;
    join(&mut client, "a", "").await;
    client.say(PING).await;
    server.hub().drain(Duration::from_secs(30), Duration::from_secs(30));
    client.text_with("GoingAway").await;
    gate.0.add_permits(1);
    // A draining server makes no room, which does not matter here.
    client.text_with("RoomJoinFailed").await;
    client.text_with("Pong").await;
}

async fn join(client: &mut Client<DuplexStream>, name: &str, more: &str) {
    let data = format!(r#"{{"game_name":"g","player_name":"{name}"{more}}}"#);
    client.say(&format!(r#"{{"type":"JoinRoom","data":{data}}}"#)).await;
}

async fn room_code(client: &mut Client<DuplexStream>) -> String {
    let joined = client.text_with("RoomJoined").await;
    let (_, rest) = joined.split_once(r#""room_code":""#).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Lets a room be made for each permit.
struct Gate(Semaphore);

#[async_trait]
impl RoomOperationCoordinator for Gate {
    async fn claim(&self, _: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        self.0.acquire().await.unwrap().forget();
        Ok(())
    }

    async fn release(&self, _: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        Ok(())
    }
}
