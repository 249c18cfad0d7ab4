//! What is said in more than one place: whoever asks in vain cannot tell from the words where it was refused.

/// To those who ask for what only players may.
pub const NO_SEAT: &str = "this needs a seat in a room";
/// To those who ask for what only the authority may.
pub const NOT_AUTHORITY: &str = "only the authority of the room can do this";
/// To those who ask for what only spectators may.
pub const NOT_WATCHING: &str = "you are not watching a room";
/// To those who bring no password, a wrong one, or one where none is wanted. It is the same for all of them, so that
/// it tells nothing about the room.
pub const WRONG_PASSWORD: &str = "the password does not fit the room";
/// To those who want the seat of a player who has it.
pub const IS_CONNECTED: &str = "this player is connected";
/// To those who want a seat back where there is none.
pub const NO_SEAT_KEPT: &str = "no seat is kept for this player";
/// To those whose signals go nowhere, too often to be told why.
pub const TOO_MANY_FAIL: &str = "too many signals that cannot be delivered, try again later";

pub(crate) const ROOM_CLOSED: &str = "the room was closed";
pub(crate) const ROOM_FULL: &str = "the room has as many players as it takes";
pub(crate) const NOBODY_OF_THAT_ID: &str = "nobody of that id plays in this room";
