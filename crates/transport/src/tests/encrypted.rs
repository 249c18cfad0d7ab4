//! Connections under TLS: who gets in, what they are shown, and that they are served like any other.

use std::path::Path;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, SupportedProtocolVersion, version};
use signal_fish_hub::CertificateFingerprint;
use signal_fish_testkit::{Authority, Issued};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::{CertificateFiles, ClientCertificates, TlsError, TlsFiles};

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

fn files_of(issued: &Issued) -> CertificateFiles {
    CertificateFiles { chain: issued.chain.clone(), key: issued.key.clone() }
}

fn plain_files(issued: &Issued) -> TlsFiles {
    TlsFiles { certificate: files_of(issued), others: Vec::new(), clients: ClientCertificates::Unasked }
}

async fn serve(files: TlsFiles) -> (Server, Tls) {
    let tls = Tls::load(&files).unwrap();
    let listener = ListenerConfig { connection: PATIENT, ..ListenerConfig::default() };
    let server = Parts { listener, ..Parts::default() }.start_with(Some(tls.clone())).await;
    (server, tls)
}

/// The handshake of a client that asks for `name`.
async fn shake(
    server: &Server,
    client: ClientConfig,
    name: &str,
) -> std::io::Result<TlsStream<DuplexStream>> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(client)).connect(name, server.open(4 * 1024)).await
}

/// What a handshake shows, by its fingerprint.
async fn shown(server: &Server, client: ClientConfig, name: &str) -> CertificateFingerprint {
    let stream = shake(server, client, name).await.unwrap();
    CertificateFingerprint::of(&stream.get_ref().1.peer_certificates().unwrap()[0])
}

fn fingerprint(files: &Issued) -> CertificateFingerprint {
    CertificateFingerprint::of(&files.der())
}

#[tokio::test]
async fn both_versions_of_tls_carry_a_websocket() {
    let authority = Authority::new("versions");
    let (server, _) = serve(plain_files(&authority.issue(&["play.test"]))).await;
    for versions in [&version::TLS12, &version::TLS13] {
        let mut config = authority.client(None, &[versions]);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = shake(&server, config, "play.test").await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(stream.get_ref().1.protocol_version(), Some(versions.version));
        // With the request come more messages than fit into the pipe at once.
        let mut client = upgrade(stream, &vec![Frame::text(PING); 30]).await;
        for _ in 0..30 {
            client.text_with("Pong").await;
        }
        client.send(&[Frame::new(Opcode::CLOSE, 1000_u16.to_be_bytes())]).await;
        client.closed(1000, "").await;
    }
    server.emptied().await;
}

