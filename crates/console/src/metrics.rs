//! The figures of the server, in the text format of Prometheus.

use std::fmt;
use std::sync::{Arc, OnceLock};

use hyper::StatusCode;

use crate::answers::{Answer, Problem, body};

/// What writes all figures, once the server has any: pages are there before it listens.
#[derive(Clone, Default)]
pub struct Figures(Arc<OnceLock<Render>>);

/// Whether the gauges in milliseconds are wanted too, which Prometheus advises against.
type Render = Box<dyn Fn(bool) -> String + Send + Sync>;

impl Figures {
    /// From now on figures are written by `render`, which is told whether the gauges in milliseconds of the published server
    /// are wanted too. Only the first call counts.
    pub fn are_written_by(&self, render: impl Fn(bool) -> String + Send + Sync + 'static) {
        // A second one would be a second server behind the same pages.
        let _ = self.0.set(Box::new(render));
    }

    pub(crate) fn answer(&self, query: &str) -> Answer {
        let Some(render) = self.0.get() else {
            return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "there are no figures yet", "ask again")
                .answer();
        };
        body(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", render(query == "published"))
    }
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Figures").finish_non_exhaustive()
    }
}
