//! Fetching a small text from the web: once, in time, from where it was asked for and nowhere else.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CACHE_CONTROL, ETAG, HOST, HeaderMap, HeaderValue, IF_NONE_MATCH, USER_AGENT};
use hyper::http::uri::Scheme;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Where something is to be fetched from: `https` anywhere, `http` only on this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebAddress(Uri);

/// It is no such address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("set an address like https://id.example/keys.json, or http:// on a loopback address")]
pub struct NoWebAddress;

impl WebAddress {
    /// Takes a whole address, without a user in it.
    pub fn parse(text: &str) -> Result<Self, NoWebAddress> {
        let uri: Uri = text.parse().map_err(|_| NoWebAddress)?;
        let address = Self(uri);
        let is_loopback = || address.host().parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let names_user = address.0.authority().is_some_and(|authority| authority.as_str().contains('@'));
        let may_be = !address.host().is_empty() && !names_user && (address.is_https() || is_loopback());
        let is_web = address.is_https() || address.0.scheme() == Some(&Scheme::HTTP);
        if may_be && is_web { Ok(address) } else { Err(NoWebAddress) }
    }

    fn is_https(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }

    fn host(&self) -> &str {
        self.0.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(if self.is_https() { 443 } else { 80 })
    }
}

impl fmt::Display for WebAddress {
    /// Without its query, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https() { "https" } else { "http" };
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        write!(f, "{scheme}://{authority}{}", self.0.path())
    }
}

/// What came.
#[derive(Debug)]
pub struct Fetched {
    /// The text; nothing if it is what it was when it had the mark that was shown.
    pub text: Option<String>,
    /// The mark of this text (`ETag`), if it has one.
    pub mark: Option<Mark>,
    /// How long it need not be fetched again (`Cache-Control: max-age`), if that was said.
    pub max_age: Option<Duration>,
}

/// What a text had as its `ETag`, to be shown when it is fetched again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark(HeaderValue);

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No answer in time.
    #[error("it took longer than {} seconds", FETCH_TIMEOUT.as_secs())]
    TooSlow,
    /// The host cannot be reached, or shows no certificate that is believed.
    #[error("cannot connect: {0}")]
    Connect(#[from] std::io::Error),
    /// The host can have no certificate.
    #[error("the host has no name that a certificate could have")]
    Name(#[from] InvalidDnsNameError),
    /// What it says is no HTTP.
    #[error("not understood: {0}")]
    Http(#[from] hyper::Error),
    /// It says no, or to go elsewhere.
    #[error("the answer was {0}")]
    Status(StatusCode),
    /// More than a text of this kind has.
    #[error("it is longer than {TEXT_BYTES_MAX} bytes")]
    TooLong,
    /// Not a text.
    #[error("it is no text in UTF-8")]
    NotText,
}

/// Whom to believe who they are, by their certificates: those whom the system trusts. `SSL_CERT_FILE` names others.
#[derive(Clone)]
pub struct Fetcher(TlsConnector);

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fetcher").finish_non_exhaustive()
    }
}

impl Fetcher {
    /// Reads files of the system. Where there are none, no `https` address can be fetched from.
    pub fn new() -> Self {
        let mut roots = RootCertStore::empty();
        // One that is not sound is one that nobody is believed by.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows every version")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self(TlsConnector::from(Arc::new(config)))
    }

    /// Fetches what is at `address` now, unless it still has `mark`. Follows no redirection, and ends within
    /// [`FETCH_TIMEOUT`] whatever the other side does.
    ///
    /// # Errors
    ///
    /// Nothing came that is both whole and a text.
    pub async fn get(&self, address: &WebAddress, mark: Option<&Mark>) -> Result<Fetched, FetchError> {
        let fetched = async {
            let stream = TcpStream::connect((address.host(), address.port())).await?;
            if address.is_https() {
                let name = ServerName::try_from(address.host().to_owned())?;
                ask(self.0.connect(name, stream).await?, address, mark).await
            } else {
                ask(stream, address, mark).await
            }
        };
        timeout(FETCH_TIMEOUT, fetched).await.map_err(|_| FetchError::TooSlow)?
    }
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new()
    }
}

