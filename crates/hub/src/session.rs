//! One connection's side of the conversation: what it says, stage by stage, and what it is answered.

use std::sync::Arc;
use std::time::Instant;

use signal_fish_auth::{Binding, Grant};
use signal_fish_engine::{Command, Means, NO_SEAT};
use signal_fish_protocol::{
    AuthorityRequest, AuthorityResponse, ClientMessage, CloseCode, ControlEncoding, DeliveryLabel, Epoch,
    ErrorCode, GameDataIn, PlayerId, ProtocolVersion, ProvideConnectionInfo, RoomOperation, ServerMessage,
    SessionGeneration, Timestamp,
};
use uuid::Uuid;

use crate::allowance::Allowance;
use crate::answer::{Answer, Asked};
use crate::binary;
use crate::bound::{self, Bind, NotBound};
use crate::caller::Caller;
use crate::capabilities::Capabilities;
use crate::delivery::Outcome;
use crate::entering::Entering;
use crate::entry::{Entry, EntryRefusal, Wish};
use crate::formats;
use crate::game_data::GameData;
use crate::handshake::{self, Handshake};
use crate::link::{Link, Wire};
use crate::live_room::RoomIsOver;
use crate::metrics::{AppFigures, Greeted, Limit, since};
use crate::outbox::Outbox;
use crate::pace::{self, Pace};
use crate::returning;
use crate::seat::Seat;
use crate::shared::Shared;
use crate::signals::{self, SignalAllowance};
use crate::{leaving, metrics, moderating, operations, rotation, versions};

/// One connection's side of the conversation: it takes what the client says and queues the answers.
///
/// Dropping it ends the connection for everyone else: a seat becomes free, a spectator is gone.
#[derive(Debug)]
pub struct Session {
    pub(crate) shared: Arc<Shared>,
    pub(crate) caller: Caller,
    pub(crate) link: Link,
    pub(crate) seat: Option<Seat>,
    pub(crate) handshake: Handshake,
    /// What it may do; nothing before it has authenticated, unless the server is open.
    pub(crate) grant: Option<Grant>,
    /// What it can do beyond the relay.
    pub(crate) means: Means,
    pub(crate) connected_at: Timestamp,
    /// Of its latest room.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) allowance: Allowance,
    /// What it may send into its room.
    pub(crate) pace: Pace,
    pub(crate) signals: Option<Box<SignalAllowance>>,
    /// What its messages have to prove, if anything.
    pub(crate) binding: Option<Box<Binding>>,
    /// Where is counted what it relays, if it has an app.
    pub(crate) app: Option<Arc<AppFigures>>,
}

impl Session {
    pub(crate) fn new(shared: Arc<Shared>, wire: Wire, caller: Caller) -> Self {
        let config = &**shared.live.load();
        let link = Link {
            player: PlayerId::new(Uuid::new_v4()),
            wire,
            capabilities: Capabilities::default(),
            outbox: Outbox::new(
                config.outbox,
                wire.encoding,
                shared.corks.clone(),
                Arc::clone(&shared.metrics),
            ),
        };
        shared.sessions.add(&link, caller.source);
        shared.metrics.figures.connections.increment(1);
        // Looked at after it can be found: whoever stops the server either finds it or is seen here.
        if shared.lifecycle.is_stopped() {
            link.outbox.end(CloseCode::ServerShutdown);
        } else if shared.bans.holds_source(tokio::time::Instant::now().into_std(), caller.source) {
            link.outbox.end(CloseCode::SessionExpired);
        }
        Self {
            seat: None,
            caller,
            handshake: Handshake::Open,
            grant: shared.authenticator.load().anonymous(),
            means: handshake::means_of(wire.version),
            connected_at: Timestamp::now(),
            epoch: None,
            allowance: Allowance::new(config),
            pace: Pace::new(config),
            signals: None,
            binding: None,
            app: None,
            link,
            shared,
        }
    }

    /// Where the answers are queued.
    pub const fn outbox(&self) -> &Arc<Outbox> {
        &self.link.outbox
    }

    /// Who is at the other end.
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Who the connection is in rooms.
    pub const fn player(&self) -> PlayerId {
        self.link.player
    }

