//! Brings up to date what is not counted as it happens: what waits, who is there, and what threads count apart.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use signal_fish_protocol::DeliveryCounters;

use super::tally::Sums;
use super::{HubFigures, Metrics, N_OUTCOMES, outcomes, since};
use crate::directory::Directory;
use crate::outbox::Waiting;
use crate::sessions::Sessions;
use crate::shared::Shared;

/// Brings the figures of a hub up to date. This looks at every connection's queue, for nanoseconds each: nothing that
/// relays waits for it, but it is not for every second.
pub(crate) fn publish(shared: &Shared) {
    let Shared { metrics, directory, sessions, .. } = shared;
    let Metrics { figures, .. } = &**metrics;
    people(metrics, figures, directory, sessions);
    let queues = Queues::of(sessions);
    figures.queue_depth.set(float(queues.n_messages));
    figures.queue_bytes.set(float(queues.n_bytes));
    figures.queue_oldest_age.set(queues.oldest_age.as_secs_f64());
    deliveries(metrics, figures, queues.outcomes, relayed(metrics, figures, directory));
}

fn people(metrics: &Metrics, figures: &HubFigures, directory: &Directory, sessions: &Sessions) {
    let [n_players, n_spectators, n_awaited, n_logs] =
        [&metrics.n_players, &metrics.n_spectators, &metrics.n_awaited, &metrics.n_logs].map(read);
    figures.connections_active.set(float(sessions.count()));
    figures.rooms_live.set(float(directory.count()));
    figures.room_occupants_live.set(float(n_players + n_spectators));
    figures.players_active.set(float(n_players));
    figures.spectators_active.set(float(n_spectators));
    figures.reconnection_pending.set(float(n_awaited));
    figures.reconnection_sessions_active.set(float(n_awaited));
    figures.replay_rooms.set(float(n_logs));
}

/// What all apps have relayed together.
fn relayed(metrics: &Metrics, figures: &HubFigures, directory: &Directory) -> Sums {
    let mut all = metrics.anonymous.sums();
    for app in &metrics.apps {
        let (id, app) = (app.key(), app.value());
        let sums = app.tally.sums();
        figures.relay_app_bytes.set(id.as_str(), sums.bytes);
        figures.app_messages.set(id.as_str(), sums.messages);
        figures.app_players_joined.set(id.as_str(), app.n_players_joined.load(Ordering::Relaxed));
        figures.app_connections_active.set(id.as_str(), float(read(&app.n_connections)));
        figures.app_rooms_live.set(id.as_str(), float(directory.count_of_app(id)));
        all = all.plus(sums);
    }
    figures.game_data_messages.absolute(all.messages);
    figures.relay_bytes.absolute(all.bytes);
    all
}

fn deliveries(metrics: &Metrics, figures: &HubFigures, mut outcomes: [u64; N_OUTCOMES], relayed: Sums) {
    for (n, ended) in outcomes.iter_mut().zip(&metrics.ended.0) {
        *n += ended.load(Ordering::Relaxed);
    }
    for (row, n) in outcomes.iter().chain(&relayed.recipients).enumerate() {
        figures.delivery_class_outcomes.row(row).absolute(*n);
    }
    let [
        reliable,
        abandoned,
        _,
        latest,
        superseded,
        latest_full,
        latest_abandoned,
        _,
        volatile,
        full,
        volatile_abandoned,
        _,
    ] = outcomes;
    let n_abandoned = abandoned + latest_abandoned + volatile_abandoned;
    figures.delivery_attempts.absolute(relayed.recipients.iter().sum());
    figures.deliveries_enqueued.absolute(reliable + latest + volatile + superseded + n_abandoned);
    figures.messages_dropped.absolute(latest_full + full + n_abandoned);
}

/// What all queues come to.
#[derive(Default)]
struct Queues {
    n_messages: usize,
    n_bytes: usize,
    oldest_age: Duration,
    outcomes: [u64; N_OUTCOMES],
}

impl Queues {
    fn of(sessions: &Sessions) -> Self {
        let mut all = Self::default();
        sessions.look(|waiting| all.add(&waiting));
        all
    }

    fn add(&mut self, waiting: &Waiting) {
        self.n_messages += waiting.n_messages;
        self.n_bytes += waiting.n_bytes;
        self.oldest_age = self.oldest_age.max(waiting.since.map_or(Duration::ZERO, since));
        self.count(&waiting.counters);
    }

    fn count(&mut self, counters: &DeliveryCounters) {
        for (all, n) in self.outcomes.iter_mut().zip(outcomes(counters)) {
            *all += n;
        }
    }
}

fn read(count: &AtomicUsize) -> usize {
    count.load(Ordering::Relaxed)
}

#[expect(clippy::cast_precision_loss, reason = "nobody counts beyond 2^53")]
fn float(n: usize) -> f64 {
    n as f64
}
