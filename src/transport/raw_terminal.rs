//! A terminal of this computer in raw mode, read and written without blocking.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr, ttyname};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A terminal in raw mode. Its old mode is put back when this is dropped, also by a panic.
#[derive(Debug)]
pub struct RawTerminal {
    terminal: AsyncFd<OwnedFd>,
    before: Termios,
}

impl RawTerminal {
    /// Opens the terminal at `path` and makes it raw.
    ///
    /// # Errors
    /// `NotATerminal` as `ENOTTY`, and what the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_after(path, |_| Ok(()))
    }

    /// The terminal that standard input is, made raw.
    ///
    /// # Errors
    /// It is none, and what the system says.
    pub fn of_standard_input() -> io::Result<Self> {
        let name = ttyname(rustix::stdio::stdin(), Vec::new())?;
        Self::open(Path::new(OsStr::from_bytes(name.to_bytes())))
    }

    /// Opens the terminal at `path`, asks `may` for leave, and makes it raw.
    pub(super) fn open_after(
        path: &Path,
        may: impl FnOnce(BorrowedFd<'_>) -> Result<(), Errno>,
    ) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let terminal = rustix::fs::open(path, flags, Mode::empty())?;
        if !isatty(&terminal) {
            return Err(Errno::NOTTY.into());
        }
        may(terminal.as_fd())?;
        let before = tcgetattr(&terminal)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(&terminal, OptionalActions::Now, &raw)?;
        #[expect(
            deprecated,
            reason = "an owned descriptor keeps the promise that its unsafe successor asks for"
        )]
        let terminal = AsyncFd::new(terminal)?;
        Ok(Self { terminal, before })
    }

    /// Rows and columns; none when it does not know them.
    pub fn size(&self) -> Option<(u16, u16)> {
        let size = tcgetwinsize(&self.terminal).ok()?;
        (size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
    }
}

impl AsFd for RawTerminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.terminal.as_fd()
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

impl AsyncRead for RawTerminal {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut ready = ready!(self.terminal.poll_read_ready(context))?;
            let result =
                ready.try_io(|terminal| Ok(rustix::io::read(terminal, buffer.initialize_unfilled())?));
            match result {
                Ok(Ok(count)) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                // How a terminal says that its other end is closed.
                Ok(Err(error)) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for RawTerminal {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut ready = ready!(self.terminal.poll_write_ready(context))?;
            if let Ok(result) = ready.try_io(|terminal| Ok(rustix::io::write(terminal, bytes)?)) {
                return Poll::Ready(result);
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
