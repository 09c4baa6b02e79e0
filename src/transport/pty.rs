//! A terminal that another program holds the other end of: a virtual machine's `/dev/pts/3`, the path that
//! `sacpilot sim --listen pty:` prints.

use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::termios::{ioctl_tiocexcl, ioctl_tiocnxcl, tcsendbreak};

use super::{Line, OpenError, RawTerminal, read_through, write_through};

/// An open terminal that nobody else may open meanwhile.
#[derive(Debug)]
pub(super) struct PtyLine {
    terminal: RawTerminal,
    path: PathBuf,
}

read_through!(PtyLine, terminal);
write_through!(PtyLine, terminal);

/// Opens the terminal at `path`, for this program alone, and makes it raw.
pub(super) fn open(path: &Path) -> Result<PtyLine, OpenError> {
    let what = format!("terminal {}", path.display());
    let wrong_kind = || OpenError::WrongKind { path: path.display().to_string(), wanted: "a terminal" };
    // Looked at before it is opened: opening a named pipe, or a device that reacts to it, is not harmless.
    let found = std::fs::metadata(path).map_err(|error| OpenError::of_path(what.clone(), path, error))?;
    if !found.file_type().is_char_device() {
        return Err(wrong_kind());
    }
    let alone = |terminal: std::os::fd::BorrowedFd<'_>| {
        flock(terminal, FlockOperation::NonBlockingLockExclusive)?;
        ioctl_tiocexcl(terminal)
    };
    match RawTerminal::open_after(path, alone) {
        Ok(terminal) => Ok(PtyLine { terminal, path: path.to_owned() }),
        Err(error) if error.raw_os_error() == Some(Errno::NOTTY.raw_os_error()) => Err(wrong_kind()),
        Err(error) => Err(OpenError::of_path(what, path, error)),
    }
}

impl Drop for PtyLine {
    fn drop(&mut self) {
        let _ = ioctl_tiocnxcl(&self.terminal);
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

    use rustix::termios::{LocalModes, tcgetattr, ttyname};

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