    /// Whether the client still has to authenticate before it may do anything.
    pub const fn needs_handshake(&self) -> bool {
        self.grant.is_none()
    }

    /// Wants a proof of token binding with every message from now on. To be called before anything else: the challenge
    /// is the first message.
    ///
    /// # Errors
    ///
    /// There are no random bytes. The connection must not go on then.
    pub fn bind(&mut self, now: Instant, bind: Bind) -> Result<(), NotBound> {
        bound::bind(self, now, bind)
    }

    /// When the connection has to end because its connect token says so.
    pub fn expires_at(&self) -> Option<Instant> {
        let ends = self.grant.as_ref()?.ends()?;
        self.shared.started.checked_add(ends)
    }

    /// Takes a text message. A wish to enter a room, or to change how it is entered, comes back: it must be handed to
    /// [`Session::enter`] before anything else is taken.
    pub fn on_text(&mut self, now: Instant, text: &str) -> Option<Entry> {
        if self.link.outbox.has_ended() || (self.binding.is_some() && !bound::admits_text(self, now, text)) {
            return None;
        }
        if self.link.wire.encoding == ControlEncoding::Protobuf {
            return self.on_unreadable(now, "this connection speaks protobuf, in binary messages");
        }
        match ClientMessage::decode(text) {
            Ok(message) => self.on_readable(now, message),
            Err(error) => operations::on_malformed(self, now, || RoomOperation::id_of_malformed(text), error),
        }
    }

    /// Takes a binary message: game data in the negotiated format, or any frame of a connection that has settled on
    /// protobuf. A wish to enter a room comes back as from [`Session::on_text`].
    pub fn on_binary(&mut self, now: Instant, bytes: &[u8]) -> Option<Entry> {
        if self.link.outbox.has_ended() {
            return None;
        }
        let bytes = if self.binding.is_some() { bound::open(self, now, bytes)? } else { bytes };
        binary::hear(self, now, bytes)
    }

    pub(crate) fn on_readable(&mut self, now: Instant, message: ClientMessage<'_>) -> Option<Entry> {
        if !matches!(message, ClientMessage::GameData(_)) {
            self.shared.metrics.received(&message);
        }
        let is_handshake = matches!(message, ClientMessage::Authenticate(_));
        let is_heard = is_handshake || self.may_speak(now) && versions::check(self, now, &message);
        if is_heard { self.on_message(now, message) } else { None }
    }

    pub(crate) fn on_unreadable(&mut self, now: Instant, why: impl ToString) -> Option<Entry> {
        self.shared.metrics.received_unreadable();
        if self.handshake != Handshake::Failed {
            self.refuse(now, ErrorCode::InvalidInput, why.to_string());
        }
        None
    }

    /// Refuses a message that is longer than the limit and was not read.
    pub fn on_oversized(&mut self, now: Instant) {
        if self.handshake != Handshake::Failed {
            let text = format!("a message has at most {} bytes", self.shared.config.inbound_bytes_max);
            self.refuse(now, ErrorCode::MessageTooLarge, text);
        }
    }

    /// Ends the connection after what is queued, with the farewell that belongs to `code`.
    pub fn end(&self, code: CloseCode) {
        self.link.outbox.end(code);
    }

    /// Does what the client wishes, or says why not.
    pub async fn enter(&mut self, now: Instant, entry: Entry) {
        let (wish, answer) = *entry.0;
        match wish {
            Wish::Play(request, password) => {
                Entering::new(self, now, answer).play(&request, password).await;
            }
            Wish::Watch(request, password) => {
                Entering::new(self, now, answer).watch(&request, password).await;
            }
            Wish::Return(request) => returning::come_back(self, now, request, answer),
            Wish::SetAccess(password) => moderating::set_access(self, now, password, answer).await,
            Wish::ChangeCode => rotation::change_code(self, now, answer).await,
        }
        self.shared.metrics.figures.entry_seconds.record(since(now));
    }

