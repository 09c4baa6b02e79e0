//! The upgrade to a websocket (RFC 6455, section 4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use hyper::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::http::{HeaderMap, Request, Uri};
use sha1::{Digest as _, Sha1};

use super::http::{self, Answer, Upgrade};
use super::reach::{Connector, ReachError, Stream};

/// What became of an upgrade.
pub(crate) enum Upgraded {
    /// The frames of a websocket, whose client we are.
    Done(Box<dyn Stream>),
    /// It was refused.
    Refused(Answer),
    /// What was answered to it is none, and why.
    NoWebsocket(&'static str),
}

/// Asks for an upgrade at `url`, with `headers` beside those that it needs itself.
pub(crate) async fn upgrade(
    connector: &Connector,
    url: &Uri,
    headers: &[(HeaderName, &str)],
) -> Result<Upgraded, ReachError> {
    let key = STANDARD.encode(super::random::bytes::<16>());
    let request = request(url, &key, headers)?;
    let asked = headers.iter().find(|(name, _)| *name == SEC_WEBSOCKET_PROTOCOL).map(|(_, value)| *value);
    Ok(match http::upgrade(connector, request).await? {
        Upgrade::Refused(answer) => Upgraded::Refused(answer),
        Upgrade::Done(answered, _) if !accepts(&answered, &key) => {
            Upgraded::NoWebsocket("the answer to the upgrade does not fit")
        }
        Upgrade::Done(answered, _) if !agrees(&answered, asked) => {
            Upgraded::NoWebsocket("it chose a subprotocol that nobody asked for")
        }
        Upgrade::Done(_, stream) => Upgraded::Done(Box::new(stream)),
    })
}

fn request(url: &Uri, key: &str, headers: &[(HeaderName, &str)]) -> Result<Request<Bytes>, ReachError> {
    let mut request = Request::builder()
        .uri(url)
        .header(UPGRADE, "websocket")
        .header(CONNECTION, "Upgrade")
        .header(SEC_WEBSOCKET_KEY, key)
        .header(SEC_WEBSOCKET_VERSION, "13");
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    // Not its query: whoever knows that may get in.
    request.body(Bytes::new()).map_err(|_| ReachError::BadUrl { url: url.path().to_owned() })
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn accepts(headers: &HeaderMap, key: &str) -> bool {
    let upgraded = header(headers, UPGRADE).is_some_and(|value| value.eq_ignore_ascii_case("websocket"));
    upgraded && header(headers, SEC_WEBSOCKET_ACCEPT) == Some(&proof(key))
}

/// Choosing none is allowed.
fn agrees(headers: &HeaderMap, asked: Option<&str>) -> bool {
    let chosen = header(headers, SEC_WEBSOCKET_PROTOCOL);
    chosen.is_none_or(|chosen| asked.is_some_and(|asked| asked.eq_ignore_ascii_case(chosen)))
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
    fn a_subprotocol_that_was_not_asked_for_is_refused() {
        let mut headers = HeaderMap::new();
        assert!(agrees(&headers, None) && agrees(&headers, Some("binary")));
        headers.insert(SEC_WEBSOCKET_PROTOCOL, "base64".parse().unwrap());
        assert!(!agrees(&headers, None) && !agrees(&headers, Some("binary")));
        headers.insert(SEC_WEBSOCKET_PROTOCOL, "binary".parse().unwrap());
        assert!(agrees(&headers, Some("binary")));
    }
}
