//! One client, as strict as a client can be: it holds everything that it hears to the rules R1 to R10 of the wire.

use signal_fish_hub::Frame;
use signal_fish_protocol::{
    AuthorityResponse, CloseCode, DeliveryGapReason, DeliveryReport, Epoch, LobbyState, PlayerId, PlayerInfo,
    PlayerLeft, ProtocolVersion, Reconnected, RoomResult, RoomSnapshot, SenderStamp, ServerMessage,
    SpectatorLeft, SpectatorReason,
};

use crate::agreement::{Heard, Stay};
use crate::answers::{Awaited, as_message};
use crate::greeting::Abilities;
use crate::notes::{Notes, Signalled};
use crate::order::{Order, tells_what_was_given_up};
use crate::requests::{Asked, Asker, Claim, Request};
use crate::room_view::RoomView;
use crate::seen::Seen;
use crate::wire::{self, Told, number_in};

/// What one client knows by what it has said and heard.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) me: PlayerId,
    pub(crate) abilities: Abilities,
    /// The room that it is in.
    pub(crate) room: Option<RoomView>,
    /// What it has seen of others in its room.
    pub(crate) seen: Seen,
    pub(crate) notes: Notes,
    awaited: Awaited,
    order: Order,
    /// Of its latest seat.
    n_epochs: u32,
    pub(crate) ending: Option<CloseCode>,
    n_unreadable: u64,
}

impl Observer {
    pub(crate) fn new(me: PlayerId, abilities: Abilities) -> Self {
        Self {
            me,
            abilities,
            room: None,
            seen: Seen::default(),
            notes: Notes::default(),
            awaited: Awaited::default(),
            order: Order::default(),
            n_epochs: 0,
            ending: None,
            n_unreadable: 0,
        }
    }

    pub(crate) fn asks(&mut self, asked: Asked) {
        if self.ending.is_none() {
            self.awaited.ask(asked);
        }
    }

    pub(crate) fn n_owed(&self) -> usize {
        self.awaited.n_owed()
    }

    pub(crate) fn hear(&mut self, frame: &Frame, is_draining: bool) {
        assert_eq!(self.ending, None, "nobody hears after the end");
        match wire::read(frame, self.abilities.encoding, self.abilities.format) {
            Told::Message(message) => self.hear_message(*message, is_draining),
            Told::Data(from, stamp, number) => {
                self.order.check_nothing_is_next();
                self.on_game_data(from, stamp, number);
            }
        }
    }

    /// It has read all there is to read.
    pub(crate) fn on_read_all(&mut self) {
        self.seen.check_caught_up();
    }

    /// It has read all that its requests can have been answered with.
    pub(crate) fn on_answered(&mut self) {
        self.awaited.forget_silent();
    }

    /// The connection ends, after all that was heard.
    pub(crate) fn hear_end(&mut self, code: CloseCode) {
        assert!(self.ending.is_none_or(|before| before == code || code == CloseCode::ServerShutdown));
        if self.ending.is_none() {
            self.order.check_end(code);
        }
        self.ending = Some(code);
        self.awaited.clear();
    }

    /// It has heard all there is until now.
    pub(crate) fn mark_present(&mut self) {
        if self.room.is_some() {
            self.notes.mark_present();
        }
    }

    /// It is in no room any more, and has heard all that came before that.
    pub(crate) fn on_dropped(&mut self) {
        if let Some(room) = &self.room {
            let heard = if room.plays { Heard::Left } else { Heard::Unwatched }(room.my_name());
            self.seen.is_final = self.ending.is_none();
            // Who is ended first misses how the room goes on.
            if self.ending.is_none() { self.leave(heard) } else { self.room = None }
        }
    }

