//! One long session with everything in it: published clients of every kind around an authority that moderates.

use serde_json::json;
use signal_fish_client::{
    GameDataEncoding, PeerSignal, PlayerId, ReconnectPolicy, SessionGeneration, SignalFishConfig,
    SignalFishEvent as Event, TransportKind, WebSocketTransport,
};
use signal_fish_testkit::{Dialect, GAME, Peer, Proxy, ServerProcess, join_room};

use crate::operations::{about, expect_removal, moderate};
use crate::player::{Player, config, finish};
use crate::server;

/// Ada has the authority, which the published client has no words for. Bob's line can be cut, Cat reads MessagePack, Dan
/// is thrown out. All four use WebRTC in a mesh; the watchers could not, one of each kind of protocol 2.
struct Room {
    code: String,
    ada: Peer,
    bob: Player,
    cat: Player,
    /// Dan, and Fay after it.
    third: Option<Player>,
    watchers: Vec<Player>,
}

#[tokio::test]
async fn a_session_with_everything_in_it_goes_without_a_violation() {
    let server = server().start();
    let proxy = Proxy::before(server.addr());
    let mut room = gather(&server, &proxy).await;
    play_beside_protocol_2(&mut room, &server).await;
    let first = start(&mut room).await;
    connect_to_each_other(&mut room, first).await;
    let second = lose_and_find_again(&mut room, &proxy).await;
    assert_ne!(second, first, "who comes back is in a new plan");
    connect_to_each_other(&mut room, second).await;
    let third = remove_one_and_take_another(&mut room, &server).await;
    assert!(third != second && third != first);
    room.ada.expect_silence();
    let Room { bob, cat, third, watchers, .. } = room;
    finish([bob, cat].into_iter().chain(third).chain(watchers)).await;
}

fn mesh() -> SignalFishConfig {
    SignalFishConfig::new("demo").enable_mesh()
}

impl Room {
    /// Every published client that is inside.
    fn all(&mut self) -> impl Iterator<Item = &mut Player> {
        [&mut self.bob, &mut self.cat].into_iter().chain(&mut self.third).chain(&mut self.watchers)
    }

    /// Every published client that has a seat.
    fn players(&mut self) -> impl Iterator<Item = &mut Player> {
        [&mut self.bob, &mut self.cat].into_iter().chain(&mut self.third)
    }
}

/// The four who play.
async fn gather(server: &ServerProcess, proxy: &Proxy) -> Room {
    let mut ada = Peer::connect(server.addr(), "/v3/ws", "Ada");
    let mut request = Dialect::V3.authenticate();
    request["requested_capabilities"] = json!(["room_operation_ids"]);
    request["supported_transports"] = json!(["webrtc"]);
    request["supported_topologies"] = json!(["mesh"]);
    ada.send("Authenticate", request);
    ada.expect("Authenticated");
    ada.expect("ProtocolInfo");
    let code = join_room(&mut ada, "WHOLE9")["room_code"].as_str().expect("a code").to_owned();
    ada.expect("LobbyStateChanged");

    let url = format!("ws://{}/v2/ws", proxy.addr());
    let policy = ReconnectPolicy::new(move || Box::new(WebSocketTransport::connect_lazy(url.clone())));
    let mut bob = Player::connect_as(proxy.addr(), "Bob", mesh().with_reconnect_policy(policy)).await;
    bob.join(&code).await;
    let packed = SignalFishConfig { game_data_format: Some(GameDataEncoding::MessagePack), ..mesh() };
    let mut cat = Player::connect_as(server.addr(), "Cat", packed).await;
    cat.join(&code).await;
    expect!(bob, Event::PlayerJoined { .. });
    let mut dan = Player::connect_as(server.addr(), "Dan", mesh()).await;
    dan.join(&code).await;
    for player in [&mut bob, &mut cat] {
        expect!(player, Event::PlayerJoined { .. });
    }
    for _ in 0..3 {
        ada.expect("PlayerJoined");
    }
    Room { code, ada, bob, cat, third: Some(dan), watchers: Vec::new() }
}

