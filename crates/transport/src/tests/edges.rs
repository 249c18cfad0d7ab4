//! Every deadline of a connection, a millisecond before and after.

use signal_fish_auth::{App, AppLimits};
use signal_fish_protocol::AppId;
use tokio::time::{Instant, timeout};

use super::*;

const MOMENT: Duration = Duration::from_millis(1);

/// A connection that has to give a sign in time, and what becomes of it if it does not.
struct Case {
    config: ConnectionConfig,
    deadline: Duration,
    sign: Frame,
    farewell: &'static str,
}

async fn server(config: ConnectionConfig, authenticator: Authenticator) -> Server {
    let listener = ListenerConfig { connection: config, ..ListenerConfig::default() };
    Parts { listener, authenticator, ..Parts::default() }.start().await
}

/// Who is silent is ended at the deadline; a sign in the last moment keeps the connection, one after that does not.
async fn check(case: Case, authenticator: fn() -> Authenticator) {
    let Case { config, deadline, sign, farewell } = case;
    let server = server(config, authenticator()).await;
    let start = Instant::now();
    let mut silent = server.connect().await;
    let heard = heard_within(&mut silent, 2 * deadline).await;
    let (at, last) = heard.last().expect("a farewell");
    assert!(last.contains(farewell), "{heard:?}");
    assert!(
        (deadline..=deadline + MOMENT).contains(&at.duration_since(start)),
        "{:?}",
        at.duration_since(start)
    );

    for (is_late, time) in [(false, deadline - MOMENT), (true, deadline + MOMENT)] {
        let mut client = server.connect().await;
        let mut heard = heard_within(&mut client, time).await;
        // Whoever was ended may find nobody to send to.
        let _ = client.stream.write_all(&sign.encode()).await;
        heard.extend(heard_within(&mut client, 2 * MOMENT).await);
        assert_eq!(heard.iter().any(|(_, text)| text.contains(farewell)), is_late, "{time:?}: {heard:?}");
    }
}

/// The texts that come in this time, and when.
async fn heard_within(client: &mut Client<DuplexStream>, time: Duration) -> Vec<(Instant, String)> {
    let (mut heard, until) = (Vec::new(), Instant::now() + time);
    while let Ok(Some(frame)) = timeout(until.saturating_duration_since(Instant::now()), client.next()).await
    {
        if frame.opcode == Opcode::TEXT {
            heard.push((Instant::now(), String::from_utf8(frame.payload).unwrap()));
        }
    }
    heard
}

#[tokio::test(start_paused = true)]
async fn a_pong_in_the_last_moment_counts() {
    let case = Case {
        config: ConnectionConfig { ping_interval: Some(Duration::from_secs(10)), ..PATIENT },
        deadline: Duration::from_secs(15),
        sign: Frame::new(Opcode::PONG, "any"),
        farewell: "ACTIVITY_TIMEOUT",
    };
    check(case, Authenticator::open).await;
}

#[tokio::test(start_paused = true)]
async fn a_sign_of_life_in_the_last_moment_counts() {
    let case = Case {
        config: ConnectionConfig { activity_timeout: Some(Duration::from_secs(30)), ..PATIENT },
        deadline: Duration::from_secs(30),
        sign: Frame::new(Opcode::PING, "alive"),
        farewell: "ACTIVITY_TIMEOUT",
    };
    check(case, Authenticator::open).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_in_the_last_moment_counts() {
    let case = Case {
        config: ConnectionConfig { idle_timeout: Some(Duration::from_secs(300)), ..PATIENT },
        deadline: Duration::from_secs(300),
        sign: Frame::text(PING),
        farewell: "CONNECTION_IDLE_TIMEOUT",
    };
    check(case, Authenticator::open).await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_in_the_last_moment_counts() {
    let case = Case {
        config: PATIENT,
        deadline: Duration::from_secs(10),
        sign: Frame::text(r#"{"type":"Authenticate","data":{"app_id":"game"}}"#),
        farewell: "AUTHENTICATION_TIMEOUT",
    };
    check(case, || {
        Authenticator::allowlist([App {
            id: AppId::parse("game").unwrap(),
            name: "Game".into(),
            limits: AppLimits::default(),
            requires_token: None,
        }])
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn reading_in_the_last_moment_counts() {
    for (time, is_ended) in
        [(Duration::from_secs(15) - MOMENT, false), (Duration::from_secs(15) + MOMENT, true)]
    {
        let server = server(PATIENT, Authenticator::open()).await;
        let mut client = server.connect_with(1_000, &[]).await;
        for _ in 0..200 {
            client.say(PING).await;
        }
        sleep(time).await;
        let heard = heard_within(&mut client, Duration::from_millis(500)).await;
        assert_eq!(heard.iter().any(|(_, text)| text.contains("SLOW_CONSUMER")), is_ended, "{time:?}");
        assert_eq!(
            heard.iter().filter(|(_, text)| text.contains("Pong")).count() == 200,
            !is_ended,
            "{time:?}"
        );
    }
}
