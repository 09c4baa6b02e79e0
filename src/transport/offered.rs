//! A terminal, or a socket in the file system, that this program offers.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pty_process::{Pts, Pty};
use rustix::io::ioctl_fionread;
use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr, ttyname};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Instant, Sleep};

/// How long a full terminal may stand still before what it holds counts as lost.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the system may take to bring bytes to the terminal.
const ARRIVAL: Duration = Duration::from_millis(100);

/// A socket in the file system, removed when dropped.
#[derive(Debug)]
pub(super) struct OfferedSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl OfferedSocket {
    /// Makes the socket. One that a killed program left is replaced; one that somebody listens at is not.
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        let left_over = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
            && std::os::unix::net::UnixStream::connect(path)
                .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        if left_over {
            fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path).map_err(taken)?;
        Ok(Self { listener, path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }
}

impl Drop for OfferedSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// A terminal and a link to it, which is removed when dropped.
pub(super) struct OfferedTerminal {
    client: Option<TerminalClient>,
    path: PathBuf,
    terminal: PathBuf,
}

impl OfferedTerminal {
    /// Makes a raw terminal and a link to it at `path`. A link that leads nowhere is replaced.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (console, terminal) = pty_process::open().map_err(|error| io::Error::other(error.to_string()))?;
        let mut mode = tcgetattr(&terminal)?;
        mode.make_raw();
        tcsetattr(&terminal, OptionalActions::Now, &mode)?;
        let name = ttyname(&terminal, Vec::new())?;
        let name = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
        let dangling = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) && !path.exists();
        if dangling {
            fs::remove_file(path)?;
        }
        std::os::unix::fs::symlink(&name, path).map_err(taken)?;
        let client = TerminalClient { console, terminal, stuck: None, reader: Reader::Present };
        Ok(Self { client: Some(client), path: path.to_owned(), terminal: name })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn take(&mut self) -> Option<TerminalClient> {
        self.client.take()
    }
}

impl Drop for OfferedTerminal {
    fn drop(&mut self) {
        // Only while it is still ours.
        if fs::read_link(&self.path).is_ok_and(|target| target == self.terminal) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whoever has the terminal open; perhaps nobody.
pub(super) struct TerminalClient {
    console: Pty,
    /// Held open, so that the terminal stays raw, and does not hang up between two users.
    terminal: Pts,
    stuck: Option<Pin<Box<Sleep>>>,
    reader: Reader,
}

/// Whether somebody reads, as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// Somebody may.
    Present,
    /// Nobody did for a while; nothing is in the terminal.
    Absent,
    /// Nobody did for a while; something was written since, at that time.
    Tried(Instant),
}

impl TerminalClient {
    /// Both of the system's queues, that of the terminal and that on the way to it.
    fn drop_unread(&self) {
        let _ = tcflush(&self.console, QueueSelector::OFlush);
        let _ = tcflush(&self.terminal, QueueSelector::IFlush);
    }
}

impl AsyncRead for TerminalClient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        pin!(&mut self.console).poll_read(context, buffer)
    }
}

impl AsyncWrite for TerminalClient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Reader::Tried(at) = self.reader {
            if ioctl_fionread(&self.terminal).unwrap_or(0) > 0 {
                self.drop_unread();
                self.reader = Reader::Absent;
            } else if at.elapsed() > ARRIVAL {
                self.reader = Reader::Present;
            }
        }
        if let Poll::Ready(written) = pin!(&mut self.console).poll_write(context, bytes) {
            self.stuck = None;
            if self.reader == Reader::Absent {
                self.reader = Reader::Tried(Instant::now());
            }
            return Poll::Ready(written);
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(PATIENCE)));
        ready!(stuck.as_mut().poll(context));
        self.stuck = None;
        self.reader = Reader::Absent;
        self.drop_unread();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn taken(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => io::ErrorKind::AlreadyExists.into(),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::{Listen, Listener, open, suite};
    use super::*;

    #[tokio::test]
    async fn what_is_offered_can_be_opened_and_goes_away_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        for way in ["unix", "pty"] {
            let path = folder.path().join(way);
            let listen: Listen = format!("{way}:{}", path.display()).parse().unwrap();
            for _ in 0..2 {
                let mut listener = Listener::bind(&listen).await.unwrap();
                assert_eq!(listener.endpoint().to_string(), format!("{way}:{}", path.display()));
                let line = open(&listener.endpoint()).await.unwrap();
                let mut peer = listener.accept().await.unwrap();
                assert_eq!(Listener::bind(&listen).await.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
                suite::carries_every_byte(line, &mut peer).await;
                drop((listener, peer));
                assert!(fs::symlink_metadata(&path).is_err(), "{way} is left over");
            }
        }
        let mut listener = Listener::bind(&"tcp:127.0.0.1:0".parse().unwrap()).await.unwrap();
        let line = open(&listener.endpoint()).await.unwrap();
        let mut peer = listener.accept().await.unwrap();
        suite::carries_every_byte(line, &mut peer).await;
    }

    #[tokio::test]
    async fn what_a_killed_program_left_is_replaced_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/pts/nothing-here", &link).unwrap();
        OfferedSocket::bind(&socket).unwrap();
        OfferedTerminal::open(&link).unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "precious").unwrap();
        assert_eq!(OfferedSocket::bind(&file).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(OfferedTerminal::open(&file).err().unwrap().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_reads_is_lost_and_the_machine_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut offered = OfferedTerminal::open(&folder.path().join("vm")).unwrap();
        let mut client = offered.take().unwrap();
        client.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
        client.write_all(b"old").await.unwrap();
        client.write_all(b"new").await.unwrap();
        // Somebody comes: what came last is there, the rest is not.
        let mut line = super::super::pty::open(offered.path()).unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"new") {
            bytes.push(line.read_u8().await.unwrap());
        }
        assert!(!bytes.contains(&b'x') && bytes.len() <= 6, "{}", bytes.len());
        let mut bytes = [0; 3];
        client.write_all(b"now").await.unwrap();
        line.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"now");
    }
}
