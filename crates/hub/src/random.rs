//! Random bytes for one attempt to come in, asked of the system at once: each time costs a system call.

use signal_fish_protocol::{ErrorCode, RoomId, SessionGeneration, limits};
use uuid::{Builder, Uuid};

use crate::entry::EntryRefusal;

/// All that one attempt to come in needs: good for one id of each kind.
pub(crate) struct Draw {
    ids: [[u8; 16]; 3],
    code: [u8; limits::ROOM_CODE_LENGTH_MAX],
}

impl Draw {
    pub(crate) fn new() -> Result<Self, EntryRefusal> {
        let mut bytes = [0; 3 * 16 + limits::ROOM_CODE_LENGTH_MAX];
        if let Err(error) = getrandom::fill(&mut bytes) {
            tracing::error!(%error, "the system has no random bytes");
            return Err(EntryRefusal::new(ErrorCode::InternalError, "the server has no random numbers"));
        }
        let (ids, code) = bytes.split_at(3 * 16);
        let mut draw = Self { ids: [[0; 16]; 3], code: [0; limits::ROOM_CODE_LENGTH_MAX] };
        draw.ids.as_flattened_mut().copy_from_slice(ids);
        draw.code.copy_from_slice(code);
        Ok(draw)
    }

    pub(crate) fn room(&self) -> RoomId {
        RoomId::new(self.id(0))
    }

    pub(crate) fn generation(&self) -> SessionGeneration {
        SessionGeneration::new(self.id(1))
    }

    /// What a token is made of: 122 random bits, in the form that clients know.
    pub(crate) fn token(&self) -> Uuid {
        self.id(2)
    }

    /// What a room code is made of.
    pub(crate) const fn code(&self) -> &[u8; limits::ROOM_CODE_LENGTH_MAX] {
        &self.code
    }

    fn id(&self, index: usize) -> Uuid {
        Builder::from_random_bytes(self.ids[index]).into_uuid()
    }
}
