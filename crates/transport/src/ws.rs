//! WebSocket connections: one task each.

mod closing;
mod config;
mod connection;
mod deadlines;
mod fragments;
mod framing;
#[cfg_attr(feature = "echo", path = "ws/echo.rs")]
mod hearing;
mod incoming;
mod outgoing;
mod parting;
mod talk;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use signal_fish_hub::{Caller, Source};
use signal_fish_protocol::ControlEncoding;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tracing::{debug, error};

use crate::arrival::Visitor;
use crate::caps::SocketSlot;
use crate::http::Admitted;
use crate::listener::Endpoint;
use connection::Connection;

pub use config::ConnectionConfig;
pub(crate) use parting::Parting;

/// Starts the task of a connection whose upgrade has been answered. `first_bytes` came together with the request.
pub(crate) fn start<S>(
    endpoint: &Endpoint,
    socket_slot: SocketSlot,
    admitted: Admitted,
    visitor: Visitor,
    stream: S,
    first_bytes: Bytes,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Admitted { version, encoding, id, client, slot, bind } = admitted;
    let Visitor { addr: peer, certificate } = visitor;
    let caller = Caller { source: Source::of(client), certificate };
    let mut session = match encoding {
        ControlEncoding::Json => endpoint.hub.connect(version, caller),
        ControlEncoding::Protobuf => endpoint.hub.connect_protobuf(caller),
    };
    if let Some(bind) = bind
        && let Err(error) = session.bind(Instant::now().into_std(), bind)
    {
        endpoint.metrics.figures.upgrades_failed.increment(1);
        return error!(%id, %peer, %error, "a connection could not be bound");
    }
    let certificate = session.caller().certificate.as_ref().map(tracing::field::display);
    debug!(%id, %peer, %client, certificate, %version, ?encoding, "websocket connected");
    let config = if slot.is_of_reserve() { &endpoint.connection_of_reserve } else { &endpoint.connection };
    let metrics = Arc::clone(&endpoint.metrics);
    let mut connection = Connection::new(stream, first_bytes, session, config.load_full(), metrics);
    tokio::spawn(async move {
        // Held to the end, also to that of a panic.
        let _slots = (slot, socket_slot);
        // By reference: awaiting the value would keep room for it twice.
        let end = (&mut connection).await;
        connection.metrics().closed(end);
        debug!(%id, %peer, %end, "websocket ended");
    });
}
