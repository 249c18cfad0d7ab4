//! From HTTP to WebSocket, or why not.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Body;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Request, StatusCode};
use signal_fish_auth::Exhausted;
use signal_fish_hub::{Bind, Source};
use signal_fish_protocol::protobuf::SUBPROTOCOL;
use signal_fish_protocol::{ControlEncoding, ProtocolVersion};
use tungstenite::error::{Error, ProtocolError};
use tungstenite::handshake::server::create_response_with_body;
use uuid::Uuid;

use super::Answer;
use super::answers::{head, text};
use crate::caps::{CapHit, ConnectionSlot, SocketSlot};
use crate::listener::Endpoint;

/// Leave to become a WebSocket.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// What it speaks unless the client asks for another.
    pub(crate) version: ProtocolVersion,
    /// How it writes its messages.
    pub(crate) encoding: ControlEncoding,
    /// What our log and the client know this connection by.
    pub(crate) id: Uuid,
    /// Where it comes from, before all proxies.
    pub(crate) client: IpAddr,
    /// Its place among the connections.
    pub(crate) slot: ConnectionSlot,
    /// What its messages have to be bound to, if anything.
    pub(crate) bind: Option<Bind>,
}

/// Why a request does not become a WebSocket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// It asks for no upgrade, or for another one.
    NotWebSocket,
    /// It asks for an unfinished version of WebSocket.
    WrongVersion,
    /// It asks in a way that the protocol forbids.
    Malformed { advice: &'static str },
    /// It comes from a web page that may not use this server.
    ForeignOrigin,
    /// Nobody may come from its address.
    Banned,
    /// Its address has asked too often.
    TooOften {
        /// How long to stay away.
        seconds: u64,
    },
    /// The server is about to stop.
    Draining,
    /// Too much waits for those who are connected.
    Overloaded,
    /// A limit of connections is hit.
    Full(CapHit),
    /// It wants token binding of a kind that there is not.
    UnknownBinding,
    /// It does not want token binding, which is required.
    Unbound,
    /// It has shown no certificate, which is required.
    NoCertificate,
    /// The answer could not be made.
    ServerFault,
}

/// Lets `request` become a WebSocket, with its place and its answer, or says why not.
pub(super) fn admit<B: Body>(
    endpoint: &Endpoint,
    socket: &SocketSlot,
    client: IpAddr,
    request: &Request<B>,
) -> Result<(ConnectionSlot, Answer), Refusal> {
    // Before anything is looked at: it is looking that is counted.
    let too_often = |exhausted: Exhausted| Refusal::TooOften { seconds: exhausted.seconds() };
    endpoint.rates.take_upgrade(client).map_err(too_often)?;
    let answer = create_response_with_body(request, Full::<Bytes>::default)
        .map_err(|error| Refusal::of(&error, request.headers()))?;
    if !request.body().is_end_stream() {
        return Err(Refusal::Malformed { advice: "send the upgrade without a body\n" });
    }
    if !endpoint.config().origins.admit(request.headers()) {
        return Err(Refusal::ForeignOrigin);
    }
    if endpoint.hub.is_banned(Source::of(client)) {
        return Err(Refusal::Banned);
    }
    if endpoint.hub.is_draining() {
        return Err(Refusal::Draining);
    }
    if endpoint.hub.n_queued_bytes() > endpoint.config().queued_bytes_max {
        return Err(Refusal::Overloaded);
    }
    let slot = socket.admit_connection(client).map_err(Refusal::Full)?;
    Ok((slot, answer))
}

/// Takes the one subprotocol that means something here, if it is among those that are offered, and says so in
/// `answer`. Without an answer a browser gives up, so nothing may be taken in silence.
pub(super) fn settle_encoding(
    endpoint: &Endpoint,
    offers: &HeaderMap,
    answer: &mut Answer,
) -> ControlEncoding {
    if !endpoint.hub.speaks_protobuf() || !offered(offers).any(|token| token == SUBPROTOCOL) {
        return ControlEncoding::Json;
    }
    answer.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    ControlEncoding::Protobuf
}

/// The subprotocols that a client offers.
pub(super) fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// What every answer to an upgrade carries, for those who look for its trace.
pub(super) fn mark(answer: &mut Answer, id: Uuid, outcome: &'static str, outbound_bytes_max: usize) {
    let id = HeaderValue::try_from(id.to_string()).expect("a UUID is ASCII");
    let headers = answer.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(OUTCOME, HeaderValue::from_static(outcome));
    headers.insert(OUTBOUND_BYTES_MAX, outbound_bytes_max.into());
}

