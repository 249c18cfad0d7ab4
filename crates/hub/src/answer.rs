//! The one answer that a request is owed: plain, or as the result of the operation that it came with.

use std::time::Instant;

use signal_fish_protocol::{
    ErrorCode, OperationFailed, OperationId, ReconnectionFailed, RoomJoinFailed, RoomOperationResult,
    RoomResult, ServerMessage, SpectatorJoinFailed,
};

use crate::entry::EntryRefusal;
use crate::link::Link;

/// The one answer that a request is owed. Giving it takes it, so that nobody is answered twice; dropping it says
/// that the server failed, so that nobody waits for ever: clients do nothing else until it comes.
#[derive(Debug)]
#[must_use = "the client waits for it"]
pub(crate) struct Answer {
    link: Link,
    asked: Asked,
    operation: Option<OperationId>,
    is_given: bool,
}

/// What was asked for, as far as it decides what a refusal looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    Play,
    Watch,
    Reconnect,
    Leave,
    StopWatching,
    /// What only an operation can ask for, or an operation that cannot be read.
    Moderation,
}

impl Answer {
    /// An answer to the client at `link`, which gave its request an id if it was an operation.
    pub(crate) fn new(link: &Link, asked: Asked, operation: Option<OperationId>) -> Self {
        Self { link: link.clone(), asked, operation, is_given: false }
    }

    /// Answers with what the plain message is answered with.
    pub(crate) fn give(mut self, now: Instant, message: ServerMessage<'static>) {
        self.send(now, message);
    }

    /// Answers with a result that is no message of its own.
    pub(crate) fn report(mut self, now: Instant, result: RoomResult<'static>) {
        self.send_result(now, result);
    }

    /// Answers with a refusal.
    pub(crate) fn refuse(self, now: Instant, refusal: EntryRefusal) {
        let message = self.refusal(refusal);
        self.give(now, message);
    }

    fn refusal(&self, refusal: EntryRefusal) -> ServerMessage<'static> {
        let EntryRefusal { code, reason } = refusal;
        match self.asked {
            Asked::Play => ServerMessage::RoomJoinFailed(RoomJoinFailed { reason, error_code: Some(code) }),
            Asked::Watch => {
                ServerMessage::SpectatorJoinFailed(SpectatorJoinFailed { reason, error_code: Some(code) })
            }
            Asked::Reconnect => {
                ServerMessage::ReconnectionFailed(ReconnectionFailed { reason, error_code: code })
            }
            // The plain message cannot fail: what it asks for is so, one way or the other.
            Asked::Leave if self.operation.is_none() => ServerMessage::RoomLeft,
            Asked::Leave | Asked::StopWatching | Asked::Moderation => ServerMessage::error(code, reason),
        }
    }

    fn send(&mut self, now: Instant, message: ServerMessage<'static>) {
        match self.operation {
            Some(_) => self.send_result(now, result_of(message)),
            None => {
                self.is_given = true;
                self.link.send(now, message);
            }
        }
    }

    fn send_result(&mut self, now: Instant, result: RoomResult<'static>) {
        self.is_given = true;
        // Only operations ask for what has a result of its own.
        if let Some(operation_id) = self.operation {
            let reply = RoomOperationResult { operation_id, result };
            self.link.send(now, ServerMessage::RoomOperationResult(reply));
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.is_given {
            let failed = EntryRefusal::new(ErrorCode::InternalError, "the server failed to do this");
            let message = self.refusal(failed);
            self.send(tokio::time::Instant::now().into_std(), message);
        }
    }
}

