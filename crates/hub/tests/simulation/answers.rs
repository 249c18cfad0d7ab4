//! What one client waits for: answers come in the order of the requests, one each, and none unasked.

use std::collections::VecDeque;

use signal_fish_protocol::{
    ErrorCode, OperationId, Reconnected, RoomId, RoomResult, RoomSnapshot, Secret, ServerMessage,
    SpectatorReason,
};

use crate::requests::{Asked, Asker, Request};

/// What one client waits for, in the order in which it asked.
#[derive(Default, Debug)]
pub(crate) struct Awaited(VecDeque<Asked>);

/// What a request was answered with.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) kind: &'static str,
    pub(crate) code: Option<ErrorCode>,
    operation: Option<OperationId>,
    pub(crate) shown: Option<Shown>,
    /// What the room is found by from now on.
    pub(crate) new_code: Option<String>,
}

/// What a snapshot shows.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) room: RoomId,
    pub(crate) code: String,
    /// The names of those who play.
    pub(crate) players: Vec<String>,
    pub(crate) players_max: Option<usize>,
    pub(crate) token: Option<String>,
}

impl Awaited {
    pub(crate) fn ask(&mut self, asked: Asked) {
        self.0.push_back(asked);
    }

    /// How many answers are still owed.
    pub(crate) fn n_owed(&self) -> usize {
        self.0.iter().filter(|asked| asked.request.is_always_answered()).count()
    }

    /// All that was said until now is heard: nothing else can be said of what needs no answer.
    pub(crate) fn forget_silent(&mut self) {
        self.0.retain(|asked| asked.request.is_always_answered());
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn awaits_greeting(&self) -> bool {
        matches!(self.0.front(), Some(Asked { request: Request::Greet, .. }))
    }

    /// Finds what `message` answers, if it is an answer: the first that is still owed one, or before that one which
    /// was refused.
    pub(crate) fn answer(&mut self, message: &ServerMessage<'_>, asker: Asker<'_>) -> Option<(Asked, Reply)> {
        let reply = Reply::of(message)?;
        let n_possible = self.0.iter().take_while(|asked| !asked.request.is_always_answered()).count() + 1;
        let answers = |asked: &Asked| {
            asked.operation == reply.operation && asked.is_answered_by(reply.kind, reply.code, asker)
        };
        let Some(at) = self.0.iter().take(n_possible).position(answers) else {
            let is_unasked = reply.kind == "Error" && reply.code.is_some_and(|code| UNASKED.contains(&code));
            assert!(is_unasked, "this answers nothing, or is not true: {message:?}; awaited: {:?}", self.0);
            return None;
        };
        let asked = self.0.drain(..=at).next_back().expect("it was just found");
        if reply.code.is_none() {
            asked.request.check_done(asker);
        }
        Some((asked, reply))
    }
}

impl Reply {
    fn of(message: &ServerMessage<'_>) -> Option<Self> {
        let plain = Self { kind: message.kind(), code: None, operation: None, shown: None, new_code: None };
        let refused = |code: Option<ErrorCode>| {
            Some(Self { code: Some(code.expect("each refusal has a code")), ..plain.clone() })
        };
        let shows = |shown| Some(Self { shown: Some(shown), ..plain.clone() });
        if let ServerMessage::RoomOperationResult(reply) = message {
            Some(Self { operation: Some(reply.operation_id), ..Self::of_result(&reply.result) })
        } else if let ServerMessage::RoomJoined(snapshot) = message {
            shows(Shown::of(snapshot))
        } else if let ServerMessage::Reconnected(Reconnected { snapshot, .. }) = message {
            shows(Shown::of(snapshot))
        } else if let ServerMessage::SpectatorJoined(joined) = message {
            let players = joined.current_players.iter().map(|player| player.name.to_string()).collect();
            let (room, code) = (joined.room_id, joined.room_code.as_str().to_owned());
            shows(Shown { room, code, players, players_max: None, token: None })
        } else if let ServerMessage::RoomJoinFailed(failed) = message {
            refused(failed.error_code)
        } else if let ServerMessage::SpectatorJoinFailed(failed) = message {
            refused(failed.error_code)
        } else if let ServerMessage::ReconnectionFailed(failed) = message {
            refused(Some(failed.error_code))
        } else if let ServerMessage::AuthorityResponse(response) = message {
            if response.granted { Some(plain) } else { refused(response.error_code) }
        } else if let ServerMessage::Error(error) = message {
            refused(error.error_code)
        } else if let ServerMessage::SpectatorLeft(left) = message {
            // Rooms end unasked.
            (left.reason != Some(SpectatorReason::RoomClosed)).then_some(plain)
        } else {
            matches!(message, ServerMessage::Authenticated(_) | ServerMessage::RoomLeft | ServerMessage::Pong)
                .then_some(plain)
        }
    }

    fn of_result(result: &RoomResult<'_>) -> Self {
        if let Some(message) = as_message(result.clone()) {
            return Self::of(&message).expect("these are answers");
        }
        let plain = Self { kind: result.kind(), code: None, operation: None, shown: None, new_code: None };
        if let RoomResult::RoomCodeRegenerated(new) = result {
            Self { new_code: Some(new.room_code.as_str().to_owned()), ..plain }
        } else if let RoomResult::OperationFailed(failed) = result {
            Self { code: Some(failed.error_code.expect("each refusal has a code")), ..plain }
        } else {
            plain
        }
    }
}

impl Shown {
    fn of(snapshot: &RoomSnapshot) -> Self {
        Self {
            room: snapshot.room_id,
            code: snapshot.room_code.as_str().to_owned(),
            players: snapshot.current_players.iter().map(|player| player.name.to_string()).collect(),
            players_max: Some(snapshot.max_players.into()),
            token: snapshot.reconnection_token.clone().map(Secret::into_text),
        }
    }
}

/// The plain message that says the same, if there is one.
pub(crate) fn as_message(result: RoomResult<'_>) -> Option<ServerMessage<'_>> {
    Some(match result {
        RoomResult::RoomJoined(body) => ServerMessage::RoomJoined(body),
        RoomResult::RoomJoinFailed(body) => ServerMessage::RoomJoinFailed(body),
        RoomResult::RoomLeft => ServerMessage::RoomLeft,
        RoomResult::Reconnected(body) => ServerMessage::Reconnected(body),
        RoomResult::ReconnectionFailed(body) => ServerMessage::ReconnectionFailed(body),
        RoomResult::SpectatorJoined(body) => ServerMessage::SpectatorJoined(body),
        RoomResult::SpectatorJoinFailed(body) => ServerMessage::SpectatorJoinFailed(body),
        RoomResult::SpectatorLeft(body) => ServerMessage::SpectatorLeft(body),
        RoomResult::PlayerKicked(_)
        | RoomResult::PlayerBanned(_)
        | RoomResult::PlayerUnbanned(_)
        | RoomResult::AuthorityTransferred(_)
        | RoomResult::RoomCodeRegenerated(_)
        | RoomResult::RoomAccessUpdated(_)
        | RoomResult::OperationFailed(_) => return None,
    })
}

/// Errors that answer nothing: farewells, and data of others that cannot be read.
const UNASKED: &[ErrorCode] = &[
    ErrorCode::SlowConsumer,
    ErrorCode::RoomNotFound,
    ErrorCode::Kicked,
    ErrorCode::UnsupportedGameDataFormat,
];
