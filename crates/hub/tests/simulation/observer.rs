//! One client, as strict as a client can be: it holds everything that it hears to the rules R1 to R10 of the wire.

use std::collections::VecDeque;

use signal_fish_hub::{Frame, FrameKind};
use signal_fish_protocol::{
    AuthorityResponse, BinaryEnvelope, CloseCode, DeliveryGapReason, DeliveryReport, ErrorCode,
    GameDataEncoding, LobbyState, PlayerId, PlayerInfo, PlayerLeft, ProtocolVersion, SenderStamp,
    ServerMessage, SpectatorLeft, SpectatorReason,
};

use crate::actions::number_in;
use crate::agreement::{Heard, Stay};
use crate::refusals;
use crate::room_view::RoomView;

/// What one client knows by what it has said and heard.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) me: PlayerId,
    pub(crate) version: ProtocolVersion,
    pub(crate) format: GameDataEncoding,
    /// The room that it is in.
    pub(crate) room: Option<RoomView>,
    /// Its memberships, the present one last.
    pub(crate) stays: Vec<Stay>,
    /// The answers that it waits for, in the order in which it asked.
    awaited: VecDeque<Answer>,
    /// The kind of message that must come next, with nothing before it.
    next: Option<&'static str>,
    pub(crate) ending: Option<CloseCode>,
    is_told_of_the_end: bool,
    n_unreadable: u64,
    last: Option<String>,
}

/// The kinds of message that answer a request; `Error` goes with a code: `Error INVALID_INPUT`.
pub(crate) type Answer = &'static [&'static str];

impl Observer {
    pub(crate) const fn new(me: PlayerId, version: ProtocolVersion) -> Self {
        Self {
            me,
            version,
            format: GameDataEncoding::Json,
            room: None,
            stays: Vec::new(),
            awaited: VecDeque::new(),
            next: None,
            ending: None,
            is_told_of_the_end: false,
            n_unreadable: 0,
            last: None,
        }
    }

    /// It has asked for something that is always answered, by one of these.
    pub(crate) fn asks(&mut self, answer: Answer) {
        if self.ending.is_none() {
            self.awaited.push_back(answer);
        }
    }

    pub(crate) fn n_awaited(&self) -> usize {
        self.awaited.len()
    }

    pub(crate) fn hear(&mut self, frame: &Frame, is_draining: bool) {
        assert_eq!(self.ending, None, "nobody hears after the end");
        match frame.kind {
            FrameKind::Binary => self.hear_binary(&frame.bytes),
            FrameKind::Text => {
                let text = std::str::from_utf8(&frame.bytes).expect("text is UTF-8");
                self.last = Some(text.to_owned());
                let message = ServerMessage::decode(text).unwrap_or_else(|error| panic!("{error}: {text}"));
                assert!(is_draining || message.kind() != "GoingAway", "nobody goes away yet");
                self.match_answer(&message);
                self.hear_text(message);
            }
        }
    }

    /// The connection ends, after all that was heard.
    pub(crate) fn hear_end(&mut self, code: CloseCode) {
        assert!(self.ending.is_none_or(|before| before == code || code == CloseCode::ServerShutdown));
        if self.ending.is_none() {
            let expected = ENDINGS.iter().find(|(ending, _)| *ending == code);
            let (_, farewell) = expected.unwrap_or_else(|| panic!("no reason to end with {code:?}"));
            let last = self.last.as_deref().unwrap_or_default();
            assert!(last.contains(farewell), "no farewell of {code:?}: {last}");
        }
        self.ending = Some(code);
        self.awaited.clear();
    }

    /// It has heard all there is until now.
    pub(crate) fn mark_present(&mut self) {
        if self.room.is_some() {
            self.stays.last_mut().expect("a member has entered").is_current = true;
        }
    }

    /// It is in no room any more, and has heard all that came before that.
    pub(crate) fn on_dropped(&mut self) {
        if let Some(room) = &self.room {
            let heard = if room.plays { Heard::Left } else { Heard::Unwatched }(room.my_name());
            // Who is ended first misses how the room goes on.
            if self.ending.is_none() { self.leave(heard) } else { self.room = None }
        }
    }

    /// A message that answers a request must be awaited, and answers come in the order of the requests.
    fn match_answer(&mut self, message: &ServerMessage<'_>) {
        if let Some(next) = self.next.take() {
            assert_eq!(message.kind(), next, "{next} must come next");
        }
        let kind = if let ServerMessage::Error(error) = message
            && let Some(code) = error.error_code
        {
            format!("Error {}", code.token())
        } else if is_closing(message) {
            "SpectatorLeft, the room is closed".to_owned()
        } else {
            message.kind().to_owned()
        };
        let greets = self.awaited.front() == Some(&GREETING);
        if self.awaited.front().is_some_and(|answers| answers.contains(&&*kind)) {
            self.awaited.pop_front();
        } else {
            assert!(!ANSWERS.contains(&&*kind), "nobody asked for {message:?}; awaited: {:?}", self.awaited);
            let is_early = message.kind() == "Error" || tells_what_was_given_up(message);
            assert!(!greets || is_early, "{message:?} comes before Authenticated");
        }
    }

