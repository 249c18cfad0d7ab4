//! What happens to those who are silent.

use signal_fish_auth::{App, AppLimits};
use signal_fish_protocol::AppId;
use tokio::time::Instant;

use super::*;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test(start_paused = true)]
async fn who_answers_no_ping_is_gone() {
    let server = Server::with(ConnectionConfig { ping_interval: Some(seconds(10)), ..PATIENT }).await;
    let start = Instant::now();
    let mut client = server.connect().await;
    let ping = Client::<DuplexStream>::expect(client.next().await, Opcode::PING);
    assert_eq!((ping.len(), start.elapsed().as_secs()), (8, 10));
    client.text_with("ACTIVITY_TIMEOUT").await;
    assert_eq!(start.elapsed().as_secs(), 15);
    client.closed(4003, "activity_timeout").await;
    server.emptied().await;
}

#[tokio::test(start_paused = true)]
async fn any_sign_of_life_answers_a_ping_and_puts_off_the_next() {
    let server = Server::with(ConnectionConfig { ping_interval: Some(seconds(10)), ..PATIENT }).await;
    let start = Instant::now();
    let mut client = server.connect().await;
    for n in 1..=4 {
        let ping = Client::<DuplexStream>::expect(client.next().await, Opcode::PING);
        assert_eq!(start.elapsed().as_secs(), n * 14 - 4);
        sleep(seconds(4)).await;
        match n {
            1 => client.pong_to(&ping).await,
            2 => client.pong_to(b"something else").await,
            3 => client.stream.write_all(&Frame::text(PING).encode()[..3]).await.unwrap(),
            _ => client.stream.write_all(&Frame::text(PING).encode()[3..]).await.unwrap(),
        }
    }
    client.text_with("Pong").await;
}

