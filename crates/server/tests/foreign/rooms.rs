//! Meeting, leaving, vanishing: the roster of the published client stays right.

use signal_fish_client::{GameDataEncoding, JoinRoomParams, LobbyState, SignalFishEvent as Event};
use signal_fish_testkit::{Dialect, GAME};

use crate::player::{Player, finish, gather};
use crate::{PAIRINGS, server};

#[tokio::test]
async fn the_handshake_settles_version_and_format() {
    let server = server().start();
    for (dialect, version, format) in [
        (Dialect::V2, None, GameDataEncoding::Json),
        (Dialect::V2Packed, None, GameDataEncoding::MessagePack),
        (Dialect::V3, Some(3), GameDataEncoding::Json),
        (Dialect::V3Packed, Some(3), GameDataEncoding::MessagePack),
    ] {
        let player = Player::connect(server.addr(), "Ada", dialect).await;
        let snapshot = player.client.snapshot();
        assert_eq!(snapshot.negotiated_protocol_version, version, "{dialect:?}");
        assert_eq!(snapshot.effective_game_data_format, Some(format), "{dialect:?}");
        finish([player]).await;
    }
}

#[tokio::test]
async fn one_creates_and_the_other_joins_by_code() {
    let server = server().start();
    for (_, first, second) in PAIRINGS {
        let mut ada = Player::connect(server.addr(), "Ada", first).await;
        let (roster, is_authority) = ada.join_as(JoinRoomParams::new(GAME, "Ada")).await;
        assert_eq!((roster.len(), is_authority), (1, true));
        let lobby = expect!(ada, Event::LobbyStateChanged { lobby_state, .. } => lobby_state);
        assert_eq!(lobby, LobbyState::Lobby);
        let code = ada.client.snapshot().room_code.expect("in a room");

        let mut bob = Player::connect(server.addr(), "Bob", second).await;
        let (roster, is_authority) = bob.join(&code.to_lowercase()).await;
        let mut names: Vec<_> =
            roster.iter().map(|player| (player.name.as_str(), player.is_authority)).collect();
        names.sort_unstable();
        assert_eq!((names, is_authority), (vec![("Ada", true), ("Bob", false)], false));
        let newcomer = expect!(ada, Event::PlayerJoined { player } => player);
        assert_eq!((newcomer.id, newcomer.name.as_str()), (bob.id(), "Bob"));
        assert_eq!(newcomer.epoch.is_some(), first.is_v3());
        finish([ada, bob]).await;
    }
}

#[tokio::test]
async fn a_refused_entry_leaves_the_client_free_to_try_again() {
    let server = server().start();
    for (code, first, second) in PAIRINGS {
        let [mut ada] = gather(server.addr(), code, [("Ada", first)]).await;
        let mut bob = Player::connect(server.addr(), "Bob", second).await;
        bob.client.join_room(JoinRoomParams::new(GAME, "ADA").with_room_code(code)).expect("free");
        expect!(bob, Event::RoomJoinFailed { .. });
        bob.client.join_room(JoinRoomParams::new("", "Bob")).expect("free again");
        expect!(bob, Event::RoomJoinFailed { .. });
        bob.client.join_as_spectator(GAME.into(), "NOROOM".into(), "Bob".into()).expect("free again");
        expect!(bob, Event::SpectatorJoinFailed { .. });
        bob.join(code).await;
        expect!(ada, Event::PlayerJoined { .. });
        bob.leave().await;
        expect!(ada, Event::PlayerLeft { .. });
        ada.leave().await;
        finish([ada, bob]).await;
    }
}

#[tokio::test]
async fn leaving_and_coming_back_is_a_new_beginning() {
    let server = server().start();
    for (code, first, second) in PAIRINGS {
        let [mut ada, mut bob] = gather(server.addr(), code, [("Ada", first), ("Bob", second)]).await;
        for _ in 0..3 {
            bob.client.send_game_data(1.into()).expect("seated");
            expect!(ada, Event::GameData { .. });
            bob.leave().await;
            let left = expect!(ada, Event::PlayerLeft { player_id, .. } => player_id);
            assert_eq!(left, bob.id());
            let (roster, _) = bob.join(code).await;
            assert_eq!(roster.len(), 2);
            expect!(ada, Event::PlayerJoined { .. });
        }
        // The authority goes as well, and comes back without it.
        ada.leave().await;
        expect!(bob, Event::PlayerLeft { .. });
        expect!(bob, Event::AuthorityChanged { authority_player: None, .. });
        let (_, is_authority) = ada.join(code).await;
        assert!(!is_authority);
        expect!(bob, Event::PlayerJoined { .. });
        finish([ada, bob]).await;
    }
}

#[tokio::test]
async fn a_vanished_player_is_missed_at_once() {
    let server = server().start();
    for (code, first, second) in PAIRINGS {
        let members = [("Ada", first), ("Bob", second), ("Eve", first)];
        let [ada, mut bob, mut eve] = gather(server.addr(), code, members).await;
        let ada_id = ada.id();
        drop(ada);
        for player in [&mut bob, &mut eve] {
            let gone = expect!(player, Event::PlayerLeft { player_id, .. } => player_id);
            assert_eq!(gone, ada_id);
            expect!(player, Event::AuthorityChanged { authority_player: None, you_are_authority: false });
        }
        bob.client.send_game_data("still here".into()).expect("seated");
        expect!(eve, Event::GameData { .. });
        finish([bob, eve]).await;
    }
}
