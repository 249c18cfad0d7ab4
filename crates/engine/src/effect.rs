//! What a room asks the world to do, in the order in which it must be done.

use signal_fish_protocol::{CloseCode, Epoch, PlayerId, RelayStamp, RoomResult, ServerMessage, SessionPlan};

/// One thing to do.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// The actor is a member from here on: it hears what is for the room.
    Entered,
    /// As [`Effect::Entered`], for an actor that takes its seat again, under this epoch.
    Returned(Epoch),
    /// This member is none any more: it hears nothing further of the room.
    Left(PlayerId),
    /// Say this to the actor, member or not.
    Reply(ServerMessage<'static>),
    /// Say this to the actor: the command was refused and changed nothing.
    Refuse(ServerMessage<'static>),
    /// Tell the actor what came of what only a room operation can ask for.
    Report(RoomResult<'static>),
    /// Say this to members.
    Send(Audience, ServerMessage<'static>),
    /// Hand this player its session plan; one over WebRTC wants the ICE servers of the moment added.
    Plan(PlayerId, SessionPlan),
    /// Hand the game message of this step to everyone but its sender.
    Relay(RelayStamp),
    /// End the connection of this member with this code, after all that was said to it.
    Close(PlayerId, CloseCode),
    /// The room is over: forget it. It takes no further commands.
    Ended,
}

/// To which members something is said. Versions that must not see a message are left out later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// Players and spectators.
    Everyone,
    /// Players and spectators but one.
    EveryoneBut(PlayerId),
    /// Players only.
    Players,
    /// Players but one.
    PlayersBut(PlayerId),
    /// One member.
    One(PlayerId),
}

/// The effects of a step, in order. Reuse it from step to step: it keeps its memory.
pub type Effects = Vec<Effect>;
