//! What was asked, in order. Tokens are never kept; where one shows up that should not, that is kept.

use std::fmt;

/// One thing that came from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// A request: method, path with query, the headers that are not about tokens, the length of the body.
    Request {
        /// `GET`.
        method: String,
        /// Path and query as they came.
        target: String,
        /// Names and values, `authorization` as `***`.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
        /// What was answered.
        status: u16,
    },
    /// The first message in a session, or another one that is the token again.
    Token {
        /// It came as a text message.
        text: bool,
        /// It was accepted.
        accepted: bool,
        /// The gateway had spoken before.
        after_first_message: bool,
    },
    /// A ping.
    Ping,
    /// The client closed the session.
    Closed(u16),
}

/// Everything that was asked.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    list: Vec<Call>,
    leaks: Vec<String>,
}

impl Calls {
    /// In the order in which it came.
    pub fn all(&self) -> &[Call] {
        &self.list
    }

    /// Method and path of each request, without query.
    pub fn requests(&self) -> Vec<String> {
        self.list.iter().filter_map(Call::request).collect()
    }

    /// Where a token was found that has no business there.
    pub fn leaks(&self) -> &[String] {
        &self.leaks
    }

    /// The messages that were tokens.
    pub fn tokens(&self) -> Vec<&Call> {
        self.list.iter().filter(|call| matches!(call, Call::Token { .. })).collect()
    }

    pub(super) fn push(&mut self, call: Call) {
        self.list.push(call);
    }

    pub(super) fn leak(&mut self, place: impl fmt::Display) {
        self.leaks.push(place.to_string());
    }
}

impl Call {
    fn request(&self) -> Option<String> {
        match self {
            Self::Request { method, target, .. } => {
                Some(format!("{method} {}", target.split('?').next().unwrap_or_default()))
            }
            _ => None,
        }
    }
}
