//! Players who connect to each other: plans, signals and reports, as the published client sees them.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use signal_fish_client::{
    ConnectionInfo, ErrorCode, JoinRoomParams, PeerSignal, PlayerId, SessionGeneration, SignalFishConfig,
    SignalFishEvent as Event, Topology, TransportKind,
};
use signal_fish_testkit::GAME;

use crate::player::{Player, finish};
use crate::server;

/// What one player makes of a plan.
struct Plan {
    generation: SessionGeneration,
    pair: (Topology, TransportKind),
    host: Option<PlayerId>,
    port: Option<u16>,
    /// Whom it connects to, and whether it makes the offer.
    peers: Vec<(PlayerId, bool)>,
    n_ice_servers: usize,
}

fn webrtc() -> SignalFishConfig {
    SignalFishConfig::new("demo").enable_mesh()
}

fn hosted(transport: TransportKind) -> SignalFishConfig {
    let config = SignalFishConfig::new("demo").with_protocol_version(3);
    config
        .with_transports([transport, TransportKind::Relay])
        .with_topologies([Topology::Host, Topology::Relay])
}

/// One more in the room, of whom all have heard. The plan that this causes in a started game is left to the caller.
async fn join(addr: SocketAddr, room: &mut Vec<Player>, name: &'static str, config: SignalFishConfig) {
    let mut player = Player::connect_as(addr, name, config).await;
    player.join("PEERS1").await;
    if room.is_empty() {
        expect!(player, Event::LobbyStateChanged { .. });
    }
    for member in &mut *room {
        expect!(member, Event::PlayerJoined { .. });
    }
    room.push(player);
}

/// The game starts, and everyone has a plan.
async fn start(room: &mut [Player]) -> Vec<Plan> {
    for who in 0..room.len() {
        room[who].client.set_ready().expect("seated");
        for player in &mut *room {
            expect!(player, Event::LobbyStateChanged { .. });
        }
    }
    room[0].client.start_game().expect("the authority");
    for player in &mut *room {
        expect!(player, Event::GameStarting { .. });
    }
    plans(room).await
}

/// The next plan of everyone, which is of one publication.
async fn plans(room: &mut [Player]) -> Vec<Plan> {
    let mut plans = Vec::new();
    for player in room {
        let plan = expect!(
            player,
            Event::SessionPlan { generation, topology, transport, host, direct_endpoint, peers, ice_servers, fallback }
                => {
                    assert_eq!(fallback, TransportKind::Relay);
                    Plan {
                        generation: generation.expect("a generation"),
                        pair: (topology, transport),
                        host,
                        port: direct_endpoint.map(|endpoint| endpoint.port),
                        peers: peers.iter().map(|peer| (peer.player_id, peer.initiate)).collect(),
                        n_ice_servers: ice_servers.len(),
                    }
                }
        );
        plans.push(plan);
    }
    let generations: BTreeSet<_> = plans.iter().map(|plan| plan.generation).collect();
    assert_eq!(generations.len(), 1, "a publication has one generation");
    plans
}

/// Each two players of a plan shake hands as it says.
async fn shake_hands(room: &mut [Player], plans: &[Plan]) {
    for (from, plan) in plans.iter().enumerate() {
        for (peer, _) in plan.peers.iter().copied().filter(|(_, initiates)| *initiates) {
            let to = room.iter().position(|player| player.id() == peer).expect("a member");
            pass(room, from, to, PeerSignal::Offer("v=0".into())).await;
            pass(room, to, from, PeerSignal::Answer("v=0".into())).await;
            pass(room, from, to, PeerSignal::IceCandidate("candidate:1".into())).await;
        }
    }
}

async fn pass(room: &mut [Player], from: usize, to: usize, signal: PeerSignal) {
    let (sender, target) = (room[from].id(), room[to].id());
    let kind = std::mem::discriminant(&signal);
    room[from].client.send_signal(target, signal).expect("the plan names it");
    let (heard, signal) = expect!(room[to], Event::SignalReceived { from, signal, .. } => (from, PeerSignal::try_from(&signal)));
    assert_eq!((heard, signal.map(|signal| std::mem::discriminant(&signal)).ok()), (sender, Some(kind)));
}

