//! What the hub counts and measures, and what has to be looked at to know it.

mod family;
mod publish;
mod refusals;
mod spread;
mod tally;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dashmap::DashMap;
use metrics::{Counter, Gauge};
use signal_fish_auth::Grant;
use signal_fish_protocol::{
    AppId, ClientMessage, DeliveryClass, DeliveryCounters, DeliveryLabel, ErrorCode, ServerMessage,
    SessionPlan, Topology, Transport, TransportStatus,
};

use crate::families;
use crate::session::Session;

pub use family::{Counters, Family, Handle, Kind, Latency, OpenCounters, OpenGauges};
pub(crate) use publish::publish;
pub use spread::Spread;
pub(crate) use tally::Tally;

families! {
    /// The figures of one hub. Their handles are made once, when it starts.
    #[derive(Debug)]
    pub struct HubFigures {
        /// WebSocket connections since the start.
        connections: Counter = "connections_total";
        /// WebSocket connections at this moment.
        connections_active: Gauge = "connections_active";
        /// WebSocket connections that have ended.
        disconnections: Counter = "connections_disconnections_total";
        /// Handshakes by how they went; why one was refused is among the errors.
        authentications: Counters = "authentications_total" by &["outcome"], || rows(["accepted", "refused", "skipped"]);
        /// Messages from clients by type, game data included.
        messages_received: Counters = "messages_received_total" by &["type"], received_types;
        /// Messages queued for clients by type, once for each recipient, game data left out.
        messages_sent: Counters = "messages_sent_total" by &["type"], sent_types;
        /// Errors and refusals told to clients, by code.
        errors_sent: Counters = "errors_sent_total" by &["code"], error_codes;

        /// Game messages that were relayed.
        game_data_messages: Counter = "game_data_messages_total";
        /// Bytes of game data that were relayed, as their senders wrote them.
        relay_bytes: Counter = "relay_bytes_total";
        /// Bytes of game data that were relayed, by app.
        relay_app_bytes: OpenCounters = "relay_app_bytes_total" by &["app_id"], Vec::new;
        /// Game messages that were relayed, by app.
        app_messages: OpenCounters = "app_game_data_messages_total" by &["app_id"], Vec::new;
        /// Players of an app who came into a room, not counting those who came back.
        app_players_joined: OpenCounters = "app_players_joined_total" by &["app_id"], Vec::new;
        /// Connections that have authenticated for an app and are there.
        app_connections_active: OpenGauges = "app_connections_active" by &["app_id"], Vec::new;
        /// Rooms of an app at this moment.
        app_rooms_live: OpenGauges = "app_rooms_live" by &["app_id"], Vec::new;
        /// Game messages times those they were meant for.
        delivery_attempts: Counter = "websocket_delivery_attempts_total";
        /// Game messages that were queued for one recipient.
        deliveries_enqueued: Counter = "websocket_deliveries_enqueued_total";
        /// Game messages for a recipient whose connection was about to end.
        deliveries_channel_closed: Counter = "websocket_deliveries_channel_closed_total";
        /// What became of game messages, by class, for each recipient.
        delivery_class_outcomes: Counters = "websocket_delivery_class_outcomes_total" by &["class", "outcome"], class_outcomes;
        /// Game messages that a recipient did not get because it read too slowly.
        messages_dropped: Counter = "websocket_messages_dropped_total";
        /// Times that a queue became full.
        backpressure_events: Counter = "websocket_backpressure_events_total";
        /// Messages that wait in all queues.
        queue_depth: Gauge = "websocket_queue_depth";
        /// Bytes that wait in all queues, with what it takes to keep them.
        queue_bytes: Gauge = "websocket_queue_bytes";
        /// How long the longest waiting message has waited, as far as that is known.
        queue_oldest_age: Gauge = "websocket_queue_oldest_age_seconds";

        /// From the reading of a game message to its last queue, for one in 64.
        relay_seconds: Latency = "relay_duration_seconds";
        /// From a queue to the connection's task, for some messages.
        outbox_wait_seconds: Latency = "outbox_wait_seconds";
        /// From the reading of a wish to enter a room to the answer.
        entry_seconds: Latency = "room_entry_duration_seconds";
        /// From the reading of Authenticate to the answer.
        authenticate_seconds: Latency = "authenticate_duration_seconds";

        /// Rooms at this moment.
        rooms_live: Gauge = "rooms_live";
        /// Players and spectators in rooms.
        room_occupants_live: Gauge = "room_occupants_live";
        /// Players in rooms.
        players_active: Gauge = "players_active";
        /// Spectators in rooms.
        spectators_active: Gauge = "spectators_active";
        /// Rooms that were made.
        rooms_created: Counter = "rooms_created_total";
        /// Players who came into a room, not counting those who came back.
        rooms_joined: Counter = "rooms_joined_total";
        /// Rooms that have ended.
        rooms_deleted: Counter = "rooms_deleted_total";
        /// Rooms that were not made because there are as many as there may be.
        room_cap_denials: Counter = "room_cap_denials_total";
        /// Rooms that were not made for other reasons of this server.
        room_creation_failures: Counter = "room_creation_failures_total";
        /// Rooms that failed inside the server and were closed.
        room_panics: Counter = "room_panics_total";
        /// Players who took a seat, also again.
        players_joined: Counter = "players_joined_total";
        /// Players who gave up or lost a seat.
        players_left: Counter = "players_left_total";
        /// Rooms that ended after nobody came for too long.
        cleanup_empty_rooms: Counter = "cleanup_empty_rooms_total";
        /// Rooms that ended after nobody in them said anything for too long.
        cleanup_inactive_rooms: Counter = "cleanup_inactive_rooms_total";
        /// Players who lost their connection and did not come back in time.
        cleanup_expired_players: Counter = "cleanup_expired_players_total";

        /// Tokens to come back with that were given out.
        tokens_issued: Counter = "reconnection_tokens_issued_total";
        /// Players who are away and may come back.
        reconnection_pending: Gauge = "reconnection_pending";
        /// The same, under its other published name.
        reconnection_sessions_active: Gauge = "reconnection_sessions_active";
        /// Attempts to come back that were refused.
        reconnection_failures: Counter = "reconnection_validation_failures_total";
        /// Players who came back.
        reconnection_completions: Counter = "reconnection_completions_total";
        /// Rooms that keep game data for those who may come back.
        replay_rooms: Gauge = "replay_rooms_retained";

        /// Requests that came too often, of any kind.
        rejections: Counter = "rate_limit_rejections_total";
        /// Handshakes that came too often.
        rejected_auth: Counter = "rate_limit_auth_rejections_total";
        /// Rooms that were wanted too often.
        rejected_creation: Counter = "rate_limit_room_creation_rejections_total";
        /// Rooms that were entered too often.
        rejected_join: Counter = "rate_limit_join_attempt_rejections_total";
        /// Room codes without a room that were tried too often.
        rejected_code: Counter = "rate_limit_unknown_code_rejections_total";
        /// Commands to a room that came too often.
        rejected_command: Counter = "rate_limit_command_rejections_total";
        /// Messages into a room beyond what a player of the app, or all of them, may send.
        rejected_message: Counter = "rate_limit_message_rejections_total";
        /// Signals and transport reports that came too often.
        rejected_signal: Counter = "rate_limit_signal_rejections_total";
        /// Signals that went nowhere so often that their sender is no longer told why.
        rejected_signal_error: Counter = "rate_limit_signal_error_rejections_total";
        /// Game messages beyond the bytes that a player, or all players of its app, may send.
        rejected_relay: Counter = "rate_limit_relay_bandwidth_rejections_total";
        /// Game messages beyond the bytes that a room may relay.
        rejected_room_relay: Counter = "rate_limit_relay_room_bandwidth_rejections_total";
        /// Connections that ended because too much of what they sent had to be refused.
        rejected_replies: Counter = "rate_limit_inbound_error_reply_rejections_total";

        /// Session plans handed to players.
        plans_emitted: Counter = "transport_session_plans_emitted_total";
        /// Times that a room had to plan anew.
        replans: Counter = "transport_session_replans_emitted_total";
        /// Times that a plan was made for somebody who came into a running game.
        late_plans: Counter = "transport_session_plans_late_join_total";
        /// Plans in which everyone connects to everyone.
        mesh_plans: Counter = "transport_topology_mesh_selected_total";
        /// Plans in which everyone connects to a host.
        host_plans: Counter = "transport_topology_host_selected_total";
        /// Plans in which everyone goes through the server.
        relay_plans: Counter = "transport_topology_relay_selected_total";
        /// Plans over WebRTC.
        webrtc_plans: Counter = "transport_webrtc_selected_total";
        /// Plans straight to an address.
        direct_plans: Counter = "transport_direct_selected_total";
        /// Plans through the server's relay.
        relayed_plans: Counter = "transport_relay_selected_total";
        /// Reports of players that a connection beside the relay works.
        p2p_established: Counter = "transport_p2p_established_total";
        /// Reports of players that they use the relay after all.
        relay_fallback: Counter = "transport_relay_fallback_total";
        /// Signals that were handed on.
        signals_relayed: Counter = "transport_signals_relayed_total";
        /// Reports of transports that were told to others.
        status_fanout: Counter = "transport_status_fanout_total";
        /// Credentials for TURN that were given out.
        turn_credentials: Counter = "transport_turn_credentials_issued_total";
        /// Players who were told ICE servers when they came in.
        ice_pregather: Counter = "transport_ice_pregather_emitted_total";
        /// Players who could not join a running game with what they negotiated.
        incompatible_seats: Counter = "transport_seat_fills_rejected_incompatible_total";

        /// Attempts to write rooms to the storage that failed.
        storage_failures: Counter = "storage_write_failures_total";
    }
}

