//! What one connection may do in a while.

use std::time::Duration;

use signal_fish_auth::{Budget, Exhausted};

use crate::config::HubConfig;

/// What one connection may do in a while.
#[derive(Debug)]
pub(crate) struct Allowance {
    creations: Budget,
    joins: Budget,
    replies: Budget,
}

impl Allowance {
    pub(crate) fn new(config: &HubConfig) -> Self {
        Self {
            creations: Budget::new(config.creations),
            joins: Budget::new(config.joins),
            replies: Budget::new(config.error_replies),
        }
    }

    /// For a room that is to be made.
    pub(crate) fn creation(&self, time: Duration) -> Result<(), Exhausted> {
        self.creations.spend(time)
    }

    /// For a room that is to be entered, whether that works or not.
    pub(crate) fn join(&self, time: Duration) -> Result<(), Exhausted> {
        self.joins.spend(time)
    }

    /// For an answer that the client can cause as often as it likes.
    pub(crate) fn reply(&self, time: Duration) -> Result<(), Exhausted> {
        self.replies.spend(time)
    }
}
