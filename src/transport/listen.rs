//! The other side of `pty:`, `unix:` and `tcp:`: offers a console to other programs.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

#[cfg(unix)]
use super::offered::{OfferedSocket, OfferedTerminal};
#[cfg(windows)]
use super::offered_pipe::OfferedPipe;
use super::{Endpoint, EndpointError, Problem};

/// Where to offer a console: `tcp:ADDRESS:PORT` (port 0: any that is free), `unix:PATH`, `pty:PATH`,
/// `pipe:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A port of this computer.
    Tcp {
        /// Address or name of this computer, without brackets.
        host: String,
        /// Port; 0: any that is free.
        port: u16,
    },
    /// A socket in the file system.
    Unix {
        /// Where it is made.
        path: PathBuf,
    },
    /// A terminal.
    Pty {
        /// Where a symbolic link to it is made.
        path: PathBuf,
    },
    /// A named pipe of Windows.
    Pipe {
        /// Its whole path.
        path: String,
    },
}

/// The text does not say where to listen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ListenError {
    reason: String,
    help: String,
}

impl ListenError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        "listen-address"
    }

    /// What to write instead.
    pub fn help(&self) -> &str {
        &self.help
    }
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let help =
            "write tcp:127.0.0.1:PORT, unix:PATH, pty:PATH or azure:127.0.0.1:PORT, on Windows pipe:NAME"
                .to_owned();
        // Port 0 is none to connect to, but one to listen at.
        let any_port = text.strip_suffix(":0").filter(|start| start.starts_with("tcp:"));
        let parsed = any_port.map_or_else(|| text.parse(), |start| format!("{start}:1").parse());
        match parsed {
            Ok(Endpoint::Tcp { host, port }) => {
                Ok(Self::Tcp { host, port: if any_port.is_some() { 0 } else { port } })
            }
            Ok(Endpoint::Unix { path }) => Ok(Self::Unix { path }),
            Ok(Endpoint::Pty { path }) => Ok(Self::Pty { path }),
            Ok(Endpoint::Pipe { path }) => Ok(Self::Pipe { path }),
            Ok(_) => Err(ListenError {
                reason: format!("`{}` is nothing to listen at", text.escape_debug()),
                help,
            }),
            Err(EndpointError { problem: Problem::NoScheme { .. }, .. }) => Err(ListenError {
                reason: format!("`{}` does not say where to listen", text.escape_debug()),
                help,
            }),
            Err(error) => Err(ListenError { reason: error.to_string(), help: error.help() }),
        }
    }
}

/// A console is offered here. Sockets and links in the file system are removed when this is dropped.
pub struct Listener(Kind);

enum Kind {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(OfferedSocket),
    #[cfg(unix)]
    Pty(OfferedTerminal),
    #[cfg(windows)]
    Pipe(OfferedPipe),
}

/// The two directions of one who uses the console.
pub trait Client: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Client for T {}

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    /// What the system says; `AlreadyExists` when the path of a socket or link is taken.
    pub async fn bind(listen: &Listen) -> io::Result<Self> {
        Ok(Self(match listen {
            Listen::Tcp { host, port } => Kind::Tcp(TcpListener::bind((host.as_str(), *port)).await?),
            #[cfg(unix)]
            Listen::Unix { path } => Kind::Unix(OfferedSocket::bind(path)?),
            #[cfg(unix)]
            Listen::Pty { path } => Kind::Pty(OfferedTerminal::open(path)?),
            #[cfg(windows)]
            Listen::Pipe { path } => Kind::Pipe(OfferedPipe::bind(path)?),
            #[cfg(not(windows))]
            Listen::Pipe { .. } => return Err(io::ErrorKind::Unsupported.into()),
            #[cfg(not(unix))]
            Listen::Unix { .. } | Listen::Pty { .. } => return Err(io::ErrorKind::Unsupported.into()),
        }))
    }

    /// What others connect to.
    pub fn endpoint(&self) -> Endpoint {
        match &self.0 {
            Kind::Tcp(listener) => {
                let address = listener.local_addr();
                let (host, port) = address.map_or_else(
                    |_| (String::new(), 0),
                    |address| (address.ip().to_string(), address.port()),
                );
                Endpoint::Tcp { host, port }
            }
            #[cfg(unix)]
            Kind::Unix(socket) => Endpoint::Unix { path: socket.path().to_owned() },
            #[cfg(unix)]
            Kind::Pty(terminal) => Endpoint::Pty { path: terminal.path().to_owned() },
            #[cfg(windows)]
            Kind::Pipe(pipe) => Endpoint::Pipe { path: pipe.path().to_owned() },
        }
    }

    /// The next one who connects. A terminal has exactly one, from the beginning, who never leaves: the system does
    /// not tell who has it open. Bytes that nobody reads there are lost, as on a serial line.
    ///
    /// # Errors
    /// What the system says.
    pub async fn accept(&mut self) -> io::Result<Box<dyn Client>> {
        match &mut self.0 {
            Kind::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Kind::Unix(socket) => Ok(Box::new(socket.accept().await?)),
            #[cfg(unix)]
            Kind::Pty(terminal) => match terminal.take() {
                Some(client) => Ok(Box::new(client)),
                None => std::future::pending().await,
            },
            #[cfg(windows)]
            Kind::Pipe(pipe) => Ok(Box::new(pipe.accept().await?)),
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listener").field(&self.endpoint().to_string()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_listen_is_read_or_refused() {
        let tcp = |host: &str, port| Ok(Listen::Tcp { host: host.to_owned(), port });
        assert_eq!("tcp:127.0.0.1:0".parse(), tcp("127.0.0.1", 0));
        assert_eq!("tcp:[::1]:4555".parse(), tcp("::1", 4555));
        assert_eq!("unix:/tmp/vm".parse(), Ok(Listen::Unix { path: "/tmp/vm".into() }));
        assert_eq!("pty:/tmp/vm:0".parse(), Ok(Listen::Pty { path: "/tmp/vm:0".into() }));
        for (text, reason) in [
            ("serial:COM1", "`serial:COM1` is nothing to listen at"),
            ("tcp:host", "`tcp:host`: a port is missing"),
            ("tpc:host:1", "`tpc:host:1`: there is no way in named `tpc`"),
            ("", "``: an endpoint is missing"),
        ] {
            let error = text.parse::<Listen>().unwrap_err();
            assert_eq!(error.to_string(), reason);
            assert!(!error.help().is_empty());
        }
    }
}
