//! Why a gateway closed a console, from the code and the reason of its close frame.

use std::fmt;

/// Why a console was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The token was not believed (1011, `Connection not trusted`).
    NotTrusted,
    /// A clean close that nobody here asked for: the service, or another user who took the console.
    ByService {
        /// The code of the close frame.
        code: u16,
        /// Its text.
        text: String,
    },
    /// The connection broke without a close frame: the network, a firewall's idle limit, or the service.
    Dropped {
        /// What the system said.
        error: Option<String>,
    },
    /// What came breaks the rules of websockets.
    Protocol {
        /// How.
        error: String,
    },
}

impl Reason {
    /// From a close frame.
    pub fn of_frame(code: u16, text: &str) -> Self {
        if code == 1011 && text.to_ascii_lowercase().contains("not trusted") {
            return Self::NotTrusted;
        }
        Self::ByService { code, text: super::error::presentable(text) }
    }

    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotTrusted => "azure-not-trusted",
            Self::ByService { .. } => "azure-closed",
            Self::Dropped { .. } => "azure-dropped",
            Self::Protocol { .. } => "azure-protocol",
        }
    }

    /// What to do next.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotTrusted => {
                "get a token for https://management.core.windows.net/ in the tenant of this subscription, then connect again"
            }
            Self::ByService { .. } => {
                "the console takes one user at a time and the newest wins: agree with the others, then connect again; \
                 what runs in the machine goes on"
            }
            Self::Dropped { .. } => "check the network, then connect again; what runs in the machine goes on",
            Self::Protocol { .. } => "does a proxy change the connection? connect again",
        }
    }

    /// Whether a new connection may help.
    pub fn is_worth_reconnecting(&self) -> bool {
        match self {
            Self::NotTrusted | Self::Protocol { .. } => false,
            Self::ByService { .. } | Self::Dropped { .. } => true,
        }
    }
}

/// What the codes mean (RFC 6455, IANA).
fn meaning(code: u16) -> &'static str {
    match code {
        1000 => "normally",
        1001 => "because it goes away",
        1002 => "because of an error in the protocol",
        1003 => "because it does not take this kind of data",
        1005 | 1006 => "without saying why",
        1007 => "because of invalid text",
        1008 => "because a rule of its own was broken",
        1009 => "because a message was too long",
        1011 => "because of an error of its own",
        1012 => "because it restarts",
        1013 => "because it is overloaded",
        1014 => "because the server behind it did not answer",
        _ => "for a reason of its own",
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTrusted => {
                f.write_str("the gateway did not accept the token (1011, connection not trusted)")
            }
            Self::ByService { code, text } => {
                write!(f, "the gateway closed the console {} ({code}", meaning(*code))?;
                if !text.is_empty() {
                    write!(f, ", \"{text}\"")?;
                }
                f.write_str("): an error of the service, its idle limit, or another user who connected")
            }
            Self::Dropped { error: None } => f.write_str("the connection to the gateway was dropped"),
            Self::Dropped { error: Some(error) } => {
                write!(f, "the connection to the gateway was dropped: {error}")
            }
            Self::Protocol { error } => write!(f, "what the gateway sent is no websocket: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_explained() {
        assert_eq!(Reason::of_frame(1011, "Connection not trusted"), Reason::NotTrusted);
        let taken = Reason::of_frame(1000, "");
        assert_eq!(
            taken.to_string(),
            "the gateway closed the console normally (1000): an error of the service, its idle limit, or another user who connected"
        );
        assert!(taken.is_worth_reconnecting());
        let text = Reason::of_frame(1011, "in\u{1b}[2Jternal").to_string();
        assert!(text.contains("an error of its own (1011, \"in [2Jternal\")"), "{text}");
        assert!(!Reason::NotTrusted.is_worth_reconnecting());
    }
}
