//! `ws:`, `wss:`: the bytes of a console inside the binary messages of a websocket, as OpenStack's console proxy and
//! every other websockify in front of a serial port carry them.
//!
//! The address comes from OpenStack with a token in it, which lives for some minutes. So it is a secret, and a command
//! that gets a new one may stand in its place: it is asked again whenever the line is made anew.

use std::io;
use std::process::Stdio;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hyper::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio::io::DuplexStream;
use tokio::process::Command;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::refusal::Head;
use super::websocket::{self, BUFFER, End, Ended};
use super::{Line, OpenError, Refused, WebAddress, WebUrl, keep_through, write_through};
use crate::secret::{Secret, SecretSource, SourceError, shell};
use crate::web::{Connector, Proxies, ProxyError, ReachError, TrustError, Upgraded, upgrade};

/// How long a command may take to tell the address.
const TELLING: Duration = Duration::from_mins(2);

/// What websockify wants to hear; it answers text with an end (1003).
const SUBPROTOCOL: &str = "binary";

/// What the address is called in errors.
const ADDRESS: &str = "address of the websocket";

/// A websocket cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WsError {
    /// A proxy variable.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// Certificates.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The host cannot be reached.
    #[error(transparent)]
    Reach(#[from] ReachError),
    /// Nobody tells the address.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The command for the address failed.
    #[error("the command for the {ADDRESS} failed: {reason}")]
    Command {
        /// How, in its own words where it has some.
        reason: String,
    },
    /// The command for the address does not end.
    #[error("the command for the {ADDRESS} took longer than {} s", after.as_secs())]
    CommandSlow {
        /// How long was waited.
        after: Duration,
    },
    /// What was told is no address.
    #[error("what was told is no {ADDRESS}: {reason}")]
    NoAddress {
        /// Why not.
        reason: String,
    },
    /// The other side does not let us in.
    #[error("the {what} refuses the connection: {reason}")]
    Refused {
        /// The line.
        what: String,
        /// The status.
        status: u16,
        /// What it said.
        reason: String,
    },
    /// The other side hangs up in place of an answer: what websockify does with a token that it does not know.
    #[error("the {what} hung up without an answer: {reason}")]
    HungUp {
        /// The line.
        what: String,
        /// What the library says.
        reason: String,
    },
    /// Something else than a websocket answers.
    #[error("the {what} is no websocket: {reason}")]
    NoWebsocket {
        /// The line.
        what: String,
        /// Why not.
        reason: String,
    },
}

impl WsError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Proxy(_) => "web-proxy",
            Self::Trust(_) => "web-ca-file",
            Self::Reach(error) => error.code(),
            Self::Source(_) | Self::Command { .. } | Self::CommandSlow { .. } | Self::NoAddress { .. } => {
                "ws-address"
            }
            Self::Refused { .. } | Self::HungUp { .. } => "ws-refused",
            Self::NoWebsocket { .. } => "ws-none",
        }
    }

    /// What to do next.
    pub fn help(&self) -> String {
        match self {
            Self::Proxy(_) => "write http://[USER:PASSWORD@]HOST:PORT".to_owned(),
            Self::Trust(_) => "pass a file of PEM certificates with --ca-file or SSL_CERT_FILE".to_owned(),
            Self::Reach(error) => error.help(),
            Self::Source(SourceError::NotSet { name, .. } | SourceError::VariableNotText { name, .. }) => {
                format!("set {name} to the address, ws://HOST:PORT/?token=…")
            }
            Self::Source(SourceError::File { .. }) => {
                "its first line must be the address, ws://HOST:PORT/?token=…".to_owned()
            }
            Self::Source(_) | Self::Command { .. } | Self::CommandSlow { .. } => {
                "run it by hand: the first line that it prints must be the address".to_owned()
            }
            Self::NoAddress { .. } => {
                "it must be one line, ws://HOST:PORT/?token=… or wss://: `openstack console url show --serial \
                 SERVER -f value -c url` prints it"
                    .to_owned()
            }
            Self::Refused { status: 401 | 403 | 404, .. } => {
                "get a new address: the token in it lives for some minutes; ws:command:COMMAND gets one each time"
                    .to_owned()
            }
            Self::HungUp { .. } => {
                "the token in the address may be too old: get a new address, or let ws:command:COMMAND get one each \
                 time; or write wss: where ws: stands"
                    .to_owned()
            }
            Self::Refused { .. } => "look at the log of the console proxy".to_owned(),
            Self::NoWebsocket { .. } => {
                "check the address; does a proxy on the way let websockets through?".to_owned()
            }
        }
    }

    /// Whether another try may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Reach(error) => error.is_passing(),
            Self::Refused { status, .. } => *status >= 500,
            Self::CommandSlow { .. } => true,
            _ => false,
        }
    }
}

