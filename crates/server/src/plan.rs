//! Settings as the parts of the server take them.

mod access;
mod admin;
mod listening;
mod peering;

use std::num::NonZeroU32;
use std::time::Duration;

use signal_fish_auth::{Authenticator, Quota};
use signal_fish_hub::{
    ByteQuota, CorkRules, HubConfig, OutboxLimits, ReconnectionRules, RelayTypes, ReplayLimits,
    SpectatorLimit,
};
use signal_fish_protocol::{PlayerNameRules, ProtocolVersion, RoomCodeFormat};
use signal_fish_storage::Keyring;
use signal_fish_transport::{ListenerConfig, TlsFiles};

pub(crate) use access::{authenticator, files, read};
pub(crate) use admin::AdminPlan;
pub(crate) use listening::Listening;

use crate::jwks::Publication;
use crate::server::Drain;
use crate::settings::{
    Problems, ProtocolSettings, RelayTypeSettings, ServerSettings, Settings, WebsocketSettings,
};

/// Settings as the parts of the server take them. Who has one knows that the settings go together.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) authenticator: Authenticator,
    /// Where the authenticator's keys of JWTs are to be fetched, if they are.
    pub(crate) jwks: Option<Publication>,
    pub(crate) keyring: Option<Keyring>,
    pub(crate) hub: HubConfig,
    pub(crate) listening: Listening,
    pub(crate) listener: ListenerConfig,
    pub(crate) admin: AdminPlan,
    /// Certificates, where the port is for encrypted connections.
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) drain: Drain,
}

impl Plan {
    /// Names all that is wrong, as far as it can be seen at once.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = settings.problems();
        let (authenticator, jwks) = access::authenticator(&settings.security, &mut problems);
        let hub = hub(settings, &mut problems);
        let listener = listening::listener(settings, &mut problems);
        let admin = admin::admin(settings, &mut problems);
        let tls = settings.security.transport.tls.files(&mut problems);
        let keyring = settings.storage.keyring(&mut problems);
        let listening = listening::sockets(settings, &mut problems);
        problems.none()?;
        Ok(Self {
            authenticator,
            jwks,
            tls,
            keyring,
            hub,
            listening,
            listener,
            admin,
            drain: Drain { grace: secs(settings.server.drain_grace_secs), retry_after: RETRY_AFTER },
        })
    }
}

fn hub(settings: &Settings, problems: &mut Problems) -> HubConfig {
    let Settings { server, rate_limit, protocol, security, websocket, relay_types, session, turn, .. } =
        settings;
    let window = secs(rate_limit.time_window.get());
    let quota = |n_max: NonZeroU32| Quota { n_max, window };
    let (capabilities, sdks) = protocol.sdk_compatibility.table(problems);
    HubConfig {
        versions: versions(protocol, problems),
        offer_message_pack: protocol.enable_message_pack_game_data,
        offer_rkyv: protocol.enable_rkyv_game_data,
        offer_protobuf: protocol.enable_protobuf_game_data,
        game_data_limits: security.max_game_data_bytes.limits(),
        game_name_bytes_max: protocol.max_game_name_length,
        player_names: player_names(protocol),
        room_codes: room_codes(server, protocol, problems),
        players_default: server.default_max_players.get(),
        players_max: protocol.max_players_limit.get(),
        spectators: match server.default_max_spectators {
            None => SpectatorLimit::TwicePlayers,
            Some(0) => SpectatorLimit::Unlimited,
            Some(n) => SpectatorLimit::AtMost(n),
        },
        rooms_max: server.max_rooms.get(),
        rooms_per_game_max: server.max_rooms_per_game.get(),
        empty_room_timeout: secs(server.empty_room_timeout),
        inactive_room_timeout: secs(server.inactive_room_timeout.get()),
        reconnection: server.enable_reconnection.then(|| reconnection(server, websocket)),
        relay_types: labels(relay_types),
        peering: peering::peering(session, turn),
        inbound_bytes_max: security.max_message_size,
        signal_bytes_max: security.max_signal_bytes,
        connection_info_bytes_max: security.max_connection_info_bytes,
        outbox: OutboxLimits {
            message_bytes_max: security.max_outbound_message_size,
            messages_max: websocket.send_queue_capacity.get(),
            bytes_max: websocket.send_queue_bytes.get(),
            slow_after: millis(websocket.slow_consumer_timeout_ms),
            sojourn_max: millis(websocket.max_sojourn_ms.get()),
            stats_interval: unless_zero(websocket.delivery_stats_interval_secs),
        },
        cork: websocket.enable_batching.then(|| CorkRules {
            tick: millis(websocket.batch_interval_ms),
            messages_max: websocket.batch_size.get(),
        }),
        creations: quota(rate_limit.max_room_creations),
        joins: quota(rate_limit.max_join_attempts),
        commands: quota(rate_limit.max_room_commands),
        unknown_codes: quota(rate_limit.max_unknown_codes),
        signals: quota(rate_limit.max_signals),
        relay: ByteQuota { bytes_max: rate_limit.max_relay_bytes, window },
        room_relay: ByteQuota { bytes_max: rate_limit.max_room_relay_bytes, window },
        signal_errors: quota(rate_limit.max_signal_errors),
        error_replies: quota(rate_limit.max_inbound_error_replies),
        sdks,
        capabilities,
        implementation_version: env!("CARGO_PKG_VERSION"),
    }
}

