//! What `testssl` finds wrong with our TLS: nothing, but for what the certificate of a test brings with it.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use signal_fish_testkit::Authority;

use crate::server;
use crate::siege::without_address_limits;

#[test]
fn testssl_finds_no_weakness() {
    if Command::new("testssl").arg("--version").output().is_err() {
        return eprintln!("NOT RUN: testssl is not here");
    }
    let authority = Authority::new("testssl");
    let certificate = authority.issue(&["play.test"]);
    let launch = without_address_limits(server())
        .set("security.max_tls_handshakes_per_ip", json!(100_000))
        .set("security.transport.tls.enabled", json!(true))
        .set("security.transport.tls.certificate_path", json!(certificate.chain))
        .set("security.transport.tls.private_key_path", json!(certificate.key));
    let server = launch.start();
    let report = authority.path("testssl.json");
    let run = Command::new("testssl")
        .args(["--quiet", "--color", "0", "--warnings", "batch", "--ip", "one", "--fast", "--jsonfile"])
        .arg(&report)
        // Protocols, ciphers, forward secrecy, what the server prefers, headers, and every known weakness.
        .args(["-p", "-s", "-f", "-S", "-h", "-U"])
        .arg(format!("https://{}", server.addr()))
        .output()
        .expect("it has just told its version");
    let findings = fs::read(&report).ok().and_then(|bytes| serde_json::from_slice::<Vec<Value>>(&bytes).ok());
    let findings = findings.unwrap_or_else(|| panic!("no report: {}", String::from_utf8_lossy(&run.stdout)));
    let of =
        |id: &str| findings.iter().find(|finding| finding["id"] == id).map(|finding| &finding["severity"]);
    for checked in ["TLS1_2", "TLS1_3", "cipherlist_STRONG", "secure_client_renego"] {
        assert_eq!(of(checked), Some(&json!("OK")), "{checked}: {findings:#?}");
    }
    let is_weakness = |finding: &&Value| {
        let id = finding["id"].as_str().unwrap_or_default();
        // The authority is the test's own, and nobody has listed it anywhere.
        let is_of_certificate = id.starts_with("cert");
        !is_of_certificate && WEAK.iter().any(|severity| finding["severity"] == *severity)
    };
    let weaknesses: Vec<_> = findings.iter().filter(is_weakness).collect();
    assert!(weaknesses.is_empty(), "{weaknesses:#?}");
}

/// Above `LOW`.
const WEAK: [&str; 4] = ["MEDIUM", "HIGH", "CRITICAL", "FATAL"];
