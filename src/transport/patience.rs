//! For those who are willing to wait: a console that is not there yet, and a port that is unplugged and comes back.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep};

use super::{Endpoint, Line, OpenError, Presence, Way};

/// The first pause between two tries; each is twice as long as the one before, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(100);

/// The longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(2);

/// Opens the line on `way`, and tries again for `patience` while it is not there. A serial port that is unplugged
/// later is waited for just as long, and the line goes on when it is back: the machine did not notice.
///
/// # Errors
/// [`OpenError`]: the last one; at once where waiting would not help.
pub async fn open_patiently(way: &Way, patience: Duration) -> Result<Box<dyn Line>, OpenError> {
    let line = again(way, patience).await?;
    Ok(match way.endpoint() {
        Endpoint::Serial { .. } => {
            Box::new(ReplugLine { way: way.clone(), patience, state: State::Open(line) })
        }
        _ => line,
    })
}

async fn again(way: &Way, patience: Duration) -> Result<Box<dyn Line>, OpenError> {
    let deadline = Instant::now() + patience;
    let mut pause = FIRST;
    let mut told = false;
    loop {
        let error = match way.open().await {
            Ok(line) => return Ok(line),
            Err(error) => error,
        };
        let rest = deadline.saturating_duration_since(Instant::now());
        if !error.may_pass() || rest.is_zero() {
            return Err(error);
        }
        if !std::mem::replace(&mut told, true) {
            tracing::warn!("{error}; trying again for {} s", patience.as_secs());
        }
        sleep(pause.min(rest)).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// A serial line that outlives its port.
struct ReplugLine {
    way: Way,
    patience: Duration,
    state: State,
}

/// The tries to open a line again.
pub(super) trait Opening: Future<Output = Result<Box<dyn Line>, OpenError>> + Send {}

impl<F: Future<Output = Result<Box<dyn Line>, OpenError>> + Send> Opening for F {}

enum State {
    Open(Box<dyn Line>),
    /// The port is gone: who was it, and the tries to open it again.
    Gone(String, Pin<Box<dyn Opening>>),
    /// It did not come back: who was it, and why not.
    Lost(String, String),
}

impl ReplugLine {
    /// The open line, when it is back; `None` when it never will be.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<Option<&mut Box<dyn Line>>> {
        if let State::Gone(name, opening) = &mut self.state {
            match ready!(opening.as_mut().poll(context)) {
                Ok(line) => {
                    tracing::warn!("the {name} is back");
                    self.state = State::Open(line);
                }
                Err(error) => {
                    let reason = format!("{error}, {} s after it went", self.patience.as_secs());
                    self.state = State::Lost(std::mem::take(name), reason);
                }
            }
        }
        Poll::Ready(match &mut self.state {
            State::Open(line) => Some(line),
            State::Gone(..) | State::Lost(..) => None,
        })
    }

    /// The port is gone; from now on it is waited for.
    fn gone(&mut self, error: Option<&io::Error>) {
        let State::Open(line) = &mut self.state else { return };
        let name = line.describe();
        tracing::warn!("{name}: {}; waiting for it to come back", line.hang_up(error));
        let (way, patience) = (self.way.clone(), self.patience);
        // The old line is closed first, or its lock would hold the new one back.
        self.state = State::Gone(name, Box::pin(async move { again(&way, patience).await }));
    }
}

impl AsyncRead for ReplugLine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let Some(line) = ready!(self.poll_open(context)) else { return Poll::Ready(Ok(())) };
            let before = buffer.filled().len();
            match ready!(pin!(line).poll_read(context, buffer)) {
                Ok(()) if buffer.filled().len() > before || buffer.remaining() == 0 => {
                    return Poll::Ready(Ok(()));
                }
                Ok(()) => self.gone(None),
                Err(error) => self.gone(Some(&error)),
            }
        }
    }
}

impl AsyncWrite for ReplugLine {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            let Some(line) = ready!(self.poll_open(context)) else {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            };
            match ready!(pin!(line).poll_write(context, bytes)) {
                Ok(count) => return Poll::Ready(Ok(count)),
                Err(error) => self.gone(Some(&error)),
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Open(line) => pin!(line).poll_flush(context),
            State::Gone(..) | State::Lost(..) => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Open(line) => pin!(line).poll_shutdown(context),
            State::Gone(..) | State::Lost(..) => Poll::Ready(Ok(())),
        }
    }
}