fn reconnection(server: &ServerSettings, websocket: &WebsocketSettings) -> ReconnectionRules {
    let replay = ReplayLimits {
        // All of it is queued at once when somebody comes back.
        bytes_max: server.game_data_replay_bytes.min(websocket.send_queue_bytes.get()),
        messages_max: server.game_data_replay_messages.get().min(websocket.send_queue_capacity.get()),
        age_max: secs(server.game_data_replay_secs.get()),
    };
    ReconnectionRules {
        window: secs(server.reconnection_window.get()),
        events_max: server.event_buffer_size,
        replay: (replay.bytes_max > 0).then_some(replay),
    }
}

fn versions(protocol: &ProtocolSettings, problems: &mut Problems) -> (ProtocolVersion, ProtocolVersion) {
    let mut version = |key: &str, number: u16| {
        ProtocolVersion::at_most(number).unwrap_or_else(|| {
            problems.add(key, format!("set {} or more, not {number}", ProtocolVersion::OLDEST));
            ProtocolVersion::OLDEST
        })
    };
    let oldest = version("protocol.min_protocol_version", protocol.min_protocol_version);
    (oldest, version("protocol.max_protocol_version", protocol.max_protocol_version))
}

fn player_names(protocol: &ProtocolSettings) -> PlayerNameRules {
    let rules = &protocol.player_name_validation;
    PlayerNameRules {
        max_length: protocol.max_player_name_length,
        min_length: 1,
        allow_unicode_alphanumeric: rules.allow_unicode_alphanumeric,
        allow_spaces: rules.allow_spaces,
        allow_leading_trailing_whitespace: rules.allow_leading_trailing_whitespace,
        allowed_symbols: rules.allowed_symbols.clone(),
        additional_allowed_characters: rules.additional_allowed_characters.clone(),
    }
}

fn room_codes(
    server: &ServerSettings,
    protocol: &ProtocolSettings,
    problems: &mut Problems,
) -> RoomCodeFormat {
    let length = protocol.room_code_length;
    let prefix = server.room_code_prefix.as_deref().unwrap_or_default();
    RoomCodeFormat::new(length, prefix).unwrap_or_else(|_| {
        let advice = format!(
            "set fewer ASCII letters and digits than the {length} characters of `protocol.room_code_length`, \
             not {prefix:?}"
        );
        problems.add("server.room_code_prefix", advice);
        RoomCodeFormat::default()
    })
}

fn labels(relay_types: &RelayTypeSettings) -> RelayTypes {
    let by_game = relay_types.game_relay_mappings.iter();
    RelayTypes {
        default: relay_types.default_relay_type.as_str().into(),
        by_game: by_game.map(|(game, label)| (game.clone(), label.as_str().into())).collect(),
    }
}

