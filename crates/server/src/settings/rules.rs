//! Rules between settings: each is within its own bounds, but not all go together.

use std::net::IpAddr;
use std::num::NonZeroUsize;

use signal_fish_hub::OutboxLimits;

use super::problem::Problems;
use super::{GameDataSettings, Settings, ice};

/// The most that an envelope adds to the game data it carries, in bytes.
const ENVELOPE_BYTES_MAX: usize = 256;

/// What a player takes in a roster besides its name and connection info, in bytes.
const PLAYER_BYTES: usize = 512;

/// The longest label of a relay, in bytes.
const RELAY_LABEL_BYTES_MAX: usize = 256;

/// Adds a problem for each rule that is broken.
pub(super) fn check(settings: &Settings, problems: &mut Problems) {
    check_rooms(settings, problems);
    check_sizes(settings, problems);
    check_deadlines(settings, problems);
    check_access(settings, problems);
    settings.security.transport.token_binding.check(&settings.security.transport.tls, problems);
    check_relay_types(settings, problems);
    ice::check(&settings.session, &settings.turn, problems);
}

/// What the operator should know although it keeps nothing from working.
pub(super) fn notices(settings: &Settings) -> Vec<String> {
    let Settings { security, server, websocket, .. } = settings;
    let is_open = !security.enforce_app_id_allowlist;
    let wants_token = security.connect_token.required;
    let never_found_dead =
        [server.ping_timeout, websocket.idle_timeout_secs, websocket.server_ping_interval_secs] == [0; 3];
    let mut notices = Vec::new();
    if is_open && !wants_token && !server.bind.to_canonical().is_loopback() {
        notices.push("security.allow_open is set: everyone who reaches this server may play".to_owned());
    }
    if is_open && !(security.allowed_apps.is_empty() && security.app_auth_path.is_none()) {
        let notice = "security.allowed_apps does nothing unless security.enforce_app_id_allowlist is true";
        notices.push(notice.to_owned());
    }
    if never_found_dead {
        let keys = "server.ping_timeout, websocket.idle_timeout_secs and websocket.server_ping_interval_secs";
        notices.push(format!("{keys} are all 0: a connection whose peer has vanished keeps its seat"));
    }
    notices.extend(security.transport.token_binding.notice(&security.transport.tls));
    notices.extend(ice::notices(&settings.session, &settings.turn));
    notices.extend(settings.protocol.sdk_compatibility.notices());
    notices
}

fn check_rooms(settings: &Settings, problems: &mut Problems) {
    let Settings { server, protocol, .. } = settings;
    at_most(
        problems,
        ("server.default_max_players", server.default_max_players.get().into()),
        ("protocol.max_players_limit", protocol.max_players_limit.get().into()),
    );
    at_most(
        problems,
        ("protocol.min_protocol_version", protocol.min_protocol_version.into()),
        ("protocol.max_protocol_version", protocol.max_protocol_version.into()),
    );
}

fn check_sizes(settings: &Settings, problems: &mut Problems) {
    let Settings { security, websocket, protocol, .. } = settings;
    let inbound = ("security.max_message_size", security.max_message_size);
    at_most(problems, ("security.max_signal_bytes", security.max_signal_bytes), inbound);
    at_most(problems, ("security.max_connection_info_bytes", security.max_connection_info_bytes), inbound);

    let GameDataSettings { json, message_pack, rkyv, protobuf } = &security.max_game_data_bytes;
    for (format, limit) in
        [("json", json), ("message_pack", message_pack), ("rkyv", rkyv), ("protobuf", protobuf)]
    {
        let key = format!("security.max_game_data_bytes.{format}");
        at_most(problems, (&key, limit.map_or(0, NonZeroUsize::get)), inbound);
    }

    let least = security.max_message_size.saturating_add(ENVELOPE_BYTES_MAX);
    for (key, size) in [
        ("security.max_outbound_message_size", security.max_outbound_message_size),
        ("websocket.send_queue_bytes", websocket.send_queue_bytes.get()),
    ] {
        if size < least {
            let why = "for a message of `security.max_message_size` to be relayed";
            problems.add(key, format!("set at least {least}, not {size}, {why}"));
        }
    }

    // The longest message has to fit into the burst that may wait for a connection.
    let queue_least = security.max_outbound_message_size / OutboxLimits::BURST;
    if websocket.send_queue_bytes.get() < queue_least {
        let advice = format!(
            "set at least {queue_least}, for a message of `security.max_outbound_message_size` to be queued at all"
        );
        problems.add("websocket.send_queue_bytes", advice);
    }

    let n_players = usize::from(protocol.max_players_limit.get());
    let beside = PLAYER_BYTES + 2 * protocol.max_player_name_length;
    let infos = security.max_connection_info_bytes.saturating_add(beside).saturating_mul(n_players);
    if infos > security.max_outbound_message_size {
        let most = (security.max_outbound_message_size / n_players).saturating_sub(beside);
        let advice = format!(
            "set at most {most}, not {}, for those of {n_players} players (`protocol.max_players_limit`) to fit \
             into one message of `security.max_outbound_message_size`",
            security.max_connection_info_bytes
        );
        problems.add("security.max_connection_info_bytes", advice);
    }
}

