//! Asks a running server whether it takes work: a health check for images that have nothing but this binary.

mod encrypted;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use signal_fish_server::Settings;

use crate::greeting::local_address;

/// Asks the server that runs with these settings, on this machine.
pub(crate) fn check(settings: &Settings) -> Result<ExitCode> {
    if settings.port == 0 {
        bail!("set `port` (or --port) to the port of the server to ask, not 0");
    }
    let addr = local_address(SocketAddr::new(settings.server.bind, settings.port));
    let status = status_of(addr, settings.security.transport.tls.enabled)
        .with_context(|| format!("no answer from {addr}"))?;
    if status != "200" {
        bail!("the server on {addr} takes no work: /readyz is {status}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The status of `/readyz`.
fn status_of(addr: SocketAddr, is_encrypted: bool) -> Result<String> {
    let stream = TcpStream::connect_timeout(&addr, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    if is_encrypted { ask(addr, encrypted::stream(addr, stream)?) } else { ask(addr, stream) }
}

fn ask(addr: SocketAddr, mut stream: impl Read + Write) -> Result<String> {
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    let mut words = answer.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (Some("HTTP/1.1"), Some(status)) => Ok(status.to_owned()),
        _ => bail!("that is no HTTP server"),
    }
}

/// An orchestrator's own deadline for a check is longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whatever listens there may not be ours.
const ANSWER_BYTES_MAX: u64 = 4_096;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// The outcome of a check against something that answers with `answer`.
    fn check_against(answer: &'static str) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answering = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let n_bytes = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..n_bytes]).into_owned()
        });
        let outcome = check(&Settings { port, ..Settings::default() });
        let request = answering.join().unwrap();
        assert_eq!(
            request,
            format!("GET /readyz HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n")
        );
        let without_port = |error: anyhow::Error| format!("{error:#}").replace(&port.to_string(), "PORT");
        outcome.map(|_| ()).map_err(without_port)
    }

    #[test]
    fn only_a_server_that_takes_work_is_healthy() {
        let draining = "the server on 127.0.0.1:PORT takes no work: /readyz is 503".to_owned();
        let other = "no answer from 127.0.0.1:PORT: that is no HTTP server".to_owned();
        assert_eq!(check_against("HTTP/1.1 200 OK\r\n\r\n"), Ok(()));
        assert_eq!(check_against("HTTP/1.1 503 Service Unavailable\r\n\r\n"), Err(draining));
        assert_eq!(check_against("SSH-2.0-OpenSSH"), Err(other.clone()));
        assert_eq!(check_against(""), Err(other));
    }

    #[test]
    fn a_server_on_any_free_port_cannot_be_asked() {
        assert!(check(&Settings { port: 0, ..Settings::default() }).is_err());
    }
}
