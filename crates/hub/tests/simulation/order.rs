//! What may come next: some messages have others right behind them, and the end has its farewell.

use signal_fish_protocol::{CloseCode, ErrorCode, PlayerId, ProtocolVersion, ServerMessage};

/// What may come next, and what came last.
#[derive(Default, Debug)]
pub(crate) struct Order {
    /// The kinds of message one of which must come next, with nothing before it.
    next: &'static [&'static str],
    /// Who has joined in the very last message.
    just_joined: Option<PlayerId>,
    /// Who has come back in the very last message.
    just_back: Option<PlayerId>,
    last_code: Option<ErrorCode>,
    is_told_of_the_end: bool,
}

impl Order {
    /// One of these must come next; anything may if there are none.
    pub(crate) const fn expect(&mut self, next: &'static [&'static str]) {
        self.next = next;
    }

    /// A message has come to one who reads `version`. Who it says has just come back, if the last one was about that.
    pub(crate) fn follow(
        &mut self,
        message: &ServerMessage<'_>,
        version: ProtocolVersion,
        is_draining: bool,
    ) -> Option<PlayerId> {
        let next = std::mem::take(&mut self.next);
        let kind = message.kind();
        assert!(next.is_empty() || next.contains(&kind), "one of {next:?} must come next: {message:?}");
        assert!(version >= ProtocolVersion::V3 || !NEW.contains(&kind), "v2 hears {message:?}");
        let (just_joined, just_back) = (self.just_joined.take(), self.just_back.take());
        self.last_code = None;
        if let ServerMessage::Error(error) = message {
            self.last_code = error.error_code;
        } else if let ServerMessage::PlayerJoined(joined) = message {
            self.just_joined = Some(joined.player.id);
        } else if let ServerMessage::PlayerReconnected(back) = message {
            assert_eq!(just_joined, Some(back.player_id), "who is back has joined right before");
            self.just_back = just_joined;
        } else if let ServerMessage::GoingAway(_) = message {
            assert!(is_draining, "nobody goes away yet");
            assert!(!std::mem::replace(&mut self.is_told_of_the_end, true), "once is enough");
        }
        just_back
    }

    /// Something has come that is no message.
    pub(crate) fn check_nothing_is_next(&self) {
        assert!(self.next.is_empty(), "one of {:?} must come next", self.next);
    }

    /// The connection ends.
    pub(crate) fn check_end(&self, code: CloseCode) {
        let expected = ENDINGS.iter().find(|(ending, _)| *ending == code);
        let (_, farewell) = expected.unwrap_or_else(|| panic!("no reason to end with {code:?}"));
        assert!(farewell.is_none() || *farewell == self.last_code, "no farewell of {code:?}");
    }
}

/// Whether this is the report of what was given up with a connection that is too slow; its farewell is next.
pub(crate) fn tells_what_was_given_up(message: &ServerMessage<'_>) -> bool {
    matches!(message, ServerMessage::DeliveryReport(report) if report.gaps.is_empty())
}

/// How a connection may end here, and the code of the last message before.
const ENDINGS: &[(CloseCode, Option<ErrorCode>)] = &[
    (CloseCode::ServerShutdown, None),
    (CloseCode::SlowConsumer, Some(ErrorCode::SlowConsumer)),
    (CloseCode::RoomInactive, Some(ErrorCode::RoomNotFound)),
    (CloseCode::Kicked, Some(ErrorCode::Kicked)),
];

/// What v2 must not see.
const NEW: &[&str] = &[
    "Signal",
    "NewPeer",
    "SessionPlan",
    "PeerTransportStatus",
    "RelayStats",
    "GoingAway",
    "DeliveryReport",
    "RoomOperationResult",
];
