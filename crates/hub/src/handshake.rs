//! Authenticate: what is checked in which order, what is agreed, and what the client is told.

use std::time::Instant;

use signal_fish_auth::{Grant, Refusal, Sdk};
use signal_fish_engine::Means;
use signal_fish_protocol::{
    Authenticate, Authenticated, AuthenticationError, ControlEncoding, ErrorCode, GameDataEncoding,
    MessageTransport, ProtocolInfo, ProtocolInfoV3, ProtocolVersion, Secret, ServerMessage,
};

use crate::allowance;
use crate::banned;
use crate::capabilities::Capabilities;
use crate::config::HubConfig;
use crate::formats;
use crate::granted;
use crate::link::Wire;
use crate::metrics::{self, Greeted, Limit, since};
use crate::session::Session;
use crate::shared::Shared;

/// How far a connection is with its handshake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Handshake {
    /// It has said nothing yet that counts.
    Open,
    /// It has authenticated.
    Done,
    /// It went on without, on a server that allows that. It is too late now.
    Skipped,
    /// It was turned away for good. Nothing that it says counts any more.
    Failed,
}

/// What was agreed.
#[derive(Debug)]
struct Agreement {
    grant: Grant,
    wire: Wire,
    means: Means,
    capabilities: Capabilities,
    /// The answer, in order.
    answer: Vec<ServerMessage<'static>>,
}

/// Why nothing was agreed.
#[derive(Debug)]
struct Disagreement {
    answer: AuthenticationError,
    /// Whether the client may try again on the same connection.
    may_retry: bool,
}

/// Hears who the client is, and tells it whether it may play.
pub(crate) fn on_authenticate(session: &mut Session, now: Instant, request: Authenticate) {
    match session.handshake {
        Handshake::Open => {}
        Handshake::Done | Handshake::Skipped => {
            let text = "Authenticate must be the first message, and comes once";
            return session.refuse(now, ErrorCode::InvalidInput, text);
        }
        Handshake::Failed => return,
    }
    let agreed = negotiate_with_token(session, now, request);
    match agreed.and_then(|agreement| identify(session, now, agreement)) {
        Ok(agreement) => {
            session.shared.metrics.greeted(Greeted::Accepted);
            agree(session, now, agreement);
        }
        Err(disagreement) => {
            session.shared.metrics.greeted(Greeted::Refused);
            if disagreement.answer.error_code == ErrorCode::RateLimitExceeded {
                session.shared.metrics.rejected(Limit::Auth);
            }
            if session.charge(now) {
                session.link.send(now, ServerMessage::AuthenticationError(disagreement.answer));
            }
            if !disagreement.may_retry {
                session.turn_away();
            }
        }
    }
    session.shared.metrics.figures.authenticate_seconds.record(since(now));
}

/// Notes who the client is, unless whoever it is may not use this server.
fn identify(session: &Session, now: Instant, agreement: Agreement) -> Result<Agreement, Disagreement> {
    let Shared { sessions, bans, .. } = &*session.shared;
    let Some(subject) = banned::named_by(&agreement.grant) else { return Ok(agreement) };
    // Looked at after it can be found: whoever bans it meanwhile either finds it or is seen here.
    sessions.identify(session.link.player, Some(subject.clone()));
    if bans.holds(now, &subject) {
        return Err(disagree(ErrorCode::Unauthorized, BANNED.to_owned(), false));
    }
    Ok(agreement)
}

fn agree(session: &mut Session, now: Instant, agreement: Agreement) {
    session.handshake = Handshake::Done;
    session.pace.limit(&agreement.grant);
    session.grant = Some(agreement.grant);
    metrics::came(session);
    granted::note(session);
    (session.link.wire, session.means) = (agreement.wire, agreement.means);
    session.link.capabilities = agreement.capabilities;
    for message in agreement.answer {
        session.link.send(now, message);
    }
    session.shared.sessions.settle(now, &session.link, &session.shared.lifecycle);
}

/// As [`negotiate`], where bad tokens are counted.
fn negotiate_with_token(
    session: &Session,
    now: Instant,
    request: Authenticate,
) -> Result<Agreement, Disagreement> {
    let shows_token = request.connect_token.is_some();
    if shows_token {
        let paid = allowance::token(session, session.shared.budget_time(now));
        paid.map_err(|exhausted| disagree(ErrorCode::RateLimitExceeded, exhausted.to_string(), true))?;
    }
    let agreed = negotiate(&session.shared, now, request, session.link.wire);
    let is_bad =
        |disagreement: &Disagreement| disagreement.answer.error_code == ErrorCode::ConnectTokenInvalid;
    if shows_token && !agreed.as_ref().is_err_and(is_bad) {
        allowance::token_is_good(session);
    }
    agreed
}