    fn hear_text(&mut self, message: ServerMessage<'_>) {
        let version = self.version;
        assert!(version >= ProtocolVersion::V3 || !NEW.contains(&message.kind()), "v2 hears {message:?}");
        match message {
            ServerMessage::Authenticated(_) => self.next = Some("ProtocolInfo"),
            ServerMessage::ProtocolInfo(info) => {
                assert_eq!(info.v3.is_some(), version >= ProtocolVersion::V3)
            }
            ServerMessage::RoomJoined(shown) => self.enter(RoomView::joined(version, self.me, &shown)),
            ServerMessage::SpectatorJoined(shown) => self.enter(RoomView::watched(version, self.me, &shown)),
            ServerMessage::RoomLeft => self.on_room_left(),
            ServerMessage::SpectatorLeft(left) => self.on_spectator_left(&left),
            ServerMessage::AuthorityResponse(AuthorityResponse { granted: true, .. }) => {
                self.next = Some("AuthorityChanged");
            }
            ServerMessage::AuthorityResponse(refusal) => self.on_refusal(refusal.error_code),
            ServerMessage::DeliveryReport(report) => self.on_report(&report),
            ServerMessage::GoingAway(_) => {
                assert!(!std::mem::replace(&mut self.is_told_of_the_end, true), "once is enough");
            }
            ServerMessage::PlayerJoined(joined) => self.on_player_joined(&joined.player),
            ServerMessage::PlayerLeft(left) => self.on_player_left(left),
            ServerMessage::AuthorityChanged(changed) => {
                let holder = self.room_mut().on_authority_changed(changed);
                self.note(Heard::Authority(holder));
            }
            ServerMessage::LobbyStateChanged(changed) => {
                let ready = self.room_mut().on_lobby_changed(&changed);
                self.note(Heard::Lobby(ready));
            }
            ServerMessage::GameStarting(starting) => {
                self.room_mut().on_starting(&starting);
                self.expect_plan();
                self.note(Heard::Starting);
            }
            ServerMessage::SessionPlan(plan) => {
                self.room_mut().on_plan(plan.generation);
                self.note(Heard::Plan(plan.generation));
            }
            ServerMessage::NewSpectatorJoined(new) => {
                self.room_mut().on_spectator(&new.spectator, &new.current_spectators, new.spectator_count);
                self.note(Heard::Watched(new.spectator.name.to_string()));
            }
            ServerMessage::SpectatorDisconnected(gone) => {
                let (who, shown) = (gone.spectator_id, &gone.current_spectators);
                let name = self.room_mut().on_spectator_gone(who, shown, gone.spectator_count);
                self.note(Heard::Unwatched(name));
            }
            ServerMessage::GameData(data) => {
                let number = number_in(data.data.as_str().as_bytes());
                let stamp = data.epoch.zip(data.seq).map(|(epoch, seq)| SenderStamp { epoch, seq });
                self.on_game_data(data.from_player, stamp, number);
            }
            ServerMessage::Signal(signal) => self.check_peer(signal.from),
            ServerMessage::PeerTransportStatus(status) => self.check_peer(status.peer_id),
            ServerMessage::Error(refusal) => self.on_refusal(refusal.error_code),
            ServerMessage::RoomJoinFailed(refusal) => self.on_refusal(refusal.error_code),
            ServerMessage::SpectatorJoinFailed(refusal) => self.on_refusal(refusal.error_code),
            ServerMessage::ReconnectionFailed(refusal) => self.on_refusal(Some(refusal.error_code)),
            ServerMessage::Pong | ServerMessage::RelayStats(_) => {}
            ServerMessage::AuthenticationError(_)
            | ServerMessage::NewPeer(_)
            | ServerMessage::Reconnected(_)
            | ServerMessage::PlayerReconnected(_)
            | ServerMessage::RoomOperationResult(_) => panic!("no action leads to {message:?}"),
        }
    }

    fn on_refusal(&self, code: Option<ErrorCode>) {
        refusals::check(code.expect("each refusal has a code"), self.room.as_ref());
    }

    fn on_room_left(&mut self) {
        // The answer to one without a seat, too: spectators go on watching.
        if self.room.as_ref().is_some_and(|room| room.plays) {
            self.on_dropped();
        }
    }

    fn on_spectator_left(&mut self, left: &SpectatorLeft) {
        assert_eq!(left.room_id, Some(self.room_mut().id));
        if left.reason == Some(SpectatorReason::RoomClosed) {
            self.leave(Heard::Over);
        } else {
            self.on_dropped();
        }
    }

    fn on_player_joined(&mut self, player: &PlayerInfo) {
        let room = self.room_mut();
        room.on_player_joined(player);
        if room.lobby == LobbyState::Finalized {
            self.expect_plan();
        }
        self.note(Heard::Joined(player.name.to_string()));
    }

