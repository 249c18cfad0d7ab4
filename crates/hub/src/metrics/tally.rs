//! Counts of game messages, which many threads add to at once without getting in each other's way.

use std::sync::atomic::{AtomicU64, Ordering};

use signal_fish_protocol::DeliveryClass;

use super::spread::Parts;

/// Counts of game messages. Whoever wants to know adds the parts of all threads up.
#[derive(Default, Debug)]
pub(crate) struct Tally(Parts<Part>);

/// What a tally comes to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Sums {
    /// Messages that were relayed.
    pub(crate) messages: u64,
    /// Bytes of game data in them.
    pub(crate) bytes: u64,
    /// Recipients that they were meant for, by class.
    pub(crate) recipients: [u64; 3],
}

#[derive(Default, Debug)]
struct Part {
    messages: AtomicU64,
    bytes: AtomicU64,
    recipients: [AtomicU64; 3],
}

impl Tally {
    /// Counts a message. Tells whether it is one of those to be looked at closely, one in [`SAMPLED`].
    pub(crate) fn count(&self, class: DeliveryClass, n_bytes: usize, n_recipients: usize) -> bool {
        let part = self.0.mine();
        part.recipients[class as usize].fetch_add(n_recipients as u64, Ordering::Relaxed);
        part.bytes.fetch_add(n_bytes as u64, Ordering::Relaxed);
        part.messages.fetch_add(1, Ordering::Relaxed).is_multiple_of(SAMPLED)
    }

    /// What it comes to now.
    pub(crate) fn sums(&self) -> Sums {
        self.0.iter().fold(Sums::default(), |sums, part| sums.plus(part.sums()))
    }
}

impl Part {
    fn sums(&self) -> Sums {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Sums {
            messages: read(&self.messages),
            bytes: read(&self.bytes),
            recipients: self.recipients.each_ref().map(read),
        }
    }
}

impl Sums {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        let [a, b] = [self, other];
        Self {
            messages: a.messages + b.messages,
            bytes: a.bytes + b.bytes,
            recipients: std::array::from_fn(|class| a.recipients[class] + b.recipients[class]),
        }
    }
}

/// Looking at the clock for every message would cost a tenth of relaying it.
const SAMPLED: u64 = 64;

#[cfg(test)]
mod tests {
    use std::thread;

    use super::super::spread::PARTS;
    use super::*;

    #[test]
    fn nothing_that_several_threads_count_is_lost() {
        let tally = Tally::default();
        thread::scope(|scope| {
            for _ in 0..PARTS + 4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        tally.count(DeliveryClass::Latest, 10, 7);
                    }
                });
            }
        });
        let n = 1_000 * (PARTS as u64 + 4);
        assert_eq!(tally.sums(), Sums { messages: n, bytes: 10 * n, recipients: [0, 7 * n, 0] });
    }

    #[test]
    fn one_message_in_sixty_four_is_looked_at() {
        let tally = Tally::default();
        let n = (0..6_400).filter(|_| tally.count(DeliveryClass::Reliable, 1, 1)).count();
        assert_eq!(n, 100);
    }
}
