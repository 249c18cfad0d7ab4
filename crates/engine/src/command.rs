//! What can happen to a room: requests of members and would-be members, and the loss of a connection.

use signal_fish_protocol::{ConnectionInfo, DeliveryLabel, Epoch, PlayerName, SessionGeneration, Timestamp};

use crate::away::{IssuedToken, Returning};

/// Someone on the way into a room.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Display name.
    pub name: PlayerName,
    /// When its connection began.
    pub connected_at: Timestamp,
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
    Leave,
    /// Start to watch.
    Watch(Newcomer),
    /// Stop watching.
    StopWatching,
    /// The actor's connection is gone, whether it played or watched.
    Disconnect,
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
    /// Say how the actor can be reached.
    ProvideConnectionInfo(ConnectionInfo),
    /// Relay one game message; its payload stays outside.
    GameData {
        /// Class and key as written.
        label: DeliveryLabel,
    },
    /// Any other sign of life, a ping for one.
    StayActive,
}