/// Two of protocol 2 play in the lobby and only watch from then on, since the mesh is not for them.
async fn play_beside_protocol_2(room: &mut Room, server: &ServerProcess) {
    for (name, dialect) in [("Eve", Dialect::V2), ("Gus", Dialect::V2Packed)] {
        let mut old = Player::connect_as(server.addr(), name, config(dialect)).await;
        old.join(&room.code).await;
        for other in room.all() {
            expect!(other, Event::PlayerJoined { .. });
        }
        room.ada.expect("PlayerJoined");
        old.client.send_game_data(json!(name)).expect("seated");
        for other in room.all() {
            assert_eq!(expect!(other, Event::GameData { data, .. } => data), json!(name));
        }
        assert_eq!(room.ada.expect("GameData")["data"], name);
        pack(room, &mut old).await;
        old.leave().await;
        for other in room.all() {
            expect!(other, Event::PlayerLeft { .. });
        }
        room.ada.expect("PlayerLeft");
        old.client.join_as_spectator(GAME.into(), room.code.clone(), name.into()).expect("without a room");
        expect!(old, Event::SpectatorJoined { .. });
        for other in room.all() {
            expect!(other, Event::NewSpectatorJoined { .. });
        }
        room.ada.expect("NewSpectatorJoined");
        room.watchers.push(old);
    }
}

/// Cat sends MessagePack, and all hear it, each in its own form.
async fn pack(room: &mut Room, newest: &mut Player) {
    let (payload, value) = (vec![0x92, 7, 0xC3], json!([7, true]));
    room.cat.client.send_binary_game_data(payload.clone()).expect("negotiated");
    let dan = room.third.as_mut().expect("it is still there");
    for listener in [&mut room.bob, dan, newest].into_iter().chain(&mut room.watchers) {
        let reads_packed =
            listener.client.snapshot().effective_game_data_format == Some(GameDataEncoding::MessagePack);
        if reads_packed {
            assert_eq!(expect!(listener, Event::GameDataBinary { payload, .. } => payload), payload);
        } else {
            assert_eq!(expect!(listener, Event::GameData { data, .. } => data), value);
        }
    }
    assert_eq!(room.ada.expect("GameData")["data"], value);
}

/// Everyone is ready, and the game begins as a mesh.
async fn start(room: &mut Room) -> SessionGeneration {
    room.ada.send_unit("PlayerReady");
    for next in 0.. {
        for listener in room.all() {
            expect!(listener, Event::LobbyStateChanged { .. });
        }
        room.ada.expect("LobbyStateChanged");
        let Some(player) = room.players().nth(next) else { break };
        player.client.set_ready().expect("seated");
    }
    room.ada.send_unit("StartGame");
    for listener in room.all() {
        expect!(listener, Event::GameStarting { .. });
    }
    room.ada.expect("GameStarting");
    hear_plan(room).await
}

/// All who play get a plan next, which is the same mesh of four; its generation.
async fn hear_plan(room: &mut Room) -> SessionGeneration {
    let plan = room.ada.expect("SessionPlan");
    assert_eq!((&plan["topology"], &plan["transport"]), (&json!("mesh"), &json!("webrtc")));
    for player in room.players() {
        let (generation, peers) =
            expect!(player, Event::SessionPlan { generation, peers, .. } => (generation, peers));
        assert_eq!((json!(generation), peers.len()), (plan["generation"].clone(), 3));
    }
    serde_json::from_value(plan["generation"].clone()).expect("a generation")
}

/// Signals go where the plan says, and all players hear that Bob's connections work.
async fn connect_to_each_other(room: &mut Room, plan: SessionGeneration) {
    let (bob, cat) = (room.bob.id(), room.cat.id());
    room.ada.send("Signal", json!({"to": bob, "generation": plan, "signal": {"Offer": "v=0"}}));
    expect!(room.bob, Event::SignalReceived { .. });
    room.bob.client.send_signal(cat, PeerSignal::Offer("v=0".into())).expect("the plan names it");
    assert_eq!(expect!(room.cat, Event::SignalReceived { from, .. } => from), bob);
    room.cat.client.send_signal(bob, PeerSignal::Answer("v=0".into())).expect("the plan names it");
    assert_eq!(expect!(room.bob, Event::SignalReceived { from, .. } => from), cat);

    room.bob.client.report_transport_status(TransportKind::WebRtc, true).expect("a player of protocol 3");
    for player in room.players().filter(|player| player.id() != bob) {
        assert_eq!(expect!(player, Event::PeerTransportStatus { peer_id, .. } => peer_id), bob);
    }
    assert_eq!(room.ada.expect("PeerTransportStatus")["peer_id"], json!(bob));
}