    fn hear_message(&mut self, message: ServerMessage<'_>, is_draining: bool) {
        let just_back = self.order.follow(&message, self.abilities.version, is_draining);
        let (greets, room) = (self.awaited.awaits_greeting(), self.room.as_ref());
        let asker = Asker { me: self.me, version: self.abilities.version, room, is_draining };
        let mut asked = None;
        if let Some((request, reply)) = self.awaited.answer(&message, asker) {
            self.notes.replies.push((request.serial, reply));
            asked = Some(request.request);
        } else {
            let is_early = message.kind() == "Error" || tells_what_was_given_up(&message);
            assert!(!greets || is_early, "{message:?} comes before Authenticated");
        }
        self.take_message(message, asked.as_ref(), just_back);
    }

    /// Takes a message, which answers what it `asked`, if anything. `just_back` is the player of whom the last message was that it
    /// has come back.
    fn take_message(
        &mut self,
        message: ServerMessage<'_>,
        asked: Option<&Request>,
        just_back: Option<PlayerId>,
    ) {
        let version = self.abilities.version;
        match message {
            ServerMessage::Authenticated(_) => self.order.expect(&["ProtocolInfo"]),
            ServerMessage::ProtocolInfo(info) => {
                assert_eq!(info.v3.is_some(), version >= ProtocolVersion::V3)
            }
            ServerMessage::RoomJoined(shown) => self.on_seated(&shown),
            ServerMessage::Reconnected(back) => self.on_reconnected(&back, asked),
            ServerMessage::RoomOperationResult(reply) => self.on_result(reply.result, asked),
            ServerMessage::SpectatorJoined(shown) => {
                self.enter(RoomView::watched(version, self.me, &shown), Heard::Watched);
            }
            ServerMessage::RoomLeft => self.on_room_left(),
            ServerMessage::SpectatorLeft(left) => self.on_spectator_left(&left),
            ServerMessage::AuthorityResponse(AuthorityResponse { granted: true, .. }) => {
                self.order.expect(&["AuthorityChanged"]);
            }
            ServerMessage::DeliveryReport(report) => self.on_report(&report),
            ServerMessage::PlayerJoined(_)
            | ServerMessage::PlayerLeft(_)
            | ServerMessage::PlayerReconnected(_)
            | ServerMessage::AuthorityChanged(_)
            | ServerMessage::LobbyStateChanged(_)
            | ServerMessage::GameStarting(_)
            | ServerMessage::SessionPlan(_)
            | ServerMessage::NewSpectatorJoined(_)
            | ServerMessage::SpectatorDisconnected(_) => self.take_news(message, just_back),
            ServerMessage::GameData(data) => {
                let number = number_in(data.data.as_str().as_bytes());
                let stamp = data.epoch.zip(data.seq).map(|(epoch, seq)| SenderStamp { epoch, seq });
                self.on_game_data(data.from_player, stamp, number);
            }
            ServerMessage::Signal(signal) => {
                self.check_peer(signal.from);
                assert!(self.abilities.can_signal(), "it cannot read signals");
                let number = number_in(signal.signal.as_str().as_bytes());
                assert_eq!(signal.generation.uuid().as_u128(), number.into(), "it is passed on as it is");
                self.notes.signals.push(Signalled { number, from: signal.from, to: self.me });
            }
            ServerMessage::PeerTransportStatus(status) => self.check_peer(status.peer_id),
            ServerMessage::AuthorityResponse(_)
            | ServerMessage::Error(_)
            | ServerMessage::RoomJoinFailed(_)
            | ServerMessage::SpectatorJoinFailed(_)
            | ServerMessage::ReconnectionFailed(_)
            | ServerMessage::Pong
            | ServerMessage::GoingAway(_)
            | ServerMessage::RelayStats(_) => {}
            ServerMessage::AuthenticationError(_) | ServerMessage::NewPeer(_) => {
                panic!("no action leads to {message:?}")
            }
        }
    }

