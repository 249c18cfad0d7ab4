//! Agree which node owns a room: the port and the single-node default.
//!
//! This crate must not know what is in a room, nor NATS or any other engine.

use std::sync::Arc;

use async_trait::async_trait;
use signal_fish_protocol::{AppId, GameName, RoomCode};

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

/// Where a room lives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ownership {
    /// On this node.
    Here,
    /// On another one.
    There {
        /// The other node's name.
        node: Arc<str>,
    },
}

/// The owner of a room cannot be told now.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("room ownership is unavailable: {reason}")]
pub struct Unavailable {
    /// What is wrong.
    pub reason: String,
}

/// Decides which node owns a room.
#[async_trait]
pub trait RoomOperationCoordinator: Send + Sync {
    /// Makes this node the owner of a room that has none, and tells who owns it.
    async fn claim(&self, room: &RoomKey) -> Result<Ownership, Unavailable>;

    /// Gives up a room that this node owns. Releasing a room of another node changes nothing.
    async fn release(&self, room: &RoomKey) -> Result<(), Unavailable>;
}

/// The coordinator of a server that is alone: it owns every room.
#[derive(Clone, Copy, Default, Debug)]
pub struct LocalCoordinator;

#[async_trait]
impl RoomOperationCoordinator for LocalCoordinator {
    async fn claim(&self, _: &RoomKey) -> Result<Ownership, Unavailable> {
        Ok(Ownership::Here)
    }

    async fn release(&self, _: &RoomKey) -> Result<(), Unavailable> {
        Ok(())
    }
}
