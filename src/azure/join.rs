//! Joins a session: the upgrade to a websocket (RFC 6455, section 4), through the same proxy and TLS as all else.
//! The address goes as it came: no token in it, no header that holds one, no subprotocol (measured, extension
//! 1.0.0b2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use hyper::http::header::{
    CONNECTION, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::uri::Authority;
use hyper::http::{HeaderMap, Request, Uri};
use sha1::{Digest as _, Sha1};

use super::arm::Azure;
use super::error::{AzureError, Reply};
use super::http::{self, Answer, Upgrade};
use super::reach::{ReachError, Stream};
use super::serial_console::Gateway;

impl Azure {
    /// Joins the session of `gateway`. What goes through afterwards are the frames of a websocket whose client we
    /// are; the gateway speaks first, then it wants the token as a text of its own.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn join(&self, gateway: &Gateway) -> Result<Box<dyn Stream>, AzureError> {
        let key = STANDARD.encode(super::random::bytes::<16>());
        let request = request(&gateway.url, &key)?;
        let blocked =
            |reason: String| AzureError::WebsocketBlocked { host: gateway.host().to_owned(), reason };
        match http::upgrade(self.caller.connector(), request).await {
            Ok(Upgrade::Done(headers, stream)) => {
                if accepts(&headers, &key) {
                    Ok(Box::new(stream))
                } else {
                    Err(blocked("the answer to the upgrade does not fit".to_owned()))
                }
            }
            Ok(Upgrade::Refused(answer)) => Err(refused(gateway, &answer)),
            Err(ReachError::Broken { reason, .. }) => Err(blocked(reason)),
            Err(other) => Err(other.into()),
        }
    }
}

fn request(url: &Uri, key: &str) -> Result<Request<Bytes>, ReachError> {
    let host = url.authority().map(Authority::as_str).unwrap_or_default();
    Request::builder()
        .uri(url)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "Upgrade")
        .header(SEC_WEBSOCKET_KEY, key)
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(ORIGIN, format!("https://{host}"))
        .body(Bytes::new())
        .map_err(|_| ReachError::BadUrl { url: format!("wss://{host}") })
}

/// A gateway refuses with an error of its own. A page, a redirection or plain success comes from something else.
fn refused(gateway: &Gateway, answer: &Answer) -> AzureError {
    let host = gateway.host().to_owned();
    let status = answer.status.as_u16();
    let page = answer.header("content-type").is_some_and(|kind| kind.contains("html"));
    if status < 400 || (page && answer.header("x-ms-request-id").is_none() && status != 502 && status != 503)
    {
        let by = answer.header("via").or_else(|| answer.header("server")).unwrap_or_default();
        let by = super::error::presentable(by);
        let by = if by.is_empty() { by } else { format!(" from {by}") };
        return AzureError::WebsocketBlocked {
            host,
            reason: format!("an answer{by} with status {status} came instead of the upgrade"),
        };
    }
    AzureError::UpgradeRefused { host, reply: Reply::of(status, &answer.body).without(&gateway.token) }
}

fn accepts(headers: &HeaderMap, key: &str) -> bool {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let upgraded = header(UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
    upgraded && header(SEC_WEBSOCKET_ACCEPT) == Some(&proof(key))
}

/// What a server answers to `key`.
fn proof(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_that_of_the_standard() {
        // The example of RFC 6455, section 1.3.
        assert_eq!(proof("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn nothing_secret_is_in_the_request() {
        let url: Uri = "wss://gw.example:8443/n/connector/c/sessions/s/client".parse().unwrap();
        let request = request(&url, "key").unwrap();
        let mut names: Vec<&str> = request.headers().keys().map(hyper::http::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["connection", "origin", "sec-websocket-key", "sec-websocket-version", "upgrade"]);
        assert_eq!(request.headers()[ORIGIN], "https://gw.example:8443");
    }
}