impl Refusal {
    /// What tungstenite found wrong, in our terms.
    #[expect(clippy::wildcard_enum_match_arm, reason = "most of them have to do with frames or with clients")]
    fn of(error: &Error, headers: &HeaderMap) -> Self {
        let malformed = |advice| Self::Malformed { advice };
        let Error::Protocol(error) = error else { return Self::ServerFault };
        match error {
            ProtocolError::MissingUpgradeWebSocketHeader => Self::NotWebSocket,
            ProtocolError::MissingConnectionUpgradeHeader if !headers.contains_key(UPGRADE) => {
                Self::NotWebSocket
            }
            ProtocolError::MissingConnectionUpgradeHeader => malformed("send `Connection: Upgrade` too\n"),
            ProtocolError::MissingSecWebSocketVersionHeader => Self::WrongVersion,
            ProtocolError::MissingSecWebSocketKey | ProtocolError::InvalidSecWebSocketKey => {
                malformed("send 16 random bytes in base64 as `Sec-WebSocket-Key`\n")
            }
            ProtocolError::WrongHttpVersion => malformed("send the upgrade as HTTP/1.1\n"),
            _ => Self::ServerFault,
        }
    }

    pub(super) fn answer(self, retry_after: Duration) -> Answer {
        let mut answer = text(head(self.status()), self.advice());
        let headers = answer.headers_mut();
        match self {
            Self::NotWebSocket => demand_upgrade(headers),
            Self::WrongVersion => {
                demand_upgrade(headers);
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            Self::Draining | Self::Overloaded | Self::Full(_) => {
                // Never zero, which would mean "at once".
                headers.insert(RETRY_AFTER, retry_after.as_secs().max(1).into());
            }
            Self::TooOften { seconds } => drop(headers.insert(RETRY_AFTER, seconds.into())),
            Self::Malformed { .. }
            | Self::ForeignOrigin
            | Self::Banned
            | Self::UnknownBinding
            | Self::Unbound
            | Self::NoCertificate
            | Self::ServerFault => {}
        }
        answer
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::NotWebSocket | Self::WrongVersion => StatusCode::UPGRADE_REQUIRED,
            Self::Malformed { .. } | Self::UnknownBinding | Self::Unbound => StatusCode::BAD_REQUEST,
            Self::NoCertificate => StatusCode::UNAUTHORIZED,
            Self::ForeignOrigin | Self::Banned => StatusCode::FORBIDDEN,
            Self::Draining | Self::Overloaded | Self::Full(CapHit::Total) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Full(CapHit::PerAddress) | Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::ServerFault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Its name in the answer's headers and in our log.
    pub(super) const fn outcome(self) -> &'static str {
        match self {
            Self::NotWebSocket | Self::WrongVersion | Self::Malformed { .. } => "rejected_malformed",
            Self::ForeignOrigin => "rejected_origin",
            Self::Banned => "rejected_banned",
            Self::TooOften { .. } => "rejected_rate_limited",
            Self::Draining => "rejected_draining",
            Self::Overloaded => "rejected_overloaded",
            Self::Full(_) => "rejected_too_many_connections",
            Self::UnknownBinding => "rejected_token_binding_offer",
            Self::Unbound | Self::NoCertificate => "rejected_token_binding_negotiation",
            Self::ServerFault => "rejected_server_fault",
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::NotWebSocket => {
                "this is a WebSocket: send `Connection: Upgrade` and `Upgrade: websocket`\n"
            }
            Self::WrongVersion => "send `Sec-WebSocket-Version: 13`\n",
            Self::Malformed { advice } => advice,
            Self::ForeignOrigin => {
                "this page may not use this server: its origin is not among those that are allowed\n"
            }
            Self::Banned => "your address may not use this server\n",
            Self::TooOften { .. } => {
                "too many upgrades from your address: connect again after Retry-After seconds\n"
            }
            Self::Draining => "this server is about to stop: connect again after Retry-After seconds\n",
            Self::Overloaded => "this server has too much to do: connect again after Retry-After seconds\n",
            Self::Full(CapHit::Total) => "this server is full: connect again after Retry-After seconds\n",
            Self::Full(CapHit::PerAddress) => {
                "too many connections from your address: close one, or connect again after Retry-After seconds\n"
            }
            Self::UnknownBinding => "of token binding there is only `signalfish.tokenbinding.v2` here\n",
            Self::Unbound => "this server wants token binding: offer `signalfish.tokenbinding.v2`\n",
            Self::NoCertificate => "this server wants a client certificate\n",
            Self::ServerFault => "the upgrade failed inside the server\n",
        }
    }
}

/// Both belong to a 426, and the first has to be announced by the second (RFC 9110, 7.8 and 15.5.22).
fn demand_upgrade(headers: &mut HeaderMap) {
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade, close"));
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-signal-fish-request-id");
const OUTCOME: HeaderName = HeaderName::from_static("x-signal-fish-upgrade-outcome");
const OUTBOUND_BYTES_MAX: HeaderName = HeaderName::from_static("x-signal-fish-max-outbound-message-size");
