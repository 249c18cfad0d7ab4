//! What operators and developers are shown, and on which listener.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use signal_fish_console::{Console, ConsoleConfig, Operators};
use signal_fish_hub::Hub;
use signal_fish_transport::{Listener, ListenerConfig, Pages, Tls};
use tracing::info;

use crate::plan::AdminPlan;

/// The listener for operators alone, if there is one, and the public one's `config` with what is shown there.
pub(crate) async fn open(
    plan: AdminPlan,
    hub: &Hub,
    config: ListenerConfig,
    tls: Option<&Tls>,
) -> Result<(Option<Listener>, ListenerConfig), (SocketAddr, io::Error)> {
    let AdminPlan { operators, addr, has_playground } = plan;
    let console = |operators, is_for_development| -> Option<Arc<dyn Pages>> {
        let version = env!("CARGO_PKG_VERSION");
        Some(Arc::new(Console::new(ConsoleConfig { operators, is_for_development, version })))
    };
    let Some(addr) = addr else {
        if !operators.exist() {
            info!("nobody is an operator: set admin.token for the admin API");
        }
        return Ok((None, ListenerConfig { pages: console(operators, has_playground), ..config }));
    };
    let own = ListenerConfig { has_websockets: false, pages: console(operators, false), ..config.clone() };
    let listener =
        Listener::bind(addr, hub.clone(), own, tls.cloned()).await.map_err(|error| (addr, error))?;
    info!(addr = %listener.local_addr(), "listening for operators");
    let public = ListenerConfig { pages: console(Operators::default(), has_playground), ..config };
    Ok((Some(listener), public))
}
