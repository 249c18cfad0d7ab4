//! One published client: what it has told about the server, and what must come next.

use std::net::SocketAddr;

use signal_fish_client::{
    GameDataEncoding, JoinRoomParams, PlayerId, PlayerInfo, ProtocolViolationPolicy, RoomId,
    SignalFishClient, SignalFishConfig, SignalFishEvent, TokenBindingMode, WebSocketConnectOptions,
    WebSocketTransport,
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
        Self::connect_as(addr, name, config(dialect)).await
    }

    /// As [`Player::connect`], for one who stops reading once it has so many events to take.
    pub(crate) async fn connect_slow(
        addr: SocketAddr,
        name: &'static str,
        dialect: Dialect,
        events_max: usize,
    ) -> Self {
        Self::start(addr, name, config(dialect).with_event_channel_capacity(events_max)).await
    }

    /// As [`Player::connect`], with any other means.
    pub(crate) async fn connect_as(addr: SocketAddr, name: &'static str, config: SignalFishConfig) -> Self {
        Self::start(addr, name, config.with_event_channel_capacity(EVENTS_MAX)).await
    }

    /// As [`Player::connect`], with token binding, and a proof in every message.
    pub(crate) async fn connect_bound(addr: SocketAddr, name: &'static str, dialect: Dialect) -> Self {
        let options = WebSocketConnectOptions::default().with_token_binding(TokenBindingMode::Required);
        let config = config(dialect).with_event_channel_capacity(EVENTS_MAX);
        Self::start_with(addr, name, config, options).await
    }

    async fn start(addr: SocketAddr, name: &'static str, config: SignalFishConfig) -> Self {
        Self::start_with(addr, name, config, WebSocketConnectOptions::default()).await
    }

    async fn start_with(
        addr: SocketAddr,
        name: &'static str,
        config: SignalFishConfig,
        options: WebSocketConnectOptions,
    ) -> Self {
        let url = format!("ws://{addr}/v2/ws");
        let transport = WebSocketTransport::connect_with_options(&url, options).await;
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

    /// Takes the seat back that this ticket is for; the roster, and whether it is that of the authority.
    pub(crate) async fn come_back(&mut self, ticket: &Ticket) -> (Vec<PlayerInfo>, bool) {
        let Ticket { player, room, token } = ticket;
        self.client.reconnect(*player, *room, token.clone()).expect("authenticated and without a room");
        self.expect_return(*player).await
    }

    /// The next event is that this player has its seat back; the same as [`Player::come_back`].
    pub(crate) async fn expect_return(&mut self, player: PlayerId) -> (Vec<PlayerInfo>, bool) {
        let (id, roster, is_authority) = expect!(
            self,
            SignalFishEvent::Reconnected { player_id, current_players, is_authority, .. }
                => (player_id, current_players, is_authority)
        );
        assert_eq!(id, player);
        self.id = Some(id);
        (roster, is_authority)
    }

    /// What the player can come back with.
    pub(crate) fn ticket(&self) -> Ticket {
        let snapshot = self.client.snapshot();
        let token = snapshot.reconnection_token.expect("a seat with a token");
        Ticket { player: self.id(), room: snapshot.room_id.expect("in a room"), token }
    }

    /// Gives up the seat.
    pub(crate) async fn leave(&mut self) {
        self.client.leave_room().expect("in a room");
        expect!(self, SignalFishEvent::RoomLeft);
    }

    /// Whether protocol 3 was agreed on.
    pub(crate) fn is_v3(&self) -> bool {
        self.client.snapshot().negotiated_protocol_version == Some(3)
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

/// What a client of this dialect asks for.
pub(crate) fn config(dialect: Dialect) -> SignalFishConfig {
    let mut config = SignalFishConfig::new("demo");
    if dialect.is_v3() {
        config = config.enable_v3();
    }
    if matches!(dialect, Dialect::V2Packed | Dialect::V3Packed) {
        config.game_data_format = Some(GameDataEncoding::MessagePack);
    }
    config
}

/// What a player comes back with.
pub(crate) struct Ticket {
    pub(crate) player: PlayerId,
    room: RoomId,
    token: String,
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
        let player = Player::connect(addr, name, dialect).await;
        add(&mut seated, code, player).await;
    }
    match seated.try_into() {
        Ok(members) => members,
        Err(_) => unreachable!("one player for each name"),
    }
}

/// One more in the room of these players.
pub(crate) async fn add(seated: &mut Vec<Player>, code: &str, mut player: Player) {
    // More seats than the default, and only the first player's wish counts.
    player.join_as(JoinRoomParams::new(GAME, player.name).with_room_code(code).with_max_players(16)).await;
    if seated.is_empty() {
        expect!(player, SignalFishEvent::LobbyStateChanged { .. });
    }
    for member in &mut *seated {
        let newcomer = expect!(member, SignalFishEvent::PlayerJoined { player } => player.id);
        assert_eq!(newcomer, player.id());
    }
    seated.push(player);
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
