//! What can happen to a room: requests of members and would-be members, and the loss of a connection.

use crate::{Means, PasswordHash, Signal, Subject};
use signal_fish_protocol::{
    ConnectionInfo, DeliveryLabel, Epoch, IceServer, PlayerId, PlayerName, RoomCode, SessionGeneration,
    Timestamp, TransportStatus,
};

use crate::away::{IssuedToken, Returning};

/// Someone on the way into a room.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Display name.
    pub name: PlayerName,
    /// When its connection began.
    pub connected_at: Timestamp,
    /// What its password was checked against and found right; nothing if it brought none.
    pub proof: Option<PasswordHash>,
    /// Who it is under any other id, if somebody has vouched for it.
    pub subject: Option<Subject>,
    /// What it can do beyond the relay.
    pub means: Means,
    /// What it may gather candidates with before the game starts, should the room come to use WebRTC.
    pub ice_servers: Vec<IceServer>,
}

/// One request or event, always of one actor.
#[derive(Clone, Debug)]
pub enum Command {
    /// Take a seat.
    Join {
        /// Who it is for the others.
        newcomer: Newcomer,
        /// The number of this membership among those of the same connection.
        epoch: Epoch,
        /// What the session plan is called that this may cause.
        generation: SessionGeneration,
        /// What it can come back with if its connection is lost.
        token: Option<Box<IssuedToken>>,
    },
    /// Take the seat of a lost connection again; the actor is who that was.
    Reconnect(Box<Returning>),
    /// Give up the seat.
    Leave {
        /// What the session plan is called that this may cause.
        generation: SessionGeneration,
    },
    /// Start to watch.
    Watch(Newcomer),
    /// Stop watching.
    StopWatching,
    /// The actor's connection is gone, whether it played or watched.
    Disconnect {
        /// What the session plan is called that this may cause.
        generation: SessionGeneration,
    },
    /// Toggle the ready mark.
    ToggleReady,
    /// Start the game.
    Start {
        /// What the session plan is called.
        generation: SessionGeneration,
    },
    /// Take the authority.
    TakeAuthority,
    /// Give the authority back.
    ReleaseAuthority,
    /// Remove a player.
    Kick {
        /// Whom.
        target: PlayerId,
        /// What the session plan is called that this may cause.
        generation: SessionGeneration,
    },
    /// Remove a player, and never let it in again.
    Ban {
        /// Whom.
        target: PlayerId,
        /// What the session plan is called that this may cause.
        generation: SessionGeneration,
    },
    /// Let somebody in again who was banned.
    Unban(PlayerId),
    /// Hand the authority to another player.
    TransferAuthority(PlayerId),
    /// Protect the room with a password, or open it.
    SetAccess(Option<PasswordHash>),
    /// Give the room another code.
    ChangeCode(RoomCode),
    /// Say how the actor can be reached.
    ProvideConnectionInfo {
        /// How.
        info: ConnectionInfo,
        /// What the session plan is called that this may cause.
        generation: SessionGeneration,
    },
    /// Send a signal to one other player.
    Signal(Signal),
    /// Say how a transport to the other players does.
    ReportTransport(TransportStatus),
    /// Relay one game message; its payload stays outside.
    GameData {
        /// Class and key as written.
        label: DeliveryLabel,
    },
    /// Any other sign of life, a ping for one.
    StayActive,
}
