//! A room under test and the people around it, who check every effect as it comes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use signal_fish_engine::{
    Audience, Command, Effect, Effects, Kept, Means, Newcomer, PasswordHash, Returning, Room, RoomSetup,
    Signal, Subject, TokenHash, invariant,
};
use signal_fish_protocol::{
    ConnectionInfo, DeliveryClass, DeliveryLabel, Epoch, LobbyState, Payload, PlayerId, PlayerName,
    PlayerNameRules, ReplayStatus, RoomCode, ServerMessage, SessionGeneration, Timestamp, Transport,
    TransportStatus, Uuid,
};

use crate::plans::Plans;
use crate::tokens::Tokens;
use crate::view::View;

/// What one person can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    Join,
    Leave,
    Watch,
    StopWatching,
    Disconnect,
    ComeBack {
        with_old_token: bool,
    },
    ToggleReady,
    Start,
    TakeAuthority,
    ReleaseAuthority,
    Kick(usize),
    Ban(usize),
    Unban(usize),
    TransferAuthority(usize),
    SetPassword,
    OpenRoom,
    ChangeCode,
    /// Says where it can be reached, each time somewhere else.
    Listen,
    StopListening,
    Signal {
        to: usize,
        /// Whether its budgets allow it.
        may: bool,
    },
    ReportTransport {
        up: bool,
    },
    SendGameData,
    StayActive,
    /// Nobody's deed: the room is told the time.
    LookAtTheClock,
}

/// How many people there are. Two pairs of them have the same name, for those who join.
pub(crate) const N_PEOPLE: usize = NAMES.len();

/// Who never brings a password; the others always bring the right one.
const WITHOUT_PASSWORD: usize = N_PEOPLE - 1;

const NAMES: [&str; 7] = ["Ada", "ADA", "Bob", "bob", "Cat", "Dan", "Eve"];

const CAN_BE_MISSED: [&str; 7] = [
    "PlayerJoined",
    "PlayerLeft",
    "PlayerReconnected",
    "NewSpectatorJoined",
    "SpectatorDisconnected",
    "LobbyStateChanged",
    "AuthorityChanged",
];

pub(crate) struct World {
    now: Instant,
    room: Room,
    members: BTreeMap<PlayerId, View>,
    /// The last number that each sender has sent under in each of its memberships.
    sent: BTreeMap<(PlayerId, Epoch), u64>,
    next_epochs: [Epoch; N_PEOPLE],
    means: [Means; N_PEOPLE],
    tokens: Tokens,
    /// What each of those who lost their connection would have heard since.
    missed: BTreeMap<PlayerId, Vec<ServerMessage<'static>>>,
    events_max: usize,
    n_generations: u128,
}

impl World {
    pub(crate) fn new(setup: RoomSetup, lobby: LobbyState, means: [Means; N_PEOPLE]) -> Self {
        // The one look at the clock: an instant cannot be made otherwise, and only distances count.
        #[expect(clippy::disallowed_methods)]
        let now = Instant::now();
        Self {
            now,
            events_max: setup.away.map_or(0, |rules| rules.events_max),
            room: Room::restore(now, setup, Kept { lobby, ..Kept::default() }),
            members: BTreeMap::new(),
            sent: BTreeMap::new(),
            next_epochs: [Epoch::FIRST; N_PEOPLE],
            means,
            tokens: Tokens::of(N_PEOPLE),
            missed: BTreeMap::new(),
            n_generations: 0,
        }
    }

    /// Time passes, or is read a little earlier than before.
    pub(crate) fn go_on(&mut self, pause_ms: i64) {
        let pause = Duration::from_millis(pause_ms.unsigned_abs());
        self.now =
            if pause_ms < 0 { self.now.checked_sub(pause).unwrap_or(self.now) } else { self.now + pause };
    }