    /// What a room tells its members, as far as it is no game data.
    fn take_news(&mut self, news: ServerMessage<'_>, just_back: Option<PlayerId>) {
        if let ServerMessage::PlayerJoined(joined) = news {
            self.on_player_joined(&joined.player);
        } else if let ServerMessage::PlayerLeft(left) = news {
            self.on_player_left(left);
        } else if let ServerMessage::PlayerReconnected(back) = news {
            let name = self.room_mut().on_reconnected(&back);
            if self.expects_plan() {
                self.order.expect(&["AuthorityChanged", "SessionPlan"]);
            }
            self.notes.note(Heard::Returned(name));
        } else if let ServerMessage::AuthorityChanged(changed) = news {
            let is_given_back = changed.authority_player.is_some() && changed.authority_player == just_back;
            let holder = self.room_mut().on_authority_changed(changed, is_given_back);
            self.notes.note(Heard::Authority(holder));
        } else if let ServerMessage::LobbyStateChanged(changed) = news {
            let ready = self.room_mut().on_lobby_changed(&changed);
            self.notes.note(Heard::Lobby(ready));
        } else if let ServerMessage::GameStarting(starting) = news {
            self.room_mut().on_starting(&starting);
            self.expect_plan();
            self.notes.note(Heard::Starting);
        } else if let ServerMessage::SessionPlan(plan) = news {
            self.room_mut().on_plan(&plan);
            self.notes.note(Heard::Plan(plan.generation));
        } else if let ServerMessage::NewSpectatorJoined(new) = news {
            self.room_mut().on_spectator(&new.spectator, &new.current_spectators, new.spectator_count);
            self.notes.note(Heard::Watched(new.spectator.name.to_string()));
        } else if let ServerMessage::SpectatorDisconnected(gone) = news {
            let (who, shown) = (gone.spectator_id, &gone.current_spectators);
            let name = self.room_mut().on_spectator_gone(who, shown, gone.spectator_count);
            self.notes.note(Heard::Unwatched(name));
        }
    }

    /// The same as the plain message, or what only operations lead to. It comes after what it has caused.
    fn on_result(&mut self, result: RoomResult<'_>, asked: Option<&Request>) {
        if let Some(message) = as_message(result.clone()) {
            self.take_message(message, asked, None);
        } else if let RoomResult::RoomCodeRegenerated(new) = result {
            self.room_mut().code = Some(new.room_code.as_str().to_owned());
        } else if let RoomResult::RoomAccessUpdated(access) = result {
            let is_protected = matches!(asked, Some(Request::Access(Some(_))));
            assert_eq!(access.requires_password, is_protected);
        } else if let RoomResult::PlayerKicked(target)
        | RoomResult::PlayerBanned(target)
        | RoomResult::PlayerUnbanned(target)
        | RoomResult::AuthorityTransferred(target) = result
        {
            assert_eq!(asked.and_then(Request::target), Some(target.player_id));
        }
    }

    fn on_seated(&mut self, shown: &RoomSnapshot) {
        let Abilities { version, is_reader, .. } = self.abilities;
        self.enter(RoomView::joined(version, self.me, shown), Heard::Joined);
        self.seen = Seen::of_snapshot(self.me, &shown.current_players, is_reader);
        assert_eq!(shown.reconnection_token.is_some(), self.abilities.has_token());
        self.notes.take_ticket(self.me, shown);
    }

    /// From now on it is the player that it was before.
    fn on_reconnected(&mut self, back: &Reconnected<'_>, asked: Option<&Request>) {
        let Some(Request::Return(claim)) = asked else { panic!("nobody asked for it") };
        let Claim { player, room, seen, memory, .. } = claim.clone();
        let Abilities { version, is_reader, .. } = self.abilities;
        let shown = &back.snapshot;
        assert_eq!((shown.player_id, shown.room_id), (player, room));
        self.me = player;
        let view = RoomView::reconnected(version, back);
        self.n_epochs = view.my_epoch().map_or(0, |epoch| epoch.number() - 1);
        let is_told_authority_again = view.is_told_authority_again;
        self.enter(view, Heard::Returned);
        if is_told_authority_again {
            self.order.expect(&["AuthorityChanged"]);
        }
        self.seen = Seen::come_back(seen, memory, self.me, back);
        self.seen.is_reader &= version >= ProtocolVersion::V3;
        self.seen.is_reader |= is_reader;
        // Whoever came with a token has the next one.
        assert!(shown.reconnection_token.is_some());
        self.notes.take_ticket(self.me, shown);
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
        let is_back = room.on_player_joined(player);
        let has_started = room.lobby == LobbyState::Finalized;
        self.seen.on_joined(player);
        if is_back {
            self.order.expect(&["PlayerReconnected"]);
        } else if has_started && self.expects_plan() {
            self.order.expect(&["SessionPlan", "PlayerReconnected"]);
        }
        self.notes.note(Heard::Joined(player.name.to_string()));
    }