fn check_deadlines(settings: &Settings, problems: &mut Problems) {
    let slow = u64::from(settings.websocket.slow_consumer_timeout_ms);
    let silent = u64::from(settings.server.ping_timeout) * 1_000;
    // A reader that is slow must be told so before it is taken for dead.
    if silent != 0 && slow >= silent {
        let advice = format!("set less than the {silent} ms of `server.ping_timeout`, not {slow}");
        problems.add("websocket.slow_consumer_timeout_ms", advice);
    }
    // What may wait must not count as stuck.
    let (tick, sojourn) = (settings.websocket.batch_interval_ms, settings.websocket.max_sojourn_ms.get());
    if settings.websocket.enable_batching && tick >= sojourn {
        let advice = format!("set less than the {sojourn} ms of `websocket.max_sojourn_ms`, not {tick}");
        problems.add("websocket.batch_interval_ms", advice);
    }
}

fn check_access(settings: &Settings, problems: &mut Problems) {
    let Settings { security, server, .. } = settings;
    at_most(
        problems,
        ("security.max_connections_per_ip", security.max_connections_per_ip.get()),
        ("security.max_connections", security.max_connections.get()),
    );
    check_exposure(settings, server.bind, problems);
}

/// An address that others reach is no place for a server that everyone may play on, unless that was said.
pub(crate) fn check_exposure(settings: &Settings, bind: IpAddr, problems: &mut Problems) {
    let security = &settings.security;
    let is_guarded =
        security.enforce_app_id_allowlist || security.connect_token.required || security.allow_open;
    if !is_guarded && !bind.to_canonical().is_loopback() {
        let advice = format!(
            "other machines can reach {bind}, and everyone who reaches an open server may play: set \
             `security.enforce_app_id_allowlist` to true and list your apps in `security.allowed_apps`, or \
             set `security.allow_open` to true if everyone may (SIGNAL_FISH__SECURITY__ALLOW_OPEN=true)"
        );
        problems.add("server.bind", advice);
    }
}

fn check_relay_types(settings: &Settings, problems: &mut Problems) {
    let relay_types = &settings.relay_types;
    let of_games = relay_types
        .game_relay_mappings
        .iter()
        .map(|(game, label)| (format!("relay_types.game_relay_mappings.{game}"), label));
    let of_all = ("relay_types.default_relay_type".to_owned(), &relay_types.default_relay_type);
    for (key, label) in [of_all].into_iter().chain(of_games) {
        let is_label = !label.trim().is_empty()
            && label.len() <= RELAY_LABEL_BYTES_MAX
            && !label.chars().any(char::is_control);
        if !is_label {
            let advice = format!(
                "set 1 to {RELAY_LABEL_BYTES_MAX} bytes that are not all blank, without control characters, \
                 not {label:?}"
            );
            problems.add(key, advice);
        }
    }
}

fn at_most(problems: &mut Problems, (key, value): (&str, usize), (limit_key, limit): (&str, usize)) {
    if value > limit {
        problems.add(key, format!("set at most the {limit} of `{limit_key}`, not {value}"));
    }
}
