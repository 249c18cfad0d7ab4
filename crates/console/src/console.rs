//! The way of a request: which page it is for, whether whoever asks may have it, and what that answers.

use std::future::ready;

use hyper::StatusCode;
use signal_fish_hub::{Hub, Oversight};
use signal_fish_transport::{PageFuture, PageRequest, Pages};

use crate::admin::{self, Query};
use crate::answers::{Answer, Problem, json};
use crate::metrics::Figures;
use crate::operator::Operators;
use crate::routes::{Page, ROUTES, Route, Who};

/// What operators and developers see and do, on one listener.
#[derive(Clone, Debug)]
pub struct Console {
    hub: Oversight,
    config: ConsoleConfig,
}

/// What one listener shows, and to whom.
#[derive(Clone, Default, Debug)]
pub struct ConsoleConfig {
    /// Who is an operator here. Where nobody can be, there are no pages for operators.
    pub operators: Operators,
    /// Whether there are pages for development, open to all.
    pub is_for_development: bool,
    /// What it counts and measures.
    pub figures: Figures,
    /// The version of the server.
    pub version: &'static str,
}

impl Console {
    /// What a listener shows.
    pub fn new(hub: &Hub, config: ConsoleConfig) -> Self {
        Self { hub: hub.oversight(), config }
    }

    /// Whether there is this page here at all.
    fn has(&self, route: &Route) -> bool {
        match route.who {
            Who::Public => true,
            Who::Development => self.config.is_for_development,
            Who::Operator => self.config.operators.exist(),
            Who::Collector => self.config.operators.exist() || self.config.is_for_development,
        }
    }

    /// The page with this path, and what stands in the place of the braces.
    fn find<'p>(&self, path: &'p str) -> Option<(&'static Route, Option<&'p str>)> {
        let mut routes = ROUTES.iter().filter(|route| self.has(route));
        routes.find_map(|route| route.match_path(path).map(|named| (route, named)))
    }

    fn respond(&self, request: &PageRequest) -> Answer {
        let Some((route, named)) = self.find(&request.path) else {
            return Problem::new(StatusCode::NOT_FOUND, "there is no such page", "ask for another path")
                .answer();
        };
        let is_guarded = match route.who {
            Who::Public | Who::Development => false,
            Who::Operator => true,
            Who::Collector => self.config.operators.exist(),
        };
        if is_guarded && !self.config.operators.admit(&request.headers, request.certificate) {
            let detail = "send `Authorization: Bearer` with the token of the settings";
            return Problem::new(StatusCode::UNAUTHORIZED, "this is for operators", detail).answer();
        }
        let (hub, query, id) = (&self.hub, &Query(&request.query), named.unwrap_or_default());
        let answered = match route.page {
            Page::Asset(asset) => Ok(asset.answer(&request.headers)),
            Page::Figures => Ok(self.config.figures.answer(&request.query)),
            Page::Version => Ok(json(&serde_json::json!({ "version": self.config.version }))),
            Page::Rooms => admin::rooms(hub, query),
            Page::Room => admin::room(hub, id),
            Page::CloseRoom => admin::close_room(hub, id),
            Page::Connections => admin::connections(hub, query),
            Page::Connection => admin::connection(hub, id),
            Page::Kick => admin::kick(hub, id),
            Page::Disconnects => admin::disconnects(hub, query),
        };
        answered.unwrap_or_else(|problem| problem.answer())
    }
}

impl Pages for Console {
    fn allowed(&self, path: &str) -> Option<&'static str> {
        self.find(path).map(|(route, _)| route.method)
    }

    fn answer(&self, request: PageRequest) -> PageFuture {
        Box::pin(ready(self.respond(&request)))
    }
}
