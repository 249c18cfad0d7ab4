//! Read settings, build the parts, run until told to stop.
//!
//! The binary `signal-fish-server` is a thin shell around this; a program that wants rooms inside itself does the
//! same in three lines (the example `embedded`):
//!
//! ```
//! # async fn embedded() -> Result<(), Box<dyn std::error::Error>> {
//! use signal_fish_server::{Server, Settings};
//!
//! let server = Server::start(&Settings { port: 0, ..Settings::default() }).await?;
//! println!("ws://{}/v2/ws", server.local_addr());
//! server.run_until(async { tokio::signal::ctrl_c().await.unwrap() }).await?;
//! # Ok(())
//! # }
//! ```

pub mod cli;
mod console;
mod jwks;
mod memory;
mod metrics;
mod plan;
mod reload;
mod server;
mod settings;
mod sockets;
mod surroundings;

/// The examples of the guide work.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/authentication.md")]
struct Guide;

pub use jwks::JwksError;
pub use metrics::Exposition;
pub use reload::Reloader;
pub use server::{Server, StartError, StopError};
pub use settings::{
    AdminSettings, AllowedApp, CertificateSettings, ClientAuth, ConnectTokenSettings, EncryptionKeySettings,
    ForwardedHeaderSetting, GameDataSettings, IceServerSettings, JwtSettings, Key, Loaded, LogFormat,
    LogLevel, LoggingSettings, PlayerNameSettings, Problem, Problems, ProtocolSettings, RateLimitSettings,
    RelayTypeSettings, Reloaded, RuntimeSettings, SdkCompatibilitySettings, Secret, SecuritySettings,
    ServerSettings, SessionSettings, Settings, Sources, StorageSettings, TlsSettings, TokenBindingSettings,
    TopologyMax, TransportSettings, TurnSettings, WebsocketSettings,
};
pub use signal_fish_transport::{TlsError, Unsettled};
pub use sockets::{InheritedSocket, InheritedSockets, Place};
pub use surroundings::{OnReload, Surroundings};