#[tokio::test(start_paused = true)]
async fn half_a_message_survives_a_quiet_time() {
    let server = Server::with(ConnectionConfig { ping_interval: Some(seconds(10)), ..PATIENT }).await;
    let mut client = server.connect().await;
    let long = Frame::text(format!("{}{PING}", " ".repeat(50_000))).encode();
    for n_bytes in [0, 1, 5, 9, 30_000] {
        client.stream.write_all(&long[..n_bytes]).await.unwrap();
        Client::<DuplexStream>::expect(client.next().await, Opcode::PING);
        client.stream.write_all(&long[n_bytes..]).await.unwrap();
        client.text_with("Pong").await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_sends_nothing_at_all_is_ended_even_without_pings() {
    let server = Server::with(ConnectionConfig { activity_timeout: Some(seconds(30)), ..PATIENT }).await;
    let start = Instant::now();
    let mut client = server.connect().await;
    sleep(seconds(20)).await;
    client.send(&[Frame::new(Opcode::PONG, "")]).await;
    client.text_with("ACTIVITY_TIMEOUT").await;
    assert_eq!(start.elapsed().as_secs(), 50);
    client.closed(4003, "activity_timeout").await;
}

#[tokio::test(start_paused = true)]
async fn who_sends_no_message_is_idle_however_often_it_answers() {
    let config =
        ConnectionConfig { ping_interval: Some(seconds(10)), idle_timeout: Some(seconds(60)), ..PATIENT };
    let server = Server::with(config).await;
    let mut client = server.connect().await;
    sleep(seconds(5)).await;
    client.say(PING).await;
    client.text_with("Pong").await;
    let start = Instant::now();
    loop {
        match client.next().await {
            Some(frame) if frame.opcode == Opcode::PING => client.pong_to(&frame.payload).await,
            Some(frame) => {
                assert!(String::from_utf8(frame.payload).unwrap().contains("CONNECTION_IDLE_TIMEOUT"));
                break;
            }
            None => panic!("ended without a farewell"),
        }
    }
    assert_eq!(start.elapsed().as_secs(), 60);
    client.closed(4004, "idle_timeout").await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_authenticate_where_it_must_is_ended() {
    let id = AppId::parse("game").unwrap();
    let app = App { id, name: "Game".into(), limits: AppLimits::default(), requires_token: None };
    let listener = ListenerConfig { connection: PATIENT, ..ListenerConfig::default() };
    let server =
        Parts { authenticator: Authenticator::allowlist([app]), listener, ..Parts::default() }.start().await;
    let start = Instant::now();
    let mut known = server.connect().await;
    known.say(r#"{"type":"Authenticate","data":{"app_id":"game"}}"#).await;
    known.text_with("Authenticated").await;
    known.text_with("ProtocolInfo").await;
    let mut unknown = server.connect().await;
    unknown.text_with("AUTHENTICATION_TIMEOUT").await;
    assert_eq!(start.elapsed().as_secs(), 10);
    unknown.closed(4001, "auth_timeout").await;
    sleep(seconds(1_000)).await;
    known.say(PING).await;
    known.text_with("Pong").await;
}

#[tokio::test(start_paused = true)]
async fn strangers_do_not_keep_the_last_places_from_those_who_say_who_they_are() {
    let id = AppId::parse("game").unwrap();
    let app = App { id, name: "Game".into(), limits: AppLimits::default(), requires_token: None };
    let listener = ListenerConfig { connection: PATIENT, connections_max: 10, ..ListenerConfig::default() };
    let server =
        Parts { authenticator: Authenticator::allowlist([app]), listener, ..Parts::default() }.start().await;
    let start = Instant::now();
    let mut strangers = Vec::new();
    for _ in 0..10 {
        strangers.push(server.connect().await);
    }
    let mut last = strangers.pop().unwrap();
    last.text_with("AUTHENTICATION_TIMEOUT").await;
    assert_eq!(start.elapsed().as_secs(), 2);
    last.closed(4001, "auth_timeout").await;
    let mut known = server.connect().await;
    known.say(r#"{"type":"Authenticate","data":{"app_id":"game"}}"#).await;
    known.text_with("Authenticated").await;
    known.text_with("ProtocolInfo").await;
    let mut first = strangers.swap_remove(0);
    first.text_with("AUTHENTICATION_TIMEOUT").await;
    assert_eq!(start.elapsed().as_secs(), 10);
    known.say(PING).await;
    known.text_with("Pong").await;
}

#[tokio::test(start_paused = true)]
async fn an_open_server_waits_for_no_handshake() {
    let server = Server::with(PATIENT).await;
    let mut client = server.connect().await;
    sleep(seconds(100_000)).await;
    client.say(PING).await;
    client.text_with("Pong").await;
}

/// Makes the server write more than the pipe holds.
async fn stalled(server: &Server) -> Client<DuplexStream> {
    let mut client = server.connect_with(1_000, &[]).await;
    for _ in 0..200 {
        client.say(PING).await;
    }
    client
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_is_ended() {
    let server = Server::with(PATIENT).await;
    let client = stalled(&server).await;
    let start = Instant::now();
    server.hub().emptied().await;
    assert_eq!(start.elapsed().as_secs(), 15);
    server.emptied().await;
    assert_eq!(start.elapsed().as_secs(), 16, "one more second for the farewell");
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn who_reads_a_byte_now_and_then_is_ended_too() {
    let server = Server::with(PATIENT).await;
    let mut client = stalled(&server).await;
    let start = Instant::now();
    let trickle = async {
        for _ in 0..20 {
            sleep(seconds(2)).await;
            client.stream.read_u8().await.unwrap();
        }
    };
    tokio::select! {
        () = server.hub().emptied() => {}
        () = trickle => {}
    }
    assert_eq!(start.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn who_reads_again_in_the_last_second_gets_the_farewell() {
    let server = Server::with(PATIENT).await;
    let mut client = stalled(&server).await;
    sleep(Duration::from_millis(15_500)).await;
    let mut n_answers = 0;
    let farewell = loop {
        let text = client.text().await;
        if text.contains("SLOW_CONSUMER") {
            break text;
        }
        n_answers += 1;
    };
    assert!(n_answers < 200 && farewell.contains("Error"));
    client.closed(4002, "slow_consumer").await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_that_moves_is_neither_pinged_nor_ended() {
    let server = Server::with(ConnectionConfig { ping_interval: Some(seconds(10)), ..PATIENT }).await;
    let mut client = stalled(&server).await;
    sleep(seconds(14)).await;
    for _ in 0..200 {
        client.text_with("Pong").await;
    }
    let start = Instant::now();
    Client::<DuplexStream>::expect(client.next().await, Opcode::PING);
    assert_eq!(start.elapsed().as_secs(), 10, "taking what was stuck is a sign of life");
}