/// Decides about `request` on a connection that reads `wire` unless they agree on another.
fn negotiate(
    shared: &Shared,
    now: Instant,
    request: Authenticate,
    wire: Wire,
) -> Result<Agreement, Disagreement> {
    let authenticator = shared.authenticator.load();
    let admission = authenticator
        .authenticate(&request.app_id, request.connect_token.as_ref().map(Secret::reveal), shared.moment(now))
        .map_err(turn_down)?;
    let grant = admission.grant();
    let config = &shared.config;
    let sdk = config
        .sdks
        .admit(request.platform.as_deref(), request.sdk_version.as_deref())
        .map_err(|refusal| disagree(ErrorCode::SdkVersionUnsupported, refusal.to_string(), true))?;
    let version = negotiate_version(config, request.protocol_version.unwrap_or(wire.version.number()))?;
    if wire.encoding == ControlEncoding::Protobuf && version < ProtocolVersion::V3 {
        let text = "protobuf needs protocol version 3".to_owned();
        return Err(disagree(ErrorCode::UnsupportedProtocolVersion, text, true));
    }
    let wanted = request.game_data_format.unwrap_or_default();
    let format = if formats::offered(config).contains(&wanted) { wanted } else { GameDataEncoding::Json };
    let mut answer = Vec::with_capacity(3);
    if format != wanted {
        let text = format!("game data format {} is not offered, using json", wanted.token());
        answer.push(ServerMessage::error(ErrorCode::UnsupportedGameDataFormat, text));
    }
    answer.push(ServerMessage::Authenticated(Authenticated {
        app_name: grant.app_name().to_owned(),
        organization: None,
        rate_limits: grant.rate_limits(),
    }));
    let requested = request.requested_capabilities.as_deref().unwrap_or_default();
    let capabilities = Capabilities::granted(config, version, requested);
    let info = protocol_info(config, version, sdk, &request, capabilities);
    answer.push(ServerMessage::ProtocolInfo(info));
    let means = negotiate_means(version, &request);
    let grant = admission.accept();
    Ok(Agreement { grant, wire: Wire { version, format, ..wire }, means, capabilities, answer })
}

/// What a connection of `version` can do that has not said what.
pub(crate) const fn means_of(version: ProtocolVersion) -> Means {
    match version {
        ProtocolVersion::V2 => Means::V2,
        ProtocolVersion::V3 => Means::V3,
    }
}

/// Whether a connection that never authenticated may go on in `version`.
pub(crate) fn is_spoken(config: &HubConfig, version: ProtocolVersion) -> bool {
    let (oldest, newest) = config.versions;
    (oldest..=newest).contains(&version)
}

fn turn_down(refusal: Refusal) -> Disagreement {
    let (code, may_retry) = match refusal {
        Refusal::MalformedAppId | Refusal::InvalidAppId => (ErrorCode::InvalidAppId, false),
        Refusal::TooManyHandshakes(_) => (ErrorCode::RateLimitExceeded, false),
        Refusal::TooManyConnections => (ErrorCode::TooManyConnections, false),
        Refusal::TokenRequired => (ErrorCode::ConnectTokenRequired, true),
        Refusal::Token(_) => (ErrorCode::ConnectTokenInvalid, true),
    };
    disagree(code, refusal.to_string(), may_retry)
}

fn negotiate_version(config: &HubConfig, wanted: u16) -> Result<ProtocolVersion, Disagreement> {
    let (oldest, newest) = config.versions;
    ProtocolVersion::at_most(wanted.min(newest.number())).filter(|&version| version >= oldest).ok_or_else(
        || {
            let text = format!(
                "protocol version {wanted} is not supported, this server speaks {oldest} to {newest}"
            );
            disagree(ErrorCode::UnsupportedProtocolVersion, text, true)
        },
    )
}

fn negotiate_means(version: ProtocolVersion, request: &Authenticate) -> Means {
    match version {
        // It has no plans, whatever it says.
        ProtocolVersion::V2 => Means::V2,
        ProtocolVersion::V3 => Means::v3(
            request.supported_transports.as_deref().unwrap_or_default(),
            request.supported_topologies.as_deref().unwrap_or_default(),
        ),
    }
}

fn protocol_info(
    config: &HubConfig,
    version: ProtocolVersion,
    sdk: Option<&Sdk>,
    request: &Authenticate,
    granted: Capabilities,
) -> ProtocolInfo {
    let mut capabilities = Vec::new();
    if config.reconnection.is_some() {
        capabilities.push("reconnection".to_owned());
    }
    capabilities.extend(config.capabilities.iter().cloned());
    capabilities.extend(sdk.iter().flat_map(|sdk| sdk.capabilities.iter().cloned()));
    if version >= ProtocolVersion::V3 {
        capabilities.push("spectator_relay".to_owned());
    }
    capabilities.extend(granted.labels().map(str::to_owned));
    let (oldest, newest) = config.versions;
    ProtocolInfo {
        platform: request.platform.clone(),
        sdk_version: request.sdk_version.clone(),
        minimum_version: sdk.and_then(|sdk| Some(sdk.minimum.as_ref()?.to_string())),
        recommended_version: sdk.and_then(|sdk| Some(sdk.recommended.as_ref()?.to_string())),
        capabilities,
        notes: sdk.and_then(|sdk| sdk.notes.clone()),
        game_data_formats: formats::offered(config),
        player_name_rules: Some(config.player_names.clone()),
        v3: Some(ProtocolInfoV3 {
            protocol_version: version.number(),
            min_protocol_version: oldest.number(),
            max_protocol_version: newest.number(),
            transports: vec![MessageTransport::Websocket],
            max_outbound_message_size: Some(config.outbox.message_bytes_max),
            implementation_version: Some(config.implementation_version.to_owned()),
            game_data_limits: formats::limits(config),
        }),
    }
}

fn disagree(error_code: ErrorCode, error: String, may_retry: bool) -> Disagreement {
    Disagreement { answer: AuthenticationError { error, error_code }, may_retry }
}

const BANNED: &str = "this player may not use this server";
