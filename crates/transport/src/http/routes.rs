//! Which paths there are, and what they answer to.

use hyper::Method;
use signal_fish_protocol::ProtocolVersion;

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Route {
    /// A WebSocket that speaks this version unless the client asks for another.
    WebSocket(ProtocolVersion),
    /// Whether the server runs.
    Health,
    /// Whether the server takes new work.
    Readiness,
    /// What a client may want to know before it connects.
    ClientConfig,
    /// What there is.
    Banner,
}

impl Route {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/v2/ws" => Some(Self::WebSocket(ProtocolVersion::V2)),
            "/v3/ws" => Some(Self::WebSocket(ProtocolVersion::V3)),
            "/health" | "/v2/health" => Some(Self::Health),
            "/readyz" | "/v2/readyz" => Some(Self::Readiness),
            "/v2/client-config" | "/v3/client-config" => Some(Self::ClientConfig),
            "/" => Some(Self::Banner),
            _ => None,
        }
    }

    /// The methods it answers to, as the `Allow` header spells them.
    pub(super) const fn allowed(self) -> &'static str {
        match self {
            Self::WebSocket(_) => "GET",
            Self::Health | Self::Readiness | Self::ClientConfig | Self::Banner => "GET, HEAD",
        }
    }

    pub(super) fn allows(self, method: &Method) -> bool {
        allows(self.allowed(), method)
    }
}

/// Whether a method is among those of an `Allow` header.
pub(super) fn allows(allowed: &str, method: &Method) -> bool {
    allowed.split(", ").any(|allowed| method.as_str() == allowed)
}