/// The same as a result: what has a type there keeps it, all else did not work.
fn result_of(message: ServerMessage<'static>) -> RoomResult<'static> {
    match message {
        ServerMessage::RoomJoined(snapshot) => RoomResult::RoomJoined(snapshot),
        ServerMessage::RoomJoinFailed(failed) => RoomResult::RoomJoinFailed(failed),
        ServerMessage::RoomLeft => RoomResult::RoomLeft,
        ServerMessage::Reconnected(reconnected) => RoomResult::Reconnected(reconnected),
        ServerMessage::ReconnectionFailed(failed) => RoomResult::ReconnectionFailed(failed),
        ServerMessage::SpectatorJoined(joined) => RoomResult::SpectatorJoined(joined),
        ServerMessage::SpectatorJoinFailed(failed) => RoomResult::SpectatorJoinFailed(failed),
        ServerMessage::SpectatorLeft(left) => RoomResult::SpectatorLeft(left),
        ServerMessage::Error(error) => failed(error.message, error.error_code),
        ServerMessage::AuthenticationError(error) => failed(error.error, Some(error.error_code)),
        ServerMessage::AuthorityResponse(response) => {
            failed(response.reason.unwrap_or_default(), response.error_code)
        }
        ServerMessage::Authenticated(_)
        | ServerMessage::ProtocolInfo(_)
        | ServerMessage::PlayerJoined(_)
        | ServerMessage::PlayerLeft(_)
        | ServerMessage::GameData(_)
        | ServerMessage::AuthorityChanged(_)
        | ServerMessage::LobbyStateChanged(_)
        | ServerMessage::GameStarting(_)
        | ServerMessage::Pong
        | ServerMessage::PlayerReconnected(_)
        | ServerMessage::NewSpectatorJoined(_)
        | ServerMessage::SpectatorDisconnected(_)
        | ServerMessage::Signal(_)
        | ServerMessage::NewPeer(_)
        | ServerMessage::SessionPlan(_)
        | ServerMessage::PeerTransportStatus(_)
        | ServerMessage::RelayStats(_)
        | ServerMessage::GoingAway(_)
        | ServerMessage::DeliveryReport(_)
        | ServerMessage::RoomOperationResult(_) => {
            failed(format!("{} answers no operation", message.kind()), Some(ErrorCode::InternalError))
        }
    }
}

const fn failed(reason: String, error_code: Option<ErrorCode>) -> RoomResult<'static> {
    RoomResult::OperationFailed(OperationFailed { reason, error_code })
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use signal_fish_protocol::{ControlEncoding, PlayerId, ProtocolVersion, Uuid};

    use super::*;
    use crate::capabilities::Capabilities;
    use crate::config::HubConfig;
    use crate::link::Wire;
    use crate::metrics::Metrics;
    use crate::outbox::{Outbox, Taken};

    /// What the client is told if the request is dropped on the way.
    fn told_when_dropped(asked: Asked, operation: Option<OperationId>) -> Vec<String> {
        let link = Link {
            player: PlayerId::new(Uuid::nil()),
            wire: Wire::json(ProtocolVersion::V3),
            capabilities: Capabilities::default(),
            outbox: Outbox::new(HubConfig::default().outbox, ControlEncoding::Json, None, Metrics::new()),
        };
        drop(Answer::new(&link, asked, operation));
        let mut frames = Vec::new();
        let taken = link.outbox.poll_take(&Context::from_waker(Waker::noop()), &mut frames, usize::MAX);
        assert_eq!(taken, Poll::Ready(Taken::Frames));
        frames.iter().map(|frame| String::from_utf8_lossy(&frame.bytes).into_owned()).collect()
    }

    #[test]
    fn a_request_that_is_lost_on_the_way_is_answered_all_the_same() {
        let uuid = Uuid::from_u128(7);
        for (asked, plain, result) in [
            (Asked::Play, "RoomJoinFailed", "RoomJoinFailed"),
            (Asked::Watch, "SpectatorJoinFailed", "SpectatorJoinFailed"),
            (Asked::Reconnect, "ReconnectionFailed", "ReconnectionFailed"),
            (Asked::StopWatching, "Error", "OperationFailed"),
            (Asked::Moderation, "Error", "OperationFailed"),
        ] {
            let failure = |kind| {
                let reason = if kind == "Error" { "message" } else { "reason" };
                format!(
                    r#"{{"type":"{kind}","data":{{"{reason}":"the server failed to do this","error_code":"INTERNAL_ERROR"}}}}"#
                )
            };
            assert_eq!(told_when_dropped(asked, None), [failure(plain)]);
            let enveloped = format!(
                r#"{{"type":"RoomOperationResult","data":{{"operation_id":"{uuid}","result":{}}}}}"#,
                failure(result)
            );
            assert_eq!(told_when_dropped(asked, Some(OperationId::new(uuid))), [enveloped]);
        }
        assert_eq!(told_when_dropped(Asked::Leave, None), [r#"{"type":"RoomLeft"}"#]);
    }
}
