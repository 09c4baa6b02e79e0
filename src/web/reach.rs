//! A connection to a host: name → address → proxy → TLS.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::http::Uri;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::proxy::{Proxies, Proxy, connect_answer};
use super::trust::{self, TrustError};

/// How long it may take to get to a host, proxy and TLS included.
const CONNECT: Duration = Duration::from_secs(20);

/// Something that bytes go through both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A host cannot be reached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReachError {
    /// Its name has no address.
    #[error("the name {host} has no address: {reason}")]
    UnknownHost {
        /// The name.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// Nobody answers there.
    #[error("cannot connect to {host}: {error}")]
    NoConnection {
        /// Host and port.
        host: String,
        /// What the system said.
        error: io::Error,
    },
    /// It took too long.
    #[error("{host} did not answer within {} s", after.as_secs())]
    Silent {
        /// Host and port.
        host: String,
        /// How long was waited.
        after: Duration,
    },
    /// The proxy wants an account, or another one.
    #[error("the proxy {proxy} asks for an account")]
    ProxyAccount {
        /// The proxy.
        proxy: String,
        /// The schemes it takes.
        wants: Vec<String>,
    },
    /// The proxy does not connect us.
    #[error("the proxy {proxy} does not connect to {host}: {reason}")]
    ProxyRefused {
        /// The proxy.
        proxy: String,
        /// Where to.
        host: String,
        /// What it said.
        reason: String,
    },
    /// Its certificate is not believed.
    #[error("the certificate of {host} is not trusted: {reason}")]
    NotTrusted {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// TLS failed otherwise.
    #[error("no TLS with {host}: {reason}")]
    Tls {
        /// The host.
        host: String,
        /// Why.
        reason: String,
    },
    /// The connection broke while something was asked.
    #[error("the connection to {host} broke: {reason}")]
    Broken {
        /// The host.
        host: String,
        /// How.
        reason: String,
    },
    /// An address that cannot be used.
    #[error("`{url}` is no address that can be used")]
    BadUrl {
        /// The address, without query.
        url: String,
    },
}

impl ReachError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownHost { .. } => "web-unknown-host",
            Self::NoConnection { .. } | Self::Broken { .. } => "web-no-connection",
            Self::Silent { .. } => "web-silent",
            Self::ProxyAccount { .. } => "web-proxy-account",
            Self::ProxyRefused { .. } => "web-proxy-refused",
            Self::NotTrusted { .. } => "web-certificate",
            Self::Tls { .. } => "web-tls",
            Self::BadUrl { .. } => "web-bad-url",
        }
    }

    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::UnknownHost { .. } => "check the name".to_owned(),
            Self::NoConnection { .. } | Self::Silent { .. } | Self::Broken { .. } => {
                "check the address and the firewalls between; behind a proxy set HTTPS_PROXY".to_owned()
            }
            Self::ProxyAccount { wants, .. } if wants.iter().any(|s| s.eq_ignore_ascii_case("basic")) => {
                "set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT".to_owned()
            }
            Self::ProxyAccount { wants, .. } => format!(
                "it takes {}; sacpilot can only do Basic: use a local proxy that does the rest (cntlm, px)",
                wants.join(", ")
            ),
            Self::ProxyRefused { .. } => {
                "let the proxy allow CONNECT to this host and port, or name the host in NO_PROXY".to_owned()
            }
            Self::NotTrusted { .. } => {
                "pass the root certificate that signed it with --ca-file FILE".to_owned()
            }
            Self::Tls { .. } => {
                "does the host speak TLS at this port, and does nothing in between change it?".to_owned()
            }
            Self::BadUrl { .. } => "check the address".to_owned(),
        }
    }

    /// Whether trying again may help.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::NoConnection { .. } | Self::Silent { .. } | Self::Broken { .. })
    }
}

/// Makes connections.
#[derive(Debug, Clone)]
pub struct Connector {
    proxies: Proxies,
    tls: Arc<ClientConfig>,
}

/// Where a URL leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
}

impl Place {
    pub(crate) fn of(uri: &Uri) -> Result<Self, ReachError> {
        let bad = || ReachError::BadUrl { url: without_query(uri) };
        let tls = match uri.scheme_str() {
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
            _ => return Err(bad()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(bad)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self { host, port, tls })
    }
}

fn without_query(uri: &Uri) -> String {
    format!("{}://{}{}", uri.scheme_str().unwrap_or(""), uri.host().unwrap_or(""), uri.path())
}

impl Connector {
    /// Through `proxies`; certificates of `ca_file` are believed beside the system's.
    ///
    /// # Errors
    /// [`TrustError`]
    pub fn new(proxies: Proxies, ca_file: Option<&Path>) -> Result<Self, TrustError> {
        Ok(Self { proxies, tls: trust::client(ca_file)? })
    }

