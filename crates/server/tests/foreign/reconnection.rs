//! Published clients that lose their connection and take their seat again, and those who watch them do it.

use serde_json::{Value, json};
use signal_fish_client::{PlayerId, ReconnectPolicy, SignalFishEvent as Event, WebSocketTransport};
use signal_fish_testkit::{Dialect, Proxy, ServerProcess};

use crate::player::{Player, add, config, finish};
use crate::server;

/// Who watches the others come back; nobody of them finds anything wrong.
const WATCHERS: [(&str, Dialect); 3] =
    [("Bob", Dialect::V3), ("Cat", Dialect::V2), ("Dan", Dialect::V3Packed)];

/// The watchers hear that the holder of the authority is gone.
async fn miss(watchers: &mut [Player], lost: PlayerId) {
    for watcher in watchers {
        let gone = expect!(watcher, Event::PlayerLeft { player_id, .. } => player_id);
        assert_eq!(gone, lost);
        expect!(watcher, Event::AuthorityChanged { authority_player: None, .. });
    }
}

/// They hear that it is back, and what it says then; and it hears them.
async fn meet_again(watchers: &mut [Player], back: &mut Player, epoch: u32) {
    let id = back.id();
    expect!(back, Event::AuthorityChanged { you_are_authority: true, .. });
    for watcher in &mut *watchers {
        let is_v3 = watcher.is_v3();
        let player = expect!(watcher, Event::PlayerJoined { player } => player);
        assert_eq!((player.id, player.is_authority), (id, false));
        let (player, stamp) =
            expect!(watcher, Event::PlayerReconnected { player_id, epoch } => (player_id, epoch));
        assert_eq!((player, stamp), (id, is_v3.then_some(epoch)));
        let holder = expect!(
            watcher,
            Event::AuthorityChanged { authority_player, you_are_authority: false } => authority_player
        );
        assert_eq!(holder, Some(id));
    }
    for n in 0..3 {
        back.client.send_game_data(json!(n)).expect("seated");
    }
    for n in 0..3 {
        for watcher in &mut *watchers {
            assert_eq!(hear(watcher, id).await, json!(n));
        }
    }
    for n in 0..3 {
        watchers[0].client.send_game_data(json!(n)).expect("seated");
    }
    let other = watchers[0].id();
    for n in 0..3 {
        assert_eq!(hear(back, other).await, json!(n));
        for watcher in &mut watchers[1..] {
            assert_eq!(hear(watcher, other).await, json!(n));
        }
    }
}

/// The next event is game data of this sender.
async fn hear(listener: &mut Player, sender: PlayerId) -> Value {
    let (from, data) = expect!(listener, Event::GameData { from_player, data, .. } => (from_player, data));
    assert_eq!(from, sender);
    data
}

/// A room of this first player and the watchers.
async fn room(server: &ServerProcess, code: &str, first: Player) -> (Player, Vec<Player>) {
    let mut seated = Vec::new();
    add(&mut seated, code, first).await;
    for (name, dialect) in WATCHERS {
        add(&mut seated, code, Player::connect(server.addr(), name, dialect).await).await;
    }
    (seated.remove(0), seated)
}

#[tokio::test]
async fn a_new_client_takes_the_seat_of_the_old_one_again_and_again() {
    let server = server().start();
    let first = Player::connect(server.addr(), "Ada", Dialect::V3).await;
    let (mut ada, mut watchers) = room(&server, "BACK11", first).await;
    for epoch in 2..5 {
        let ticket = ada.ticket();
        drop(ada);
        miss(&mut watchers, ticket.player).await;
        ada = Player::connect(server.addr(), "Ada", Dialect::V3).await;
        let (roster, is_authority) = ada.come_back(&ticket).await;
        assert_eq!((roster.len(), is_authority), (4, true));
        meet_again(&mut watchers, &mut ada, epoch).await;
    }
    watchers.push(ada);
    finish(watchers).await;
}

#[tokio::test]
async fn a_started_game_goes_on_with_those_who_come_back() {
    let server = server().start();
    let first = Player::connect(server.addr(), "Ada", Dialect::V3).await;
    let (mut ada, mut watchers) = room(&server, "BACK12", first).await;
    ada.client.set_ready().expect("seated");
    for listener in watchers.iter_mut().chain([&mut ada]) {
        expect!(listener, Event::LobbyStateChanged { .. });
    }
    for index in 0..watchers.len() {
        watchers[index].client.set_ready().expect("seated");
        for listener in watchers.iter_mut().chain([&mut ada]) {
            expect!(listener, Event::LobbyStateChanged { .. });
        }
    }
    ada.client.start_game().expect("it holds the authority");
    for listener in watchers.iter_mut().chain([&mut ada]) {
        expect!(listener, Event::GameStarting { .. });
        expect_plan(listener).await;
    }
    let ticket = ada.ticket();
    drop(ada);
    miss(&mut watchers, ticket.player).await;
    ada = Player::connect(server.addr(), "Ada", Dialect::V3).await;
    ada.come_back(&ticket).await;
    expect!(ada, Event::AuthorityChanged { you_are_authority: true, .. });
    expect_plan(&mut ada).await;
    for watcher in &mut watchers {
        expect!(watcher, Event::PlayerJoined { .. });
        expect!(watcher, Event::PlayerReconnected { .. });
        expect!(watcher, Event::AuthorityChanged { .. });
        expect_plan(watcher).await;
    }
    watchers.push(ada);
    finish(watchers).await;
}

/// The next event is a session plan, on protocol 3.
async fn expect_plan(player: &mut Player) {
    if player.is_v3() {
        expect!(player, Event::SessionPlan { .. });
    }
}

#[tokio::test]
async fn a_client_with_a_policy_comes_back_by_itself() {
    let server = server().start();
    let proxy = Proxy::before(server.addr());
    let url = format!("ws://{}/v2/ws", proxy.addr());
    let policy = ReconnectPolicy::new(move || Box::new(WebSocketTransport::connect_lazy(url.clone())));
    let mut config = config(Dialect::V3);
    config.reconnect_policy = Some(policy);
    let first = Player::connect_as(proxy.addr(), "Ada", config).await;
    let (mut ada, mut watchers) = room(&server, "BACK13", first).await;
    for epoch in 2..5 {
        proxy.cut();
        miss(&mut watchers, ada.id()).await;
        proxy.mend();
        expect!(ada, Event::Disconnected { .. });
        expect!(ada, Event::Reconnecting { attempt: 1, .. });
        expect!(ada, Event::Connected);
        expect!(ada, Event::Authenticated { .. });
        expect!(ada, Event::ProtocolInfo(_));
        let (roster, is_authority) = ada.expect_return(ada.id()).await;
        assert_eq!((roster.len(), is_authority), (4, true));
        meet_again(&mut watchers, &mut ada, epoch).await;
    }
    watchers.push(ada);
    finish(watchers).await;
}