fn secs(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// Zero switches it off.
fn unless_zero(seconds: u32) -> Option<Duration> {
    Some(secs(seconds)).filter(|duration| !duration.is_zero())
}

fn millis(milliseconds: u32) -> Duration {
    Duration::from_millis(milliseconds.into())
}

/// How long clients are asked to stay away that cannot be served now: a restarted server is back by then.
const RETRY_AFTER: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use signal_fish_auth::Moment;
    use signal_fish_hub::GameDataLimits;
    use signal_fish_protocol::Timestamp;
    use signal_fish_transport::ConnectionConfig;

    use super::*;

    const START: Moment = Moment { steady: Duration::ZERO, wall: Timestamp::UNIX_EPOCH };

    /// The default settings with some members replaced.
    fn settings(changes: &Json) -> Settings {
        fn replace(place: &mut Json, change: &Json) {
            match change.as_object() {
                Some(members) if place.is_object() => {
                    members.iter().for_each(|(name, change)| replace(&mut place[name], change));
                }
                _ => place.clone_from(change),
            }
        }
        let mut settings = serde_json::to_value(Settings::default()).unwrap();
        replace(&mut settings, changes);
        serde_json::from_value(settings).unwrap()
    }

    #[track_caller]
    fn refused(changes: &Json, expected: &[&str]) {
        let problems = Plan::new(&settings(changes)).expect_err("there is something to mend").to_string();
        assert_eq!(problems.lines().collect::<Vec<_>>(), expected, "for {changes}");
    }

    #[track_caller]
    fn accepted(changes: &Json) -> Plan {
        Plan::new(&settings(changes)).unwrap_or_else(|problems| panic!("{changes}: {problems}"))
    }

    #[test]
    fn defaults_are_what_the_parts_would_do_themselves() {
        let plan = Plan::new(&Settings::default()).unwrap();
        assert_eq!(format!("{:?}", plan.hub), format!("{:?}", HubConfig::default()));
        // A listener alone lets every page in and knows nothing of the machine.
        let ListenerConfig { origins, queued_bytes_max, .. } = plan.listener.clone();
        let listener = ListenerConfig { origins, queued_bytes_max, ..ListenerConfig::default() };
        assert_eq!(format!("{:?}", plan.listener), format!("{listener:?}"));
        assert_eq!(plan.listening.addr.to_string(), "127.0.0.1:3536");
        assert!(plan.authenticator.anonymous().is_some());
    }

    #[test]
    fn zero_switches_off_what_can_be_off() {
        let off = json!({
            "server": {"ping_timeout": 0, "default_max_spectators": 0, "game_data_replay_bytes": 0},
            "websocket": {
                "idle_timeout_secs": 0, "server_ping_interval_secs": 0, "socket_send_buffer_bytes": 0,
            },
        });
        let Plan { hub, listener, .. } = accepted(&off);
        let ConnectionConfig { idle_timeout, activity_timeout, ping_interval, .. } = listener.connection;
        assert_eq!([idle_timeout, activity_timeout, ping_interval], [None; 3]);
        assert_eq!(listener.send_buffer_bytes, None);
        assert_eq!(hub.spectators, SpectatorLimit::Unlimited);
        assert_eq!(hub.reconnection.map(|rules| rules.replay), Some(None));
        let away = accepted(&json!({"server": {"enable_reconnection": false}})).hub.reconnection;
        assert_eq!(away, None);
        let watched = accepted(&json!({"server": {"default_max_spectators": 3}})).hub.spectators;
        assert_eq!(watched, SpectatorLimit::AtMost(3));
    }

    #[test]
    fn game_data_has_the_formats_and_limits_that_are_set() {
        let hub = accepted(&json!({
            "protocol": {"enable_rkyv_game_data": true},
            "security": {"max_game_data_bytes": {"message_pack": 7, "protobuf": 9}},
            "websocket": {"delivery_stats_interval_secs": 5, "max_sojourn_ms": 8_000},
        }))
        .hub;
        assert_eq!([hub.offer_rkyv, hub.offer_protobuf], [true, false]);
        let limits = GameDataLimits { message_pack: Some(7), protobuf: Some(9), ..GameDataLimits::default() };
        assert_eq!(hub.game_data_limits, limits);
        assert_eq!(hub.outbox.stats_interval, Some(Duration::from_secs(5)));
        assert_eq!(hub.outbox.sojourn_max, Duration::from_secs(8));
    }

    #[test]
    fn an_address_that_others_reach_needs_a_list_or_a_word() {
        for bind in ["0.0.0.0", "::", "192.0.2.7", "::ffff:192.0.2.7"] {
            let server = json!({"bind": bind});
            refused(
                &json!({"server": server}),
                &[&format!(
                    "server.bind: other machines can reach {bind}, and everyone who reaches an open server may play: \
                 set `security.enforce_app_id_allowlist` to true and list your apps in `security.allowed_apps`, \
                 or set `security.allow_open` to true if everyone may (SIGNAL_FISH__SECURITY__ALLOW_OPEN=true)"
                )],
            );
            accepted(&json!({"server": server, "security": {"allow_open": true}}));
            let listed = json!({
                "enforce_app_id_allowlist": true,
                "allowed_apps": [{"app_id": "tanks", "app_name": "Tanks"}],
            });
            let plan = accepted(&json!({"server": server, "security": listed}));
            assert!(plan.authenticator.anonymous().is_none());
            assert!(plan.authenticator.authenticate("tanks", None, START).is_ok());
        }
        for bind in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            accepted(&json!({"server": {"bind": bind}}));
        }
    }

    #[test]
    fn apps_are_listed_once_with_a_label_and_a_name() {
        refused(
            &json!({"security": {"enforce_app_id_allowlist": true}}),
            &["security.allowed_apps: lists no app, so nobody could play: list one, or set \
             `security.enforce_app_id_allowlist` to false"],
        );
        let apps = json!([
            {"app_id": "tanks", "app_name": " "},
            {"app_id": "tanks", "app_name": "Tanks"},
            {"app_id": "", "app_name": "Nothing"},
        ]);
        refused(
            &json!({"security": {"allowed_apps": apps}}),
            &[
                "security.allowed_apps[0].app_name: set a name, it must not be blank",
                "security.allowed_apps[1].app_id: \"tanks\" is listed twice, list each app once",
                "security.allowed_apps[2].app_id: must not be blank",
            ],
        );
    }

    #[test]
    fn settings_must_go_together() {
        for (changes, expected) in [
            (
                json!({"server": {"default_max_players": 101}}),
                "server.default_max_players: set at most the 100 of `protocol.max_players_limit`, not 101",
            ),
            (
                json!({"protocol": {"min_protocol_version": 3, "max_protocol_version": 2}}),
                "protocol.min_protocol_version: set at most the 2 of `protocol.max_protocol_version`, not 3",
            ),
            (
                json!({"security": {"max_connections": 63}}),
                "security.max_connections_per_ip: set at most the 63 of `security.max_connections`, not 64",
            ),
            (
                json!({"security": {"max_message_size": 16_383}}),
                "security.max_signal_bytes: set at most the 16383 of `security.max_message_size`, not 16384",
            ),
            (
                json!({"security": {"max_connection_info_bytes": 65_537, "max_outbound_message_size": 67_108_864}}),
                "security.max_connection_info_bytes: set at most the 65536 of `security.max_message_size`, not \
                 65537",
            ),
            (
                json!({"security": {"max_connection_info_bytes": 8_192, "max_outbound_message_size": 819_199}}),
                "security.max_connection_info_bytes: set at most 7615, not 8192, for those of 100 players \
                 (`protocol.max_players_limit`) to fit into one message of `security.max_outbound_message_size`",
            ),
            (
                json!({"security": {"max_game_data_bytes": {"json": 65_536, "rkyv": 65_537}}}),
                "security.max_game_data_bytes.rkyv: set at most the 65536 of `security.max_message_size`, not 65537",
            ),
            (
                json!({"security": {"max_message_size": 8_388_608}, "websocket": {"send_queue_bytes": 8_388_864}}),
                "security.max_outbound_message_size: set at least 8388864, not 8388608, for a message of \
                 `security.max_message_size` to be relayed",
            ),
            (
                json!({"websocket": {"send_queue_bytes": 65_791}, "security": {"max_outbound_message_size": 1_048_576}}),
                "websocket.send_queue_bytes: set at least 65792, not 65791, for a message of \
                 `security.max_message_size` to be relayed",
            ),
            (
                json!({"websocket": {"slow_consumer_timeout_ms": 30_000}}),
                "websocket.slow_consumer_timeout_ms: set less than the 30000 ms of `server.ping_timeout`, not \
                 30000",
            ),
            (
                json!({"server": {"room_code_prefix": "EUROPE"}}),
                "server.room_code_prefix: set fewer ASCII letters and digits than the 6 characters of \
                 `protocol.room_code_length`, not \"EUROPE\"",
            ),
            (
                json!({"relay_types": {"game_relay_mappings": {"Tanks": " "}}}),
                "relay_types.game_relay_mappings.Tanks: set 1 to 256 bytes that are not all blank, without \
                 control characters, not \" \"",
            ),
            (
                json!({"protocol": {"sdk_compatibility": {"minimum_versions": {"web": "soon"}}}}),
                "protocol.sdk_compatibility.minimum_versions.web: set a version like 1.2.3, not \"soon\"",
            ),
        ] {
            refused(&changes, &[expected]);
        }
        // A timeout of zero is none, so that nothing is longer.
        accepted(&json!({"server": {"ping_timeout": 0}, "websocket": {"slow_consumer_timeout_ms": 600_000}}));
    }

    #[test]
    fn bounds_hold_for_settings_that_came_from_no_source() {
        let mut settings = Settings::default();
        settings.websocket.auth_timeout_secs = 1;
        let problems = Plan::new(&settings).unwrap_err().to_string();
        assert_eq!(problems, "websocket.auth_timeout_secs: set a whole number from 5 to 60, not 1");
    }
}
