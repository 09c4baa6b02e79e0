//! The ways in. Each is one file and looks like one async byte line with a name and a hang-up.
//!
//! ```text
//!  text ─► Endpoint ─► open ─► Line: bytes in, bytes out, describe, hang_up, break
//!                     reopen: the same, after the line was lost
//! ```

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::azure::Azure;
use crate::secret::Secret;

mod azure;
mod endpoint;
#[cfg_attr(windows, path = "exec_piped.rs")]
mod exec;
mod holder;
mod knocking;
mod listen;
#[cfg(unix)]
mod offered;
#[cfg(windows)]
mod offered_pipe;
mod open_error;
mod patience;
#[cfg(windows)]
mod pipe;
mod ports;
mod powered;
#[cfg(unix)]
mod pty;
#[cfg_attr(windows, path = "raw_console.rs")]
mod raw_terminal;
mod refusal;
mod reopen;
mod replay;
mod rfc2217;
mod serial;
mod serve;
#[cfg(unix)]
mod shell_program;
mod sim;
#[cfg(test)]
mod suite;
mod tcp;
mod telnet;
#[cfg(unix)]
mod unix;
mod wakers;
mod way;
mod websocket;
mod ws;

pub use azure::{AzureLine, open_azure};
pub use endpoint::{
    CommandLine, Cutter, Endpoint, EndpointError, FlowControl, LineSettings, Mutation, Parity, Pieces,
    Problem, ReplayPace, Signal, WebAddress, WebUrl,
};
pub use knocking::open_knocking;
pub use listen::{Client, Listen, ListenError, Listener};
pub use open_error::OpenError;
pub use patience::open_patiently;
pub use ports::{Access, Hardware, Port, Usb, ports};
pub use powered::{Buttons, PoweredLine};
pub use raw_terminal::RawTerminal;
#[cfg(windows)]
pub(crate) use raw_terminal::hidden_line;
pub use reopen::{Reopen, Reopening};
pub use replay::{ReplayLine, ReplayWindow};
pub use serve::{Notice, serve};
pub use sim::{
    Pace, SimLine, SimWindow, open as open_sim, open_with_shell as open_sim_with_shell, sim_options,
};
pub use way::Way;
pub use ws::WsError;

/// The other side did not let us in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Somebody else has the console, maybe we ourselves a moment ago: another try may help soon.
    Taken,
    /// Something must be done first.
    NotAllowed,
}

/// A console that was left is free so much later: a BMC takes some seconds, AWS 30.
const FREED: Duration = Duration::from_secs(30);

impl Refused {
    /// Whether somebody else has the console.
    pub fn is_taken(self) -> bool {
        self == Self::Taken
    }

    /// How long a line that was refused from the beginning is asked for by those who are willing to wait for `patience`: one
    /// that is taken for half a minute at least, since the session before may have been ours.
    pub fn asked_for(self, patience: Duration) -> Duration {
        match self {
            Self::Taken => patience.max(FREED),
            Self::NotAllowed => patience,
        }
    }
}

/// Whether a line that is waited for is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    There,
    /// It is open again after it was refused, and nothing says yet that it is let in.
    Unproven,
    /// It is not: nothing can be sent, and reading it waits.
    Away,
}

/// A byte line to a console. End of file on read is a hang-up; [`Line::hang_up`] says what it means here.
pub trait Line: AsyncRead + AsyncWrite + Send + Unpin {
    /// What the line is, for messages: `serial port /dev/ttyUSB0 at 115200 8N1`. Holds no secret.
    fn describe(&self) -> String;

