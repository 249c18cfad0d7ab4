//! One room: its setup and what becomes of it, command by command.

use std::sync::Arc;
use std::time::{Duration, Instant};

use signal_fish_protocol::{GameName, LobbyState, PlayerId, RoomCode, RoomId, SenderStamp, SenderWatermark};

use crate::access::{Access, Ban, PasswordHash};
use crate::away::{self, Away, AwayRules};
use crate::expiry::{self, Lifetime};
use crate::missed::MissedEvents;
use crate::plan::{Session, SessionRules};
use crate::roster::Roster;
use crate::seats::{self, Seat};
use crate::spectators::{self, Spectator};
use crate::step::{Role, Step};
use crate::{Command, Effects, authority, invariant, lobby, moderation, relay, signalling};

/// What is settled when a room is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomSetup {
    /// Its identity.
    pub id: RoomId,
    /// The game that is played in it.
    pub game: GameName,
    /// What players find it by.
    pub code: RoomCode,
    /// The most players.
    pub players_max: u8,
    /// Whether one of the players may speak for the room.
    pub supports_authority: bool,
    /// A label for clients.
    pub relay_type: Arc<str>,
    /// The most spectators, if limited.
    pub spectators_max: Option<usize>,
    /// Which sessions it may have besides the relayed one.
    pub session: SessionRules,
    /// How long it is kept without any player.
    pub empty_timeout: Duration,
    /// How long it is kept while no member says anything.
    pub inactive_timeout: Duration,
    /// Whether and how players who lose their connection may come back.
    pub away: Option<AwayRules>,
}

/// A room: who plays, who watches, how far the game is.
#[derive(Clone, Debug)]
pub struct Room {
    pub(crate) setup: RoomSetup,
    pub(crate) seats: Roster<Seat>,
    pub(crate) spectators: Roster<Spectator>,
    /// Who speaks for the room.
    pub(crate) authority: Option<PlayerId>,
    pub(crate) lobby: LobbyState,
    pub(crate) access: Access,
    /// How the players of the started game reach each other.
    pub(crate) session: Session,
    pub(crate) lifetime: Lifetime,
    pub(crate) away: Away,
    /// What they miss, while somebody is away.
    pub(crate) missed: Option<Box<MissedEvents>>,
    /// See [`Room::revision`].
    pub(crate) revision: u64,
}

/// What of a room outlives the process, besides its setup.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// How often any of this, or the code, had changed.
    pub revision: u64,
    /// How far the room was.
    pub lobby: LobbyState,
    /// What a password has to fit.
    pub password: Option<PasswordHash>,
    /// Who may not come in any more.
    pub banned: Vec<Ban>,
}

/// That of a new room.
impl Default for Kept {
    fn default() -> Self {
        Self { revision: 0, lobby: LobbyState::Waiting, password: None, banned: Vec::new() }
    }
}

impl Room {
    /// A new room without members.
    pub fn new(now: Instant, setup: RoomSetup) -> Self {
        Self::restore(now, setup, Kept::default())
    }

    /// A room that was kept from an earlier run, without its members.
    pub fn restore(now: Instant, setup: RoomSetup, kept: Kept) -> Self {
        let Kept { revision, lobby, password, banned } = kept;
        Self {
            setup,
            seats: Roster::new(),
            spectators: Roster::new(),
            authority: None,
            lobby,
            access: Access::new(password, banned),
            session: Session::Relay,
            lifetime: Lifetime::Empty { since: now },
            away: Away::new(),
            missed: None,
            revision,
        }
    }

    /// The same room, which takes this password to come in.
    #[must_use]
    pub fn protected_by(mut self, password: Option<PasswordHash>) -> Self {
        self.access.password = password;
        self
    }

