//! Rooms of an earlier run, taken up again under their old codes.

use signal_fish_coordination::RoomKey;
use signal_fish_engine::{Ban, Kept, PasswordHash, Room, Subject};
use signal_fish_protocol::{AppId, GameName, PlayerId, Uuid};
use signal_fish_storage::RoomRecord;

use crate::claim;
use crate::entry::room_setup;
use crate::live_room::{LiveRoom, Step};
use crate::shared::Shared;

/// Takes up one room, empty: its players are not here yet. One that cannot be taken up is logged and left
/// where it is stored.
pub(crate) async fn room(shared: &Shared, record: RoomRecord) {
    let id = record.id;
    let Some(key) = key_of(shared, &record) else {
        tracing::warn!(room = %id, "a stored room does not fit the rules of this server and is left out");
        return;
    };
    if let Err(error) = claim::ask(shared, &key, id).await {
        tracing::warn!(room = %id, %error, "a stored room is left out");
        return;
    }
    let mut setup = room_setup(&shared.config, &key, id, record.players_max, record.supports_authority);
    setup.relay_type = record.relay_type.into();
    let now = tokio::time::Instant::now().into_std();
    let kept = Kept {
        revision: record.revision.0,
        lobby: record.lobby,
        password: record.password.map(|hash| PasswordHash::new(hash.0)),
        banned: bans(&record.banned, &record.banned_subjects),
    };
    let room = LiveRoom::new(key.clone(), Room::restore(now, setup, kept));
    if let Err(reason) = shared.directory.add(&key, &room, None) {
        tracing::warn!(room = %id, ?reason, "a stored room is left out");
        return;
    }
    // Lets the timers know when it expires unless somebody comes.
    let _ = room.step(shared, now, Step::Timeout);
}

fn bans(players: &[PlayerId], subjects: &[(PlayerId, Uuid)]) -> Vec<Ban> {
    let subject = |player| subjects.iter().find(|(id, _)| *id == player).map(|(_, id)| Subject::new(*id));
    players.iter().map(|&player| Ban { player, subject: subject(player) }).collect()
}

fn key_of(shared: &Shared, record: &RoomRecord) -> Option<RoomKey> {
    let app = match &record.app {
        Some(app) => Some(AppId::parse(app).ok()?),
        None => None,
    };
    let game = GameName::parse(&record.game, shared.config.game_name_bytes_max).ok()?;
    let code = shared.config.room_codes.parse(&record.code).ok()?;
    Some(RoomKey { app, game, code })
}
