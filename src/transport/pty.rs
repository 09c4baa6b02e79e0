//! A terminal that another program holds the other end of: a virtual machine's `/dev/pts/3`, the path that
//! `sacpilot sim --listen pty:` prints.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use rustix::termios::{
    OptionalActions, Termios, ioctl_tiocexcl, ioctl_tiocnxcl, isatty, tcgetattr, tcsendbreak, tcsetattr,
};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Line, OpenError};

/// An open terminal in raw mode, with its old mode put back at the end.
#[derive(Debug)]
pub(super) struct PtyLine {
    terminal: AsyncFd<OwnedFd>,
    path: PathBuf,
    before: Termios,
}

/// Opens the terminal at `path`, for this program alone, and makes it raw.
pub(super) fn open(path: &Path) -> Result<PtyLine, OpenError> {
    let what = format!("terminal {}", path.display());
    let fails = |error: Errno| OpenError::of_path(what.clone(), path, error.into());
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    // Looked at before it is opened: opening a named pipe, or a device that reacts to it, is not harmless.
    let found = std::fs::metadata(path).map_err(|error| OpenError::of_path(what.clone(), path, error))?;
    let wrong_kind = || OpenError::WrongKind { path: path.display().to_string(), wanted: "a terminal" };
    if !std::os::unix::fs::FileTypeExt::is_char_device(&found.file_type()) {
        return Err(wrong_kind());
    }
    let terminal = rustix::fs::open(path, flags, Mode::empty()).map_err(fails)?;
    if !isatty(&terminal) {
        return Err(wrong_kind());
    }
    flock(&terminal, FlockOperation::NonBlockingLockExclusive).map_err(fails)?;
    ioctl_tiocexcl(&terminal).map_err(fails)?;
    let before = tcgetattr(&terminal).map_err(fails)?;
    let mut raw = before.clone();
    raw.make_raw();
    tcsetattr(&terminal, OptionalActions::Now, &raw).map_err(fails)?;
    #[expect(deprecated, reason = "an owned descriptor keeps the promise that its unsafe successor asks for")]
    let terminal = AsyncFd::new(terminal).map_err(|error| OpenError::Failed { what, error })?;
    Ok(PtyLine { terminal, path: path.to_owned(), before })
}

impl Drop for PtyLine {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
        let _ = ioctl_tiocnxcl(&self.terminal);
    }
}

impl AsyncRead for PtyLine {
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

impl AsyncWrite for PtyLine {
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

impl Line for PtyLine {
    fn describe(&self) -> String {
        format!("terminal {}", self.path.display())
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        match error {
            Some(error) if error.raw_os_error() != Some(Errno::IO.raw_os_error()) => error.to_string(),
            _ => "the program at its other end closed it".to_owned(),
        }
    }

    fn send_break(&mut self) -> io::Result<()> {
        Ok(tcsendbreak(&self.terminal)?)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use rustix::termios::{LocalModes, ttyname};

    use super::super::suite;
    use super::*;

    fn pair() -> (pty_process::Pty, pty_process::Pts, PathBuf) {
        let (other_end, terminal) = pty_process::open().unwrap();
        let name = ttyname(&terminal, Vec::new()).unwrap();
        (other_end, terminal, PathBuf::from(OsStr::from_bytes(name.to_bytes())))
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_a_hang_up_is_told() {
        let (mut peer, terminal, path) = pair();
        let line = open(&path).unwrap();
        drop(terminal);
        assert_eq!(line.describe(), format!("terminal {}", path.display()));
        let mut line = suite::carries_every_byte(line, &mut peer).await;
        drop(peer);
        assert_eq!(suite::hang_up(&mut line).await, "the program at its other end closed it");
    }

    #[tokio::test]
    async fn the_mode_of_the_terminal_is_put_back() {
        let (_peer, terminal, path) = pair();
        let echoes = || tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO);
        assert!(echoes());
        let line = open(&path).unwrap();
        assert!(!echoes());
        drop(line);
        assert!(echoes());
        drop(open(&path).unwrap());
    }

    #[tokio::test]
    async fn a_second_one_is_refused() {
        let (_peer, _terminal, path) = pair();
        let _first = open(&path).unwrap();
        let error = open(&path).err().unwrap();
        assert_eq!(error.code(), "open-busy");
        let holder = if cfg!(target_os = "linux") { " by this sacpilot itself" } else { "" };
        assert_eq!(error.to_string(), format!("the terminal {} is in use{holder}", path.display()));
    }

    #[tokio::test]
    async fn what_is_no_terminal_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        for (path, code) in [
            (file.as_path(), "open-wrong-kind"),
            (Path::new("/dev/null"), "open-wrong-kind"),
            (&folder.path().join("none"), "open-not-found"),
        ] {
            assert_eq!(open(path).err().unwrap().code(), code, "{}", path.display());
        }
    }
}
