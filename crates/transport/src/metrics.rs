//! What a listener counts and measures.

use std::sync::Arc;
use std::time::Duration;

use metrics::Counter;
use signal_fish_hub::{Counters, Latency, Spread, families};
use signal_fish_protocol::CloseCode;

use crate::ws::Parting;

families! {
    /// The figures of the listeners of one server. Their handles are made once, when one is bound.
    #[derive(Debug)]
    pub struct ListenerFigures {
        /// Sockets that were accepted.
        sockets: Counter = "sockets_accepted_total";
        /// Sockets that were closed unread because there were too many: of all, or of one address.
        sockets_refused: Counters = "sockets_refused_total" by &["limit"], || rows(&["total", "per_address"]);
        /// Handshakes of TLS by how they went.
        tls_handshakes: Counters = "tls_handshakes_total" by &["outcome"], || rows(TLS_OUTCOMES);
        /// Answers to HTTP requests by status, upgrades included.
        http_answers: Counters = "http_answers_total" by &["status"], || rows(STATUSES);
        /// Requests for a WebSocket.
        upgrade_attempts: Counter = "websocket_upgrade_attempts_total";
        /// What became of requests for a WebSocket.
        upgrade_outcomes: Counters = "websocket_upgrade_outcomes_total" by &["outcome"], || rows(UPGRADE_OUTCOMES);
        /// Connections that were lost between the answer to their upgrade and their first message.
        upgrades_failed: Counter = "websocket_upgrades_failed_after_accept_total";
        /// Why WebSockets ended: the code and reason of our close frame, or that there was none.
        closed: Counters = "websocket_closes_total" by &["code", "reason"], closes;
        /// Connections that ended because they read too slowly.
        slow_consumers: Counter = "websocket_slow_consumer_disconnects_total";
        /// Connections that ended because the server stopped.
        shutdowns: Counter = "websocket_shutdown_disconnects_total";
        /// Connections that ended because they never said anything.
        silent: Counter = "websocket_zero_frame_timeout_disconnects_total";
        /// Connections that ended because nothing came from them, not even the answer to a ping.
        ping_timeouts: Counter = "websocket_ping_timeouts_total";
        /// From a ping to its answer.
        ping_rtt: Latency = "websocket_ping_rtt_seconds";
        /// Answers to pings.
        ping_rtt_samples: Counter = "websocket_ping_rtt_samples_total";
        /// Answers to pings that took more than five minutes.
        clamped: Counter = "latency_clamped_samples_total";
        /// Bytes that were written to WebSockets, before encryption.
        egress_bytes: Counter = "websocket_egress_bytes_total";
        /// Bytes that were read from WebSockets, after decryption.
        ingress_bytes: Counter = "websocket_ingress_bytes_total";
    }
}

/// The figures of one listener, and what is counted where many threads are.
#[derive(Debug)]
pub struct Metrics {
    pub(crate) figures: ListenerFigures,
    pub(crate) written: Spread,
    pub(crate) read: Spread,
}

/// How a handshake of TLS went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Handshake {
    Done,
    Failed,
    TimedOut,
    TooOften,
}

impl Metrics {
    /// Makes the handles, with the recorder that is current.
    pub(crate) fn new() -> Arc<Self> {
        let figures = ListenerFigures::register();
        Arc::new(Self { figures, written: Spread::default(), read: Spread::default() })
    }

    /// What is counted and measured.
    pub const fn figures(&self) -> &ListenerFigures {
        &self.figures
    }

    /// From pings to their answers.
    pub const fn ping_rtt(&self) -> &Latency {
        &self.figures.ping_rtt
    }

    /// Brings the figures up to date that threads count apart: to be called by whoever is about to read them.
    pub fn publish(&self) {
        self.figures.egress_bytes.increment(self.written.growth());
        self.figures.ingress_bytes.increment(self.read.growth());
    }

    pub(crate) fn answered(&self, status: u16) {
        let row = STATUSES.iter().position(|known| known.parse() == Ok(status));
        self.figures.http_answers.row(row.unwrap_or(STATUSES.len() - 1)).increment(1);
    }

    pub(crate) fn upgraded(&self, outcome: &str) {
        self.figures.upgrade_attempts.increment(1);
        let row = UPGRADE_OUTCOMES.iter().position(|known| *known == outcome);
        self.figures.upgrade_outcomes.row(row.unwrap_or(usize::MAX)).increment(1);
    }

    pub(crate) fn shook_hands(&self, how: Handshake) {
        self.figures.tls_handshakes.row(how as usize).increment(1);
    }

    /// A ping was answered after this time.
    pub(crate) fn ponged(&self, rtt: Duration) {
        self.figures.ping_rtt_samples.increment(1);
        if !self.figures.ping_rtt.record(rtt) {
            self.figures.clamped.increment(1);
        }
    }

    /// A WebSocket has ended.
    pub(crate) fn closed(&self, parting: Parting) {
        let f = &self.figures;
        let code = match parting {
            Parting::Dismissed(code) | Parting::Failed(code) => code,
            Parting::PeerClosed => return f.closed.row(CloseCode::ALL.len()).increment(1),
            Parting::Lost(_) => return f.closed.row(CloseCode::ALL.len() + 1).increment(1),
        };
        f.closed.row(code as usize).increment(1);
        if code == CloseCode::SlowConsumer {
            f.slow_consumers.increment(1);
        } else if code == CloseCode::ServerShutdown {
            f.shutdowns.increment(1);
        } else if code == CloseCode::ActivityTimeout {
            f.ping_timeouts.increment(1);
        }
    }
}

fn rows(values: &[&str]) -> Vec<Vec<String>> {
    values.iter().map(|value| vec![(*value).to_owned()]).collect()
}

/// In the order of [`Metrics::closed`].
fn closes() -> Vec<Vec<String>> {
    let row = |code: &CloseCode| {
        let reason = if *code == CloseCode::Normal { "normal" } else { code.reason() };
        vec![code.number().to_string(), reason.to_owned()]
    };
    let others = ["closed_by_peer", "lost"].map(|reason| vec!["none".to_owned(), reason.to_owned()]);
    CloseCode::ALL.iter().map(row).chain(others).collect()
}

/// In the order of [`Handshake`].
const TLS_OUTCOMES: &[&str] = &["done", "failed", "timed_out", "too_often"];

/// All that `Refusal::outcome` says, and the good one.
pub(crate) const UPGRADE_OUTCOMES: &[&str] = &[
    "accepted",
    "rejected_origin",
    "rejected_draining",
    "rejected_token_binding_offer",
    "rejected_token_binding_negotiation",
    "rejected_server_fault",
    "rejected_malformed",
    "rejected_rate_limited",
    "rejected_overloaded",
    "rejected_too_many_connections",
];

/// All that this server answers with. The last one stands for any that was forgotten here.
const STATUSES: &[&str] = &[
    "101", "200", "204", "301", "302", "303", "304", "307", "308", "400", "401", "403", "404", "405", "409",
    "413", "415", "422", "426", "429", "431", "500", "503", "other",
];