    fn on_message(&mut self, now: Instant, message: ClientMessage<'_>) -> Option<Entry> {
        match message {
            ClientMessage::GameData(message) => self.on_game_data(now, message),
            ClientMessage::JoinRoom(request) => return Some(Entry::play(request, self.owe(Asked::Play))),
            ClientMessage::JoinAsSpectator(request) => {
                return Some(Entry::watch(request, self.owe(Asked::Watch)));
            }
            ClientMessage::LeaveRoom => leaving::leave(self, now, self.owe(Asked::Leave)),
            ClientMessage::LeaveSpectator => {
                leaving::stop_watching(self, now, self.owe(Asked::StopWatching));
            }
            ClientMessage::PlayerReady => self.command(now, Command::ToggleReady),
            ClientMessage::StartGame => self.command(now, Command::Start { generation: new_generation() }),
            ClientMessage::AuthorityRequest(request) => self.on_authority(now, request),
            ClientMessage::ProvideConnectionInfo(request) => self.on_connection_info(now, request),
            ClientMessage::Ping => self.on_ping(now),
            ClientMessage::Reconnect(request) => {
                return Some(Entry::come_back(request, self.owe(Asked::Reconnect)));
            }
            ClientMessage::Signal(signal) => signals::on_signal(self, now, signal),
            ClientMessage::TransportStatus(status) => signals::on_transport_status(self, now, status),
            ClientMessage::RoomOperation(request) => return operations::on_operation(self, now, request),
            ClientMessage::Authenticate(request) => handshake::on_authenticate(self, now, request),
        }
        None
    }

    /// Whether anything but Authenticate is heard by now; if not, the client is told why.
    pub(crate) fn may_speak(&mut self, now: Instant) -> bool {
        match self.handshake {
            Handshake::Done | Handshake::Skipped => return true,
            Handshake::Failed => return false,
            // Who may do without has perhaps changed since it connected.
            Handshake::Open => self.grant = self.shared.authenticator.load().anonymous(),
        }
        let refusal = if self.grant.is_none() {
            (ErrorCode::MissingAppId, "this server wants Authenticate first")
        } else if !handshake::is_spoken(&self.shared.config, self.link.wire.version) {
            (
                ErrorCode::UnsupportedProtocolVersion,
                "this server wants a newer protocol, asked for by Authenticate",
            )
        } else {
            self.handshake = Handshake::Skipped;
            self.shared.metrics.greeted(Greeted::Skipped);
            self.shared.sessions.settle(now, &self.link, &self.shared.lifecycle);
            return true;
        };
        self.refuse(now, refusal.0, refusal.1);
        self.turn_away();
        false
    }

    pub(crate) fn turn_away(&mut self) {
        self.handshake = Handshake::Failed;
        self.end(CloseCode::Normal);
    }

    fn on_game_data(&mut self, now: Instant, message: GameDataIn<'_>) {
        let label = match DeliveryLabel::new(message.class, message.key) {
            Ok(label) => label,
            Err(refusal) => return self.refuse(now, ErrorCode::InvalidDeliveryClass, refusal.to_string()),
        };
        if label != DeliveryLabel::default() && self.link.wire.version < ProtocolVersion::V3 {
            return self.refuse(now, ErrorCode::InvalidDeliveryClass, "class and key need protocol 3");
        }
        self.relay(now, label, GameData::Text(message.data));
    }

    pub(crate) fn relay(&mut self, now: Instant, label: DeliveryLabel, game_data: GameData<'_>) {
        if let Err(refusal) = formats::check(&self.shared.config, &game_data) {
            return self.refuse(now, ErrorCode::MessageTooLarge, refusal);
        }
        let n_bytes = game_data.len();
        let outcome = match &self.seat {
            // Who watches is told by the room that it cannot do this.
            Some(seat) if seat.watches() => seat.apply(now, Command::GameData { label }),
            Some(seat) => {
                let time = || self.shared.budget_time(now);
                if let Err((limit, exhausted)) = self.pace.game_data(now, n_bytes, time) {
                    self.shared.metrics.rejected(limit);
                    return self.refuse(now, ErrorCode::RateLimitExceeded, exhausted.to_string());
                }
                seat.relay(now, Command::GameData { label }, game_data)
            }
            None => Err(RoomIsOver),
        };
        match outcome {
            Ok(outcome) if outcome.refused => {
                self.charge(now);
            }
            Ok(outcome) => metrics::relayed(self, now, label, n_bytes, outcome.n_recipients),
            Err(RoomIsOver) => self.refuse_outside(now),
        }
    }

