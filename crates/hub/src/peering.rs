//! What players may do beyond the relay: which sessions their rooms may have, and which ICE servers they are told.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use signal_fish_auth::{TurnCredential, TurnSecret};
use signal_fish_engine::{Means, SessionRules};
use signal_fish_protocol::{IceServer, PlayerId, Topology, Transport};

/// What players may do beyond the relay.
#[derive(Clone, Debug, Default)]
pub struct PeeringConfig {
    /// Which sessions rooms may have.
    pub sessions: SessionRules,
    /// How close players of particular games may come to each other, by game name.
    pub topology_max_by_game: HashMap<String, Topology>,
    /// Which ICE servers those are told who use WebRTC.
    pub ice: IceConfig,
}

/// Which ICE servers those are told who use WebRTC.
#[derive(Clone)]
pub struct IceConfig {
    /// The same for all.
    pub servers: Vec<IceServer>,
    /// Servers that each player has a password of its own for.
    pub turn: Option<TurnConfig>,
    /// Whether players are told before the game starts, so that they can gather candidates meanwhile.
    pub gathers_early: bool,
}

/// TURN servers that share a secret with this server.
#[derive(Clone, Debug)]
pub struct TurnConfig {
    /// Where they are.
    pub urls: Vec<String>,
    /// What passwords are made with.
    pub secret: TurnSecret,
    /// How long a password is good for.
    pub ttl: Duration,
}

impl PeeringConfig {
    pub(crate) fn rules_of(&self, game: &str) -> SessionRules {
        let topology_max = self.topology_max_by_game.get(game).copied();
        SessionRules { topology_max: topology_max.unwrap_or(self.sessions.topology_max), ..self.sessions }
    }
}

impl IceConfig {
    /// What a player is told at this moment.
    pub(crate) fn servers_for(&self, player: PlayerId) -> Vec<IceServer> {
        let turn = self.turn.iter().map(|turn| turn.server_for(player));
        self.servers.iter().cloned().chain(turn).collect()
    }

    /// What a player with such means is told before it is known how its game will be played.
    pub(crate) fn early_servers_for(&self, player: PlayerId, means: Means) -> Vec<IceServer> {
        let is_told = self.gathers_early && means.has_transport(Transport::Webrtc);
        if is_told { self.servers_for(player) } else { Vec::new() }
    }
}

impl TurnConfig {
    fn server_for(&self, player: PlayerId) -> IceServer {
        // TURN servers go by the time of day.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let TurnCredential { username, password } = self.secret.credential(player, now + self.ttl);
        IceServer { urls: self.urls.clone(), username: Some(username), credential: Some(password.into()) }
    }
}

impl Default for IceConfig {
    fn default() -> Self {
        let stun = vec!["stun:stun.l.google.com:19302".to_owned()];
        let servers = vec![IceServer { urls: stun, username: None, credential: None }];
        Self { servers, turn: None, gathers_early: true }
    }
}

/// Without the credentials.
impl fmt::Debug for IceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<_> = self.servers.iter().map(|server| &server.urls).collect();
        f.debug_struct("IceConfig")
            .field("urls", &urls)
            .field("turn", &self.turn)
            .field("gathers_early", &self.gathers_early)
            .finish_non_exhaustive()
    }
}
