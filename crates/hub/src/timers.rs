//! One task that wakes rooms when their time has come.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Weak;
use std::time::Instant;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::live_room::WeakRoom;
use crate::shared::Shared;

/// The way to the task. It takes no lock and never waits.
///
/// The channel is not bounded by itself: a room has at most one entry for each time that its deadline moved
/// forward, which is when it is made, when it becomes empty, and when the first of those is away who may come back.
#[derive(Debug)]
pub(crate) struct Timers(UnboundedSender<Entry>);

#[derive(Debug)]
struct Entry {
    deadline: Instant,
    room: WeakRoom,
}

/// The other end of [`Timers`].
pub(crate) struct TimerQueue(UnboundedReceiver<Entry>);

impl Timers {
    pub(crate) fn new() -> (Self, TimerQueue) {
        let (sender, receiver) = unbounded_channel();
        (Self(sender), TimerQueue(receiver))
    }

    /// Wakes `room` at `deadline`.
    pub(crate) fn set(&self, deadline: Instant, room: WeakRoom) {
        // Fails only when the runtime goes down, and then there is nobody to wake.
        let _ = self.0.send(Entry { deadline, room });
    }
}

impl TimerQueue {
    /// Wakes rooms until there is no hub any more.
    pub(crate) async fn run(mut self, shared: Weak<Shared>) {
        let mut entries = BinaryHeap::new();
        loop {
            let next = entries.peek().map(|Reverse(Entry { deadline, .. })| *deadline);
            tokio::select! {
                entry = self.0.recv() => match entry {
                    Some(entry) => entries.push(Reverse(entry)),
                    None => return,
                },
                () = sleep_until(next) => {
                    let Some(shared) = shared.upgrade() else { return };
                    wake_due(&mut entries, &shared);
                }
            }
        }
    }
}

fn wake_due(entries: &mut BinaryHeap<Reverse<Entry>>, shared: &Shared) {
    // tokio's clock, so that it agrees with the sleep that has just ended.
    let now = tokio::time::Instant::now().into_std();
    while let Some(Reverse(first)) = entries.peek()
        && first.deadline <= now
        && let Some(Reverse(Entry { deadline, room })) = entries.pop()
    {
        if let Some(room) = room.upgrade() {
            room.on_deadline(shared, now, deadline);
        }
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.deadline == other.deadline
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.deadline.cmp(&other.deadline)
    }
}
