//! Operations with ids as the published client uses them, and moderation as it meets it.

use serde_json::{Value, json};
use signal_fish_client::{ErrorCode, JoinRoomParams, SignalFishEvent as Event};
use signal_fish_testkit::{Dialect, GAME, Peer, ServerProcess, join_room};

use crate::player::{Player, finish};
use crate::server;

/// The authority of a new room: the published client never moderates.
fn authority(server: &ServerProcess, code: &str) -> Peer {
    let mut peer = Peer::connect(server.addr(), "/v3/ws", "Ada");
    let mut request = Dialect::V3.authenticate();
    request["requested_capabilities"] = json!(["room_operation_ids"]);
    peer.send("Authenticate", request);
    peer.expect("Authenticated");
    peer.expect("ProtocolInfo");
    join_room(&mut peer, code);
    peer.expect("LobbyStateChanged");
    peer
}

/// Asks for an operation that works; its result, behind what the room hears.
pub(crate) fn moderate(peer: &mut Peer, operation: Value, heard: &[&str]) -> Value {
    peer.send(
        "RoomOperation",
        json!({"operation_id": "6b1c8d3e-95f7-4a20-9e8b-c4d5e6f7a806", "operation": operation}),
    );
    for message in heard {
        peer.expect(message);
    }
    peer.expect("RoomOperationResult")["result"]["data"].take()
}

pub(crate) fn about(kind: &str, player: &Player) -> Value {
    json!({"type": kind, "data": {"player_id": player.id()}})
}

#[tokio::test]
async fn a_whole_session_of_operations_goes_without_a_violation() {
    let server = server().start();
    let mut bob = Player::connect(server.addr(), "Bob", Dialect::V3).await;
    for code in ["WHOLE1", "WHOLE2"] {
        bob.join(code).await;
        expect!(bob, Event::LobbyStateChanged { .. });
        bob.leave().await;
    }
    // A refusal opens the way for the next operation as well.
    bob.client.join_room(JoinRoomParams::new("no/such/game", "Bob")).expect("no operation is under way");
    let code = expect!(bob, Event::RoomJoinFailed { error_code, .. } => error_code);
    assert_eq!(code, Some(ErrorCode::InvalidGameName));
    let watch = |bob: &mut Player, code: &str| {
        bob.client
            .join_as_spectator(GAME.into(), code.into(), "Bob".into())
            .expect("no operation is under way");
    };
    watch(&mut bob, "NOROOM");
    let code = expect!(bob, Event::SpectatorJoinFailed { error_code, .. } => error_code);
    assert_eq!(code, Some(ErrorCode::RoomNotFound));
    watch(&mut bob, "WHOLE1");
    expect!(bob, Event::SpectatorJoined { .. });
    bob.client.leave_spectator().expect("it watches");
    expect!(bob, Event::SpectatorLeft { .. });
    let (player, room) = (bob.id(), bob.id());
    bob.client.reconnect(player, room, "no token".into()).expect("no operation is under way");
    expect!(bob, Event::ReconnectionFailed { .. });
    bob.join("WHOLE1").await;
    finish([bob]).await;
}

#[tokio::test]
async fn moderation_is_understood_by_those_whom_it_meets() {
    let server = server().start();
    for (room, dialect) in [("MODER2", Dialect::V2), ("MODER3", Dialect::V3)] {
        let mut ada = authority(&server, room);
        let mut players: Vec<Player> = Vec::new();
        for name in ["Bob", "Cat", "Dan"] {
            let mut player = Player::connect(server.addr(), name, dialect).await;
            player.join(room).await;
            ada.expect("PlayerJoined");
            for member in &mut players {
                expect!(member, Event::PlayerJoined { .. });
            }
            players.push(player);
        }
        let mut wim = Player::connect(server.addr(), "Wim", dialect).await;
        wim.client
            .join_as_spectator(GAME.into(), room.into(), "Wim".into())
            .expect("no operation is under way");
        expect!(wim, Event::SpectatorJoined { .. });
        ada.expect("NewSpectatorJoined");
        for member in &mut players {
            expect!(member, Event::NewSpectatorJoined { .. });
        }
        let Ok([mut bob, mut cat, mut dan]) = <[Player; 3]>::try_from(players) else {
            unreachable!("three names")
        };

        moderate(&mut ada, about("KickPlayer", &bob), &["PlayerLeft"]);
        expect_removal(&mut bob).await;
        moderate(&mut ada, about("BanPlayer", &cat), &["PlayerLeft"]);
        expect!(cat, Event::PlayerLeft { .. });
        expect_removal(&mut cat).await;
        for gone in [&bob, &cat] {
            for member in [&mut dan, &mut wim] {
                let left = expect!(member, Event::PlayerLeft { player_id, .. } => player_id);
                assert_eq!(left, gone.id());
            }
        }
        moderate(&mut ada, about("UnbanPlayer", &cat), &[]);

        moderate(&mut ada, json!({"type": "SetRoomAccess", "data": {"password": "sesame"}}), &[]);
        let moved = moderate(&mut ada, json!({"type": "RegenerateRoomCode"}), &[]);
        let code = moved["room_code"].as_str().expect("a code").to_owned();
        // Whoever came by the old code leaves without hearing of the new one.
        wim.client.leave_spectator().expect("it watches");
        expect!(wim, Event::SpectatorLeft { .. });
        ada.expect("SpectatorDisconnected");
        expect!(dan, Event::SpectatorDisconnected { .. });
        let mut eve = Player::connect(server.addr(), "Eve", dialect).await;
        let by = |code: &str| JoinRoomParams::new(GAME, "Eve").with_room_code(code);
        for wrong in [by(&code), by(&code).with_password("guess")] {
            eve.client.join_room(wrong).expect("no operation is under way");
            let refusal = expect!(eve, Event::RoomJoinFailed { error_code, .. } => error_code);
            assert_eq!(refusal, Some(ErrorCode::PasswordRequired));
        }
        let (roster, _) = eve.join_as(by(&code).with_password("sesame")).await;
        assert_eq!(roster.len(), 3, "Ada, Dan and Eve: {roster:?}");
        ada.expect("PlayerJoined");
        expect!(dan, Event::PlayerJoined { .. });

        moderate(&mut ada, about("TransferAuthority", &dan), &["AuthorityChanged"]);
        let yours = expect!(dan, Event::AuthorityChanged { you_are_authority, .. } => you_are_authority);
        assert!(yours);
        let yours = expect!(eve, Event::AuthorityChanged { you_are_authority, .. } => you_are_authority);
        assert!(!yours);
        finish([dan, eve, wim]).await;
    }
}

/// It hears that it was kicked, and is disconnected.
pub(crate) async fn expect_removal(player: &mut Player) {
    let code = expect!(player, Event::Error { error_code, .. } => error_code);
    assert_eq!(code, Some(ErrorCode::Kicked));
    let reason = expect!(player, Event::Disconnected { reason, .. } => reason);
    assert!(reason.as_deref().is_some_and(|reason| reason.contains("kicked")), "{reason:?}");
}
