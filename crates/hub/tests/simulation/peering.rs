//! What players say to connect to each other beside the relay.

use serde_json::json;
use signal_fish_protocol::{ErrorCode, Uuid};

use crate::actions::{Said, Scene};
use crate::requests::Request;

pub(crate) fn connection_info(scene: &mut Scene<'_>) -> Said {
    // Who cannot be reached any more is no host.
    let port = if scene.rng.u8(0..4) == 0 { 0 } else { 7777 };
    let info = json!({"type": "direct", "host": "203.0.113.9", "port": port});
    Said::message("ProvideConnectionInfo", &json!({"connection_info": info}), Request::Info)
}

/// Generations are passed on and not compared: this one is the number again.
pub(crate) fn signal(scene: &mut Scene<'_>) -> Said {
    if scene.rng.u8(0..40) == 0 {
        return too_long(scene);
    }
    let target = scene.somebody();
    let generation = Uuid::from_u128(u128::from(scene.number)).to_string();
    let signal = json!({"to": target.to_string(), "generation": generation, "signal": {"n": scene.number}});
    Said::message("Signal", &signal, Request::Signal(target)).followed_by_ping()
}

fn too_long(scene: &mut Scene<'_>) -> Said {
    let (target, generation) = (scene.somebody(), Uuid::from_u128(1).to_string());
    let signal = json!({"to": target.to_string(), "generation": generation, "signal": "x".repeat(20_000)});
    Said::message("Signal", &signal, Request::Wrong(ErrorCode::SignalTooLarge))
}

pub(crate) fn transport_status(scene: &mut Scene<'_>) -> Said {
    let transport = ["relay", "webrtc", "direct"][scene.rng.usize(0..3)];
    let status = json!({"transport": transport, "connected": scene.rng.bool()});
    Said::message("TransportStatus", &status, Request::Report)
}
