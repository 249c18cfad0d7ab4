//! Every page there is: its path, its method, and who may have it.

use crate::assets::{self, Asset};

/// One page: each has a path of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    /// As an `Allow` header spells it.
    pub(crate) method: &'static str,
    /// A segment in braces stands for anything.
    pub(crate) path: &'static str,
    pub(crate) who: Who,
    pub(crate) page: Page,
}

/// Who may have a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Who {
    /// Everyone who reaches the port.
    Public,
    /// Everyone, where the server says that it is for development.
    Development,
    /// Operators.
    Operator,
    /// Operators; everyone, where nobody is one and the server is for development.
    Collector,
}

/// What a page is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    /// A file of the program.
    Asset(Asset),
    /// What the server counts and measures.
    Figures,
    /// Which server this is.
    Version,
    /// All rooms, page by page.
    Rooms,
    /// One room.
    Room,
    /// The end of a room.
    CloseRoom,
    /// All connections, page by page.
    Connections,
    /// One connection.
    Connection,
    /// The end of a connection.
    Kick,
    /// Connections that have ended, and why.
    Disconnects,
}

/// Every page there is.
pub(crate) const ROUTES: &[Route] = &[
    Route { method: GET, path: "/console/style.css", who: Who::Public, page: Page::Asset(assets::STYLE) },
    for_development("/play", assets::PLAY),
    for_development("/console/play/play.css", assets::PLAY_STYLE),
    for_development("/console/play/fish.svg", assets::FISH),
    for_development("/console/play/main.js", assets::MAIN),
    for_development("/console/play/pane.js", assets::PANE),
    for_development("/console/play/client.js", assets::CLIENT),
    for_development("/console/play/room.js", assets::ROOM),
    for_development("/console/play/rtc.js", assets::RTC),
    for_development("/console/play/pond.js", assets::POND),
    for_development("/console/play/meters.js", assets::METERS),
    for_development("/console/play/log.js", assets::LOG),
    for_development("/console/play/meanings.js", assets::MEANINGS),
    for_development("/console/common/dom.js", assets::DOM),
    for_development("/console/common/plot.js", assets::PLOT),
    Route { method: GET, path: "/metrics/prom", who: Who::Collector, page: Page::Figures },
    Route { method: GET, path: "/v1/metrics/prom", who: Who::Collector, page: Page::Figures },
    Route { method: GET, path: "/v2/metrics/prom", who: Who::Collector, page: Page::Figures },
    Route { method: GET, path: "/admin/v1/version", who: Who::Operator, page: Page::Version },
    Route { method: GET, path: "/admin/v1/rooms", who: Who::Operator, page: Page::Rooms },
    Route { method: GET, path: "/admin/v1/rooms/{id}", who: Who::Operator, page: Page::Room },
    Route { method: POST, path: "/admin/v1/rooms/{id}/close", who: Who::Operator, page: Page::CloseRoom },
    Route { method: GET, path: "/admin/v1/connections", who: Who::Operator, page: Page::Connections },
    Route { method: GET, path: "/admin/v1/connections/{id}", who: Who::Operator, page: Page::Connection },
    Route { method: POST, path: "/admin/v1/connections/{id}/kick", who: Who::Operator, page: Page::Kick },
    Route { method: GET, path: "/admin/v1/disconnects", who: Who::Operator, page: Page::Disconnects },
];

const GET: &str = "GET, HEAD";
const POST: &str = "POST";

const fn for_development(path: &'static str, asset: Asset) -> Route {
    Route { method: GET, path, who: Who::Development, page: Page::Asset(asset) }
}

impl Route {
    /// What stands in the place of the braces, if this is the path.
    pub(crate) fn match_path<'p>(&self, path: &'p str) -> Option<Option<&'p str>> {
        let (mut found, mut parts) = (None, path.split('/'));
        for wanted in self.path.split('/') {
            let part = parts.next()?;
            if wanted.starts_with('{') {
                found = Some(part).filter(|part| !part.is_empty());
                found?;
            } else if wanted != part {
                return None;
            }
        }
        parts.next().is_none().then_some(found)
    }
}
