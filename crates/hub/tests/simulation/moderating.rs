//! What the authority asks for by operations, and others try.

use serde_json::{Value, json};
use signal_fish_protocol::{ErrorCode, PlayerId, ProtocolVersion};

use crate::actions::{Said, Scene};
use crate::greeting::Abilities;
use crate::requests::Request;

pub(crate) fn kick(scene: &mut Scene<'_>) -> Said {
    about(scene, "KickPlayer", Request::Kick)
}

pub(crate) fn ban(scene: &mut Scene<'_>) -> Said {
    about(scene, "BanPlayer", Request::Ban)
}

pub(crate) fn unban(scene: &mut Scene<'_>) -> Said {
    about(scene, "UnbanPlayer", Request::Unban)
}

pub(crate) fn transfer(scene: &mut Scene<'_>) -> Said {
    about(scene, "TransferAuthority", Request::Transfer)
}

pub(crate) fn set_access(scene: &mut Scene<'_>) -> Said {
    let password = match scene.rng.u8(0..6) {
        0 => Some(""),
        1..5 => scene.password().filter(|_| scene.has_passwords),
        _ => None,
    };
    operation(scene, "SetRoomAccess", &json!({"password": password}), Request::Access(password))
}

pub(crate) fn change_code(scene: &mut Scene<'_>) -> Said {
    operation(scene, "RegenerateRoomCode", &Value::Null, Request::NewCode)
}

fn about(scene: &mut Scene<'_>, name: &str, request: fn(PlayerId) -> Request) -> Said {
    let target = scene.somebody();
    operation(scene, name, &json!({"player_id": target.to_string()}), request(target))
}

/// Who has not asked for operations may not ask for any.
fn operation(scene: &Scene<'_>, name: &str, data: &Value, request: Request) -> Said {
    let said = Said::message(name, data, request).into_operation();
    let Abilities { operates, version, .. } = scene.observer.abilities;
    if operates {
        said
    } else if version < ProtocolVersion::V3 {
        Said { request: Request::Wrong(ErrorCode::UnsupportedProtocolVersion), operation: None, ..said }
    } else {
        Said { request: Request::Wrong(ErrorCode::InvalidInput), operation: None, ..said }
    }
}
