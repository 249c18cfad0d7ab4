//! Ending the slowest readers while too much waits for all of them: everybody else plays on.

use std::convert::Infallible;
use std::time::Duration;

use signal_fish_protocol::CloseCode;

use crate::backlog;
use crate::sessions::Sessions;

/// Sees to it, for ever, that hardly more than `n_bytes_max` bytes wait for all connections of this process.
///
/// What waits is counted for the process, connections are ended in one hub: where there are several, each answers for
/// the others.
///
/// Looking costs one load, and messages cost nothing more than before; connections are gone through only while too much
/// waits for them.
pub(crate) async fn keep_below(n_bytes_max: impl Fn() -> usize, sessions: &Sessions) -> Infallible {
    loop {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let excess = backlog::n_bytes().saturating_sub(n_bytes_max());
        if excess > 0 {
            shed(excess, sessions);
        }
    }
}

/// Ends as few connections as hold so much: those for which most waits come first.
fn shed(excess: usize, sessions: &Sessions) {
    let mut waiting = sessions.waiting();
    waiting.sort_unstable_by_key(|(n_bytes, _)| std::cmp::Reverse(*n_bytes));
    let mut n_bytes_freed = 0;
    for (n_bytes, outbox) in waiting {
        if n_bytes_freed >= excess {
            return;
        }
        outbox.end(CloseCode::SlowConsumer);
        n_bytes_freed += n_bytes;
    }
}

/// Memory does not run out in less, and ten looks a second cost nothing.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{HubConfig, OutboxLimits};
    use crate::frame::{Frame, FrameKind};
    use crate::link::{Link, Wire};
    use crate::metrics::Metrics;
    use crate::outbox::Outbox;
    use crate::source::Source;
    use signal_fish_protocol::{ControlEncoding, PlayerId, ProtocolVersion, Uuid};

    #[test]
    fn those_for_whom_most_waits_end_first_and_no_more_than_need_be() {
        let (sessions, now) = (Sessions::default(), std::time::Instant::now());
        let limits = OutboxLimits { message_bytes_max: 10_000_000, ..HubConfig::default().outbox };
        let waiting = [0, 100_000, 300_000, 200_000].map(|n_bytes| {
            let wire = Wire::json(ProtocolVersion::V3);
            let outbox = Outbox::new(limits, ControlEncoding::Json, None, Metrics::new());
            let player = PlayerId::new(Uuid::new_v4());
            let link = Link { player, wire, capabilities: Default::default(), outbox: outbox.clone() };
            sessions.add(&link, Source::of([127, 0, 0, 1].into()));
            outbox.push(now, Frame { kind: FrameKind::Binary, bytes: vec![0; n_bytes].into() });
            outbox
        });
        shed(300_000, &sessions);
        assert_eq!(waiting.each_ref().map(|outbox| outbox.has_ended()), [false, false, true, true]);
        shed(1, &sessions);
        assert_eq!(waiting.each_ref().map(|outbox| outbox.has_ended()), [false, true, true, true]);
        shed(1, &sessions);
        assert!(!waiting[0].has_ended(), "what it keeps is not worth it");
    }
}
