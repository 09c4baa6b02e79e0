//! The ways in. Each is one file and looks like one async byte line with a name and a hang-up.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

mod endpoint;

pub use endpoint::{CommandLine, Endpoint, EndpointError, FlowControl, Parity, Problem, SerialSettings};

/// A byte line to a console. End of file on read is a hang-up; [`Line::hang_up`] says what it means here.
pub trait Line: AsyncRead + AsyncWrite + Send + Unpin {
    /// What the line is, for messages: `serial port /dev/ttyUSB0 at 115200 8N1`. Holds no secret.
    fn describe(&self) -> String;

    /// Why the line ended, once read returned end of file or an error: "the USB adapter was unplugged",
    /// "the program exited with code 1".
    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        error.map_or_else(|| "the other side closed the connection".to_owned(), ToString::to_string)
    }

    /// Sends a serial break, where the way in has one.
    ///
    /// # Errors
    /// `Unsupported` where it has none.
    fn send_break(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