impl Line for ReplugLine {
    fn describe(&self) -> String {
        match &self.state {
            State::Open(line) => line.describe(),
            State::Gone(name, _) | State::Lost(name, _) => name.clone(),
        }
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        match &mut self.state {
            State::Open(line) => line.hang_up(error),
            State::Gone(..) => "the port is gone; waiting for it to come back".to_owned(),
            State::Lost(_, reason) => reason.clone(),
        }
    }

    fn presence(&self) -> Presence {
        match &self.state {
            State::Open(line) => line.presence(),
            State::Gone(..) => Presence::Away,
            // Its end is read next.
            State::Lost(..) => Presence::There,
        }
    }

    fn send_break(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Open(line) => line.send_break(),
            State::Gone(..) | State::Lost(..) => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr, ttyname};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn way_to(text: &str) -> Way {
        Way::new(text.parse().unwrap())
    }

    /// Plugs an adapter in: a new terminal under the same name.
    fn plug(path: &Path) -> pty_process::Pty {
        let (other_end, terminal) = pty_process::open().unwrap();
        // As a serial line is: without echo from the first moment on.
        let mut mode = tcgetattr(&terminal).unwrap();
        mode.make_raw();
        tcsetattr(&terminal, OptionalActions::Now, &mode).unwrap();
        let name = ttyname(&terminal, Vec::new()).unwrap();
        let _ = std::fs::remove_file(path);
        symlink(name.to_str().unwrap(), path).unwrap();
        other_end
    }

    #[tokio::test]
    async fn a_port_that_is_unplugged_and_comes_back_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ttyUSB0");
        let way = way_to(&format!("serial:{}", path.display()));
        let open = open_patiently(&way, Duration::from_secs(30));
        let plugged_in = async {
            tokio::task::yield_now().await;
            plug(&path)
        };
        let (line, mut adapter) = tokio::join!(open, plugged_in);
        let mut line = line.unwrap();
        adapter.write_all(b"a").await.unwrap();
        assert_eq!(line.read_u8().await.unwrap(), b'a');

        std::fs::remove_file(&path).unwrap();
        drop(adapter);
        let replug = async {
            tokio::task::yield_now().await;
            let mut adapter = plug(&path);
            adapter.write_all(b"b").await.unwrap();
            adapter
        };
        let (byte, mut adapter) = tokio::join!(line.read_u8(), replug);
        assert_eq!(byte.unwrap(), b'b');
        line.write_all(b"c").await.unwrap();
        assert_eq!(adapter.read_u8().await.unwrap(), b'c');
    }

    #[tokio::test(start_paused = true)]
    async fn patience_has_an_end_and_is_not_spent_in_vain() {
        let began = Instant::now();
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("ttyUSB0");
        let way = way_to(&format!("serial:{}", missing.display()));
        let error = open_patiently(&way, Duration::from_secs(30)).await.err().unwrap();
        assert_eq!((error.code(), began.elapsed().as_secs()), ("open-not-found", 30));
        let began = Instant::now();
        let way = way_to(&format!("serial:{}", folder.path().display()));
        let error = open_patiently(&way, Duration::from_secs(30)).await.err().unwrap();
        assert_eq!((error.code(), began.elapsed().as_secs()), ("open-wrong-kind", 0));
    }

    #[tokio::test]
    async fn one_that_never_comes_back_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ttyUSB0");
        let adapter = plug(&path);
        let way = way_to(&format!("serial:{}", path.display()));
        let mut line = open_patiently(&way, Duration::from_secs(5)).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        drop(adapter);
        tokio::time::pause();
        assert_eq!(line.read(&mut [0; 8]).await.unwrap(), 0);
        let reason = line.hang_up(None);
        assert!(
            reason.starts_with("there is no serial port ") && reason.ends_with(", 5 s after it went"),
            "{reason}"
        );
        assert_eq!(line.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(line.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
