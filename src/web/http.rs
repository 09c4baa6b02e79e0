//! One request and its answer. Each takes a connection of its own: a few calls and then minutes of silence gain
//! nothing from keeping one.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::http::header::{HOST, HeaderValue, USER_AGENT};
use hyper::http::{HeaderMap, Request, StatusCode, Uri};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::reach::{Connector, ReachError};

/// How long an answer may take once it was asked for.
const ANSWER: Duration = Duration::from_mins(1);
/// Answers are a few KiB; the longest is a list of storage accounts.
const LONGEST: usize = 8 * 1024 * 1024;
/// Who asks.
pub(crate) const AGENT: &str = concat!("sacpilot/", env!("CARGO_PKG_VERSION"));

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The value of a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What became of a request to upgrade.
pub(crate) enum Upgrade {
    /// The connection is ours.
    Done(HeaderMap, TokioIo<Upgraded>),
    /// It was refused.
    Refused(Answer),
}

/// Sends `request`, whose URI is absolute.
pub(crate) async fn send(connector: &Connector, request: Request<Bytes>) -> Result<Answer, ReachError> {
    let (host, response) = exchange(connector, request).await?;
    within(&host, whole(&host, response)).await
}

/// Sends `request`, which asks for an upgrade.
pub(crate) async fn upgrade(connector: &Connector, request: Request<Bytes>) -> Result<Upgrade, ReachError> {
    let (host, mut response) = exchange(connector, request).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(Upgrade::Refused(within(&host, whole(&host, response)).await?));
    }
    let upgraded = hyper::upgrade::on(&mut response).await.map_err(|error| broken(&host, &error))?;
    Ok(Upgrade::Done(response.headers().clone(), TokioIo::new(upgraded)))
}

type Response = hyper::http::Response<hyper::body::Incoming>;

async fn exchange(connector: &Connector, request: Request<Bytes>) -> Result<(String, Response), ReachError> {
    let stream = connector.connect(request.uri()).await?;
    let request = to_origin(request)?;
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(&host, &error))?;
    // Ends with the answer, or when the upgraded stream is dropped.
    tokio::spawn(connection.with_upgrades());
    let response =
        within(&host, async { sender.send_request(request).await.map_err(|error| broken(&host, &error)) });
    let response = response.await?;
    Ok((host, response))
}

/// The request as it goes to the host itself: the path in the first line, the host in a header.
fn to_origin(request: Request<Bytes>) -> Result<Request<Full<Bytes>>, ReachError> {
    let (mut parts, body) = request.into_parts();
    let bad = |uri: &Uri| ReachError::BadUrl { url: uri.path().to_owned() };
    let authority = parts.uri.authority().map(|authority| authority.as_str().to_owned());
    let authority = authority.ok_or_else(|| bad(&parts.uri))?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).parse();
    let host = HeaderValue::from_str(&authority).map_err(|_| bad(&parts.uri))?;
    parts.uri = path.map_err(|_| bad(&parts.uri))?;
    parts.headers.insert(HOST, host);
    parts.headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    Ok(Request::from_parts(parts, Full::new(body)))
}

async fn whole(host: &str, response: Response) -> Result<Answer, ReachError> {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, LONGEST)
        .collect()
        .await
        .map_err(|error| ReachError::Broken { host: host.to_owned(), reason: error.to_string() })?;
    Ok(Answer { status: parts.status, headers: parts.headers, body: body.to_bytes() })
}

async fn within<T>(host: &str, task: impl Future<Output = Result<T, ReachError>>) -> Result<T, ReachError> {
    match timeout(ANSWER, task).await {
        Ok(done) => done,
        Err(_) => Err(ReachError::Silent { host: host.to_owned(), after: ANSWER }),
    }
}

fn broken(host: &str, error: &hyper::Error) -> ReachError {
    let reason = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    ReachError::Broken { host: host.to_owned(), reason }
}