    fn on_player_left(&mut self, left: PlayerLeft) {
        let (name, was_authority) = self.room_mut().on_player_left(left);
        self.next = was_authority.then_some("AuthorityChanged");
        self.note(Heard::Left(name));
    }

    fn on_game_data(&mut self, from: PlayerId, stamp: Option<SenderStamp>, number: u64) {
        self.room_mut().on_game_data(from, stamp);
        self.note(Heard::Data(number));
    }

    fn hear_binary(&mut self, frame: &[u8]) {
        assert_eq!(self.next, None, "{:?} must come next", self.next);
        let envelope = BinaryEnvelope::decode(frame).unwrap_or_else(|error| panic!("{error}: {frame:?}"));
        assert_eq!(envelope.encoding, self.format);
        self.on_game_data(envelope.from_player, envelope.stamp, number_in(envelope.payload));
    }

    fn on_report(&mut self, report: &DeliveryReport) {
        if report.gaps.is_empty() {
            self.next = Some("Error");
        }
        for gap in &report.gaps {
            self.room_mut().on_gap(gap);
            if gap.reason == DeliveryGapReason::UnsupportedFormat {
                self.n_unreadable += gap.to_seq - gap.from_seq + 1;
            }
        }
        let counted = &report.per_class;
        let n_unreadable = counted.reliable.unsupported_format
            + counted.latest.unsupported_format
            + counted.volatile.unsupported_format;
        assert_eq!(n_unreadable, self.n_unreadable, "counters and gaps agree");
    }

    fn enter(&mut self, view: RoomView) {
        assert!(self.room.is_none(), "one room at a time");
        let heard = if view.plays { Heard::Joined } else { Heard::Watched }(view.my_name());
        self.stays.push(Stay::new(self.me, view.id, view.plays, self.version, self.format, heard));
        let n_seats = self.stays.iter().filter(|stay| stay.plays).count();
        let epoch = view.my_epoch().map(|epoch| usize::try_from(epoch.number()));
        assert!(
            epoch.is_none_or(|epoch| epoch == Ok(n_seats)),
            "each seat of a connection has the next epoch"
        );
        let lobby = view.lobby;
        self.room = Some(view);
        match lobby {
            LobbyState::Waiting => self.next = Some("LobbyStateChanged"),
            LobbyState::Lobby => {}
            LobbyState::Finalized => self.expect_plan(),
        }
    }

    /// Players of v3 are told how to reach each other.
    fn expect_plan(&mut self) {
        let is_planned = self.version >= ProtocolVersion::V3 && self.room_mut().plays;
        self.next = is_planned.then_some("SessionPlan");
    }

    fn check_peer(&mut self, peer: PlayerId) {
        let room = self.room_mut();
        assert!(room.plays && peer != room.me && room.players.contains_key(&peer), "{peer} is no peer");
    }

    fn leave(&mut self, heard: Heard) {
        self.note(heard);
        self.room = None;
    }

    fn note(&mut self, heard: Heard) {
        self.stays.last_mut().expect("a member has entered").heard.push(heard);
    }

    fn room_mut(&mut self) -> &mut RoomView {
        let last = &self.last;
        self.room.as_mut().unwrap_or_else(|| panic!("this comes outside of a room: {last:?}"))
    }
}

/// Whether this is the report of what was given up with a connection that is too slow; its farewell is next.
fn tells_what_was_given_up(message: &ServerMessage<'_>) -> bool {
    matches!(message, ServerMessage::DeliveryReport(report) if report.gaps.is_empty())
}

/// Whether the room of a spectator ends, which it did not ask for.
fn is_closing(message: &ServerMessage<'_>) -> bool {
    matches!(message, ServerMessage::SpectatorLeft(left) if left.reason == Some(SpectatorReason::RoomClosed))
}

/// How a connection may end here, and what the last message before must contain.
const ENDINGS: &[(CloseCode, &str)] = &[
    (CloseCode::ServerShutdown, ""),
    (CloseCode::SlowConsumer, "SLOW_CONSUMER"),
    (CloseCode::RoomInactive, "ROOM_NOT_FOUND"),
];

/// What v2 must not see.
const NEW: &[&str] = &[
    "Signal",
    "NewPeer",
    "SessionPlan",
    "PeerTransportStatus",
    "RelayStats",
    "GoingAway",
    "DeliveryReport",
    "RoomOperationResult",
];

/// The answer to the handshake.
pub(crate) const GREETING: Answer = &["Authenticated"];

/// What never comes unasked.
const ANSWERS: Answer = &[
    "Authenticated",
    "RoomJoined",
    "RoomJoinFailed",
    "RoomLeft",
    "AuthorityResponse",
    "SpectatorJoined",
    "SpectatorJoinFailed",
    "SpectatorLeft",
    "Reconnected",
    "ReconnectionFailed",
    "RoomOperationResult",
    "Pong",
];
