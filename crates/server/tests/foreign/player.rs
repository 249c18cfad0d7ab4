//! One published client: what it has told about the server, and what must come next.

use std::net::SocketAddr;

use signal_fish_client::{
    GameDataEncoding, JoinRoomParams, PlayerId, PlayerInfo, ProtocolViolationPolicy, SignalFishClient,
    SignalFishConfig, SignalFishEvent, WebSocketTransport,
};
use signal_fish_testkit::{Dialect, GAME, PATIENCE};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

/// The next event of the player must match the pattern; the value is what stands after the arrow.
macro_rules! expect {
    ($player:expr, $pattern:pat $(=> $value:expr)?) => {
        $player
            .expect(concat!(stringify!($pattern), " in line ", line!()), |event| {
                if let $pattern = event { Some({ $($value)? }) } else { None }
            })
            .await
    };
}

/// A client with a name. It hangs up at the first violation of the protocol.
pub(crate) struct Player {
    /// To say something with.
    pub(crate) client: SignalFishClient,
    name: &'static str,
    id: Option<PlayerId>,
    events: Receiver<SignalFishEvent>,
    history: Vec<String>,
}

impl Player {
    /// Connects and authenticates.
    pub(crate) async fn connect(addr: SocketAddr, name: &'static str, dialect: Dialect) -> Self {
        Self::connect_with(addr, name, dialect, EVENTS_MAX).await
    }

    /// As [`Player::connect`], for one who stops reading once it has so many events to take.
    pub(crate) async fn connect_with(
        addr: SocketAddr,
        name: &'static str,
        dialect: Dialect,
        events_max: usize,
    ) -> Self {
        let mut config = SignalFishConfig::new("demo").with_event_channel_capacity(events_max);
        if dialect.is_v3() {
            config = config.enable_v3();
        }
        if matches!(dialect, Dialect::V2Packed | Dialect::V3Packed) {
            config.game_data_format = Some(GameDataEncoding::MessagePack);
        }
        Self::start(addr, name, config).await
    }

    /// As [`Player::connect`], with any other means.
    pub(crate) async fn connect_as(addr: SocketAddr, name: &'static str, config: SignalFishConfig) -> Self {
        Self::start(addr, name, config.with_event_channel_capacity(EVENTS_MAX)).await
    }

    async fn start(addr: SocketAddr, name: &'static str, config: SignalFishConfig) -> Self {
        let transport = WebSocketTransport::connect(&format!("ws://{addr}/v2/ws")).await;
        let config = config.with_protocol_violation_policy(ProtocolViolationPolicy::Disconnect);
        let (client, events) = SignalFishClient::start(transport.expect("the server listens"), config);
        let mut player = Self { client, name, id: None, events, history: Vec::new() };
        expect!(player, SignalFishEvent::Connected);
        expect!(player, SignalFishEvent::Authenticated { .. });
        expect!(player, SignalFishEvent::ProtocolInfo(_));
        player
    }

    /// Takes a seat; the roster and whether the seat is that of the authority.
    pub(crate) async fn join(&mut self, code: &str) -> (Vec<PlayerInfo>, bool) {
        self.join_as(JoinRoomParams::new(GAME, self.name).with_room_code(code)).await
    }

    /// As [`Player::join`], with more to say about the room.
    pub(crate) async fn join_as(&mut self, params: JoinRoomParams) -> (Vec<PlayerInfo>, bool) {
        self.client.join_room(params).expect("authenticated and without a room");
        let (id, roster, is_authority) = expect!(
            self,
            SignalFishEvent::RoomJoined { player_id, current_players, is_authority, .. }
                => (player_id, current_players, is_authority)
        );
        self.id = Some(id);
        (roster, is_authority)
    }

    /// Gives up the seat.
    pub(crate) async fn leave(&mut self) {
        self.client.leave_room().expect("in a room");
        expect!(self, SignalFishEvent::RoomLeft);
    }

