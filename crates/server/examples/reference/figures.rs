//! The page of the figures for Prometheus.

use std::fmt::Write as _;

use signal_fish_hub::{Family, Kind};
use signal_fish_server::Exposition;

use crate::head;

pub(crate) fn page() -> String {
    let text = "What `GET /metrics/prom` writes; see [observability.md](../observability.md). \"Published\" are the names that server 0.12.0 \
                has too; a published gauge in milliseconds comes with `?published` alone. A name in `…_seconds` or `…_bytes` says its unit, \
                everything else is a number of things. Histograms are `…_bucket`, `…_sum` and `…_count`.\n\n\
                | name | type | unit | labels | published | meaning |\n|---|---|---|---|---|---|";
    let mut page = head("Figures", text);
    for family in Exposition::families() {
        let Family { name, kind, help, labels, .. } = family;
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let published = if is_published(name) { "yes" } else { "" };
        let _ = writeln!(
            page,
            "| `{name}` | {} | {} | {labels} | {published} | {help} |",
            named(*kind),
            unit(name)
        );
    }
    for name in ["average", "p50", "p95", "p99", "min", "max"] {
        let name = format!("signal_fish_websocket_ping_rtt_{name}_ms");
        let _ = writeln!(page, "| `{name}` | gauge | milliseconds |  | yes | From a ping to its answer. |");
    }
    page += "\n## The process\n\nUnder the usual names, where the system tells.\n\n| name | type | unit |\n|---|---|---|\n";
    for name in PROCESS {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        let _ = writeln!(page, "| `{name}` | {kind} | {} |", unit(name));
    }
    page += "\n## Published names that are gone\n\n| name | why |\n|---|---|\n";
    for (names, why) in GONE {
        let names =
            names.split(' ').map(|name| format!("`signal_fish_{name}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "| {names} | {why} |");
    }
    page
}

fn is_published(name: &str) -> bool {
    let name = name.strip_prefix("signal_fish_").unwrap_or(name);
    PUBLISHED.split_ascii_whitespace().any(|published| published == name)
}

const fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    }
}

fn unit(name: &str) -> &'static str {
    let name = name.strip_suffix("_total").unwrap_or(name);
    ["seconds", "bytes"].into_iter().find(|unit| name.ends_with(unit)).unwrap_or_default()
}

/// Names of server 0.12.0 that mean here what they mean there, without their common start.
const PUBLISHED: &str = "
    connections_total connections_active connections_disconnections_total
    websocket_upgrade_attempts_total websocket_upgrade_outcomes_total websocket_upgrades_failed_after_accept_total
    websocket_slow_consumer_disconnects_total websocket_shutdown_disconnects_total
    websocket_zero_frame_timeout_disconnects_total websocket_ping_timeouts_total
    websocket_ping_rtt_samples_total latency_clamped_samples_total
    websocket_messages_dropped_total websocket_backpressure_events_total websocket_queue_depth
    websocket_delivery_attempts_total websocket_deliveries_enqueued_total websocket_deliveries_channel_closed_total
    websocket_delivery_class_outcomes_total relay_bytes_total websocket_egress_bytes_total relay_app_bytes_total
    game_data_messages_total
    rooms_live room_occupants_live reconnection_pending replay_rooms_retained
    rooms_created_total rooms_joined_total rooms_deleted_total room_cap_denials_total
    rate_limit_rejections_total rate_limit_auth_rejections_total rate_limit_room_creation_rejections_total
    rate_limit_join_attempt_rejections_total rate_limit_signal_rejections_total rate_limit_signal_error_rejections_total
    rate_limit_relay_bandwidth_rejections_total rate_limit_relay_room_bandwidth_rejections_total
    rate_limit_inbound_error_reply_rejections_total
    players_active players_joined_total players_left_total
    reconnection_tokens_issued_total reconnection_sessions_active reconnection_validation_failures_total
    reconnection_completions_total
    cleanup_empty_rooms_total cleanup_inactive_rooms_total cleanup_expired_players_total
    transport_session_plans_emitted_total transport_session_replans_emitted_total transport_session_plans_late_join_total
    transport_topology_mesh_selected_total transport_topology_host_selected_total
    transport_topology_relay_selected_total transport_webrtc_selected_total transport_direct_selected_total
    transport_relay_selected_total transport_p2p_established_total transport_relay_fallback_total
    transport_signals_relayed_total transport_turn_credentials_issued_total transport_status_fanout_total
    transport_ice_pregather_emitted_total transport_seat_fills_rejected_incompatible_total
";

/// Names of server 0.12.0 that are not written here, without their common start.
const GONE: [(&str, &str); 9] = [
    (
        "websocket_queue_oldest_age_milliseconds",
        "`signal_fish_websocket_queue_oldest_age_seconds` says it in seconds",
    ),
    ("websocket_deliveries_canceled_total", "nothing waits to be queued, so nothing is cancelled"),
    (
        "websocket_ping_probes_skipped_activity_total websocket_ping_probes_cancelled_activity_total",
        "a ping is due or not; none is planned and then left out",
    ),
    (
        "websocket_slow_consumer_eviction_attributions_total",
        "a label for each player has no bound; the admin API says who was disconnected and why",
    ),
    (
        "replay_events_retained reconnection_events_buffered_total reconnection_events_evicted_total",
        "what is kept is bounded by bytes and time for each room; counting it would cost each message",
    ),
    (
        "room_cap_lock_acquisitions_total room_cap_lock_failures_total distributed_lock_release_failures_total \
         distributed_lock_renewal_failures_total distributed_lock_cleanup_runs_total distributed_lock_cleanup_removed_total",
        "there are no such locks",
    ),
    (
        "maintenance_sweeps_total maintenance_last_duration_milliseconds cleanup_pending_publications",
        "there are no sweeps: each room wakes when something of it is due",
    ),
    (
        "dashboard_cache_age_seconds dashboard_cache_refreshes_total dashboard_cache_refresh_failures_total",
        "there is no cache: a page is made when it is asked for",
    ),
    (
        "cross_instance_messages_total cross_instance_membership_updates_published_total \
         cross_instance_membership_updates_received_total cross_instance_membership_known_broadcasts_total \
         cross_instance_membership_forced_broadcasts_total cross_instance_membership_skipped_broadcasts_total \
         transport_mixed_path_members_observed_total",
        "nothing here comes about that they would count",
    ),
];

/// What the system tells of a process.
const PROCESS: [&str; 8] = [
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
];
