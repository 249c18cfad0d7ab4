//! Signals and transport reports of one connection: how many it may send, and what becomes of those that go nowhere.

use std::time::{Duration, Instant};

use signal_fish_auth::Budget;
use signal_fish_engine::{Command, NO_SEAT, Signal, TOO_MANY_FAIL};
use signal_fish_protocol::{ErrorCode, SignalIn, TransportStatus};

use crate::config::HubConfig;
use crate::metrics::Limit;
use crate::session::Session;

/// How many signals one connection may send, and how often it is told what is wrong with them.
#[derive(Debug)]
pub(crate) struct SignalAllowance {
    signals: Prepaid,
    refusals: Prepaid,
}

/// A budget that is paid from before it is known whether there is anything to pay for. What is not used stays paid.
#[derive(Debug)]
struct Prepaid {
    budget: Budget,
    is_paid: bool,
}

/// Hands a signal to the room. Reports of transports count as signals.
pub(crate) fn on_signal(session: &mut Session, now: Instant, message: SignalIn<'_>) {
    let time = session.shared.budget_time(now);
    let allowance = allowance(session);
    let is_within_budget = allowance.signals.pay(time);
    let is_refusal_explained = allowance.refusals.pay(time);
    if !is_within_budget {
        session.shared.metrics.rejected(Limit::Signal);
    } else if !is_refusal_explained {
        session.shared.metrics.rejected(Limit::SignalError);
    }
    let bytes_max = session.shared.live.load().signal_bytes_max;
    let refusal = if message.signal.as_str().len() > bytes_max {
        Some((ErrorCode::SignalTooLarge, format!("a signal has at most {bytes_max} bytes of JSON")))
    } else {
        let SignalIn { to, generation, signal } = message;
        let is_target_seated = session.shared.sessions.is_seated(to);
        let payload = signal.into_owned();
        let signal =
            Signal { to, generation, payload, is_target_seated, is_within_budget, is_refusal_explained };
        match session.in_room(now, Command::Signal(signal)) {
            Ok(outcome) => return settle(session, outcome.refused),
            Err(_) => Some((ErrorCode::NotInRoom, NO_SEAT.to_owned())),
        }
    };
    if let Some((code, text)) = refusal {
        settle(session, true);
        if is_refusal_explained {
            session.refuse(now, code, text);
        } else {
            session.refuse(now, ErrorCode::SignalRateLimited, TOO_MANY_FAIL);
        }
    }
}

/// Hands a report to the room, unless there were too many: that is not worth an answer.
pub(crate) fn on_transport_status(session: &mut Session, now: Instant, status: TransportStatus) {
    let time = session.shared.budget_time(now);
    let signals = &mut allowance(session).signals;
    let may_report = signals.pay(time);
    signals.use_up();
    session.shared.metrics.reported(&status, may_report);
    let command = if may_report { Command::ReportTransport(status) } else { Command::StayActive };
    // There is nobody to tell where there is no room.
    let _ = session.in_room(now, command);
}

fn settle(session: &mut Session, is_refused: bool) {
    let allowance = allowance(session);
    if is_refused { allowance.refusals.use_up() } else { allowance.signals.use_up() }
}

/// Made when it is first needed: most connections send no signals.
fn allowance(session: &mut Session) -> &mut SignalAllowance {
    let live = &session.shared.live;
    session.signals.get_or_insert_with(|| Box::new(SignalAllowance::new(&live.load())))
}

impl SignalAllowance {
    fn new(config: &HubConfig) -> Self {
        let prepaid = |quota| Prepaid { budget: Budget::new(quota), is_paid: false };
        Self { signals: prepaid(config.signals), refusals: prepaid(config.signal_errors) }
    }
}

impl Prepaid {
    /// Whether there is one to use up.
    fn pay(&mut self, time: Duration) -> bool {
        self.is_paid = self.is_paid || self.budget.spend(time).is_ok();
        self.is_paid
    }

    const fn use_up(&mut self) {
        self.is_paid = false;
    }
}