#[tokio::test]
async fn three_players_and_a_late_one_make_a_mesh() {
    let server = server().start();
    let mut room = Vec::new();
    for name in ["Ada", "Bob", "Cat"] {
        join(server.addr(), &mut room, name, webrtc()).await;
    }
    let first = start(&mut room).await;
    for plan in &first {
        assert_eq!((plan.pair, plan.host), ((Topology::Mesh, TransportKind::WebRtc), None));
        assert_eq!((plan.peers.len(), plan.n_ice_servers), (2, 1));
    }
    let n_offers = first.iter().flat_map(|plan| &plan.peers).filter(|(_, initiates)| *initiates).count();
    assert_eq!(n_offers, 3, "one for each two");
    shake_hands(&mut room, &first).await;

    for who in 0..room.len() {
        let reporter = room[who].id();
        room[who].client.report_transport_status(TransportKind::WebRtc, true).expect("v3");
        for (other, player) in room.iter_mut().enumerate() {
            if other != who {
                let peer = expect!(
                    player,
                    Event::PeerTransportStatus { peer_id, connected: true, .. } => peer_id
                );
                assert_eq!(peer, reporter);
            }
        }
    }

    join(server.addr(), &mut room, "Dan", webrtc()).await;
    let anew = plans(&mut room).await;
    assert_ne!(anew[0].generation, first[0].generation);
    assert!(anew.iter().all(|plan| plan.peers.len() == 3));
    shake_hands(&mut room, &anew).await;

    // A mesh goes on without one of its peers, under the same plan.
    room[0].leave().await;
    for player in &mut room[1..] {
        expect!(player, Event::PlayerLeft { .. });
        expect!(player, Event::AuthorityChanged { .. });
    }
    pass(&mut room, 1, 2, PeerSignal::Offer("again".into())).await;
    finish(room).await;
}

#[tokio::test]
async fn a_host_that_leaves_is_replaced() {
    for transport in [TransportKind::WebRtc, TransportKind::Direct] {
        let server = server().start();
        let mut room = Vec::new();
        for (index, name) in ["Ada", "Bob", "Cat"].into_iter().enumerate() {
            join(server.addr(), &mut room, name, hosted(transport)).await;
            let port = 7_000 + u16::try_from(index).expect("few players");
            let info = ConnectionInfo::Direct { host: "203.0.113.9".into(), port };
            room[index].client.provide_connection_info(info).expect("seated");
        }
        let is_direct = transport == TransportKind::Direct;
        let first = start(&mut room).await;
        let ada = room[0].id();
        for plan in &first {
            assert_eq!((plan.pair, plan.host), ((Topology::Host, transport), Some(ada)));
            assert_eq!((plan.port, plan.n_ice_servers), if is_direct { (Some(7_000), 0) } else { (None, 1) });
        }
        assert_eq!(first.iter().map(|plan| plan.peers.len()).collect::<Vec<_>>(), [2, 1, 1]);
        assert!(first[1].peers == [(ada, true)] && first[0].peers.iter().all(|(_, initiates)| !initiates));
        if is_direct {
            let info = ConnectionInfo::Direct { host: "203.0.113.9".into(), port: 8_000 };
            room[0].client.provide_connection_info(info).expect("seated");
            assert!(plans(&mut room).await.iter().all(|plan| plan.port == Some(8_000)));
        } else {
            shake_hands(&mut room, &first).await;
        }

        let mut gone = room.remove(0);
        gone.leave().await;
        for player in &mut room {
            expect!(player, Event::PlayerLeft { .. });
            expect!(player, Event::AuthorityChanged { .. });
        }
        let bob = room[0].id();
        for plan in plans(&mut room).await {
            assert_eq!((plan.pair, plan.host), ((Topology::Host, transport), Some(bob)));
            assert_eq!(plan.port, is_direct.then_some(7_001));
        }
        room.push(gone);
        finish(room).await;
    }
}

#[tokio::test]
async fn who_cannot_take_part_is_refused_and_may_watch() {
    let server = server().start();
    let mut room = Vec::new();
    join(server.addr(), &mut room, "Ada", webrtc()).await;
    start(&mut room).await;
    let mut bob = Player::connect_as(server.addr(), "Bob", hosted(TransportKind::Direct)).await;
    bob.client.join_room(JoinRoomParams::new(GAME, "Bob").with_room_code("PEERS1")).expect("without a room");
    let code = expect!(bob, Event::RoomJoinFailed { error_code, .. } => error_code);
    assert_eq!(code, Some(ErrorCode::RoomSessionIncompatible));
    bob.client.join_as_spectator(GAME.into(), "PEERS1".into(), "Bob".into()).expect("without a room");
    expect!(bob, Event::SpectatorJoined { .. });
    expect!(room[0], Event::NewSpectatorJoined { .. });
    room.push(bob);
    finish(room).await;
}