/// Which limit something has run into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Limit {
    Auth,
    Creation,
    Join,
    Code,
    Command,
    Message,
    Signal,
    SignalError,
    Relay,
    RoomRelay,
    Replies,
}

/// How a handshake went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Greeted {
    Accepted,
    Refused,
    Skipped,
}

/// All figures of one hub, and what they are made of.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) figures: HubFigures,
    /// Game messages of those without an app.
    pub(crate) anonymous: Arc<Tally>,
    apps: DashMap<AppId, Arc<AppFigures>>,
    /// Of connections that are gone.
    ended: Ended,
    pub(crate) n_players: AtomicUsize,
    pub(crate) n_spectators: AtomicUsize,
    pub(crate) n_awaited: AtomicUsize,
    pub(crate) n_logs: AtomicUsize,
    /// Whether rooms wait for a storage that does not take them.
    pub(crate) is_storage_failing: AtomicBool,
}

/// What is counted for one app of the settings.
#[derive(Default, Debug)]
pub(crate) struct AppFigures {
    pub(crate) tally: Arc<Tally>,
    pub(crate) n_connections: AtomicUsize,
    pub(crate) n_players_joined: AtomicU64,
}

#[derive(Default, Debug)]
struct Ended([AtomicU64; N_OUTCOMES]);