#[tokio::test]
async fn who_speaks_no_tls_or_another_protocol_in_it_is_turned_away() {
    let authority = Authority::new("turned-away");
    let (server, _) = serve(plain_files(&authority.issue(&["play.test"]))).await;
    let mut config = authority.client(None, BOTH);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let error = shake(&server, config, "play.test").await.unwrap_err();
    assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");

    let mut plain = server.open(4 * 1024);
    plain.write_all(upgrade_request("/v2/ws").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // An alert, and the end.
    plain.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer.first(), Some(&21), "{answer:?}");
    server.emptied().await;
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_a_deadline() {
    let authority = Authority::new("deadline");
    let (server, _) = serve(plain_files(&authority.issue(&["play.test"]))).await;
    let mut silent = server.open(4 * 1024);
    let start = Instant::now();
    // The beginning of a record that never ends.
    silent.write_all(&[22, 3, 1]).await.unwrap();
    server.emptied().await;
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn the_name_that_a_client_asks_for_chooses_the_certificate() {
    let authority = Authority::new("names");
    let first = authority.issue(&["play.test", "www.play.test"]);
    let [second, third] = [authority.issue(&["other.test"]), authority.issue(&["*.wild.test"])];
    let others = vec![files_of(&second), files_of(&third)];
    let files = TlsFiles { others, ..plain_files(&first) };
    let (server, _) = serve(files).await;
    for (name, files) in [
        ("play.test", &first),
        ("www.play.test", &first),
        ("other.test", &second),
        ("eu.wild.test", &third),
        ("OTHER.test", &second),
    ] {
        assert_eq!(shown(&server, authority.client(None, BOTH), name).await, fingerprint(files), "{name}");
    }
    for stranger in ["nobody.test", "a.b.wild.test", "127.0.0.1"] {
        let error = shake(&server, authority.client(None, BOTH), stranger).await.unwrap_err();
        assert!(error.to_string().contains("not valid for name"), "{stranger}: {error}");
    }
    let mut nameless = authority.client(None, BOTH);
    nameless.enable_sni = false;
    assert_eq!(shown(&server, nameless, "play.test").await, fingerprint(&first));
}

/// Whether a client with this certificate is served; it is told only after its own side of the handshake is done.
async fn is_served(server: &Server, authority: &Authority, own: Option<&Issued>) -> bool {
    let Ok(mut stream) = shake(server, authority.client(own, BOTH), "play.test").await else { return false };
    let mut answer = Vec::new();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await.is_ok()
        && stream.flush().await.is_ok()
        && stream.read_to_end(&mut answer).await.is_ok()
        && answer.starts_with(b"HTTP/1.1 200 OK")
}

#[tokio::test]
async fn clients_show_their_certificates_where_they_have_to() {
    let [authority, stranger] = [Authority::new("clients"), Authority::new("strangers")];
    let certificate = authority.issue(&["play.test"]);
    let [known, unknown] = [authority.issue(&["ada"]), stranger.issue(&["eve"])];
    let authorities = authority.certificate();
    for (clients, without, with_known, with_unknown) in [
        (ClientCertificates::Unasked, true, true, true),
        (ClientCertificates::Optional { authorities: authorities.clone() }, true, true, false),
        (ClientCertificates::Required { authorities }, false, true, false),
    ] {
        let (server, _) = serve(TlsFiles { clients, ..plain_files(&certificate) }).await;
        assert_eq!(is_served(&server, &authority, None).await, without);
        assert_eq!(is_served(&server, &authority, Some(&known)).await, with_known);
        assert_eq!(is_served(&server, &authority, Some(&unknown)).await, with_unknown);
        server.emptied().await;
    }
}

#[tokio::test]
async fn the_session_knows_the_certificate_of_its_client() {
    let authority = Authority::new("known");
    let own = authority.issue(&["ada"]);
    let clients = ClientCertificates::Optional { authorities: authority.certificate() };
    let tls = Tls::load(&TlsFiles { clients, ..plain_files(&authority.issue(&["play.test"])) }).unwrap();
    for (client, expected) in
        [(authority.client(Some(&own), BOTH), Some(fingerprint(&own))), (authority.client(None, BOTH), None)]
    {
        let (near, far) = duplex(4 * 1024);
        let connector = TlsConnector::from(Arc::new(client));
        let name = ServerName::try_from("play.test").unwrap();
        let (accepted, connected) = tokio::join!(tls.accept(far), connector.connect(name, near));
        connected.unwrap();
        assert_eq!(crate::tls::client_certificate(&accepted.unwrap()), expected);
    }
}

#[tokio::test]
async fn renewed_certificates_are_for_new_connections() {
    let authority = Authority::new("renewed");
    let files = authority.issue(&["play.test"]);
    let (server, tls) = serve(plain_files(&files)).await;
    let before = fingerprint(&files);
    let mut client =
        upgrade(shake(&server, authority.client(None, BOTH), "play.test").await.unwrap(), &[]).await;

    authority.issue(&["play.test"]);
    assert_ne!(fingerprint(&files), before);
    assert_eq!(
        shown(&server, authority.client(None, BOTH), "play.test").await,
        before,
        "nobody has said so yet"
    );
    tls.renew(&Tls::load(&plain_files(&files)).unwrap());
    let renewed = fingerprint(&files);
    assert_eq!(shown(&server, authority.client(None, BOTH), "play.test").await, renewed);

    client.say(PING).await;
    client.text_with("Pong").await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_what_is_encrypted_for_it_is_ended_too() {
    let authority = Authority::new("stalled");
    let (server, _) = serve(plain_files(&authority.issue(&["play.test"]))).await;
    // More than the pipe holds, and much more.
    for n_messages in [300, 2_900] {
        let stream = shake(&server, authority.client(None, BOTH), "play.test").await.unwrap();
        let mut client = upgrade(stream, &[]).await;
        for _ in 0..n_messages / 100 {
            client.send(&vec![Frame::text(PING); 100]).await;
        }
        let start = Instant::now();
        server.hub().emptied().await;
        assert!((14..=15).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
        server.emptied().await;
    }
}

#[track_caller]
fn refused(files: TlsFiles, path: &Path, wrong: &str) {
    let error: TlsError = Tls::load(&files).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: {wrong}", path.display()));
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_name() {
    let authority = Authority::new("wrong");
    let good = authority.issue(&["play.test"]);
    let other = authority.issue(&["other.test"]);
    let missing = authority.path("missing.pem");
    let no_pem = authority.path("no-pem.pem");
    std::fs::write(&no_pem, "hello").unwrap();

    let with =
        |chain: &Path, key: &Path| plain_files(&Issued { chain: chain.to_owned(), key: key.to_owned() });
    let not_there = "cannot be read: No such file or directory (os error 2)";
    refused(with(&missing, &good.key), &missing, not_there);
    refused(with(&good.chain, &missing), &missing, not_there);
    refused(with(&no_pem, &good.key), &no_pem, "holds no certificate in PEM");
    refused(with(&good.chain, &no_pem), &no_pem, "holds no private key in PEM");
    refused(with(&good.key, &good.key), &good.key, "holds no certificate in PEM");
    let mismatch = format!("is not the key of the certificate in {}", good.chain.display());
    refused(with(&good.chain, &other.key), &other.key, &mismatch);

    let clients = ClientCertificates::Required { authorities: no_pem.clone() };
    refused(TlsFiles { clients, ..plain_files(&good) }, &no_pem, "holds no certificate in PEM");
    let others = vec![CertificateFiles { chain: missing.clone(), ..files_of(&other) }];
    refused(TlsFiles { others, ..plain_files(&good) }, &missing, not_there);
}
