//! What players say to each other through the room to connect without it: signals, and how well that works.

use signal_fish_protocol::{
    ErrorCode, Payload, PeerTransportStatus, PlayerId, ServerMessage, SessionGeneration, SignalOut,
    Transport, TransportStatus,
};

use crate::seats::Seat;
use crate::step::{Role, Step};
use crate::texts::{NO_SEAT, TOO_MANY_FAIL};
use crate::{Audience, Room};

/// A signal of one player for another, and what its room cannot know by itself.
#[derive(Clone, Debug)]
pub struct Signal {
    /// For whom.
    pub to: PlayerId,
    /// The plan it belongs to, as its sender says.
    pub generation: SessionGeneration,
    /// The signal itself.
    pub payload: Payload<'static>,
    /// Whether the target has a seat in any room, for the refusal if it has none in this one.
    pub is_target_seated: bool,
    /// Whether the sender may send one more.
    pub is_within_budget: bool,
    /// Whether the sender may still be told what is wrong with its signals.
    pub is_refusal_explained: bool,
}

/// The plan that a signal names may be an old one, and the game need not have started: that is up to the players.
pub(crate) fn on_signal(room: &Room, step: &mut Step<'_>, signal: Signal) {
    match refusal(room, step, &signal) {
        None => {
            let Signal { to, generation, payload, .. } = signal;
            let signal = SignalOut { from: step.actor, generation, signal: payload };
            step.send(Audience::One(to), ServerMessage::Signal(signal));
        }
        Some((code, text)) if signal.is_refusal_explained => step.refuse(ServerMessage::error(code, text)),
        Some(_) => step.refuse(ServerMessage::error(ErrorCode::SignalRateLimited, TOO_MANY_FAIL)),
    }
}

/// How a transport of the actor does: news for the other players. What makes no sense is not worth an answer.
pub(crate) fn on_transport_status(room: &mut Room, step: &mut Step<'_>, status: TransportStatus) {
    let TransportStatus { transport, connected } = status;
    let Role::Player(position) = step.role else { return };
    let seat = room.seats.at_mut(position);
    let may_say = seat.means.speaks_v3() && seat.means.has_transport(transport);
    // The same again is no news. Another transport in between makes it news.
    if may_say && seat.last_report.replace(status) != Some(status) {
        let status = PeerTransportStatus { peer_id: step.actor, transport, connected };
        step.send(Audience::PlayersBut(step.actor), ServerMessage::PeerTransportStatus(status));
    }
}

fn refusal(room: &Room, step: &Step<'_>, signal: &Signal) -> Option<(ErrorCode, &'static str)> {
    let can_signal = |seat: &Seat| seat.means.speaks_v3() && seat.means.has_transport(Transport::Webrtc);
    let Some(sender) = room.seats.get(step.actor) else {
        return Some((ErrorCode::NotInRoom, NO_SEAT));
    };
    if signal.to == step.actor {
        return Some((ErrorCode::SignalTargetNotFound, "nobody signals itself"));
    }
    let Some(target) = room.seats.get(signal.to) else {
        return Some(if signal.is_target_seated {
            (ErrorCode::CrossRoomSignal, "that player is in another room")
        } else {
            (ErrorCode::SignalTargetNotFound, "that player has no seat in a room")
        });
    };
    if !can_signal(sender) {
        Some((ErrorCode::UnsupportedTransport, "signals need protocol 3 and the transport webrtc"))
    } else if !can_signal(target) {
        Some((ErrorCode::SignalTargetNotFound, "that player cannot be signalled, it has no webrtc"))
    } else if !signal.is_within_budget {
        Some((ErrorCode::SignalRateLimited, "too many signals, try again later"))
    } else {
        None
    }
}
