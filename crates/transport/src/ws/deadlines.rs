//! How long a connection may be silent, and when it is asked for a sign of life.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use signal_fish_protocol::CloseCode;
use tokio::time::{Instant, Sleep, sleep_until};

use super::ConnectionConfig;

/// All deadlines of one connection, on one timer.
///
/// The timer is not touched when something comes, only read off anew when it fires: messages outnumber deadlines by
/// far, and setting a timer can cost more than relaying a message.
#[derive(Debug)]
pub(super) struct Deadlines {
    opened_at: Instant,
    pinged_at: Instant,
    /// Whether the last ping may still be answered.
    awaits_pong: bool,
    timer: Pin<Box<Sleep>>,
}

/// What is known about the peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signs {
    /// When it last gave a sign of life.
    pub(super) alive_at: Instant,
    /// When it last sent a message.
    pub(super) message_at: Instant,
    /// Since when it takes too little of what it was sent.
    pub(super) stalled_since: Option<Instant>,
    /// When it has to go whatever it does.
    pub(super) expires_at: Option<Instant>,
    /// Since when a message of it is on its way and not complete.
    pub(super) unfinished_since: Option<Instant>,
    /// Whether it still has to say who it is.
    pub(super) must_authenticate: bool,
}

/// What is to be done at a deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// Ask for a sign of life.
    Ping,
    /// Close.
    End(CloseCode),
}

impl Deadlines {
    pub(super) fn new(now: Instant, config: &ConnectionConfig) -> Self {
        let mut deadlines =
            Self { opened_at: now, pinged_at: now, awaits_pong: false, timer: Box::pin(sleep_until(now)) };
        // The earliest that can be, whoever the peer turns out to be. It is read off before the timer runs, as one
        // that fires at once costs its thread a system call and the connection a turn.
        let signs = Signs {
            alive_at: now,
            message_at: now,
            stalled_since: None,
            expires_at: None,
            unfinished_since: None,
            must_authenticate: true,
        };
        let first = deadlines.next(config, &signs).map_or(now + NOTHING_DUE, |(at, _)| at);
        deadlines.timer.set(sleep_until(first));
        deadlines
    }

    /// A pong came: how long after the ping that it answers, if it answers one.
    pub(super) fn on_pong(&mut self, now: Instant) -> Option<Duration> {
        std::mem::take(&mut self.awaits_pong).then(|| now.saturating_duration_since(self.pinged_at))
    }

    /// Resolves when something is due, and can be polled again for what is due next.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        config: &ConnectionConfig,
        signs: &Signs,
    ) -> Poll<Due> {
        // The only things that can bring a deadline forward.
        let stall_ends = signs.stalled_since.map(|since| since + config.stall_timeout);
        let message_ends = signs.unfinished_since.map(|since| since + MESSAGE_TIMEOUT);
        for at in [stall_ends, message_ends, signs.expires_at].into_iter().flatten() {
            if at < self.timer.deadline() {
                self.timer.as_mut().reset(at);
            }
        }
        loop {
            ready!(self.timer.as_mut().poll(cx));
            let now = Instant::now();
            match self.next(config, signs) {
                Some((at, due)) if at <= now => {
                    if due == Due::Ping {
                        (self.pinged_at, self.awaits_pong) = (now, true);
                    }
                    return Poll::Ready(due);
                }
                next => self.timer.as_mut().reset(next.map_or(now + NOTHING_DUE, |(at, _)| at)),
            }
        }
    }

    /// The earliest deadline.
    fn next(&self, config: &ConnectionConfig, signs: &Signs) -> Option<(Instant, Due)> {
        let end = |since: Instant, timeout: Duration, code| (since + timeout, Due::End(code));
        let all = [
            signs.expires_at.map(|at| (at, Due::End(CloseCode::SessionExpired))),
            signs.must_authenticate.then(|| end(self.opened_at, config.auth_timeout, CloseCode::AuthTimeout)),
            signs.stalled_since.map(|since| end(since, config.stall_timeout, CloseCode::SlowConsumer)),
            signs.unfinished_since.map(|since| end(since, MESSAGE_TIMEOUT, CloseCode::PolicyViolation)),
            self.next_sign_of_life(config, signs),
            config.activity_timeout.map(|timeout| end(signs.alive_at, timeout, CloseCode::ActivityTimeout)),
            config.idle_timeout.map(|timeout| end(signs.message_at, timeout, CloseCode::IdleTimeout)),
        ];
        all.into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn next_sign_of_life(&self, config: &ConnectionConfig, signs: &Signs) -> Option<(Instant, Due)> {
        if signs.stalled_since.is_some() {
            // A ping would only wait behind what the peer does not take, and the stall has a deadline of its own.
            None
        } else if signs.alive_at < self.pinged_at {
            Some((self.pinged_at + config.pong_timeout, Due::End(CloseCode::ActivityTimeout)))
        } else {
            config.ping_interval.map(|interval| (signs.alive_at + interval, Due::Ping))
        }
    }
}

/// How long a message may take from its first byte to its last: at the longest that is taken, some 4 KiB a second.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// When to look again if nothing is due, ever.
const NOTHING_DUE: Duration = Duration::from_hours(24);