    /// Why the line ended, once read returned end of file or an error, or why it is [away](Presence::Away): "the USB adapter
    /// was unplugged", "the program exited with code 1".
    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        error.map_or_else(|| "the other side closed the connection".to_owned(), ToString::to_string)
    }

    /// What the way in has sent on its own account and must not show up anywhere, should the other side echo it.
    fn secrets(&self) -> Vec<Secret> {
        Vec::new()
    }

    /// Whether what comes first may be old: something between here and the machine may show what it kept of before.
    fn shows_the_past(&self) -> bool {
        false
    }

    /// Once it ended: whether somebody else may have taken the console.
    fn may_be_taken(&self) -> bool {
        false
    }

    /// Once it ended: that the other side did not let us in, as far as can be told.
    fn refused(&self) -> Option<Refused> {
        None
    }

    /// Whether it is there, for a line that waits by itself until it is again.
    fn presence(&self) -> Presence {
        Presence::There
    }

    /// The same line made anew after it ended, where only the line itself can do that. None: open its endpoint again.
    fn again(&self) -> Option<Box<dyn Line>> {
        None
    }

    /// Sends a serial break, where the way in has one.
    ///
    /// # Errors
    /// `Unsupported` where it has none.
    fn send_break(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Opens the line to `endpoint`. What a console in Azure needs beside that is taken from the environment.
///
/// # Errors
/// [`OpenError`]
pub async fn open(endpoint: &Endpoint) -> Result<Box<dyn Line>, OpenError> {
    Ok(match endpoint {
        Endpoint::Sim { scenario, options } => Box::new(open_sim(scenario, options)?),
        Endpoint::Azure(vm) => Box::new(Box::pin(open_azure(&Azure::from_environment()?, vm)).await?),
        Endpoint::Websocket(address) => {
            Box::new(Box::pin(ws::open(&ws::from_environment()?, address)).await?)
        }
        Endpoint::Replay { path, manner, pace, pieces, mutation } => {
            Box::new(replay::open(path, *manner, *pace)?.cut(*pieces).wrong(mutation.clone()))
        }
        Endpoint::Serial { port, settings } => Box::new(serial::open(port, *settings)?),
        Endpoint::Tcp { host, port } => Box::new(tcp::open(host, *port).await?),
        Endpoint::Telnet { host, port } => Box::new(telnet::open(host, *port).await?),
        Endpoint::Rfc2217 { host, port, settings } => Box::new(rfc2217::open(host, *port, *settings).await?),
        #[cfg(unix)]
        Endpoint::Pty { path } => Box::new(pty::open(path)?),
        #[cfg(unix)]
        Endpoint::Unix { path } => Box::new(unix::open(path).await?),
        Endpoint::Exec { command } => Box::new(exec::open(command)?),
        #[cfg(windows)]
        Endpoint::Pipe { path } => Box::new(pipe::open(path).await?),
        #[cfg(not(windows))]
        Endpoint::Pipe { .. } => return Err(not_here("pipe")),
        #[cfg(not(unix))]
        Endpoint::Pty { .. } => return Err(not_here("pty")),
        #[cfg(not(unix))]
        Endpoint::Unix { .. } => return Err(not_here("unix")),
    })
}

/// What to use where a way in does not exist.
fn not_here(way: &'static str) -> OpenError {
    let instead = match way {
        "pipe" => "unix:PATH: on this system QEMU, libvirt and VirtualBox offer their ports as sockets",
        "unix" => "pipe:NAME: on this system virtual machines offer their ports as named pipes",
        "pty" => "serial:COM1, or tcp:HOST:PORT",
        _ => "another way in",
    };
    OpenError::NotHere { way, instead }
}

/// Writes go to `$field` as they are.
macro_rules! write_through {
    ($line:ty, $field:tt) => {
        impl tokio::io::AsyncWrite for $line {
            fn poll_write(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                std::pin::Pin::new(&mut self.$field).poll_write(context, bytes)
            }

            fn poll_flush(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut self.$field).poll_flush(context)
            }

            fn poll_shutdown(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut self.$field).poll_shutdown(context)
            }
        }
    };
}

/// Reads come from `$field` as they are.
macro_rules! read_through {
    ($line:ty, $field:tt) => {
        impl tokio::io::AsyncRead for $line {
            fn poll_read(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::pin::Pin::new(&mut self.$field).poll_read(context, buffer)
            }
        }
    };
}

/// The same, and the beginning is kept in `$head`, since it may say why we are not let in.
macro_rules! keep_through {
    ($line:ty, $field:ident, $head:ident) => {
        impl tokio::io::AsyncRead for $line {
            fn poll_read(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                let before = buffer.filled().len();
                let result = std::pin::Pin::new(&mut self.$field).poll_read(context, buffer);
                self.$head.keep(&buffer.filled()[before..]);
                result
            }
        }
    };
}

use {keep_through, read_through, write_through};
