//! What operators and developers see and do over HTTP, beside the WebSockets of the players.
//!
//! Read `routes` for what there is and who may have it, `console` for the way of a request, and `operator` for how
//! somebody proves to be an operator.
//!
//! This crate must not know settings files, nor what a room does.

mod admin;
mod answers;
mod assets;
mod console;
mod metrics;
mod operator;
mod routes;

pub use console::{Console, ConsoleConfig};
pub use metrics::Figures;
pub use operator::Operators;