impl Metrics {
    /// Makes the handles, with the recorder that is current.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            figures: HubFigures::register(),
            anonymous: Arc::default(),
            apps: DashMap::new(),
            ended: Ended::default(),
            n_players: AtomicUsize::new(0),
            n_spectators: AtomicUsize::new(0),
            n_awaited: AtomicUsize::new(0),
            n_logs: AtomicUsize::new(0),
            is_storage_failing: AtomicBool::new(false),
        })
    }

    /// What is counted for an app. Only apps of the settings come here: others are no labels.
    pub(crate) fn app(&self, app: &AppId) -> Arc<AppFigures> {
        Arc::clone(&self.apps.entry(app.clone()).or_default())
    }

    /// A message came that is no game data, or game data that was not relayed.
    pub(crate) fn received(&self, message: &ClientMessage<'_>) {
        let row = ClientMessage::KINDS.iter().position(|(kind, _)| *kind == message.kind());
        self.figures.messages_received.row(row.unwrap_or(usize::MAX)).increment(1);
    }

    /// A message came that could not be read.
    pub(crate) fn received_unreadable(&self) {
        self.figures.messages_received.row(ClientMessage::KINDS.len()).increment(1);
    }

    /// `message` was queued for so many.
    pub(crate) fn sent(&self, message: &ServerMessage<'_>, n_recipients: usize) {
        let n = n_recipients as u64;
        let row = ServerMessage::KINDS.iter().position(|(kind, _)| *kind == message.kind());
        self.figures.messages_sent.row(row.unwrap_or(usize::MAX)).increment(n);
        if let ServerMessage::Signal(_) = message {
            self.figures.signals_relayed.increment(n);
        } else if let ServerMessage::PeerTransportStatus(_) = message {
            self.figures.status_fanout.increment(n);
        } else if let ServerMessage::RoomJoined(snapshot) = message {
            self.figures.ice_pregather.increment(u64::from(!snapshot.ice_servers.is_empty()));
        }
        if let Some(code) = refusals::code_of(message) {
            self.figures.errors_sent.row(code as usize).increment(n);
            if code == ErrorCode::RoomSessionIncompatible {
                self.figures.incompatible_seats.increment(n);
            }
        }
    }

    /// Somebody has a seat, perhaps again, or watches.
    pub(crate) fn seated(&self, watches: bool) {
        if watches {
            self.n_spectators.fetch_add(1, Ordering::Relaxed);
        } else {
            self.n_players.fetch_add(1, Ordering::Relaxed);
            self.figures.players_joined.increment(1);
        }
    }

    /// Somebody has none any more, or has stopped to watch.
    pub(crate) fn unseated(&self, watches: bool) {
        if watches {
            self.n_spectators.fetch_sub(1, Ordering::Relaxed);
        } else {
            self.n_players.fetch_sub(1, Ordering::Relaxed);
            self.figures.players_left.increment(1);
        }
    }

    pub(crate) fn greeted(&self, how: Greeted) {
        self.figures.authentications.row(how as usize).increment(1);
    }

    /// Something came too often.
    pub(crate) fn rejected(&self, limit: Limit) {
        let f = &self.figures;
        f.rejections.increment(1);
        match limit {
            Limit::Auth => &f.rejected_auth,
            Limit::Creation => &f.rejected_creation,
            Limit::Join => &f.rejected_join,
            Limit::Code => &f.rejected_code,
            Limit::Command => &f.rejected_command,
            Limit::Message => &f.rejected_message,
            Limit::Signal => &f.rejected_signal,
            Limit::SignalError => &f.rejected_signal_error,
            Limit::Relay => &f.rejected_relay,
            Limit::RoomRelay => &f.rejected_room_relay,
            Limit::Replies => &f.rejected_replies,
        }
        .increment(1);
    }

    /// A room has planned how its game is connected, for somebody who came late or for all.
    pub(crate) fn planned(&self, plan: &SessionPlan, n_players: usize, is_late: bool, is_first: bool) {
        let f = &self.figures;
        f.plans_emitted.increment(n_players as u64);
        match plan.topology {
            Topology::Mesh => &f.mesh_plans,
            Topology::Host => &f.host_plans,
            Topology::Relay => &f.relay_plans,
        }
        .increment(1);
        match plan.transport {
            Transport::Webrtc => &f.webrtc_plans,
            Transport::Direct => &f.direct_plans,
            Transport::Relay => &f.relayed_plans,
        }
        .increment(1);
        if is_late {
            f.late_plans.increment(1);
        } else if !is_first {
            f.replans.increment(1);
        }
    }

    /// A player says how a transport does.
    pub(crate) fn reported(&self, status: &TransportStatus, is_heard: bool) {
        if !is_heard {
            return self.rejected(Limit::Signal);
        }
        match status {
            TransportStatus { transport: Transport::Webrtc | Transport::Direct, connected: true } => {
                self.figures.p2p_established.increment(1);
            }
            TransportStatus { transport: Transport::Webrtc | Transport::Direct, connected: false }
            | TransportStatus { transport: Transport::Relay, connected: true } => {
                self.figures.relay_fallback.increment(1);
            }
            TransportStatus { transport: Transport::Relay, connected: false } => {}
        }
    }

    /// The storage was written to, and took all or not.
    pub(crate) fn wrote(&self, has_taken_all: bool) {
        self.is_storage_failing.store(!has_taken_all, Ordering::Relaxed);
        if !has_taken_all {
            self.figures.storage_failures.increment(1);
        }
    }

    /// A connection is gone, with these counters.
    pub(crate) fn ended(&self, counters: &DeliveryCounters) {
        for (total, n) in self.ended.0.iter().zip(outcomes(counters)) {
            if n > 0 {
                total.fetch_add(n, Ordering::Relaxed);
            }
        }
    }
}

