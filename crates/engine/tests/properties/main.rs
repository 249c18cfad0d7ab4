//! Whatever members and strangers do in whatever order, every room keeps its promises.

mod plans;
mod tokens;
mod view;
mod world;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use signal_fish_engine::{AwayRules, Means, RoomSetup, SessionRules};
use signal_fish_protocol::{GameName, LobbyState, RoomCode, RoomId, Topology, Transport, Uuid};

use world::{Deed, World};

proptest! {
    // A seed that failed is written beside this file: commit it.
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn rooms_keep_their_promises(
        (setup, lobby) in rooms(),
        means in prop::array::uniform(means()),
        moves in prop::collection::vec((pauses(), 0..world::N_PEOPLE, deeds()), 0..80),
    ) {
        let mut world = World::new(setup, lobby, means);
        for (pause_ms, actor, deed) in moves {
            world.go_on(pause_ms);
            world.perform(actor, deed);
        }
    }
}

fn rooms() -> impl Strategy<Value = (RoomSetup, LobbyState)> {
    let lobby = prop_oneof![
        4 => Just(LobbyState::Waiting),
        1 => Just(LobbyState::Lobby),
        1 => Just(LobbyState::Finalized),
    ];
    let away = (0..600_u64, 0..4_usize)
        .prop_map(|(seconds, events_max)| AwayRules { window: Duration::from_secs(seconds), events_max });
    let away = prop::option::weighted(0.8, away);
    (0..5_u8, any::<bool>(), prop::option::of(0..3_usize), session_rules(), away, lobby).prop_map(
        |(players_max, supports_authority, spectators_max, session, away, lobby)| {
            let setup = RoomSetup {
                id: RoomId::new(Uuid::nil()),
                game: GameName::parse("tanks", 64).expect("a good name"),
                code: RoomCode::parse("K7PQ2M", 6).expect("a good code"),
                players_max,
                supports_authority,
                relay_type: "matchbox".into(),
                spectators_max,
                session,
                empty_timeout: Duration::from_secs(300),
                inactive_timeout: Duration::from_secs(3600),
                away,
            };
            (setup, lobby)
        },
    )
}

fn session_rules() -> impl Strategy<Value = SessionRules> {
    let topology_max =
        prop_oneof![3 => Just(Topology::Mesh), 2 => Just(Topology::Host), 1 => Just(Topology::Relay)];
    let enabled = || prop::bool::weighted(0.8);
    (topology_max, enabled(), enabled()).prop_map(|(topology_max, webrtc, direct)| SessionRules {
        topology_max,
        webrtc,
        direct,
    })
}

/// Mostly such that several can play with each other.
fn means() -> impl Strategy<Value = Means> {
    let all = ([Transport::Webrtc, Transport::Direct], [Topology::Mesh, Topology::Host]);
    prop_oneof![
        6 => Just(Means::v3(&all.0, &all.1)),
        2 => Just(Means::v3(&all.0, &[Topology::Host])),
        2 => Just(Means::v3(&[Transport::Direct], &[Topology::Host])),
        1 => Just(Means::v3(&[Transport::Webrtc], &[Topology::Mesh])),
        1 => Just(Means::V3),
        1 => Just(Means::V2),
    ]
}

/// Mostly moments, sometimes long enough for a deadline, sometimes a little back.
fn pauses() -> impl Strategy<Value = i64> {
    prop_oneof![20 => 0..2_000_i64, 2 => -50..0_i64, 1 => 290_000..310_000_i64, 1 => 3_590_000..3_610_000_i64]
}

fn targets() -> impl Strategy<Value = usize> {
    0..world::N_PEOPLE
}

fn deeds() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => Just(Deed::Join),
        2 => Just(Deed::Leave),
        3 => Just(Deed::Watch),
        1 => Just(Deed::StopWatching),
        3 => Just(Deed::Disconnect),
        4 => Just(Deed::ComeBack { with_old_token: false }),
        2 => Just(Deed::ComeBack { with_old_token: true }),
        4 => Just(Deed::ToggleReady),
        2 => Just(Deed::Start),
        1 => Just(Deed::TakeAuthority),
        1 => Just(Deed::ReleaseAuthority),
        1 => targets().prop_map(Deed::Kick),
        1 => targets().prop_map(Deed::Ban),
        1 => targets().prop_map(Deed::Unban),
        1 => targets().prop_map(Deed::TransferAuthority),
        1 => Just(Deed::SetPassword),
        1 => Just(Deed::OpenRoom),
        1 => Just(Deed::ChangeCode),
        2 => Just(Deed::Listen),
        1 => Just(Deed::StopListening),
        2 => (0..world::N_PEOPLE, prop::bool::weighted(0.9)).prop_map(|(to, may)| Deed::Signal { to, may }),
        2 => any::<bool>().prop_map(|up| Deed::ReportTransport { up }),
        5 => Just(Deed::SendGameData),
        1 => Just(Deed::StayActive),
        3 => Just(Deed::LookAtTheClock),
    ]
}
