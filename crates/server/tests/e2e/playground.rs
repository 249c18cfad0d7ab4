//! The pages to try the server with: where there are any, and that they may use it.

use std::net::SocketAddr;

use serde_json::json;
use signal_fish_testkit::http;

use super::server;

#[test]
fn the_playground_is_there_for_development_and_names_only_what_there_is() {
    let server = server().start();
    let page = http(server.addr(), "GET", "/play", &[]);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'self';"), "{policy}");
    let page = page.body;
    let mut n_files = 0;
    for path in page.split('"').filter(|part| part.starts_with("/console/")) {
        assert_eq!(http(server.addr(), "GET", path, &[]).status, 200, "{path}");
        n_files += 1 + modules_of(server.addr(), path, 0);
    }
    assert!(n_files > 10, "only {n_files}");
}

#[test]
fn a_server_that_others_reach_has_no_playground_unless_it_is_told_to() {
    let apps = json!([{ "app_id": "tanks", "app_name": "Space Tanks" }]);
    let listing = || {
        let server = server().set("security.allowed_apps", apps.clone());
        server.set("security.enforce_app_id_allowlist", json!(true))
    };
    for server in [server().set("admin.playground", json!(false)), listing()] {
        let server = server.start();
        for path in ["/play", "/console/play/main.js"] {
            assert_eq!(http(server.addr(), "GET", path, &[]).status, 404);
        }
    }
    let told = listing().set("admin.playground", json!(true)).start();
    assert_eq!(http(told.addr(), "GET", "/play", &[]).status, 200);
}

/// Asks for all that a module imports, and what that imports; says how many those are.
fn modules_of(addr: SocketAddr, path: &str, depth: usize) -> usize {
    assert!(depth < 10, "{path} imports itself");
    let module = http(addr, "GET", path, &[]).body;
    let imports = module.lines().filter(|line| line.starts_with("import "));
    let mut n_files = 0;
    for import in imports.map(|line| line.split('"').nth(1).expect("a path in quotes")) {
        let imported = match import.strip_prefix("../") {
            Some(rest) => format!("/console/{rest}"),
            None => format!("/console/play/{}", import.trim_start_matches("./")),
        };
        // Modules of one folder name each other as neighbours.
        let imported =
            if path.contains("/common/") { imported.replace("/play/", "/common/") } else { imported };
        assert_eq!(http(addr, "GET", &imported, &[]).status, 200, "{path} imports {imported}");
        n_files += 1 + modules_of(addr, &imported, depth + 1);
    }
    n_files
}