/// A game message of `session` was relayed to so many.
pub(crate) fn relayed(
    session: &Session,
    now: Instant,
    label: DeliveryLabel,
    n_bytes: usize,
    n_recipients: usize,
) {
    let metrics = &session.shared.metrics;
    let tally = session.app.as_ref().map_or(&metrics.anonymous, |app| &app.tally);
    if tally.count(label.class(), n_bytes, n_recipients) {
        metrics.figures.relay_seconds.record(since(now));
    }
}

/// `session` has authenticated for an app, if it has one.
pub(crate) fn came(session: &mut Session) {
    let app = session.grant.as_ref().and_then(Grant::app_id);
    session.app = app.map(|app| session.shared.metrics.app(app));
    if let Some(app) = &session.app {
        app.n_connections.fetch_add(1, Ordering::Relaxed);
    }
}

/// `session` has come into a room to play, for the first time.
pub(crate) fn joined(session: &Session) {
    session.shared.metrics.figures.rooms_joined.increment(1);
    if let Some(app) = &session.app {
        app.n_players_joined.fetch_add(1, Ordering::Relaxed);
    }
}

/// `session` has ended.
pub(crate) fn gone(session: &Session) {
    session.shared.metrics.figures.disconnections.increment(1);
    if let Some(app) = &session.app {
        app.n_connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long ago `then` was, by the clock of all rooms.
pub(crate) fn since(then: Instant) -> Duration {
    tokio::time::Instant::now().into_std().saturating_duration_since(then)
}

fn rows<const N: usize>(values: [&str; N]) -> Vec<Vec<String>> {
    values.map(|value| vec![value.to_owned()]).into()
}

/// In the order of [`Metrics::received`].
fn received_types() -> Vec<Vec<String>> {
    let kinds = ClientMessage::KINDS.iter().map(|(kind, _)| *kind);
    kinds.chain(["unreadable"]).map(|kind| vec![kind.to_owned()]).collect()
}

fn sent_types() -> Vec<Vec<String>> {
    ServerMessage::KINDS.iter().map(|(kind, _)| vec![(*kind).to_owned()]).collect()
}

fn error_codes() -> Vec<Vec<String>> {
    ErrorCode::ALL.iter().map(|code| vec![code.token().to_owned()]).collect()
}

/// In the order of [`outcomes`], then what was meant for somebody.
fn class_outcomes() -> Vec<Vec<String>> {
    use DeliveryClass::{Latest, Reliable, Volatile};
    [
        (Reliable, "delivered"),
        (Reliable, "abandoned"),
        (Reliable, "unsupported_format"),
        (Latest, "delivered"),
        (Latest, "superseded"),
        (Latest, "dropped_full"),
        (Latest, "abandoned"),
        (Latest, "unsupported_format"),
        (Volatile, "delivered"),
        (Volatile, "dropped"),
        (Volatile, "abandoned"),
        (Volatile, "unsupported_format"),
        (Reliable, "attempted"),
        (Latest, "attempted"),
        (Volatile, "attempted"),
    ]
    .map(|(class, outcome)| vec![class.token().to_owned(), outcome.to_owned()])
    .into()
}

const fn outcomes(counters: &DeliveryCounters) -> [u64; N_OUTCOMES] {
    let DeliveryCounters { reliable, latest, volatile } = counters;
    [
        reliable.delivered,
        reliable.abandoned,
        reliable.unsupported_format,
        latest.delivered,
        latest.superseded,
        latest.dropped_full,
        latest.abandoned,
        latest.unsupported_format,
        volatile.delivered,
        volatile.dropped,
        volatile.abandoned,
        volatile.unsupported_format,
    ]
}

const N_OUTCOMES: usize = 12;