    /// Does what `actor` asks for and appends what follows from it.
    ///
    /// A refusal is an effect too, and then the only one. An actor that comes back must bring a later epoch.
    /// `now` may be a little before an earlier `now`. A room that has ended takes nobody in any more.
    pub fn apply(&mut self, now: Instant, actor: PlayerId, command: Command, out: &mut Effects) {
        let role = self.role_of(actor);
        match (role, &command) {
            (Role::Stranger, _) => {}
            // Somebody else wants to be this member. What it says is not the member's.
            (Role::Player(_) | Role::Spectator(_), Command::Reconnect(_)) => {}
            (Role::Player(_), Command::Disconnect { .. }) | (Role::Spectator(_), _) => {
                self.lifetime.on_sign_of_life(now);
            }
            (Role::Player(position), _) => {
                self.lifetime.on_sign_of_life(now);
                self.seats.at_mut(position).former_token = None;
            }
        }
        let n_before = out.len();
        let step = &mut Step { now, actor, role, n_before, out };
        match command {
            Command::Join { newcomer, epoch, generation, token } => {
                seats::on_join(self, step, newcomer, epoch, generation, token);
            }
            Command::Reconnect(request) => away::on_return(self, step, *request),
            Command::Leave { generation } => seats::on_leave(self, step, generation),
            Command::Watch(newcomer) => spectators::on_watch(self, step, newcomer),
            Command::StopWatching => spectators::on_stop_watching(self, step),
            Command::Disconnect { generation } => match role {
                Role::Player(position) => away::on_disconnect(self, step, position, generation),
                Role::Spectator(position) => spectators::on_disconnect(self, step, position),
                Role::Stranger => {}
            },
            Command::ToggleReady => lobby::on_toggle_ready(self, step),
            Command::Start { generation } => lobby::on_start(self, step, generation),
            Command::TakeAuthority => authority::on_take(self, step),
            Command::ReleaseAuthority => authority::on_release(self, step),
            Command::Kick { target, generation } => moderation::on_kick(self, step, target, generation),
            Command::Ban { target, generation } => moderation::on_ban(self, step, target, generation),
            Command::Unban(target) => moderation::on_unban(self, step, target),
            Command::TransferAuthority(target) => moderation::on_transfer_authority(self, step, target),
            Command::SetAccess(password) => moderation::on_set_access(self, step, password),
            Command::ChangeCode(code) => moderation::on_change_code(self, step, code),
            Command::ProvideConnectionInfo { info, generation } => {
                seats::on_provide_connection_info(self, step, info, generation);
            }
            Command::Signal(signal) => signalling::on_signal(self, step, signal),
            Command::ReportTransport(status) => signalling::on_transport_status(self, step, status),
            Command::GameData { label } => relay::on_game_data(self, step, label),
            // That it came is all it says.
            Command::StayActive => {}
        }
        if let Some(missed) = &mut self.missed {
            missed.remember(&out[n_before..]);
        }
        debug_assert_eq!(invariant::check(self), Ok(()));
    }

    /// When [`Room::handle_timeout`] wants to be called. It may change with every command.
    pub fn poll_timeout(&self) -> Instant {
        let end = self.lifetime.deadline(&self.setup);
        match (self.away.next_deadline, self.lifetime) {
            (None, _) => end,
            // Whoever is away comes back to this room: it does not end while somebody may.
            (Some(next), Lifetime::Empty { .. }) => next,
            (Some(next), Lifetime::Inhabited { .. } | Lifetime::Over { .. }) => next.min(end),
        }
    }

    /// Does what is due at `now`; nothing if that is before [`Room::poll_timeout`].
    pub fn handle_timeout(&mut self, now: Instant, out: &mut Effects) {
        if self.away.next_deadline.is_some_and(|next| now >= next) {
            away::on_deadline(self, now);
        }
        if now >= self.poll_timeout() {
            expiry::on_deadline(self, now, out);
        }
        debug_assert_eq!(invariant::check(self), Ok(()));
    }

    /// What was settled when the room was made, with the code that it has now.
    pub const fn setup(&self) -> &RoomSetup {
        &self.setup
    }

    /// How far the room is.
    pub const fn lobby_state(&self) -> LobbyState {
        self.lobby
    }

    /// How often the room has changed in a way that must outlive the process: its code, or what is in [`Kept`].
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// What must outlive the process, besides the setup.
    pub fn kept(&self) -> Kept {
        Kept {
            revision: self.revision,
            lobby: self.lobby,
            password: self.access.password.clone(),
            banned: self.access.banned().to_vec(),
        }
    }

    /// Who speaks for the room.
    pub const fn authority(&self) -> Option<PlayerId> {
        self.authority
    }

    /// What a password must be checked against to come in; nothing if the room is open.
    pub const fn password(&self) -> Option<&PasswordHash> {
        self.access.password.as_ref()
    }

    /// Whether this player lost its connection and may come back.
    pub fn awaits(&self, player: PlayerId) -> bool {
        self.away.awaits(player)
    }

    /// How many may come back.
    pub fn n_awaited(&self) -> usize {
        self.away.n_awaited()
    }

    /// The last stamp of each player.
    pub fn watermarks(&self) -> impl Iterator<Item = SenderWatermark> {
        self.seats.iter().map(|(player_id, seat)| {
            let SenderStamp { epoch, seq } = seat.last_stamp;
            SenderWatermark { player_id, epoch, seq }
        })
    }

    fn role_of(&self, actor: PlayerId) -> Role {
        // Players first: most of what a room hears is their game data.
        if let Some(position) = self.seats.position(actor) {
            Role::Player(position)
        } else if let Some(position) = self.spectators.position(actor) {
            Role::Spectator(position)
        } else {
            Role::Stranger
        }
    }
}
