//! Agree which node owns a room: the port and the single-node default.
//!
//! This crate must not know what is in a room, nor NATS or any other engine.

use std::sync::Arc;

use async_trait::async_trait;
use signal_fish_protocol::{AppId, GameName, RoomCode, RoomId};

/// What players address a room by, unique in a whole deployment.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RoomKey {
    /// Whose room it is; rooms of an open server belong to no app.
    pub app: Option<AppId>,
    /// The game.
    pub game: GameName,
    /// The code.
    pub code: RoomCode,
}

/// Why this node may not own a room.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClaimError {
    /// Another node owns the room under that key.
    #[error("the room is on node {node}")]
    OwnedElsewhere {
        /// The other node's name.
        node: Arc<str>,
    },
    /// Nobody can be asked now.
    #[error("room ownership is unavailable: {reason}")]
    Unavailable {
        /// What is wrong.
        reason: String,
    },
}

/// Decides which node owns a room.
#[async_trait]
pub trait RoomOperationCoordinator: Send + Sync {
    /// Makes this node the owner of `room` under `key`, unless another node owns a room under that key. Claiming
    /// again what this node owns changes nothing; that it has one room under a key is for itself to see to.
    async fn claim(&self, key: &RoomKey, room: RoomId) -> Result<(), ClaimError>;

    /// Gives up `room`. Nothing changes if this node does not own it, or owns another room under `key` by now.
    async fn release(&self, key: &RoomKey, room: RoomId) -> Result<(), ClaimError>;
}

/// The coordinator of a server that is alone: it owns every room.
#[derive(Clone, Copy, Default, Debug)]
pub struct LocalCoordinator;

#[async_trait]
impl RoomOperationCoordinator for LocalCoordinator {
    async fn claim(&self, _: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        Ok(())
    }

    async fn release(&self, _: &RoomKey, _: RoomId) -> Result<(), ClaimError> {
        Ok(())
    }
}
