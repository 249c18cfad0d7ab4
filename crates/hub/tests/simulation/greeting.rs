//! What a connection can do, and how it says so.

use fastrand::Rng;
use serde_json::{Value, json};
use signal_fish_protocol::{ControlEncoding, GameDataEncoding, ProtocolVersion};

/// What a connection can do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Abilities {
    pub(crate) version: ProtocolVersion,
    pub(crate) encoding: ControlEncoding,
    pub(crate) format: GameDataEncoding,
    /// Whether it is told a token on version 2.
    wants_token: bool,
    /// Whether it hears what it missed.
    pub(crate) is_reader: bool,
    /// Whether it may ask for operations.
    pub(crate) operates: bool,
    transports: &'static [&'static str],
    topologies: &'static [&'static str],
}

/// How close the players of one simulation come to each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Company {
    /// All can be part of any session.
    Close,
    Mixed,
}

impl Abilities {
    /// Those of a connection that never says what it can do.
    pub(crate) const fn silent(version: ProtocolVersion, encoding: ControlEncoding) -> Self {
        Self {
            version,
            encoding,
            format: GameDataEncoding::Json,
            wants_token: false,
            is_reader: false,
            operates: false,
            transports: &[],
            topologies: &[],
        }
    }

    pub(crate) fn random(rng: &mut Rng, encoding: ControlEncoding, company: Company) -> Self {
        let is_old = encoding == ControlEncoding::Json && company == Company::Mixed && rng.u8(0..5) < 2;
        let format = if rng.bool() { GameDataEncoding::Json } else { GameDataEncoding::MessagePack };
        let (transports, topologies) = match company {
            Company::Close => (ALL_TRANSPORTS, ALL_TOPOLOGIES),
            Company::Mixed => (
                [NONE, &["webrtc"], &["direct"], ALL_TRANSPORTS][rng.usize(0..4)],
                [NONE, &["host"], &["mesh"], ALL_TOPOLOGIES][rng.usize(0..4)],
            ),
        };
        Self {
            version: if is_old { ProtocolVersion::V2 } else { ProtocolVersion::V3 },
            encoding,
            format,
            wants_token: is_old && rng.bool(),
            is_reader: !is_old && rng.u8(0..3) > 0,
            operates: !is_old && rng.u8(0..4) > 0,
            transports,
            topologies,
        }
    }

    /// Whether it is told a token to come back with.
    pub(crate) fn has_token(&self) -> bool {
        self.version >= ProtocolVersion::V3 || self.wants_token
    }

    /// Whether it can signal others and be signalled.
    pub(crate) fn can_signal(&self) -> bool {
        self.version >= ProtocolVersion::V3 && self.transports.contains(&"webrtc")
    }

    /// Whether no session is closed to it.
    pub(crate) fn fits_all(&self) -> bool {
        self.version >= ProtocolVersion::V3
            && (self.transports, self.topologies) == (ALL_TRANSPORTS, ALL_TOPOLOGIES)
    }

    /// The data of `Authenticate`.
    pub(crate) fn to_authenticate(self) -> Value {
        let wanted = [
            (self.wants_token, "reconnection_token"),
            (self.is_reader, "game_data_replay"),
            (self.operates, "room_operation_ids"),
        ];
        let wanted: Value =
            wanted.iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, name)| *name).collect();
        json!({
            "app_id": "demo", "protocol_version": self.version.number(), "game_data_format": self.format.token(),
            "supported_transports": self.transports, "supported_topologies": self.topologies,
            "requested_capabilities": wanted,
        })
    }
}

const NONE: &[&str] = &[];
const ALL_TRANSPORTS: &[&str] = &["webrtc", "direct"];
const ALL_TOPOLOGIES: &[&str] = &["host", "mesh"];
