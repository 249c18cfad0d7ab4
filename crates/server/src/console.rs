//! What operators and developers are shown, and on which listener.

use std::sync::Arc;

use signal_fish_console::{Console, ConsoleConfig, Figures, Operators};
use signal_fish_hub::Hub;
use signal_fish_transport::{Bound, Listener, ListenerConfig, Pages, Tls};
use tracing::info;

use crate::plan::AdminPlan;

/// The listener for operators alone, without sockets if there are none for it, and the public one's `config` with what
/// is shown there.
pub(crate) fn open(
    plan: AdminPlan,
    sockets: Vec<Bound>,
    figures: &Figures,
    hub: &Hub,
    config: ListenerConfig,
    tls: Option<&Tls>,
) -> (Listener, ListenerConfig) {
    let AdminPlan { operators, addr: _, has_playground } = plan;
    if !operators.exist() {
        info!("nobody is an operator: set admin.token for the admin API");
    }
    let console = |operators, is_for_development| -> Option<Arc<dyn Pages>> {
        let version = env!("CARGO_PKG_VERSION");
        let figures = figures.clone();
        Some(Arc::new(Console::new(hub, ConsoleConfig { operators, is_for_development, figures, version })))
    };
    let (on_own, on_public) = if sockets.is_empty() {
        (Operators::default(), operators)
    } else {
        (operators, Operators::default())
    };
    let own = ListenerConfig { has_websockets: false, pages: console(on_own, false), ..config.clone() };
    let admin = Listener::of(sockets, hub.clone(), own, tls.cloned());
    if let Some(addr) = admin.tcp_addr() {
        info!(%addr, "listening for operators");
    }
    (admin, ListenerConfig { pages: console(on_public, has_playground), ..config })
}
