//! How connections end.

use async_trait::async_trait;
use signal_fish_coordination::{ClaimError, RoomKey};
use signal_fish_protocol::RoomId;

use super::*;

async fn check_broken(frames: &[Frame], code: u16, reason: &str) {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send(&[Frame::text(PING)]).await;
    client.text_with("Pong").await;
    // What comes after the fault is not looked at, and does no harm.
    client.send(frames).await;
    client.send(&[Frame::text(PING)]).await;
    client.closed(code, reason).await;
    server.emptied().await;
}

#[tokio::test]
async fn broken_frames_end_the_connection_with_the_code_for_it() {
    let broken = |frame: Frame| async move { check_broken(&[frame], 1002, "protocol_error").await };
    broken(Frame::text("x").unmasked()).await;
    broken(Frame::text("x").with_reserved(4)).await;
    broken(Frame::new(Opcode(0x3), "x")).await;
    broken(Frame::new(Opcode(0xB), "x")).await;
    broken(Frame::last("x")).await;
    broken(Frame::new(Opcode::PING, [0; 126])).await;
    broken(Frame::new(Opcode::PING, "x").unfinished()).await;
    broken(Frame::new(Opcode::CLOSE, [3])).await;
    check_broken(&[Frame::text("x").unfinished(), Frame::text("y")], 1002, "protocol_error").await;
    check_broken(&[Frame::text([0xC3, 0x28])], 1007, "invalid_utf8").await;
    check_broken(&[Frame::text([0xC3]).unfinished(), Frame::last([0x28])], 1007, "invalid_utf8").await;
    check_broken(&[Frame::text(vec![b'x'; 131_073])], 1009, "message_too_big").await;
    let half = || vec![b'x'; 65_536];
    let split = [Frame::text(half()).unfinished(), Frame::last(half()).unfinished(), Frame::last("x")];
    check_broken(&split, 1009, "message_too_big").await;
}

#[tokio::test]
async fn a_close_is_answered_with_its_code() {
    for (payload, code) in [(&1000u16.to_be_bytes(), 1000u16), (&4999u16.to_be_bytes(), 4999)] {
        let server = Server::start().await;
        let mut client = server.connect().await;
        client.send(&[Frame::text(PING), Frame::new(Opcode::CLOSE, *payload), Frame::text(PING)]).await;
        client.closed(code, "").await;
        server.emptied().await;
    }
}

#[tokio::test]
async fn the_session_ends_with_the_close_frame_and_does_not_wait_for_the_peer() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send(&[Frame::new(Opcode::CLOSE, "")]).await;
    let answer = Client::<DuplexStream>::expect(client.next().await, Opcode::CLOSE);
    assert_eq!(answer, b"");
    assert_eq!(server.hub().n_sessions(), 0);
    assert_eq!(server.endpoint.caps.n_sockets(), 1, "the client has not ended the stream");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_end_is_left_after_a_second() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    server.hub().shut_down();
    let payload = Client::<DuplexStream>::expect(client.next().await, Opcode::CLOSE);
    assert_eq!(payload, [&4000u16.to_be_bytes()[..], b"server_shutdown"].concat());
    let start = tokio::time::Instant::now();
    server.emptied().await;
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test]
async fn a_lost_peer_ends_the_session() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.stream.write_all(&Frame::text(PING).encode()[..3]).await.unwrap();
    drop(client);
    server.emptied().await;

    let mut half_closed = server.connect().await;
    half_closed.stream.shutdown().await.unwrap();
    assert_eq!(half_closed.next().await, None);
    server.emptied().await;
}

#[tokio::test]
async fn the_farewell_comes_after_what_was_said_before() {
    let server = Server::start().await;
    // Refused handshakes end the connection, with a reason and without a farewell of their own.
    let mut client = server.connect().await;
    client.say(r#"{"type":"Authenticate","data":{"app_id":"","sdk_version":"1.0.0"}}"#).await;
    let mut last = client.text().await;
    while let Some(frame) = client.next().await {
        if frame.opcode == Opcode::CLOSE {
            break;
        }
        last = String::from_utf8(frame.payload).unwrap();
    }
    assert!(last.contains("error"), "{last}");
}

#[tokio::test]
async fn a_panic_ends_the_connection_that_caused_it_and_no_other() {
    let server = Parts { coordinator: Arc::new(Broken), ..Parts::default() }.start().await;
    let mut other = server.connect().await;
    let mut client = server.connect().await;
    client.say(r#"{"type":"JoinRoom","data":{"game_name":"g","player_name":"a"}}"#).await;
    assert_eq!(client.next().await, None);
    assert_eq!((server.hub().n_sessions(), server.endpoint.caps.n_sockets()), (1, 1));
    other.say(PING).await;
    other.text_with("Pong").await;
}

/// A coordinator with a bug.
struct Broken;

#[async_trait]
impl RoomOperationCoordinator for Broken {
    async fn claim(&self, _: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        panic!("a bug, for this test")
    }

    async fn release(&self, _: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        Ok(())
    }
}