async fn ask<S>(stream: S, address: &WebAddress, mark: Option<&Mark>) -> Result<Fetched, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async { read(sender.send_request(request(address, mark)).await?).await };
    tokio::pin!(connection, exchange);
    // Both on this task: nothing is left over, however it ends.
    tokio::select! {
        biased;
        fetched = &mut exchange => fetched,
        // All that came is in the hands of the exchange by now.
        _ = &mut connection => exchange.await,
    }
}

fn request(address: &WebAddress, mark: Option<&Mark>) -> Request<Empty<Bytes>> {
    let path = address.0.path_and_query().map_or("/", |path| path.as_str());
    let host = address.0.authority().map_or("", |authority| authority.as_str());
    let mut request = Request::get(path)
        .header(HOST, host)
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .header(USER_AGENT, concat!("signal-fish/", env!("CARGO_PKG_VERSION")))
        .body(Empty::new())
        .expect("all of it was part of an address");
    if let Some(Mark(etag)) = mark {
        request.headers_mut().insert(IF_NONE_MATCH, etag.clone());
    }
    request
}

async fn read(response: Response<Incoming>) -> Result<Fetched, FetchError> {
    let (head, body) = response.into_parts();
    let mark = head.headers.get(ETAG).cloned().map(Mark);
    let max_age = max_age(&head.headers);
    if head.status == StatusCode::NOT_MODIFIED {
        return Ok(Fetched { text: None, mark, max_age });
    }
    if head.status != StatusCode::OK {
        return Err(FetchError::Status(head.status));
    }
    let body = Limited::new(body, TEXT_BYTES_MAX).collect().await;
    let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
        Ok(error) => FetchError::Http(*error),
        Err(other) => {
            debug_assert!(other.is::<LengthLimitError>(), "there is nothing else");
            FetchError::TooLong
        }
    })?;
    let text = String::from_utf8(body.to_bytes().into()).map_err(|_| FetchError::NotText)?;
    Ok(Fetched { text: Some(text), mark, max_age })
}

/// What `Cache-Control` allows; not to keep it at all is an age of zero.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let ages = values.flat_map(|value| value.split(',')).filter_map(|directive| {
        let directive = directive.trim().to_ascii_lowercase();
        match directive.as_str() {
            "no-cache" | "no-store" => Some(Duration::ZERO),
            other => other.strip_prefix("max-age=")?.trim_matches('"').parse().map(Duration::from_secs).ok(),
        }
    });
    ages.min()
}

/// How long one fetch may take, from the first packet to the last.
pub const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// More than any set of keys has, even with the certificates that some carry.
const TEXT_BYTES_MAX: usize = 256 * 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_encrypted_addresses_and_those_of_this_machine_are_taken() {
        for good in [
            "https://id.example/keys.json",
            "https://id.example:8443/keys?tenant=1",
            "http://127.0.0.1:8080/keys",
            "http://[::1]/keys",
        ] {
            assert!(WebAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example/keys",
            "http://10.0.0.1/keys",
            "http://localhost/keys",
            "https://user:secret@id.example/keys",
            "ftp://127.0.0.1/keys",
            "id.example/keys",
            "/keys",
            "",
        ] {
            assert_eq!(WebAddress::parse(bad), Err(NoWebAddress), "{bad}");
        }
        let address = WebAddress::parse("https://id.example/keys?secret=1").unwrap();
        assert_eq!(address.to_string(), "https://id.example/keys");
    }

    #[test]
    fn the_shortest_age_counts() {
        let age = |value: &'static str| {
            max_age(&HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(value))]))
        };
        assert_eq!(age("public, max-age=600"), Some(Duration::from_secs(600)));
        assert_eq!(age("Max-Age=\"60\", max-age=30"), Some(Duration::from_secs(30)));
        assert_eq!(age("max-age=600, no-store"), Some(Duration::ZERO));
        assert_eq!(age("public, max-age=soon"), None);
        assert_eq!(max_age(&HeaderMap::new()), None);
    }
}