    pub(crate) fn perform(&mut self, person: usize, deed: Deed) {
        let actor = id_of(person);
        let Some(command) = self.command(person, deed) else { return self.look_at_the_clock() };
        let (before, now) = (self.room.clone(), self.now);
        let effects = applied(&mut self.room, now, actor, command.clone());

        let mut twin = before.clone();
        assert_eq!(applied(&mut twin, now, actor, command), effects, "the same input has the same effects");
        assert_same(&twin, &self.room);
        assert_eq!(invariant::check(&self.room), Ok(()));

        let n_replies = effects.iter().filter(|effect| matches!(effect, Effect::Reply(_))).count();
        let n_refusals = effects.iter().filter(|effect| matches!(effect, Effect::Refuse(_))).count();
        let n_reports = effects.iter().filter(|effect| matches!(effect, Effect::Report(_))).count();
        let n_answers = n_replies + n_refusals + n_reports;
        match deed {
            Deed::Join
            | Deed::ComeBack { .. }
            | Deed::Leave
            | Deed::Watch
            | Deed::StopWatching
            | Deed::TakeAuthority
            | Deed::ReleaseAuthority => assert_eq!((n_answers, n_reports), (1, 0), "{effects:?}"),
            Deed::Kick(_)
            | Deed::Ban(_)
            | Deed::Unban(_)
            | Deed::TransferAuthority(_)
            | Deed::SetPassword
            | Deed::OpenRoom
            | Deed::ChangeCode => self.check_moderation(&before, actor, &effects),
            Deed::ToggleReady
            | Deed::Start
            | Deed::Listen
            | Deed::StopListening
            | Deed::Signal { .. }
            | Deed::SendGameData => {
                assert_eq!((n_answers, n_refusals.min(1)), (n_refusals, n_refusals), "{effects:?}");
            }
            Deed::Disconnect | Deed::ReportTransport { .. } | Deed::StayActive | Deed::LookAtTheClock => {
                assert_eq!(n_answers, 0, "{effects:?}");
            }
        }
        if effects.contains(&Effect::Entered) && person == WITHOUT_PASSWORD {
            assert_eq!(before.password(), None, "nobody comes in without the password");
        }
        if n_refusals > 0 {
            assert_eq!(effects.len(), 1, "a refusal is all that follows: {effects:?}");
            let mut unchanged = before.clone();
            // It may have been a sign of life, and must have been no more. Who wants to be somebody is not yet.
            if !matches!(deed, Deed::ComeBack { .. }) {
                applied(&mut unchanged, now, actor, Command::StayActive);
            }
            assert_same(&unchanged, &self.room);
        }
        if let Deed::ComeBack { with_old_token } = deed {
            self.tokens.on_shown(person, with_old_token, &effects);
        } else if deed == Deed::Join && n_refusals == 0 {
            self.tokens.on_joined(person);
        } else if deed != Deed::Disconnect && before.watermarks().any(|mark| mark.player_id == actor) {
            self.tokens.on_word(person);
        }
        self.check_missed(actor, &effects);
        if effects.first() == Some(&Effect::Left(actor)) {
            self.missed.insert(actor, Vec::new());
        }
        let enters = matches!(deed, Deed::Join | Deed::ComeBack { .. });
        let newcomer = View::new(actor, enters, self.means[person]);
        self.follow(Some(newcomer), effects);
    }

    /// One answer, and the last word: a report if the authority asked, or a refusal. Nobody else changes a thing.
    fn check_moderation(&self, before: &Room, actor: PlayerId, effects: &Effects) {
        let n_answers = effects.iter().filter(|effect| is_moderation_answer(effect)).count();
        assert_eq!(n_answers, 1, "{effects:?}");
        assert!(effects.last().is_some_and(is_moderation_answer), "{effects:?}");
        if before.authority() != Some(actor) {
            assert!(matches!(effects.as_slice(), [Effect::Refuse(_)]), "{effects:?}");
        }
        for effect in effects {
            if let Effect::Close(player, _) = effect {
                assert!(effects.contains(&Effect::Left(*player)), "who is closed has left: {effects:?}");
            }
        }
    }

    fn look_at_the_clock(&mut self) {
        let (before, is_due) = (self.room.clone(), self.now >= self.room.poll_timeout());
        let mut effects = Effects::new();
        self.room.handle_timeout(self.now, &mut effects);
        assert_eq!(invariant::check(&self.room), Ok(()));
        assert!(self.room.poll_timeout() > self.now, "a deadline is dealt with once and for all");
        if is_due {
            // Either those who are away are late, which nobody hears of, or the room ends.
            assert!(effects.is_empty() || effects.last() == Some(&Effect::Ended), "{effects:?}");
        } else {
            assert_eq!(effects, []);
            assert_same(&before, &self.room);
        }
        self.follow(None, effects);
    }

