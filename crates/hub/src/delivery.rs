//! From the effects of one step to frames in outboxes: each wire form is encoded once and shared.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use signal_fish_engine::{Audience, Effect, Effects};
use signal_fish_protocol::{
    CloseCode, Epoch, ErrorCode, PlayerId, RelayStamp, ServerMessage, SessionPlan, Transport,
};

use crate::answer::Answer;
use crate::config::HubConfig;
use crate::frame::Frame;
use crate::game_data::{GameData, KeptData, RelayFrames};
use crate::link::{Form, Link, Wire};
use crate::replay;
use crate::replay_log::ReplayLog;

/// A connection inside a room.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) link: Link,
    /// Whether it only watches.
    watches: bool,
    /// Senders whose data it could not read, and when it was last told so.
    complaints: Vec<(PlayerId, Instant)>,
}

/// What a step came to, for the one that asked for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Outcome {
    /// The actor has come in.
    pub(crate) entered: bool,
    /// The actor has its seat back, under this epoch.
    pub(crate) returned: Option<Epoch>,
    /// The command was refused.
    pub(crate) refused: bool,
    /// The room is over.
    pub(crate) ended: bool,
    /// Somebody has left.
    pub(crate) left: bool,
}

impl Outcome {
    /// Whether the actor is a member by this step.
    pub(crate) const fn has_come(&self) -> bool {
        self.entered || self.returned.is_some()
    }
}

/// Delivers one step: to whom, when, and the game message it may be about.
pub(crate) struct Delivery<'a> {
    pub(crate) now: Instant,
    pub(crate) members: &'a mut Vec<Member>,
    /// Who asked for the step; nobody, if it was time.
    pub(crate) actor: Option<&'a Link>,
    /// Whether the actor comes in to watch, if it comes in.
    pub(crate) watches: bool,
    pub(crate) game_data: Option<GameData<'a>>,
    /// What the actor is owed; nothing, if it waits for nothing or has an answer that is a message like others.
    pub(crate) answer: Option<Answer>,
    /// Whom to ask for ICE servers, should it come to that.
    pub(crate) live: &'a ArcSwap<HubConfig>,
    /// Where game data is kept for those who come back, if it is.
    pub(crate) log: Option<&'a mut ReplayLog<KeptData>>,
}

