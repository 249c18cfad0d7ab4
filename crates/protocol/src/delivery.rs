//! How game data may be treated on its way, and how omissions are accounted for.

use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, PlayerId};

/// What may happen to a game message when its recipient reads slowly.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryClass {
    /// Never dropped.
    #[default]
    Reliable,
    /// A newer message of the same key may take its place.
    Latest,
    /// May be dropped.
    Volatile,
}

impl DeliveryClass {
    pub(crate) const ALL: [Self; 3] = [Self::Reliable, Self::Latest, Self::Volatile];

    /// Its spelling on the wire.
    pub const fn token(self) -> &'static str {
        match self {
            Self::Reliable => "reliable",
            Self::Latest => "latest",
            Self::Volatile => "volatile",
        }
    }

    pub(crate) fn from_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.token() == token)
    }
}

/// The class and key exactly as the sender wrote them: recipients see them the same way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DeliveryLabel {
    class: Option<DeliveryClass>,
    key: Option<u32>,
}

/// Why a class and key do not go together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ClassRefusal {
    /// `latest` without a key.
    #[error("class latest needs a key")]
    KeyMissing,
    /// A key without `latest`.
    #[error("only class latest takes a key")]
    KeyUnexpected,
}

impl DeliveryLabel {
    /// Takes what the sender wrote, if class and key go together: `latest` has a key, nothing else does.
    pub const fn new(class: Option<DeliveryClass>, key: Option<u32>) -> Result<Self, ClassRefusal> {
        match (class, key) {
            (Some(DeliveryClass::Latest), None) => Err(ClassRefusal::KeyMissing),
            (None | Some(DeliveryClass::Reliable | DeliveryClass::Volatile), Some(_)) => {
                Err(ClassRefusal::KeyUnexpected)
            }
            (class, key) => Ok(Self { class, key }),
        }
    }

    /// The class that holds.
    pub const fn class(self) -> DeliveryClass {
        match self.class {
            Some(class) => class,
            None => DeliveryClass::Reliable,
        }
    }

    /// The class as written.
    pub const fn written_class(self) -> Option<DeliveryClass> {
        self.class
    }

    /// The key as written.
    pub const fn key(self) -> Option<u32> {
        self.key
    }
}

/// Why some messages did not reach a recipient.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryGapReason {
    /// A newer message of the same key took their place.
    LatestSuperseded,
    /// The recipient's queue had no room for them.
    LatestDroppedFull,
    /// The recipient's queue had no room for them, and they were volatile.
    VolatileDropped,
    /// Their format cannot be converted to the recipient's.
    UnsupportedFormat,
    /// They were sent while the recipient was away, and are not kept any more or never were. Only told to clients with
    /// the capability `game_data_replay`; the counters, which are about what was meant for this connection, leave them
    /// out.
    NotRetained,
}

/// A range of one sender's messages that a recipient does not get.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeliveryGap {
    /// The sender.
    pub from_player: PlayerId,
    /// The sender's membership.
    pub epoch: Epoch,
    /// The first missing number.
    pub from_seq: u64,
    /// The last missing number.
    pub to_seq: u64,
    /// Why.
    pub reason: DeliveryGapReason,
}

/// Tells a v3 recipient what it does not get, before anything later from that sender.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeliveryReport {
    /// Counters since the connection began.
    pub per_class: DeliveryCounters,
    /// What is missing, at most [`crate::limits::GAPS_MAX`] ranges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<DeliveryGap>,
}

/// What became of the game data for one connection, since it began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DeliveryCounters {
    /// Class `reliable`.
    pub reliable: ReliableCounters,
    /// Class `latest`.
    pub latest: LatestCounters,
    /// Class `volatile`.
    pub volatile: VolatileCounters,
}

impl DeliveryCounters {
    /// Counts one message as delivered.
    pub const fn delivered(&mut self, class: DeliveryClass) {
        match class {
            DeliveryClass::Reliable => self.reliable.delivered += 1,
            DeliveryClass::Latest => self.latest.delivered += 1,
            DeliveryClass::Volatile => self.volatile.delivered += 1,
        }
    }

    /// Counts `n` messages of `class` as left out for `reason`.
    pub const fn omitted(&mut self, class: DeliveryClass, reason: DeliveryGapReason, n: u64) {
        match (reason, class) {
            (DeliveryGapReason::LatestSuperseded, _) => self.latest.superseded += n,
            (DeliveryGapReason::LatestDroppedFull, _) => self.latest.dropped_full += n,
            (DeliveryGapReason::VolatileDropped, _) => self.volatile.dropped += n,
            (DeliveryGapReason::UnsupportedFormat, DeliveryClass::Reliable) => {
                self.reliable.unsupported_format += n;
            }
            (DeliveryGapReason::UnsupportedFormat, DeliveryClass::Latest) => {
                self.latest.unsupported_format += n;
            }
            (DeliveryGapReason::UnsupportedFormat, DeliveryClass::Volatile) => {
                self.volatile.unsupported_format += n;
            }
            // It was sent before this connection had its seat.
            (DeliveryGapReason::NotRetained, _) => {}
        }
    }

    /// Counts one message as given up with the connection.
    pub const fn abandoned(&mut self, class: DeliveryClass) {
        match class {
            DeliveryClass::Reliable => self.reliable.abandoned += 1,
            DeliveryClass::Latest => self.latest.abandoned += 1,
            DeliveryClass::Volatile => self.volatile.abandoned += 1,
        }
    }

    /// How many messages of all classes were delivered.
    pub const fn n_delivered(&self) -> u64 {
        self.reliable.delivered + self.latest.delivered + self.volatile.delivered
    }

    /// How many messages of all classes were left out, for whatever reason.
    pub const fn n_omitted(&self) -> u64 {
        let Self { reliable, latest, volatile } = self;
        let n_unsupported =
            reliable.unsupported_format + latest.unsupported_format + volatile.unsupported_format;
        n_unsupported + latest.superseded + latest.dropped_full + volatile.dropped
    }
}

/// Counters of class `reliable`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReliableCounters {
    /// Taken from the queue to be written.
    pub delivered: u64,
    /// Queued when the connection was given up as too slow.
    pub abandoned: u64,
    /// In a format that could not be converted, or too long once converted.
    pub unsupported_format: u64,
}

/// Counters of class `latest`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LatestCounters {
    /// Taken from the queue to be written.
    pub delivered: u64,
    /// Replaced by a newer one.
    pub superseded: u64,
    /// No room in the queue.
    pub dropped_full: u64,
    /// Queued when the connection was given up as too slow.
    pub abandoned: u64,
    /// In a format that could not be converted, or too long once converted.
    pub unsupported_format: u64,
}

/// Counters of class `volatile`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct VolatileCounters {
    /// Taken from the queue to be written.
    pub delivered: u64,
    /// No room in the queue.
    pub dropped: u64,
    /// Queued when the connection was given up as too slow.
    pub abandoned: u64,
    /// In a format that could not be converted, or too long once converted.
    pub unsupported_format: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_latest_has_a_key() {
        use DeliveryClass::{Latest, Reliable, Volatile};
        for (class, key, good) in [
            (None, None, true),
            (Some(Reliable), None, true),
            (Some(Volatile), None, true),
            (Some(Latest), Some(7), true),
            (Some(Latest), None, false),
            (None, Some(7), false),
            (Some(Reliable), Some(7), false),
            (Some(Volatile), Some(7), false),
        ] {
            assert_eq!(DeliveryLabel::new(class, key).is_ok(), good, "{class:?} {key:?}");
        }
    }
}