/// Bob's line is cut while Ada talks without a pause. It comes back by itself, and has a new plan.
async fn lose_and_find_again(room: &mut Room, proxy: &Proxy) -> SessionGeneration {
    let bob = room.bob.id();
    for n in 0..HALF {
        room.ada.say(json!(n));
    }
    for n in 0..10 {
        assert_eq!(expect!(room.bob, Event::GameData { data, .. } => data), json!(n));
    }
    proxy.cut();
    room.ada.expect("PlayerLeft");
    for n in HALF..2 * HALF {
        room.ada.say(json!(n));
    }
    room.ada.expect_silence();
    for listener in room.all().filter(|listener| listener.id() != bob) {
        hear_all_and_miss(listener, bob).await;
    }
    proxy.mend();
    let mut n_heard = 10;
    while let Some(data) = expect!(
        room.bob,
        event @ (Event::GameData { .. } | Event::Disconnected { .. })
            => if let Event::GameData { data, .. } = event { Some(data) } else { None }
    ) {
        assert_eq!(data, json!(n_heard));
        n_heard += 1;
    }
    expect!(room.bob, Event::Reconnecting { attempt: 1, .. });
    expect!(room.bob, Event::Connected);
    expect!(room.bob, Event::Authenticated { .. });
    let granted = expect!(room.bob, Event::ProtocolInfo(info) => info.capabilities);
    assert!(granted.iter().any(|granted| granted == "room_operation_ids"), "{granted:?}");
    let (roster, _) = room.bob.expect_return(bob).await;
    assert_eq!(roster.len(), 4);
    for listener in room.all().filter(|listener| listener.id() != bob) {
        expect!(listener, Event::PlayerJoined { .. });
        expect!(listener, Event::PlayerReconnected { .. });
    }
    room.ada.expect("PlayerJoined");
    room.ada.expect("PlayerReconnected");
    let plan = hear_plan(room).await;
    room.ada.say(json!("welcome back"));
    for listener in room.all() {
        assert_eq!(expect!(listener, Event::GameData { data, .. } => data), json!("welcome back"));
    }
    plan
}

/// All of Ada's data in order, and somewhere in between that this player is gone.
async fn hear_all_and_miss(listener: &mut Player, lost: PlayerId) {
    let (mut n_heard, mut is_missed) = (0, false);
    while n_heard < 2 * HALF || !is_missed {
        let event = expect!(listener, event @ (Event::GameData { .. } | Event::PlayerLeft { .. }) => event);
        if let Event::GameData { data, .. } = event {
            assert_eq!(data, json!(n_heard));
            n_heard += 1;
        } else {
            is_missed = matches!(event, Event::PlayerLeft { player_id, .. } if player_id == lost);
        }
    }
}

/// Dan is thrown out, the code changes, and Fay comes by the new one.
async fn remove_one_and_take_another(room: &mut Room, server: &ServerProcess) -> SessionGeneration {
    let mut dan = room.third.take().expect("nobody has removed it before");
    moderate(&mut room.ada, about("KickPlayer", &dan), &["PlayerLeft"]);
    expect_removal(&mut dan).await;
    for listener in room.all() {
        assert_eq!(expect!(listener, Event::PlayerLeft { player_id, .. } => player_id), dan.id());
    }
    let moved = moderate(&mut room.ada, json!({"type": "RegenerateRoomCode"}), &[]);
    let code = moved["room_code"].as_str().expect("a code");
    assert_ne!(code, room.code);
    let mut fay = Player::connect_as(server.addr(), "Fay", mesh()).await;
    let (roster, _) = fay.join(code).await;
    assert_eq!(roster.len(), 4);
    for listener in room.all() {
        expect!(listener, Event::PlayerJoined { .. });
    }
    room.ada.expect("PlayerJoined");
    room.third = Some(fay);
    hear_plan(room).await
}

/// Messages of game data before the line is cut, and again as many after that.
const HALF: usize = 100;