impl Delivery<'_> {
    /// Does what `effects` say, in their order, and leaves none.
    pub(crate) fn carry_out(mut self, effects: &mut Effects) -> Outcome {
        let mut outcome = Outcome::default();
        // What nearly every step comes to, without moving an effect that has room for any message.
        if let [Effect::Relay(stamp)] = effects.as_slice() {
            self.relay(stamp);
            effects.clear();
            return outcome;
        }
        for effect in effects.drain(..) {
            match effect {
                Effect::Relay(stamp) => self.relay(&stamp),
                Effect::Reply(message) => self.reply(message),
                Effect::Refuse(message) => {
                    outcome.refused = true;
                    self.reply(message);
                }
                Effect::Report(result) => {
                    let answer = self.answer.take().expect("whoever asks for what is reported waits for it");
                    answer.report(self.now, result);
                }
                Effect::Send(audience, message) => self.send(audience, &message),
                Effect::Plan(player, plan) => self.plan(player, plan),
                Effect::Entered => {
                    outcome.entered = true;
                    self.admit();
                }
                Effect::Returned(epoch) => {
                    outcome.returned = Some(epoch);
                    self.admit();
                }
                Effect::Left(player) => {
                    outcome.left = true;
                    self.remove(player);
                }
                Effect::Close(player, code) => self.close(player, code),
                Effect::Ended => outcome.ended = true,
            }
        }
        outcome
    }

    fn admit(&mut self) {
        let link = self.actor.expect("only an actor comes in").clone();
        link.outbox.enter_room();
        self.members.push(Member { link, watches: self.watches, complaints: Vec::new() });
    }

    fn reply(&mut self, message: ServerMessage<'static>) {
        match (self.answer.take(), self.actor) {
            (Some(answer), _) => answer.give(self.now, message),
            (None, Some(actor)) => actor.send(self.now, message),
            (None, None) => {}
        }
    }

    fn send(&self, audience: Audience, message: &ServerMessage<'static>) {
        let mut frames = BroadcastFrames::default();
        for Member { link, watches, .. } in &*self.members {
            let is_meant = match audience {
                Audience::Everyone => true,
                Audience::EveryoneBut(player) => link.player != player,
                Audience::Players => !watches,
                Audience::PlayersBut(player) => !watches && link.player != player,
                Audience::One(player) => link.player == player,
            };
            if is_meant && let Some(frame) = frames.of(message, link.wire) {
                link.outbox.push(self.now, frame.clone());
            }
        }
    }

    fn plan(&self, player: PlayerId, mut plan: SessionPlan) {
        if plan.transport == Transport::Webrtc {
            plan.ice_servers = self.live.load().peering.ice.servers_for(player);
        }
        if let Some(Member { link, .. }) = self.members.iter().find(|member| member.link.player == player) {
            link.send(self.now, ServerMessage::SessionPlan(plan));
        }
    }

    fn relay(&mut self, stamp: &RelayStamp) {
        let (Some(game_data), Some(sender)) = (self.game_data.take(), self.actor) else { return };
        if let Some(log) = &mut self.log {
            replay::remember(log, self.now, stamp, &game_data);
        }
        let bytes_max = sender.outbox.message_bytes_max();
        SCRATCH.with_borrow_mut(|scratch| {
            let mut frames = RelayFrames::new(game_data, *stamp, scratch, bytes_max);
            for member in self.members.iter_mut().filter(|member| member.link.player != stamp.from) {
                member.hear(self.now, &mut frames, stamp);
            }
        });
    }

    fn remove(&mut self, player: PlayerId) {
        self.members.retain(|member| member.link.player != player);
        for member in &mut *self.members {
            member.complaints.retain(|(sender, _)| *sender != player);
        }
    }

    fn close(&self, player: PlayerId, code: CloseCode) {
        for Member { link, .. } in &*self.members {
            if link.player == player {
                link.outbox.end(code);
            }
        }
    }
}

impl Member {
    /// Queues one message in the form that this member reads.
    pub(crate) fn hear(&mut self, now: Instant, frames: &mut RelayFrames<'_>, relay: &RelayStamp) {
        match frames.of(self.link.wire) {
            Some(frame) => self.link.outbox.push_game_data(now, frame.clone(), relay),
            None => self.miss(now, relay),
        }
    }

    /// Tells this member that it cannot read a message: the exact gap each time, a complaint once in a while.
    fn miss(&mut self, now: Instant, relay: &RelayStamp) {
        self.link.outbox.push_gap(now, relay);
        match self.complaints.iter_mut().find(|(sender, _)| *sender == relay.from) {
            Some((_, at)) if now.saturating_duration_since(*at) < COMPLAINT_INTERVAL => return,
            Some((_, at)) => *at = now,
            None => self.complaints.push((relay.from, now)),
        }
        let text = format!("game data of player {} cannot be converted to your format", relay.from);
        self.link.send(now, ServerMessage::error(ErrorCode::UnsupportedGameDataFormat, text));
    }
}

/// One message for many, encoded at most once for each form.
#[derive(Default)]
struct BroadcastFrames {
    frames: [Option<Option<Frame>>; Form::COUNT],
}

impl BroadcastFrames {
    fn of(&mut self, message: &ServerMessage<'static>, wire: Wire) -> Option<&Frame> {
        let frame = &mut self.frames[wire.form() as usize];
        frame.get_or_insert_with(|| Frame::of(message.clone(), wire)).as_ref()
    }
}

thread_local! {
    /// Where frames are put together before they are copied to their own size. One for each thread, since every
    /// room would keep one that is as large as its largest message.
    pub(crate) static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// How often a recipient is told that it cannot read one sender's data.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(1);
