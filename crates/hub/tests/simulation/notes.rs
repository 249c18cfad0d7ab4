//! What a client keeps of what it heard, to be compared with what others have heard.

use signal_fish_protocol::{DeliveryGap, PlayerId, RoomId, RoomSnapshot, Secret, SenderStamp};

use crate::agreement::{Heard, Stay};
use crate::answers::Reply;

/// What a client keeps of what it heard.
#[derive(Default, Debug)]
pub(crate) struct Notes {
    /// Its memberships, the present one last.
    pub(crate) stays: Vec<Stay>,
    /// What it may come back with, since somebody last asked.
    pub(crate) tickets: Vec<Ticket>,
    /// The replies to what it asked for, by serial.
    pub(crate) replies: Vec<(usize, Reply)>,
    /// The numbers of game messages, from whom, and the stamps that they came with.
    pub(crate) stamped: Vec<(u64, PlayerId, SenderStamp)>,
    pub(crate) signals: Vec<Signalled>,
    /// The gaps in what it was sent again, and which request that was.
    pub(crate) missed: Vec<(DeliveryGap, usize)>,
}

/// What one may come back with.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) player: PlayerId,
    pub(crate) room: RoomId,
    pub(crate) token: String,
}

/// A signal that was heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signalled {
    pub(crate) number: u64,
    pub(crate) from: PlayerId,
    pub(crate) to: PlayerId,
}

impl Notes {
    /// Something has happened in the room.
    pub(crate) fn note(&mut self, heard: Heard) {
        self.stays.last_mut().expect("a member has entered").heard.push(heard);
    }

    /// It has heard all there is until now.
    pub(crate) fn mark_present(&mut self) {
        self.stays.last_mut().expect("a member has entered").is_current = true;
    }

    /// A gap in what it was sent again.
    pub(crate) fn note_missed(&mut self, gap: DeliveryGap) {
        let (serial, _) = self.replies.last().expect("it has come back");
        self.missed.push((gap, *serial));
    }

    pub(crate) fn take_ticket(&mut self, player: PlayerId, shown: &RoomSnapshot) {
        let ticket = |token: Secret| Ticket { player, room: shown.room_id, token: token.into_text() };
        self.tickets.extend(shown.reconnection_token.clone().map(ticket));
    }
}