    /// Hands a command to the room, or refuses it where there is none.
    fn command(&mut self, now: Instant, command: Command) {
        if let Err(exhausted) = pace::command(self, now) {
            return self.refuse(now, ErrorCode::RateLimitExceeded, exhausted.to_string());
        }
        if self.in_room(now, command).is_err() {
            self.refuse_outside(now);
        }
    }

    pub(crate) fn in_room(&mut self, now: Instant, command: Command) -> Result<Outcome, RoomIsOver> {
        let seat = self.seat.as_ref().ok_or(RoomIsOver)?;
        let outcome = seat.apply(now, command)?;
        if outcome.refused {
            self.charge(now);
        }
        Ok(outcome)
    }

    /// Whether it is in a room. A room that has ended lets go of it here.
    pub(crate) fn is_inside(&mut self) -> bool {
        self.seat.take_if(|seat| seat.is_over());
        self.seat.is_some()
    }

    fn on_authority(&mut self, now: Instant, request: AuthorityRequest) {
        let command =
            if request.become_authority { Command::TakeAuthority } else { Command::ReleaseAuthority };
        if self.in_room(now, command).is_err() {
            self.seat = None;
            let denied = AuthorityResponse {
                granted: false,
                reason: Some(NO_SEAT.to_owned()),
                error_code: Some(ErrorCode::NotInRoom),
            };
            self.answer(now, ServerMessage::AuthorityResponse(denied));
        }
    }

    fn on_connection_info(&mut self, now: Instant, request: ProvideConnectionInfo) {
        let bytes_max = self.shared.live.load().connection_info_bytes_max;
        if request.connection_info.json_len() > bytes_max {
            let text = format!("connection_info has at most {bytes_max} bytes of JSON");
            return self.refuse(now, ErrorCode::MessageTooLarge, text);
        }
        let (info, generation) = (request.connection_info, new_generation());
        self.command(now, Command::ProvideConnectionInfo { info, generation });
    }

    fn on_ping(&mut self, now: Instant) {
        self.answer(now, ServerMessage::Pong);
        // A room that is over needs no sign of life.
        let _ = self.in_room(now, Command::StayActive);
    }

    fn refuse_outside(&mut self, now: Instant) {
        self.seat = None;
        self.refuse(now, ErrorCode::NotInRoom, NO_SEAT);
    }

    pub(crate) fn refuse(&mut self, now: Instant, code: ErrorCode, text: impl Into<String>) {
        self.answer(now, ServerMessage::error(code, text));
    }

    /// What is owed to the client for a plain message.
    fn owe(&self, asked: Asked) -> Answer {
        Answer::new(&self.link, asked, None)
    }

    /// Gives an answer that is a refusal, and counts it: in this order, for nobody to be left without.
    pub(crate) fn decline(&mut self, now: Instant, answer: Answer, refusal: EntryRefusal) {
        answer.refuse(now, refusal);
        self.charge(now);
    }

    /// Says something that the client can make the server say as often as it likes.
    pub(crate) fn answer(&mut self, now: Instant, message: ServerMessage<'static>) {
        if self.charge(now) {
            self.link.send(now, message);
        }
    }

    /// Counts one such answer; ends the connection if there were too many.
    pub(crate) fn charge(&mut self, now: Instant) -> bool {
        let may_go_on = self.allowance.reply(self.shared.budget_time(now)).is_ok();
        if !may_go_on {
            self.shared.metrics.rejected(Limit::Replies);
            self.end(CloseCode::InboundRateLimited);
        }
        may_go_on
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.shared.departures.note(self);
        // First out of the room: once nobody is left, nobody may be on the way out either.
        self.seat = None;
        self.shared.sessions.remove(&self.link);
        metrics::gone(self);
    }
}

pub(crate) fn new_generation() -> SessionGeneration {
    SessionGeneration::new(Uuid::new_v4())
}