/// A websocket. It is closed when the line is dropped.
pub(super) struct WsLine {
    stream: DuplexStream,
    what: String,
    head: Head,
    secrets: Vec<Secret>,
    end: End,
}

keep_through!(WsLine, stream, head);
write_through!(WsLine, stream);

/// The way there, with the proxies that the environment of this process names.
///
/// # Errors
/// [`OpenError::Ws`]
pub(super) fn from_environment() -> Result<Connector, WsError> {
    let proxies = Proxies::from_variables(|name| std::env::var(name).ok())?;
    Ok(Connector::new(proxies, None)?)
}

/// Connects to `address`.
pub(super) async fn open(connector: &Connector, address: &WebAddress) -> Result<WsLine, OpenError> {
    Ok(connect(connector, address).await?)
}

async fn connect(connector: &Connector, address: &WebAddress) -> Result<WsLine, WsError> {
    let told;
    let url = match address {
        WebAddress::Url(url) => url,
        WebAddress::Told(source) => {
            told = tell(source).await?;
            &told
        }
    };
    let what = format!("websocket {url}");
    let asked = upgrade(connector, url.uri(), &[(SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL)]).await;
    let stream = match asked {
        Ok(Upgraded::Done(stream)) => stream,
        Ok(Upgraded::NoWebsocket(reason)) => {
            return Err(WsError::NoWebsocket { what, reason: reason.to_owned() });
        }
        Ok(Upgraded::Refused(answer)) => {
            let status = answer.status.as_u16();
            let named = answer.status.canonical_reason().unwrap_or_default();
            let reason = format!("{status} {named}").trim_end().to_owned();
            if status < 400 {
                return Err(WsError::NoWebsocket { what, reason: format!("it answered {reason}") });
            }
            return Err(WsError::Refused { what, status, reason });
        }
        Err(ReachError::Broken { reason, .. }) => return Err(WsError::HungUp { what, reason }),
        Err(other) => return Err(other.into()),
    };
    let socket = websocket::socket(stream).await;
    let (stream, inside) = tokio::io::duplex(BUFFER);
    let end = End::default();
    let as_binary = |bytes: &[u8]| vec![Message::binary(bytes.to_vec())];
    tokio::spawn(websocket::run(socket, Vec::new(), inside, Arc::clone(&end), as_binary));
    Ok(WsLine { stream, what, head: Head::default(), secrets: url.secrets(), end })
}

/// Asks for the address.
async fn tell(source: &SecretSource) -> Result<WebUrl, WsError> {
    let text = match source {
        SecretSource::Command(line) => {
            let mut command = Command::from(shell(line));
            command.stdin(Stdio::null()).kill_on_drop(true);
            let output = match timeout(TELLING, command.output()).await {
                Err(_) => return Err(WsError::CommandSlow { after: TELLING }),
                Ok(output) => output.map_err(|error| WsError::Command { reason: error.to_string() })?,
            };
            if !output.status.success() {
                let mut said = Head::default();
                said.keep(&output.stderr);
                let reason = match said.reason() {
                    Some(said) => format!("{}: {said}", output.status),
                    None => output.status.to_string(),
                };
                return Err(WsError::Command { reason });
            }
            source.printed(&output.stdout, ADDRESS)?
        }
        SecretSource::Variable(_) | SecretSource::File(_) => source.read(ADDRESS)?,
    };
    WebUrl::parse(text.expose().trim())
        .map_err(|problem| WsError::NoAddress { reason: problem.reason().to_owned() })
}

impl Line for WsLine {
    fn describe(&self) -> String {
        self.what.clone()
    }

    fn shows_the_past(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        self.secrets.clone()
    }

    fn refused(&self) -> Option<Refused> {
        self.head.refused()
    }

    fn hang_up(&mut self, _: Option<&io::Error>) -> String {
        if self.head.refusal().is_some()
            && let Some(reason) = self.head.reason()
        {
            return reason;
        }
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        match end.as_ref() {
            None | Some(Ended::Dropped { error: None }) => "the other side dropped the connection".to_owned(),
            Some(Ended::Dropped { error: Some(error) }) => format!("the connection was dropped: {error}"),
            Some(Ended::Protocol { error }) => format!("what the other side sent is no websocket: {error}"),
            Some(Ended::Closed { code, text }) => {
                let text: String = text.chars().filter(|c| !c.is_control()).collect();
                let said = if text.is_empty() { String::new() } else { format!(", \"{text}\"") };
                format!("the other side closed the connection ({code}{said})")
            }
        }
    }
}