    /// Connects to where `uri` leads. What is not TLS (identity services on this machine, consoles in a lab) takes no
    /// proxy.
    pub(crate) async fn connect(&self, uri: &Uri) -> Result<Box<dyn Stream>, ReachError> {
        let place = Place::of(uri)?;
        let silent = ReachError::Silent { host: format!("{}:{}", place.host, place.port), after: CONNECT };
        timeout(CONNECT, self.reach(&place)).await.unwrap_or(Err(silent))
    }

    async fn reach(&self, place: &Place) -> Result<Box<dyn Stream>, ReachError> {
        if !place.tls {
            return Ok(Box::new(tcp(&place.host, place.port).await?));
        }
        match self.proxies.route(&place.host, place.port) {
            None => Ok(Box::new(self.secure(tcp(&place.host, place.port).await?, &place.host).await?)),
            Some(proxy) => {
                let stream = tcp(proxy.host(), proxy.port()).await?;
                if proxy.is_tls() {
                    let stream = through(proxy, self.secure(stream, proxy.host()).await?, place).await?;
                    Ok(Box::new(self.secure(stream, &place.host).await?))
                } else {
                    let stream = through(proxy, stream, place).await?;
                    Ok(Box::new(self.secure(stream, &place.host).await?))
                }
            }
        }
    }

    async fn secure<S: Stream>(
        &self,
        stream: S,
        host: &str,
    ) -> Result<tokio_rustls::client::TlsStream<S>, ReachError> {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| ReachError::BadUrl { url: host.to_owned() })?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        connector.connect(name, stream).await.map_err(|error| tls_error(host, &error))
    }
}

fn tls_error(host: &str, error: &io::Error) -> ReachError {
    let host = host.to_owned();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            let reason = match reason {
                rustls::CertificateError::UnknownIssuer => "nobody known here has signed it".to_owned(),
                other => other.to_string(),
            };
            ReachError::NotTrusted { host, reason }
        }
        Some(other) => ReachError::Tls { host, reason: other.to_string() },
        None => ReachError::Tls { host, reason: error.to_string() },
    }
}

async fn tcp(host: &str, port: u16) -> Result<TcpStream, ReachError> {
    let unknown = |reason: String| ReachError::UnknownHost { host: host.to_owned(), reason };
    let addresses = lookup_host((host, port)).await.map_err(|error| unknown(error.to_string()))?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Keys shall go out at once; that it cannot be set is no reason to stop.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(match last {
        Some(error) => ReachError::NoConnection { host: format!("{host}:{port}"), error },
        None => unknown("the resolver knows it, but has no address".to_owned()),
    })
}

/// Asks `proxy` to connect `stream` to `place`.
async fn through<S: Stream>(proxy: &Proxy, mut stream: S, place: &Place) -> Result<S, ReachError> {
    let refused = |reason: String| ReachError::ProxyRefused {
        proxy: proxy.to_string(),
        host: place.host.clone(),
        reason,
    };
    let broke = |error: io::Error| refused(error.to_string());
    let request = proxy.connect_request(&place.host, place.port);
    stream.write_all(request.expose().as_bytes()).await.map_err(broke)?;
    stream.flush().await.map_err(broke)?;
    // One byte at a time: what follows the head belongs to the host behind.
    let mut head = Vec::new();
    loop {
        let byte = match stream.read_u8().await {
            Ok(byte) => byte,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(refused("it closed the connection".to_owned()));
            }
            Err(error) => return Err(broke(error)),
        };
        head.push(byte);
        if byte != b'\n' && head.len() < 16 * 1024 {
            continue;
        }
        match connect_answer(&head) {
            None => {}
            Some(Err(reason)) => return Err(refused(reason.to_owned())),
            Some(Ok(answer)) => {
                return match answer.status {
                    200..=299 => Ok(stream),
                    407 => Err(ReachError::ProxyAccount { proxy: proxy.to_string(), wants: answer.wants }),
                    status => Err(refused(format!("it answered {status}"))),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_url_leads() {
        let place = |url: &str| Place::of(&url.parse().unwrap());
        let expect = |host: &str, port, tls| Place { host: host.to_owned(), port, tls };
        assert_eq!(place("https://h/x").unwrap(), expect("h", 443, true));
        assert_eq!(place("wss://[::1]:8443/x").unwrap(), expect("::1", 8443, true));
        assert_eq!(place("ws://h:6083/x?secret").unwrap(), expect("h", 6083, false));
        assert_eq!(place("http://169.254.169.254/x").unwrap(), expect("169.254.169.254", 80, false));
        assert_eq!(
            place("ftp://h/x?secret").unwrap_err().to_string(),
            "`ftp://h/x` is no address that can be used"
        );
    }
}
