//! The address of a websocket. It often holds a token, so what is behind its question mark is a secret.

use std::fmt;

use hyper::http::Uri;

use super::LEFT_OUT;
use super::error::Problem;
use crate::secret::{Secret, SecretSource};
use crate::web::{Place, percent};

/// Shorter values are no tokens, and would be masked wherever they stand for something else.
const SHORTEST_TOKEN: usize = 8;

/// Where a websocket is.
#[derive(Clone, PartialEq, Eq)]
pub enum WebAddress {
    /// There.
    Url(WebUrl),
    /// Where this says at the moment of connecting: tokens live for minutes.
    Told(SecretSource),
}

/// `ws://HOST:PORT/PATH?QUERY`, or `wss://`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebUrl {
    uri: Uri,
    whole: Secret,
}

impl WebUrl {
    /// Reads `text`.
    pub(in crate::transport) fn parse(text: &str) -> Result<Self, Problem> {
        let bad = |reason: &'static str| Problem::BadUrl { reason };
        let (scheme, rest) = text.split_once("://").ok_or(bad("`//` is missing"))?;
        if !["ws", "wss"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(bad("it is neither ws: nor wss:"));
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if text.ends_with(LEFT_OUT) {
            return Err(Problem::LeftOut);
        }
        if authority.contains('@') {
            return Err(bad("an account in an address is not supported"));
        }
        if authority.is_empty() || authority.starts_with(':') {
            return Err(bad("it has no host"));
        }
        if text.contains('#') {
            return Err(bad("what is behind `#` is for browsers only"));
        }
        let port =
            authority.rsplit_once(':').filter(|(host, _)| !host.starts_with('[') || host.ends_with(']'));
        if port.is_some_and(|(_, port)| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Err(bad("a port is 1 to 65535"));
        }
        let uri: Uri = text.parse().map_err(|_| bad("it holds a character that must be escaped (%20)"))?;
        Place::of(&uri).map_err(|_| bad("it has no host"))?;
        let whole = Secret::new(text).map_err(|_| bad("it has no host"))?;
        Ok(Self { uri, whole })
    }

    /// For the one who connects.
    pub(in crate::transport) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The values of its query that are long enough to be tokens, as they stand there and as they mean.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut found: Vec<String> = Vec::new();
        let mut keep = |text: &str| {
            if text.len() >= SHORTEST_TOKEN && !found.iter().any(|known| known == text) {
                found.push(text.to_owned());
            }
        };
        for pair in self.uri.query().unwrap_or_default().split('&') {
            let value = pair.split_once('=').map_or(pair, |(_, value)| value);
            let meant = percent::decode(value);
            keep(value);
            keep(&meant);
            // noVNC puts an address into an address: `path=%3Ftoken%3D…`.
            keep(meant.rsplit_once('=').map_or("", |(_, inner)| inner));
        }
        found.into_iter().filter_map(|text| Secret::new(text).ok()).collect()
    }
}

impl WebAddress {
    pub(super) fn spelled_out(&self) -> String {
        match self {
            Self::Url(url) => url.whole.expose().to_owned(),
            Self::Told(source) => format!("ws:{source}"),
        }
    }
}

/// Without what may hold a token.
impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.whole.expose();
        match whole.split_once('?') {
            Some((before, _)) => write!(f, "{before}?{LEFT_OUT}"),
            None => f.write_str(whole),
        }
    }
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "{url}"),
            Self::Told(SecretSource::Command(_)) => write!(f, "ws:command:{LEFT_OUT}"),
            Self::Told(source) => write!(f, "ws:{source}"),
        }
    }
}

impl fmt::Debug for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebUrl({self})")
    }
}

impl fmt::Debug for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebAddress({self})")
    }
}