    /// Who this is in its room.
    pub(crate) fn id(&self) -> PlayerId {
        self.id.expect("joined before")
    }

    /// The next event, if `pick` wants it. Violations and unreadable frames are events that nobody wants.
    pub(crate) async fn expect<T>(
        &mut self,
        awaited: &str,
        pick: impl FnOnce(SignalFishEvent) -> Option<T>,
    ) -> T {
        let Ok(event) = timeout(PATIENCE, self.events.recv()).await else {
            panic!("{}: awaited {awaited}, but nothing came after {:#?}", self.name, self.history)
        };
        let Some(event) = event else {
            panic!("{}: awaited {awaited}, but it ended after {:#?}", self.name, self.history)
        };
        self.history.push(described(&event));
        pick(event).unwrap_or_else(|| {
            panic!("{}: awaited {awaited}, got the last of {:#?}", self.name, self.history)
        })
    }

    /// Proves without waiting that nothing is on its way: the answer to a ping comes after what was queued before.
    pub(crate) async fn expect_silence(&mut self) {
        self.client.ping().expect("connected");
        expect!(self, SignalFishEvent::Pong);
    }
}

/// All say goodbye, having heard nothing else and found nothing wrong, not even with the goodbyes of the others.
pub(crate) async fn finish(players: impl IntoIterator<Item = Player>) {
    let mut players: Vec<Player> = players.into_iter().collect();
    for player in &mut players {
        player.expect_silence().await;
    }
    for mut player in players {
        player.client.shutdown().await;
        while let Some(event) = player.events.recv().await {
            player.history.push(described(&event));
            let is_fine = !matches!(
                event,
                SignalFishEvent::ProtocolViolation { .. } | SignalFishEvent::DecodeFailed { .. }
            );
            assert!(is_fine, "{}: the last of {:#?}", player.name, player.history);
        }
        assert_eq!(player.client.stats().messages_undecodable, 0, "{}", player.name);
    }
}

/// A room of these players in order, who know of each other and have nothing else to hear.
pub(crate) async fn gather<const N: usize>(
    addr: SocketAddr,
    code: &str,
    members: [(&'static str, Dialect); N],
) -> [Player; N] {
    let mut seated: Vec<Player> = Vec::with_capacity(N);
    for (name, dialect) in members {
        let mut player = Player::connect(addr, name, dialect).await;
        // More seats than the default, and only the first player's wish counts.
        player.join_as(JoinRoomParams::new(GAME, name).with_room_code(code).with_max_players(16)).await;
        if seated.is_empty() {
            expect!(player, SignalFishEvent::LobbyStateChanged { .. });
        }
        for member in &mut seated {
            let newcomer = expect!(member, SignalFishEvent::PlayerJoined { player } => player.id);
            assert_eq!(newcomer, player.id());
        }
        seated.push(player);
    }
    match seated.try_into() {
        Ok(members) => members,
        Err(_) => unreachable!("one player for each name"),
    }
}

/// The client hides the details of events from logs; here they are what explains a failure.
fn described(event: &SignalFishEvent) -> String {
    if let SignalFishEvent::ProtocolViolation { kind, diagnostic } = event {
        format!("ProtocolViolation {kind:?}: {diagnostic}")
    } else if let SignalFishEvent::DecodeFailed { error, raw_prefix, .. } = event {
        format!("DecodeFailed {error}: {raw_prefix}")
    } else if let SignalFishEvent::Error { message, error_code } = event {
        format!("Error {error_code:?}: {message}")
    } else if let SignalFishEvent::RoomJoinFailed { reason, error_code } = event {
        format!("RoomJoinFailed {error_code:?}: {reason}")
    } else if let SignalFishEvent::Disconnected { reason, .. } = event {
        format!("Disconnected: {reason:?}")
    } else {
        format!("{event:?}")
    }
}

/// So many that no test fills the channel: a client whose events are not taken stops reading.
const EVENTS_MAX: usize = 65_536;
