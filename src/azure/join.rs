//! Joins a session: the upgrade to a websocket, through the same proxy and TLS as all else. The address goes as it
//! came: no token in it, no header that holds one, no subprotocol (measured, extension 1.0.0b2).

use hyper::http::header::{HeaderName, ORIGIN};
use hyper::http::uri::Authority;

use super::arm::Azure;
use super::error::{AzureError, Reply};
use super::serial_console::Gateway;
use crate::web::http::Answer;
use crate::web::{ReachError, Stream, Upgraded, upgrade};

impl Azure {
    /// Joins the session of `gateway`. What goes through afterwards are the frames of a websocket whose client we
    /// are; the gateway speaks first, then it wants the token as a text of its own.
    ///
    /// # Errors
    /// [`AzureError`]
    pub async fn join(&self, gateway: &Gateway) -> Result<Box<dyn Stream>, AzureError> {
        let blocked =
            |reason: String| AzureError::WebsocketBlocked { host: gateway.host().to_owned(), reason };
        let origin = origin(gateway);
        match upgrade(self.caller.connector(), &gateway.url, &headers(&origin)).await {
            Ok(Upgraded::Done(stream)) => Ok(stream),
            Ok(Upgraded::NoWebsocket(reason)) => Err(blocked(reason.to_owned())),
            Ok(Upgraded::Refused(answer)) => Err(refused(gateway, &answer)),
            Err(ReachError::Broken { reason, .. }) => Err(blocked(reason)),
            Err(other) => Err(other.into()),
        }
    }
}

fn origin(gateway: &Gateway) -> String {
    format!("https://{}", gateway.url.authority().map(Authority::as_str).unwrap_or_default())
}

fn headers(origin: &str) -> [(HeaderName, &str); 1] {
    [(ORIGIN, origin)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn nothing_secret_is_in_the_request() {
        let gateway = Gateway {
            url: "wss://gw.example:8443/n/connector/c/sessions/s/client".parse().unwrap(),
            token: Secret::new("token").unwrap(),
        };
        assert_eq!(headers(&origin(&gateway)), [(ORIGIN, "https://gw.example:8443")]);
    }
}