    /// Lets everyone hear what it is meant to hear, and compares what they make of it.
    fn follow(&mut self, newcomer: Option<View>, effects: Effects) {
        let actor = newcomer.as_ref().map(View::id);
        let mut newcomer = newcomer;
        let (mut plans, mut has_started) = (Plans::default(), false);
        for effect in effects {
            match effect {
                Effect::Returned(_) | Effect::Entered => {
                    if let (Effect::Returned(epoch), Some(actor)) = (&effect, actor) {
                        self.follow_return(actor, *epoch);
                    }
                    let newcomer = newcomer.take().expect("only an actor enters, and only once");
                    let already = self.members.insert(newcomer.id(), newcomer);
                    assert!(already.is_none(), "a member cannot enter again");
                }
                Effect::Left(player) => {
                    self.members.remove(&player).expect("only a member can leave");
                }
                Effect::Reply(message) => {
                    let actor = actor.expect("time asks for nothing");
                    if let Some(member) = self.members.get_mut(&actor) {
                        member.hear(&message);
                    }
                }
                Effect::Refuse(_) | Effect::Report(_) => assert!(actor.is_some(), "time asks for nothing"),
                Effect::Send(audience, message) => {
                    has_started |= matches!(message, ServerMessage::GameStarting(_));
                    for member in self.hearers(audience).filter(|member| member.knows(&message)) {
                        member.hear(&message);
                        if let ServerMessage::SessionPlan(plan) = &message {
                            plans.add(member.id(), plan);
                        }
                    }
                }
                Effect::Plan(player, plan) => {
                    plans.add(player, &plan);
                    let message = ServerMessage::SessionPlan(plan);
                    let mut meant = self.hearers(Audience::One(player));
                    meant
                        .next()
                        .filter(|member| member.knows(&message))
                        .expect("it knows plans")
                        .hear(&message);
                }
                Effect::Relay(relay) => {
                    assert_eq!(Some(relay.from), actor);
                    let last = self.sent.entry((relay.from, relay.stamp.epoch)).or_default();
                    assert_eq!(relay.stamp.seq, *last + 1, "numbers of a membership are contiguous");
                    *last = relay.stamp.seq;
                    self.members.values_mut().for_each(|member| member.hear_game_data(&relay));
                }
                Effect::Close(player, _) => assert!(self.members.contains_key(&player)),
                Effect::Ended => assert!(self.members.is_empty(), "everyone has left before the end"),
            }
        }
        let players = || self.members.values().filter(|member| member.plays());
        let means: BTreeMap<_, _> = players().map(|member| (member.id(), member.means())).collect();
        plans.check(&means, actor.map(|_| self.generation()));
        assert!(!has_started || plans.are_there() || !means.values().any(|means| means.speaks_v3()));
        let mut views = self.members.values().map(View::room);
        if let Some(one) = views.next() {
            assert!(views.all(|other| other == one), "everyone sees the same room: {:#?}", self.members);
            assert_eq!(one.lobby(), self.room.lobby_state());
        }
    }

    /// What the latest command called the plan that it might cause.
    const fn generation(&self) -> SessionGeneration {
        SessionGeneration::new(Uuid::from_u128(self.n_generations))
    }

