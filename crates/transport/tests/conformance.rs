//! The Autobahn cases of RFC 6455 against connections that say back what they hear, as plain text and under TLS.
//!
//! `kosoku` plays the client. Python gets it from its registry, once; where it cannot, the test says that it was not
//! run. Compression is left out: it is not offered.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::version::TLS13;
use serde_json::Value;
use signal_fish_auth::Authenticator;
use signal_fish_coordination::LocalCoordinator;
use signal_fish_hub::{Hub, HubConfig, OutboxLimits};
use signal_fish_storage::MemoryDatabase;
use signal_fish_testkit::Authority;
use signal_fish_transport::{
    CertificateFiles, ClientCertificates, ConnectionConfig, Listener, ListenerConfig, Tls, TlsFiles,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

#[tokio::test(flavor = "multi_thread")]
async fn every_case_passes_in_plain_text_and_under_tls() {
    let Some(kosoku) = kosoku() else {
        return eprintln!(
            "CONFORMANCE WAS NOT RUN: `python3 -m pip` cannot get {PACKAGE}, or there is no such Python"
        );
    };
    play(&kosoku, "plain", serve(None).await).await;

    let authority = Authority::new("conformance");
    let issued = authority.issue(&["play.test"]);
    let certificate = CertificateFiles { chain: issued.chain, key: issued.key };
    let files = TlsFiles { certificate, others: Vec::new(), clients: ClientCertificates::Unasked };
    let server = serve(Some(Tls::load(&files).unwrap())).await;
    let client = TlsConnector::from(Arc::new(authority.client(None, &[&TLS13])));
    play(&kosoku, "encrypted", encrypting(client, server).await).await;
}

/// Plays all cases with the server at `addr`.
async fn play(kosoku: &Path, name: &str, addr: SocketAddr) {
    let report = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("conformance-{name}"));
    // What an earlier run has left says nothing of this one.
    let _ = std::fs::remove_dir_all(&report);
    let mut python = python(kosoku);
    python.args(["-c", "from kosoku._cli import main; main()", "-p", "4", "-x", "12.*", "-x", "13.*", "-o"]);
    python.arg(&report).arg(format!("ws://{addr}/v2/ws"));
    let output = tokio::task::spawn_blocking(move || python.output())
        .await
        .expect("it only waits")
        .expect("it ran a moment ago");
    let said = String::from_utf8_lossy(&output.stderr);
    let index = std::fs::read(report.join("index.json")).unwrap_or_else(|error| panic!("{error}: {said}"));
    let index: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_slice(&index).expect("a report has one shape");
    let cases: Vec<_> = index.values().flatten().collect();
    assert_eq!(cases.len(), N_CASES, "{name}: {said}");
    let is_fine = |case: &Value, what| case[what].as_str().is_some_and(|behavior| FINE.contains(&behavior));
    let is_bad = |case: &Value| !is_fine(case, "behavior") || !is_fine(case, "behaviorClose");
    let bad: Vec<_> = cases.iter().filter(|(_, case)| is_bad(case)).collect();
    assert!(bad.is_empty(), "{name}, see {}: {bad:#?}", report.display());
}

/// A server that stays for as long as the test does, and has patience with messages of megabytes.
async fn serve(tls: Option<Tls>) -> SocketAddr {
    let outbox = OutboxLimits {
        message_bytes_max: MESSAGE_BYTES_MAX,
        messages_max: 10_000,
        bytes_max: MESSAGE_BYTES_MAX,
        ..HubConfig::default().outbox
    };
    let config = HubConfig { outbox, ..HubConfig::default() };
    let (database, coordinator) = (Arc::<MemoryDatabase>::default(), Arc::new(LocalCoordinator));
    let hub = Hub::start(config, Authenticator::open(), database, coordinator).await;
    let hub = hub.expect("memory can be read");
    let connection = ConnectionConfig {
        inbound_bytes_max: MESSAGE_BYTES_MAX,
        // A ping of ours is no part of any case.
        ping_interval: None,
        ..ConnectionConfig::default()
    };
    let config = ListenerConfig { connection, ..ListenerConfig::default() };
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::bind(any, hub, config, tls).expect("a free port");
    let addr = listener.local_addr();
    tokio::spawn(listener.serve(std::future::pending()));
    addr
}

/// Where a client that knows no TLS may connect to reach `server`, which knows nothing else.
async fn encrypting(tls: TlsConnector, server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let addr = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((mut plain, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                let name = ServerName::try_from("play.test").expect("it is one");
                let stream = TcpStream::connect(server).await.expect("it listens");
                let mut encrypted =
                    tls.connect(name, stream).await.expect("the certificate is for this name");
                // Either side may end as it likes: that is what is tested.
                let _ = tokio::io::copy_bidirectional(&mut plain, &mut encrypted).await;
            });
        }
    });
    addr
}

/// The folder with `kosoku` in it, if there is one or can be.
fn kosoku() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE);
    let is_there =
        || python(&folder).args(["-c", "import kosoku"]).output().is_ok_and(|out| out.status.success());
    if !is_there() {
        let mut pip = python(&folder);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"]);
        // What it says of its failure is seen with what this test says.
        let _ = pip.arg(&folder).arg(PACKAGE).stdout(Stdio::null()).status();
    }
    is_there().then_some(folder)
}

/// Python, as it finds what is in `folder`.
fn python(folder: &Path) -> Command {
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", folder).stdin(Stdio::null());
    python
}

const PACKAGE: &str = "kosoku==0.1.0";

/// All that have nothing to do with compression.
const N_CASES: usize = 301;

/// The last one is said where there is nothing that could be wrong.
const FINE: &[&str] = &["OK", "NON-STRICT", "INFORMATIONAL"];

/// The longest message of all cases.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
