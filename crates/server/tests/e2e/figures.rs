//! What is counted and measured, of the real binary, and in what form it is told.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use serde_json::json;
use signal_fish_testkit::{Dialect, ServerProcess, deadline, gather, http};

use crate::server;

#[test]
fn figures_are_for_operators() {
    let server = server().set("admin.token", json!(TOKEN)).start();
    for path in ["/metrics/prom", "/v1/metrics/prom", "/v2/metrics/prom"] {
        assert_eq!(http(server.addr(), "GET", path, &[]).status, 401, "{path}");
        assert!(scrape(&server, path).contains("signal_fish_build_info{version=\""), "{path}");
    }
}

#[test]
fn figures_are_well_formed_and_all_in_the_reference() {
    let server = server().set("admin.token", json!(TOKEN)).start();
    let [mut ada, mut bob] = gather(server.addr(), "ROOM42", [("Ada", Dialect::V2), ("Bob", Dialect::V3)]);
    ada.say(json!(1));
    bob.expect("GameData");
    let played = scrape(&server, "/metrics/prom");
    for line in ["connections_active 2", "rooms_live 1", "game_data_messages_total 1", "relay_bytes_total 1"]
    {
        let line = format!("signal_fish_{line}");
        assert!(played.lines().any(|found| found == line), "no line {line:?} in\n{played}");
    }
    lint(&played);
    drop((ada, bob));
    let until = deadline();
    while !scrape(&server, "/metrics/prom").contains("\nsignal_fish_connections_active 0\n") {
        assert!(Instant::now() < until, "they are still there");
    }
    lint(&scrape(&server, "/metrics/prom?published"));
}

/// Help and type stand once and before the samples, no sample comes twice, and the reference has every name.
#[track_caller]
fn lint(text: &str) {
    let (mut helped, mut types, mut samples) = (HashSet::new(), HashMap::new(), HashSet::new());
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').expect("a text after the name");
            assert!(helped.insert(name) && !text.is_empty(), "{line}");
        } else if let Some(said) = line.strip_prefix("# TYPE ") {
            let (name, kind) = said.split_once(' ').expect("a type after the name");
            assert!(helped.contains(name) && types.insert(name, kind).is_none(), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            let kind_in_reference = format!("| `{name}` | {kind} |");
            assert!(REFERENCE.contains(&kind_in_reference), "{name} is not in the reference as a {kind}");
        } else {
            let (sample, value) = line.rsplit_once(' ').expect("a value");
            let name = sample.split_once('{').map_or(sample, |(name, _)| name);
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let is_measured = family.is_some_and(|family| types.get(family) == Some(&"histogram"));
            assert!(is_measured || types.contains_key(name), "no type before {line}");
            assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
            assert!(samples.insert(sample), "twice: {line}");
        }
    }
    assert!(types.len() > 90, "only {} families", types.len());
}

#[track_caller]
fn scrape(server: &ServerProcess, path: &str) -> String {
    let answer = http(server.addr(), "GET", path, &[("Authorization", &format!("Bearer {TOKEN}"))]);
    let content_type = answer.header("content-type");
    assert_eq!((answer.status, content_type), (200, Some("text/plain; version=0.0.4; charset=utf-8")));
    answer.body
}

const REFERENCE: &str = include_str!("../../../../docs/reference/metrics.md");

const TOKEN: &str = "a-token-for-tests-alone";