    /// Whoever is back hears the latest of what it missed, but nothing of those who held the authority in between.
    /// Then these effects are news to those who are still away.
    fn check_missed(&mut self, actor: PlayerId, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Reply(ServerMessage::Reconnected(back)) = effect {
                let mut latest = self.missed.remove(&actor).expect("it was away");
                let n_lost = latest.len().saturating_sub(self.events_max);
                let status = match (self.events_max, n_lost) {
                    (0, _) => ReplayStatus::Unavailable,
                    (_, 0) => ReplayStatus::Complete,
                    (_, _) => ReplayStatus::Truncated,
                };
                assert_eq!(back.replay, Some(status));
                let players = &back.snapshot.current_players;
                let holder = players.iter().find(|player| player.is_authority).map(|player| player.id);
                latest.drain(..n_lost);
                latest.retain(|event| {
                    !matches!(event, ServerMessage::AuthorityChanged(it) if it.authority_player != holder)
                });
                assert_eq!(back.missed_events, latest);
            }
        }
        for effect in effects {
            if let Effect::Send(Audience::Everyone | Audience::EveryoneBut(_), message) = effect
                && CAN_BE_MISSED.contains(&message.kind())
            {
                self.missed.values_mut().for_each(|missed| missed.push(message.clone()));
            }
        }
    }

    /// Epochs of one person go up and up, however it comes in.
    fn follow_return(&mut self, actor: PlayerId, epoch: Epoch) {
        let person = usize::try_from(actor.uuid().as_u128()).expect("a person");
        let known = self.sent.keys().filter(|(id, _)| *id == actor).map(|(_, epoch)| *epoch).max();
        assert!(known.is_none_or(|known| epoch > known), "{epoch:?} after {known:?}");
        self.next_epochs[person] = self.next_epochs[person].max(epoch.next());
    }

    fn hearers(&mut self, audience: Audience) -> impl Iterator<Item = &mut View> {
        match audience {
            Audience::Everyone | Audience::Players => {}
            Audience::EveryoneBut(player) | Audience::PlayersBut(player) | Audience::One(player) => {
                assert!(self.members.contains_key(&player), "{audience:?} names a stranger");
            }
        }
        self.members.values_mut().filter(move |member| match audience {
            Audience::Everyone => true,
            Audience::EveryoneBut(player) => member.id() != player,
            Audience::Players => member.plays(),
            Audience::PlayersBut(player) => member.plays() && member.id() != player,
            Audience::One(player) => member.id() == player,
        })
    }

    fn returning(
        &mut self,
        newcomer: Newcomer,
        presented: TokenHash,
        generation: SessionGeneration,
    ) -> Returning {
        let Newcomer { connected_at, subject, means, ice_servers, .. } = newcomer;
        let token = self.tokens.issue();
        Returning { connected_at, subject, means, ice_servers, presented, token, generation }
    }

    fn command(&mut self, person: usize, deed: Deed) -> Option<Command> {
        self.n_generations += 1;
        let generation = self.generation();
        let newcomer = Newcomer {
            name: PlayerName::parse(NAMES[person], &PlayerNameRules::default()).expect("a good name"),
            connected_at: Timestamp::UNIX_EPOCH,
            // Two of them share one, and others have none.
            subject: (person < 2).then(|| Subject::new(Uuid::from_u128(1))),
            proof: self.room.password().filter(|_| person != WITHOUT_PASSWORD).cloned(),
            means: self.means[person],
            ice_servers: Vec::new(),
        };
        Some(match deed {
            Deed::Join => {
                let epoch = self.next_epochs[person];
                self.next_epochs[person] = epoch.next();
                let token = Some(Box::new(self.tokens.issue()));
                Command::Join { newcomer, epoch, generation, token }
            }
            Deed::ComeBack { with_old_token } => {
                let presented = self.tokens.presented(person, with_old_token);
                Command::Reconnect(Box::new(self.returning(newcomer, presented, generation)))
            }
            Deed::Leave => Command::Leave { generation },
            Deed::Watch => Command::Watch(newcomer),
            Deed::StopWatching => Command::StopWatching,
            Deed::Disconnect => Command::Disconnect { generation },
            Deed::ToggleReady => Command::ToggleReady,
            Deed::Start => Command::Start { generation },
            Deed::TakeAuthority => Command::TakeAuthority,
            Deed::ReleaseAuthority => Command::ReleaseAuthority,
            Deed::Kick(target) => Command::Kick { target: id_of(target), generation },
            Deed::Ban(target) => Command::Ban { target: id_of(target), generation },
            Deed::Unban(target) => Command::Unban(id_of(target)),
            Deed::TransferAuthority(target) => Command::TransferAuthority(id_of(target)),
            Deed::SetPassword => Command::SetAccess(Some(PasswordHash::new(self.n_generations.to_string()))),
            Deed::OpenRoom => Command::SetAccess(None),
            Deed::ChangeCode => {
                let code = RoomCode::parse(&format!("{:06}", self.n_generations), 6).expect("six digits");
                Command::ChangeCode(code)
            }
            Deed::Listen => {
                let port = u16::try_from(self.n_generations).expect("a case has few deeds");
                let info = ConnectionInfo::Direct { host: "localhost".to_owned(), port };
                Command::ProvideConnectionInfo { info, generation }
            }
            Deed::StopListening => {
                let info = ConnectionInfo::Direct { host: "localhost".to_owned(), port: 0 };
                Command::ProvideConnectionInfo { info, generation }
            }
            Deed::Signal { to, may } => Command::Signal(Signal {
                to: PlayerId::new(Uuid::from_u128(to as u128)),
                generation,
                payload: Payload::parse("1").expect("it is JSON"),
                is_target_seated: true,
                is_within_budget: may,
                is_refusal_explained: may,
            }),
            Deed::ReportTransport { up } => {
                Command::ReportTransport(TransportStatus { transport: Transport::Webrtc, connected: up })
            }
            Deed::SendGameData => {
                let label =
                    DeliveryLabel::new(Some(DeliveryClass::Latest), Some(7)).expect("they go together");
                Command::GameData { label }
            }
            Deed::StayActive => Command::StayActive,
            Deed::LookAtTheClock => return None,
        })
    }
}

fn id_of(person: usize) -> PlayerId {
    PlayerId::new(Uuid::from_u128(person as u128))
}

const fn is_moderation_answer(effect: &Effect) -> bool {
    matches!(effect, Effect::Report(_) | Effect::Refuse(_))
}

fn applied(room: &mut Room, now: Instant, actor: PlayerId, command: Command) -> Effects {
    let mut effects = Effects::new();
    room.apply(now, actor, command, &mut effects);
    effects
}

fn assert_same(one: &Room, other: &Room) {
    assert_eq!(format!("{one:#?}"), format!("{other:#?}"));
    assert_eq!(one.password(), other.password(), "which is not printed");
}
