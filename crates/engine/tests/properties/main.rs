//! Whatever members and strangers do in whatever order, every room keeps its promises.

mod view;
mod world;

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use signal_fish_engine::{AwayRules, RoomSetup};
use signal_fish_protocol::{GameName, LobbyState, RoomCode, RoomId, Uuid};

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
        moves in prop::collection::vec((pauses(), 0..world::N_PEOPLE, deeds()), 0..80),
    ) {
        let mut world = World::new(setup, lobby);
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
    (0..5_u8, any::<bool>(), prop::option::of(0..3_usize), away, lobby).prop_map(
        |(players_max, supports_authority, spectators_max, away, lobby)| {
            let setup = RoomSetup {
                id: RoomId::new(Uuid::nil()),
                game: GameName::parse("tanks", 64).expect("a good name"),
                code: RoomCode::parse("K7PQ2M", 6).expect("a good code"),
                players_max,
                supports_authority,
                relay_type: "matchbox".into(),
                spectators_max,
                empty_timeout: Duration::from_secs(300),
                inactive_timeout: Duration::from_secs(3600),
                away,
            };
            (setup, lobby)
        },
    )
}

/// Mostly moments, sometimes long enough for a deadline, sometimes a little back.
fn pauses() -> impl Strategy<Value = i64> {
    prop_oneof![20 => 0..2_000_i64, 2 => -50..0_i64, 1 => 290_000..310_000_i64, 1 => 3_590_000..3_610_000_i64]
}

fn deeds() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => Just(Deed::Join),
        2 => Just(Deed::Leave),
        3 => Just(Deed::Watch),
        1 => Just(Deed::StopWatching),
        3 => Just(Deed::Disconnect),
        4 => Just(Deed::ComeBack { with_old_token: false }),
        1 => Just(Deed::ComeBack { with_old_token: true }),
        4 => Just(Deed::ToggleReady),
        2 => Just(Deed::Start),
        1 => Just(Deed::TakeAuthority),
        1 => Just(Deed::ReleaseAuthority),
        1 => Just(Deed::ProvideConnectionInfo),
        5 => Just(Deed::SendGameData),
        1 => Just(Deed::StayActive),
        3 => Just(Deed::LookAtTheClock),
    ]
}
