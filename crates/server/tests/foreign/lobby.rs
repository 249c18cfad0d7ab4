//! Ready, start, authority and spectators, as the published client sees them.

use serde_json::json;
use signal_fish_client::{SignalFishEvent as Event, SpectatorStateChangeReason, Topology, TransportKind};
use signal_fish_testkit::{Dialect, GAME};

use crate::player::{Player, finish, gather};
use crate::{PAIRINGS, server};

#[tokio::test]
async fn all_get_ready_and_the_authority_starts() {
    let server = server().start();
    for (code, first, second) in PAIRINGS {
        let mut room = gather(server.addr(), code, [("Ada", first), ("Bob", second)]).await;
        for n_ready in 1..=2 {
            room[n_ready - 1].client.set_ready().expect("seated");
            for player in &mut room {
                let lobby = expect!(
                    player,
                    Event::LobbyStateChanged { ready_players, all_ready, .. } => (ready_players.len(), all_ready)
                );
                assert_eq!(lobby, (n_ready, n_ready == 2));
            }
        }
        room[0].client.start_game().expect("the authority");
        for (player, dialect) in room.iter_mut().zip([first, second]) {
            let n_players =
                expect!(player, Event::GameStarting { peer_connections } => peer_connections.len());
            assert_eq!(n_players, 2);
            expect_plan(player, dialect).await;
        }
        let mut late = Player::connect(server.addr(), "Eve", Dialect::V3).await;
        late.join(code).await;
        expect_plan(&mut late, Dialect::V3).await;
        for (player, dialect) in room.iter_mut().zip([first, second]) {
            expect!(player, Event::PlayerJoined { .. });
            expect_plan(player, dialect).await;
        }
        finish(room.into_iter().chain([late])).await;
    }
}

/// Whoever knows plans gets one now, and it says relay.
async fn expect_plan(player: &mut Player, dialect: Dialect) {
    if dialect.is_v3() {
        let plan = expect!(player, Event::SessionPlan { topology, transport, .. } => (topology, transport));
        assert_eq!(plan, (Topology::Relay, TransportKind::Relay));
    }
}

#[tokio::test]
async fn the_authority_is_handed_on() {
    let server = server().start();
    for (code, first, second) in PAIRINGS {
        let [mut ada, mut bob] = gather(server.addr(), code, [("Ada", first), ("Bob", second)]).await;
        bob.client.request_authority(true).expect("seated");
        expect!(bob, Event::AuthorityResponse { granted: false, error_code: Some(_), .. });
        ada.client.request_authority(false).expect("she has it");
        expect!(ada, Event::AuthorityResponse { granted: true, error_code: None, .. });
        for player in [&mut ada, &mut bob] {
            expect!(player, Event::AuthorityChanged { authority_player: None, you_are_authority: false });
        }
        bob.client.request_authority(true).expect("seated");
        expect!(bob, Event::AuthorityResponse { granted: true, error_code: None, .. });
        let bob_id = bob.id();
        for (player, is_bob) in [(&mut ada, false), (&mut bob, true)] {
            let (holder, mine) = expect!(
                player,
                Event::AuthorityChanged { authority_player, you_are_authority }
                    => (authority_player, you_are_authority)
            );
            assert_eq!((holder, mine), (Some(bob_id), is_bob));
        }
        finish([ada, bob]).await;
    }
}

#[tokio::test]
async fn a_spectator_sees_the_game_live_and_is_seen() {
    let server = server().start();
    for (code, first, second) in PAIRINGS {
        let mut room = gather(server.addr(), code, [("Ada", first), ("Bob", first)]).await;
        let mut wim = Player::connect(server.addr(), "Wim", second).await;
        wim.client.join_as_spectator(GAME.into(), code.into(), "Wim".into()).expect("without a room");
        let n_players = expect!(wim, Event::SpectatorJoined { current_players, .. } => current_players.len());
        assert_eq!(n_players, 2);
        for player in &mut room {
            let name = expect!(player, Event::NewSpectatorJoined { spectator, .. } => spectator.name);
            assert_eq!(name, "Wim");
        }
        let [ada, bob] = &mut room;
        for n in 0..20 {
            ada.client.send_game_data(json!(n)).expect("seated");
            for listener in [&mut *bob, &mut wim] {
                assert_eq!(expect!(listener, Event::GameData { data, .. } => data), json!(n));
            }
        }
        bob.client.set_ready().expect("seated");
        for player in [&mut *ada, bob, &mut wim] {
            expect!(player, Event::LobbyStateChanged { .. });
        }
        wim.client.leave_spectator().expect("watching");
        let reason = expect!(wim, Event::SpectatorLeft { reason, .. } => reason);
        assert_eq!(reason, Some(SpectatorStateChangeReason::VoluntaryLeave));
        for player in &mut room {
            expect!(player, Event::SpectatorDisconnected { .. });
        }
        wim.join(code).await;
        for player in &mut room {
            expect!(player, Event::PlayerJoined { .. });
        }
        finish(room.into_iter().chain([wim])).await;
    }
}
