//! The sections `session` and `turn` as the hub takes them.

use std::time::Duration;

use signal_fish_auth::TurnSecret;
use signal_fish_hub::{IceConfig, PeeringConfig, SessionRules, TurnConfig};
use signal_fish_protocol::IceServer;

use crate::settings::{IceServerSettings, SessionSettings, TurnSettings};

pub(super) fn peering(session: &SessionSettings, turn: &TurnSettings) -> PeeringConfig {
    let by_game = session.game_topology_mappings.iter();
    PeeringConfig {
        sessions: SessionRules {
            topology_max: session.default_topology.into(),
            webrtc: session.enable_webrtc,
            direct: session.enable_direct,
        },
        topology_max_by_game: by_game.map(|(game, &topology)| (game.clone(), topology.into())).collect(),
        ice: IceConfig {
            servers: session.ice_servers.iter().map(ice_server).chain(stun(turn)).collect(),
            turn: turn.enabled.then(|| TurnConfig {
                urls: turn.urls.clone(),
                secret: TurnSecret::new(turn.static_auth_secret.reveal()),
                ttl: Duration::from_secs(turn.credential_ttl_secs.into()),
            }),
            gathers_early: session.enable_ice_pregather,
        },
    }
}

fn ice_server(server: &IceServerSettings) -> IceServer {
    IceServer {
        urls: server.urls.clone(),
        username: server.username.clone(),
        credential: server.credential.as_ref().map(|credential| credential.reveal().into()),
    }
}

fn stun(turn: &TurnSettings) -> Option<IceServer> {
    let urls = turn.stun_urls.clone();
    (!urls.is_empty()).then_some(IceServer { urls, username: None, credential: None })
}