    fn on_player_left(&mut self, left: PlayerLeft) {
        let (name, was_authority) = self.room_mut().on_player_left(left);
        self.seen.on_left(left.player_id);
        if was_authority {
            self.order.expect(&["AuthorityChanged"]);
        }
        self.notes.note(Heard::Left(name));
    }

    fn on_game_data(&mut self, from: PlayerId, stamp: Option<SenderStamp>, number: u64) {
        let present = self.room_mut().stamp_of(from);
        if let Some(stamp) = stamp {
            self.notes.stamped.push((number, from, stamp));
            if self.seen.catch_up(from, stamp, present) {
                return;
            }
            self.seen.on_live(from, stamp);
        }
        self.room_mut().on_game_data(from, stamp);
        self.notes.note(Heard::Data(number));
    }

    fn on_report(&mut self, report: &DeliveryReport) {
        if report.gaps.is_empty() {
            self.order.expect(&["Error"]);
        }
        for gap in &report.gaps {
            let present = self.room_mut().stamp_of(gap.from_player);
            if !self.seen.catch_up_gap(gap, present) {
                assert_ne!(gap.reason, DeliveryGapReason::NotRetained, "nothing is missed while here");
                self.room_mut().on_gap(gap);
                self.seen.on_live(gap.from_player, SenderStamp { epoch: gap.epoch, seq: gap.to_seq });
            } else if gap.reason == DeliveryGapReason::NotRetained {
                self.notes.note_missed(*gap);
            }
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

    /// It is in a room, which is `heard` with its name.
    fn enter(&mut self, view: RoomView, heard: fn(String) -> Heard) {
        assert!(self.room.is_none(), "one room at a time");
        let heard = heard(view.my_name());
        let Abilities { version, format, .. } = self.abilities;
        self.notes.stays.push(Stay::new(self.me, view.id, view.plays, version, format, heard));
        self.n_epochs += u32::from(view.plays);
        let epoch = view.my_epoch().map(Epoch::number);
        assert!(
            epoch.is_none_or(|epoch| epoch == self.n_epochs),
            "each seat of a connection has the next epoch"
        );
        let lobby = view.lobby;
        self.room = Some(view);
        match lobby {
            LobbyState::Waiting => self.order.expect(&["LobbyStateChanged"]),
            LobbyState::Lobby => {}
            LobbyState::Finalized => self.expect_plan(),
        }
    }

    /// Players of v3 are told how to reach each other.
    fn expect_plan(&mut self) {
        if self.expects_plan() {
            self.order.expect(&["SessionPlan"]);
        }
    }

    fn expects_plan(&self) -> bool {
        let room = self.room.as_ref().filter(|room| room.plays && room.lobby == LobbyState::Finalized);
        self.abilities.version >= ProtocolVersion::V3 && room.is_some()
    }

    fn check_peer(&mut self, peer: PlayerId) {
        let room = self.room_mut();
        assert!(room.plays && peer != room.me && room.players.contains_key(&peer), "{peer} is no peer");
    }

    fn leave(&mut self, heard: Heard) {
        self.notes.note(heard);
        self.room = None;
    }

    fn room_mut(&mut self) -> &mut RoomView {
        self.room.as_mut().expect("this comes to members only")
    }
}
