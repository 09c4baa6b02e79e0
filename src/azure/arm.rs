//! Calls to the resource manager.

use std::sync::Arc;

use hyper::body::Bytes;
use hyper::http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use hyper::http::{HeaderValue, Method, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::{Caller, Progress};
use super::clock::Clock;
use super::cloud::{BaseUrl, Cloud};
use super::error::{AzureError, Reply};
use super::retry::Repeat;
use super::settings::Settings;
use super::token::Tokens;
use crate::secret::Secret;
use crate::web::http::Answer;
use crate::web::{Connector, ReachError};

/// The versions of the interfaces that are used.
pub(super) mod version {
    pub(in crate::azure) const COMPUTE: &str = "2024-11-01";
    pub(in crate::azure) const DISKS: &str = "2024-03-02";
    pub(in crate::azure) const NETWORK: &str = "2024-05-01";
    pub(in crate::azure) const STORAGE: &str = "2025-08-01";
    pub(in crate::azure) const SERIAL_CONSOLE: &str = "2024-07-01";
}

/// Azure, as one account sees it.
#[derive(Debug, Clone)]
pub struct Azure {
    pub(super) cloud: Cloud,
    pub(super) caller: Caller,
    tokens: Arc<Tokens>,
}

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Ask<'a> {
    /// What it does, after "no permission to".
    pub(super) what: &'a str,
    pub(super) method: Method,
    /// The resource manager of a region instead of the general one.
    pub(super) arm: Option<&'a BaseUrl>,
    /// Path, and query except for the version.
    pub(super) path: String,
    pub(super) version: &'static str,
    pub(super) body: Option<Value>,
    pub(super) repeat: Repeat,
}

impl<'a> Ask<'a> {
    pub(super) fn new(what: &'a str, method: Method, path: String, version: &'static str) -> Self {
        let repeat = Repeat::of(&method);
        Self { what, method, arm: None, path, version, body: None, repeat }
    }

    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Asking twice does no harm, although it is a POST.
    pub(super) fn repeatable(mut self) -> Self {
        self.repeat = Repeat::Freely;
        self
    }
}

impl Azure {
    /// Azure with `settings`. Nobody is asked yet.
    ///
    /// # Errors
    /// [`AzureError::Settings`]
    pub fn new(settings: Settings) -> Result<Self, AzureError> {
        let connector = Connector::new(settings.proxies, settings.ca_file.as_deref())
            .map_err(|error| AzureError::Settings(error.into()))?;
        Ok(Self {
            cloud: settings.cloud,
            caller: Caller::new(connector, settings.clock, settings.progress),
            tokens: Arc::new(Tokens::new(settings.source)),
        })
    }

    /// Azure as the environment of this process describes it.
    ///
    /// # Errors
    /// [`AzureError::Settings`]
    pub fn from_environment() -> Result<Self, AzureError> {
        let clock = Clock::showing(jiff::Timestamp::now());
        Self::new(Settings::from_variables(|name| std::env::var(name).ok(), None, clock)?)
    }

    /// The same, telling `progress` what is waited for. Both share their token.
    #[must_use]
    pub fn telling(mut self, progress: Progress) -> Self {
        self.caller = self.caller.telling(progress);
        self
    }

    /// The next call asks for a new token: the one in hand may have been taken back.
    pub async fn forget_token(&self) {
        self.tokens.forget().await;
    }

    /// Tells whoever listens what is waited for.
    pub fn tell(&self, text: &str) {
        self.caller.tell(text);
    }

    pub(super) async fn token(&self, subscription: &str) -> Result<Secret, AzureError> {
        Ok(self.tokens.get(&self.caller, &self.cloud, subscription).await?.secret)
    }

    /// Makes a call with the token for `subscription`. Only success is an answer.
    pub(super) async fn ask(&self, subscription: &str, ask: &Ask<'_>) -> Result<Answer, AzureError> {
        let separator = if ask.path.contains('?') { '&' } else { '?' };
        let path = format!("{}{separator}api-version={}", ask.path, ask.version);
        let url = ask.arm.unwrap_or(&self.cloud.arm).join(&path);
        self.ask_url(subscription, ask, &url).await
    }

    /// The same at an absolute URL, which must be the resource manager's: it gets the token.
    pub(super) async fn ask_url(
        &self,
        subscription: &str,
        ask: &Ask<'_>,
        url: &str,
    ) -> Result<Answer, AzureError> {
        let token = self.token(subscription).await?;
        let (answer, tries) = self.caller.call(|| request(ask, url, &token), ask.repeat).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let status = answer.status.as_u16();
        let reply = Reply::of(status, &answer.body).without(&token);
        let what = ask.what.to_owned();
        Err(match status {
            401 => {
                self.tokens.forget().await;
                AzureError::TokenRefused { reply }
            }
            403 => AzureError::Denied { what, reply },
            409 => AzureError::Conflict { what, reply },
            408 | 429 | 500..=599 => AzureError::Trouble { what, tries, reply },
            _ => AzureError::Refused { what, reply },
        })
    }

    /// Asks for a resource.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        subscription: &str,
        ask: &Ask<'_>,
    ) -> Result<T, AzureError> {
        decode(ask.what, &self.ask(subscription, ask).await?)
    }

    /// The same, where it may be absent: `None` when it is.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        subscription: &str,
        ask: &Ask<'_>,
    ) -> Result<Option<T>, AzureError> {
        match self.read(subscription, ask).await {
            Err(AzureError::Refused { reply, .. }) if reply.status == 404 => Ok(None),
            other => other.map(Some),
        }
    }
}

/// The body of an answer.
pub(super) fn decode<T: DeserializeOwned>(what: &str, answer: &Answer) -> Result<T, AzureError> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| AzureError::Unexpected { what: what.to_owned(), reason: error.to_string() })
}

/// The headers are those of Microsoft's client (measured, CLI 2.91.0).
fn request(ask: &Ask<'_>, url: &str, token: &Secret) -> Result<Request<Bytes>, ReachError> {
    let bad = || ReachError::BadUrl { url: url.split('?').next().unwrap_or_default().to_owned() };
    let mut authorization =
        HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| bad())?;
    authorization.set_sensitive(true);
    let body = ask.body.as_ref().map(Value::to_string).unwrap_or_default();
    let mut request = Request::builder()
        .method(ask.method.clone())
        .uri(url)
        .header(ACCEPT, "application/json")
        .header(ACCEPT_LANGUAGE, "en")
        .header(CONTENT_TYPE, "application/json")
        .header(AUTHORIZATION, authorization);
    if ask.method != Method::GET && ask.method != Method::DELETE {
        request = request.header(CONTENT_LENGTH, body.len());
    }
    request.body(Bytes::from(body)).map_err(|_| bad())
}
